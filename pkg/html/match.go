package html

import (
	"index/suffixarray"
	"slices"
	"strings"
	"unicode"
)

const (
	maxFound   = 20_000 // places of one key in the text
	before     = 8      // places tried before the end of the best chain so far
	after      = 24     // and after it
	minPartial = 32     // bytes of a segment's half that make a match no accident
)

// place is where a segment may stand in a text.
type place struct {
	segment    int
	start, end int // bytes of the text's letters
	weight     int // bytes explained by the place and the best ones before it
	before     int // index of the best place before, -1 if none
}

// match keeps the segments that a text was made of. Each may stand at several
// places or at none; the chosen ones are the chain that explains most of the
// text, in order and without overlap: a heaviest increasing subsequence, so a
// teaser that repeats a headline elsewhere on the page is not taken for it.
func match(segments []segment, text string) []segment {
	text = letters(text)
	index := finder{index: suffixarray.New([]byte(text)), found: map[string][]int{}}
	best := make(prefixMax, len(text)+2)
	var places []place
	for i, s := range segments {
		key := letters(s.Text)
		if key == "" {
			continue
		}
		first := len(places)
		end := 0
		if b := best.upTo(len(text)); b.weight > 0 {
			end = places[b.place].end
		}
		for _, at := range index.near(key, end) {
			places = append(places, place{segment: i, start: at, end: at + len(key)})
		}
		if half := len(key) / 2; len(places) == first && half >= minPartial {
			// The extractor may have dropped a part of it.
			for _, part := range []string{key[:half], key[half:]} {
				for _, at := range index.near(part, end) {
					places = append(places, place{segment: i, start: at, end: at + len(part)})
				}
			}
		}
		// All of a segment's places are weighed before any is entered: it
		// stands at one of them only.
		for j := first; j < len(places); j++ {
			p := &places[j]
			p.weight, p.before = p.end-p.start, -1
			if b := best.upTo(p.start); b.weight > 0 {
				p.weight += b.weight
				p.before = b.place
			}
		}
		for j := first; j < len(places); j++ {
			best.enter(places[j].end, maximum{places[j].weight, j})
		}
	}
	var kept []segment
	end := best.upTo(len(text))
	for j := end.place; end.weight > 0 && j >= 0; j = places[j].before {
		kept = append(kept, segments[places[j].segment])
	}
	slices.Reverse(kept)
	return kept
}

// finder finds the places of keys in a text.
type finder struct {
	index *suffixarray.Index
	found map[string][]int // in order
}

// near returns the places around a position: where lines repeat, as in a
// list, those that can continue what was found so far.
func (f finder) near(key string, position int) []int {
	places, ok := f.found[key]
	if !ok {
		places = f.index.Lookup([]byte(key), maxFound)
		slices.Sort(places)
		f.found[key] = places
	}
	i, _ := slices.BinarySearch(places, position)
	return places[max(0, i-before):min(len(places), i+after)]
}

// maximum is the weight of the best chain that ends at a place.
type maximum struct{ weight, place int }

// prefixMax answers for the best chain that ends at or before a position
// (a Fenwick tree of maxima).
type prefixMax []maximum

func (t prefixMax) enter(position int, m maximum) {
	for i := position + 1; i < len(t); i += i & -i {
		if m.weight > t[i].weight {
			t[i] = m
		}
	}
}

func (t prefixMax) upTo(position int) maximum {
	var m maximum
	for i := position + 1; i > 0; i -= i & -i {
		if t[i].weight > m.weight {
			m = t[i]
		}
	}
	return m
}

// letters are the letters, marks and digits of a text.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, s)
}
