package html

import (
	"strings"
)

// mainContent chooses the segments of the main content, in page order.
//
// The model of weights.tsv judges each segment. Where that leaves much less
// than the page plainly holds (documentation, lists, tables), all that is not
// navigation is content. The heading that is the title is the Article's Title
// and the caption of a picture its Figure's: neither is content again.
func (p *page) mainContent(segments []segment, title string) []segment {
	plain := plainContent(segments)
	chosen := plain
	if !p.isDocumentation() {
		chosen = choose(segments, trained().classify(newSurvey(segments, title)))
		if 5*prose(chosen) < 2*prose(plain) {
			chosen = plain
		}
	}
	return complete(segments, chosen, title)
}

// doubt is the log-odds below which nothing is content, whatever it looks like.
// In between, what is plainly text is: a long document of many sections has
// text that the model, which saw articles, thinks of as others' teasers.
const doubt = -3

// plainlyText says whether a segment is running text, a table or code, and
// nothing around it is named like what surrounds content.
func (s *segment) plainlyText() bool {
	return isProse(*s) && !s.quoted && s.unsuspected(suspicious)
}

// Hints that speak against content.
const (
	suspiciousHeading = hintComment | hintRelated | hintShare | hintByline | hintAdvert | hintSide | hintFoot | hintHead | hintNav | hintForm |
		hintCaption | hintMedia | hintHidden | hintSummary | hintTags
	suspicious = suspiciousHeading | hintTitle | hintQuote | hintWidget
)

func (s *segment) unsuspected(names hint) bool {
	if s.chrome || s.formed || 4*s.linked > len(s.Text) || phrasesIn(s.Text) != 0 {
		return false
	}
	for r := s.region; r != nil; r = r.parent {
		if r.hints&names != 0 {
			return false
		}
	}
	return true
}

// choose takes the segments that the model's log-odds speak for, what is
// plainly text, and the headings above them.
func choose(segments []segment, odds []float64) []segment {
	var chosen []segment
	teasers := teasersOf(segments)
	for i, z := range odds {
		if segments[i].Kind != Caption && !teasers[i] && !segments[i].isFact() && !segments[i].isComment() && (z > threshold || z > doubt && segments[i].plainlyText()) {
			chosen = append(chosen, segments[i])
		}
	}
	return withHeadings(segments, chosen, odds)
}

// withHeadings adds the headings right above what was chosen, but for those
// that open the page: they are its title and what its header adds to that.
func withHeadings(segments, chosen []segment, odds []float64) []segment {
	kept := make([]bool, len(segments)+1)
	first := len(segments)
	for _, s := range chosen {
		kept[s.index] = true
		first = min(first, s.index)
	}
	for i := len(segments) - 1; i > first; i-- {
		s := &segments[i]
		kept[i] = kept[i] || s.Kind == Heading && kept[i+1] && odds[i] > doubt && s.unsuspected(suspiciousHeading)
	}
	chosen = chosen[:0]
	for i, s := range segments {
		if kept[i] {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// complete adds the captions of the chosen tables, and takes the title away.
func complete(segments, chosen []segment, title string) []segment {
	kept := map[int]bool{}
	for _, s := range chosen {
		kept[s.index] = true
	}
	var out []segment
	for i, s := range segments {
		captions := s.Kind == Caption && i+1 < len(segments) && segments[i+1].Kind == Table && kept[i+1]
		if (kept[i] || captions) && (s.Kind != Heading || s.Text != title) {
			out = append(out, s)
		}
	}
	return out
}

// plainContent is what is not navigation by its markup or by its share of
// links.
func plainContent(segments []segment) []segment {
	var kept []segment
	for _, s := range segments {
		if s.chrome || 2*s.linked > len(s.Text) && s.Kind != Caption {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// prose is the number of bytes in running text, tables and code, which
// teasers and menus have little of.
func prose(segments []segment) int {
	n := 0
	for _, s := range segments {
		if isProse(s) {
			n += len(s.Text)
		}
	}
	return n
}

func isProse(s segment) bool { return len(s.Text) >= 100 || s.Kind == Table || s.Kind == Code }

func blocksOf(segments []segment) []Block {
	blocks := make([]Block, 0, len(segments))
	for _, s := range segments {
		blocks = append(blocks, s.Block)
	}
	return blocks
}

// isDocumentation says whether the page was made by a documentation
// generator: all of it is content but for the navigation bars.
func (p *page) isDocumentation() bool {
	for n := range p.head.Descendants() {
		if n.Data == "meta" && strings.EqualFold(attr(n, "name"), "generator") {
			content := strings.ToLower(attr(n, "content"))
			for _, g := range []string{"publican", "docbook", "sphinx", "mkdocs", "docutils", "doxygen", "texinfo", "makeinfo", "asciidoc", "docusaurus", "pandoc", "latex2html", "mdbook", "antora"} {
				if strings.Contains(content, g) {
					return true
				}
			}
		}
	}
	return false
}
