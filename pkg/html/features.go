package html

import (
	"math"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// region is a block-level element with what the segments below it add up to.
type region struct {
	parent   *region
	node     *html.Node
	hints    hint
	depth    int
	label    uint64  // hash of its tag and class
	size     float64 // of all segments below
	linked   float64 // of it in links
	prose    float64 // of it in running text
	own      float64 // running text close below it
	segments int
}

// kind is a hash of the region and its three parents: what one template made
// has one kind.
func (r *region) kind() uint64 {
	var h uint64
	for up := 0; r != nil && up < 4; r, up = r.parent, up+1 {
		h = h*0x100000001b3 ^ r.label
	}
	return h
}

// linkShare is the share of a region's text in links.
func (r *region) linkShare() float64 { return r.linked / max(1, r.size) }

// prosy says whether a segment reads like running text.
func (s *segment) prosy() bool {
	return s.size >= 80 && s.stops > 0 && 3*s.linked < len(s.Text) && s.Kind != Heading
}

// linkShare is the share of a segment's text in links.
func (s *segment) linkShare() float64 { return float64(s.linked) / float64(max(1, len(s.Text))) }

// survey is what the features of a segment take from the rest of the page.
type survey struct {
	segments     []segment
	title        string
	total, prose float64            // size of all text, of running text
	kinds        map[uint64]float64 // running text by kind of region
	repeats      map[string]int
	best         *region // the region that holds the article: most running text of its own
	first, last  int     // running text in best
	heading      int     // the heading that the title holds, else the last first-level one; -1 if there is none
	segmentKind  []uint64
}

func newSurvey(segments []segment, title string) *survey {
	p := &survey{segments: segments, title: title, kinds: map[uint64]float64{}, repeats: map[string]int{}, first: -1, last: -1, heading: -1}
	p.segmentKind = make([]uint64, len(segments))
	for i := range segments {
		p.count(i)
	}
	best := 0.0
	for i := range segments {
		for r := segments[i].region; r != nil; r = r.parent {
			v := r.own * (1 - r.linkShare())
			if r.hints&(hintComment|hintFoot|hintSide|hintRelated) != 0 && r.hints&(hintArticle|hintBody) == 0 {
				v /= 2
			}
			if p.best == nil || v > best {
				p.best, best = r, v
			}
		}
	}
	for i := range segments {
		s := &segments[i]
		for r := s.region; r != nil && !s.article; r = r.parent {
			s.article = r == p.best
		}
		if s.article && s.prosy() {
			if p.first < 0 {
				p.first = i
			}
			p.last = i
		}
		if s.level == 1 && (p.heading < 0 || title != "" && strings.Contains(title, s.Text)) {
			p.heading = i
		}
	}
	return p
}

// count adds a segment to what its regions hold.
func (p *survey) count(i int) {
	s := &p.segments[i]
	kind := s.region.kind()
	p.segmentKind[i] = kind
	p.total += s.size
	p.repeats[s.Text]++
	prose := 0.0
	if s.prosy() {
		prose = s.size
		p.prose += prose
		p.kinds[kind] += prose
	}
	for r, up := s.region, 0; r != nil; r, up = r.parent, up+1 {
		r.segments++
		r.size += s.size
		r.linked += s.size * s.linkShare()
		r.prose += prose
		switch {
		case up < 2:
			r.own += prose // of the two regions around it
		case up == 2:
			r.own += prose / 2 // and by half of the third
		}
	}
}

// featureNames are the names of what describe gives, in its order.
var featureNames = func() []string {
	var names []string
	for _, where := range []string{"near", "far"} {
		for _, h := range hintNames {
			names = append(names, where+" "+h)
		}
	}
	return append(names, strings.Fields(`
		size links stops commas ends colon digits capitals words repeats heading level item caption table p chrome semantic
		quoted form copyright title page-size page-prose position page-segments
		depth-below apart-from steps-to from-first from-last from-heading has-heading
		own-prose own-links own-segments parent-prose parent-links parent-segments grand-prose grand-links kind-prose
		size-2 links-2 size-1 links-1 size+1 links+1 size+2 links+2
		under-10 under-25 under-50 under-90 over-160 no-links links>.25 links>.5 links>.85 emphasised emphasis
		in in-size in-links in-ends in-heading in-item kind kind-size kind-linked
		heading-of-text before after between act more credit time address digits>.2 sibling`)...)
}()

// describe gives what the model sees of a segment, into f.
func (p *survey) describe(i int, f []float64) []float64 {
	f = f[:0]
	s, n := &p.segments[i], len(p.segments)
	near, far := s.region.hints, hint(0)
	if up := s.region.parent; up != nil {
		near |= up.hints
		for r := up.parent; r != nil; r = r.parent {
			far |= r.hints
		}
	}
	for h := range hints {
		f = append(f, bit(near&(1<<h) != 0))
	}
	for h := range hints {
		f = append(f, bit(far&(1<<h) != 0))
	}
	size, links := math.Log1p(s.size), s.linkShare()
	// The text itself.
	f = append(f, size, links, s.stops, s.commas, bit(s.ends), bit(s.colon), s.digits, s.capital, s.words, float64(p.repeats[s.Text]),
		bit(s.Kind == Heading), float64(s.level), bit(s.Kind == ListItem), bit(s.Kind == Caption), bit(s.Kind == Table || s.Kind == Code),
		bit(s.node.DataAtom == atom.P), bit(s.chrome), bit(s.semantic), bit(s.quoted), bit(s.formed),
		bit(strings.ContainsAny(s.Text, "©®")), bit(len(s.Text) > 8 && strings.Contains(p.title, s.Text)),
		// The page.
		math.Log1p(p.total), math.Log1p(p.prose), float64(i)/float64(n), math.Log1p(float64(n)))
	// Where it stands to the article.
	below, apart, steps := -1.0, 0.0, 0.0
	common := s.region
	for common != nil && !within(p.best, common) {
		common = common.parent
		steps++
	}
	if common == p.best {
		below = steps
	}
	if common != nil {
		apart = float64(p.best.depth - common.depth)
	}
	f = append(f, below, apart, steps, near20(i-p.first), near20(i-p.last), near20(i-p.heading), bit(p.heading >= 0))
	// Its siblings, and theirs.
	r := s.region
	f = append(f, math.Log1p(r.prose), r.linkShare(), math.Log1p(float64(r.segments)))
	if r.parent != nil {
		r = r.parent
	}
	f = append(f, r.prose/max(1, p.prose), r.linkShare(), math.Log1p(float64(r.segments)))
	if r.parent != nil {
		r = r.parent
	}
	kind := p.kinds[p.segmentKind[i]]
	f = append(f, r.prose/max(1, p.prose), r.linkShare(), kind/max(1, p.prose))
	// Its neighbours.
	for _, d := range []int{-2, -1, 1, 2} {
		size, links := -1.0, 0.0
		if j := i + d; j >= 0 && j < n {
			o := &p.segments[j]
			size, links = math.Log1p(o.size), o.linkShare()
			if (d == 1 || d == -1) && o.article && o.prosy() {
				size += 10
			}
		}
		f = append(f, size, links)
	}
	// What a straight line does not say.
	in, same := bit(s.article), bit(kind > 0.3*p.prose)
	phrases := phrasesIn(s.Text)
	return append(f, bit(s.size < 10), bit(s.size < 25), bit(s.size < 50), bit(s.size < 90), bit(s.size > 160),
		bit(links == 0), bit(links > 0.25), bit(links > 0.5), bit(links > 0.85), bit(s.strong > 0.8), s.strong,
		in, in*size, in*links, in*bit(s.ends), in*bit(s.Kind == Heading), in*bit(s.Kind == ListItem),
		same, same*size, same*bit(links > 0.85),
		bit(s.Kind == Heading && i+1 < n && p.segments[i+1].prosy() && p.segments[i+1].article),
		bit(i < p.first), bit(i > p.last), in*bit(i > p.first && i < p.last),
		bit(phrases&act != 0), bit(phrases&more != 0), bit(phrases&credit != 0), bit(phrases&published != 0),
		bit(strings.Contains(s.Text, "http")), bit(s.digits > 0.2),
		bit(i+1 < n && s.region == p.segments[i+1].region || i > 0 && s.region == p.segments[i-1].region))
}

// within says whether a region is another or below it.
func within(r, outer *region) bool {
	for ; r != nil && r.depth >= outer.depth; r = r.parent {
		if r == outer {
			return true
		}
	}
	return false
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// near20 is a distance in segments of which those beyond 20 are all far.
func near20(d int) float64 { return float64(max(-20, min(20, d))) }
