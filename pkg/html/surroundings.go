package html

import "golang.org/x/net/html/atom"

// What content management systems put around content in a shape of its own,
// whatever the language and however long the text is.

// isFact says whether a segment is an entry of a list of facts about the
// article, such as `<dl class="article-info">`: author, date, source, format.
func (s *segment) isFact() bool {
	if s.Kind != ListItem || len(s.Text) > 200 {
		return false
	}
	for r, up := s.region, 0; r != nil && up < 4; r, up = r.parent, up+1 {
		if r.node.DataAtom == atom.Dl {
			return r.hints&(hintTime|hintByline|hintTags) != 0
		}
	}
	return false
}

// isComment says whether a segment is what a reader wrote below the article.
func (s *segment) isComment() bool {
	for r := s.region; r != nil; r = r.parent {
		if r.hints&hintComment != 0 && r.hints&hintArticle == 0 {
			return true
		}
	}
	return false
}

// teasersOf finds the items of lists that lead to other pages: small regions of
// one template side by side, each beginning with a link and going on with
// text.
func teasersOf(segments []segment) map[int]bool {
	items := map[*region][]int{}  // segments by the outermost small region around them
	lists := map[list][]*region{} // those regions by their template
	for i := range segments {
		for r := segments[i].region; r != nil && r.parent != nil && r.segments <= teaserSegments; r = r.parent {
			if len(items[r]) == 0 {
				lists[list{r.parent, r.label}] = append(lists[list{r.parent, r.label}], r)
			}
			items[r] = append(items[r], i)
		}
	}
	teasers := map[int]bool{}
	for _, regions := range lists {
		if len(regions) < 2 {
			continue
		}
		leading, size := 0, 0.0
		for _, r := range regions {
			if first := &segments[items[r][0]]; len(items[r]) > 1 && first.linkShare() > 0.9 && !first.prosy() {
				leading++
			}
			size += r.size
		}
		if leading < 2 || 2*leading < len(regions) || size > teaserSize*float64(len(regions)) {
			continue
		}
		for _, r := range regions {
			for _, i := range items[r] {
				teasers[i] = true
			}
		}
	}
	return teasers
}

// An item of a list has at most so many segments (title, date, author, a line or
// two), and so many letters in the mean: sections of a bulletin, whose headings
// may be links, have more.
const (
	teaserSegments = 5
	teaserSize     = 400
)

// list is where regions of one template stand side by side.
type list struct {
	parent *region
	label  uint64
}
