package alignment

import (
	"fmt"

	"vislang/pkg/align"
)

// Score counts right beads as Text+Berg's and later papers do: precision over
// all beads found, gaps too, recall over the true beads with both sides.
type Score struct {
	Found, FoundRight float64
	True, TrueFound   float64
}

// Add counts the beads of a document.
func (s *Score) Add(gold, found []align.Bead) {
	isTrue, isFound := index(gold), index(found)
	s.Found += float64(len(found))
	for _, b := range found {
		if isTrue[key(b)] {
			s.FoundRight++
		}
	}
	for _, b := range gold {
		if len(b.Source) > 0 && len(b.Target) > 0 {
			s.True++
			if isFound[key(b)] {
				s.TrueFound++
			}
		}
	}
}

// F1 is the harmonic mean of strict precision and recall.
func (s *Score) F1() float64 {
	p, r := s.FoundRight/max(1, s.Found), s.TrueFound/max(1, s.True)
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// Right tells for each bead found whether it is a true one.
func Right(gold, found []align.Bead) []bool {
	isTrue := index(gold)
	right := make([]bool, len(found))
	for i, b := range found {
		right[i] = isTrue[key(b)]
	}
	return right
}

func index(beads []align.Bead) map[string]bool {
	m := make(map[string]bool, len(beads))
	for _, b := range beads {
		m[key(b)] = true
	}
	return m
}

func key(b align.Bead) string { return fmt.Sprint(b.Source, b.Target) }
