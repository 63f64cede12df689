package html

import (
	"index/suffixarray"
	"slices"
)

const (
	maxPlaces  = 64 // places in the text tried for a segment
	minPartial = 32 // bytes of a segment's half that make a match no accident
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
	index := suffixarray.New([]byte(text))
	best := make(prefixMax, len(text)+2)
	var places []place
	for i, s := range segments {
		key := []byte(letters(s.Text))
		if len(key) == 0 {
			continue
		}
		first := len(places)
		for _, at := range find(index, key) {
			places = append(places, place{segment: i, start: at, end: at + len(key)})
		}
		if half := len(key) / 2; len(places) == first && half >= minPartial {
			// The extractor may have dropped a part of it.
			for _, part := range [][]byte{key[:half], key[half:]} {
				for _, at := range find(index, part) {
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

// find returns the first places of a key in the text.
func find(index *suffixarray.Index, key []byte) []int {
	places := index.Lookup(key, maxPlaces)
	slices.Sort(places)
	return places
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
