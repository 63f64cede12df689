package align

import (
	"math"
	"slices"
)

// Evidence is what the health of a pair of documents is made of. All are
// shares from 0 to 1.
type Evidence struct {
	// Covered is the share of sentences that stand in a bead with the other
	// side, of the side where it is less.
	Covered float64 `json:"covered"`
	// Confidence is the mean of those beads' confidence.
	Confidence float64 `json:"confidence"`
	// Lengths is the correlation of their lengths, as logarithms; 1 when there
	// are too few to tell.
	Lengths float64 `json:"lengths"`
	// Anchors is how much of the numbers and names that both documents have
	// somewhere stands on both sides of the beads, by weight; -1 when there
	// are none.
	Anchors float64 `json:"anchors"`
	// Displaced is how sure it is that one document begins and the other ends
	// with sentences of their own: the text of one is shifted against the other.
	Displaced float64 `json:"displaced"`
	// Copied is the share of beads whose sides are the same words.
	Copied float64 `json:"copied"`
}

// evidence measures an alignment.
func (m *model) evidence(beads []Bead) Evidence {
	e := Evidence{Lengths: 1, Anchors: -1, Displaced: m.lattice.displaced()}
	var all, covered [2]float64
	var n, sx, sy, sxx, syy, sxy float64
	var shared, possible, copied float64
	var scratch [2][]int32
	for _, b := range beads {
		all[0] += float64(len(b.Source))
		all[1] += float64(len(b.Target))
		if len(b.Source) == 0 || len(b.Target) == 0 {
			continue
		}
		covered[0] += float64(len(b.Source))
		covered[1] += float64(len(b.Target))
		e.Confidence += b.Score
		x := float64(m.source.logs[len(b.Source)-1][b.Source[0]])
		y := float64(m.target.logs[len(b.Target)-1][b.Target[0]])
		n, sx, sy, sxx, syy, sxy = n+1, sx+x, sy+y, sxx+x*x, syy+y*y, sxy+x*y
		s, p := m.agreement(
			distinct(&m.source.found, b.Source[0], len(b.Source), &scratch[0]),
			distinct(&m.target.found, b.Target[0], len(b.Target), &scratch[1]))
		shared, possible = shared+s, possible+p
		if m.same(b.Source, b.Target) {
			copied++
		}
	}
	if n == 0 {
		e.Lengths = 0
		return e
	}
	e.Covered = min(covered[0]/all[0], covered[1]/all[1])
	e.Confidence /= n
	e.Copied = copied / n
	if possible > 0 {
		e.Anchors = shared / possible
	}
	if d := (n*sxx - sx*sx) * (n*syy - sy*sy); n > 2 && d > 1e-9 {
		e.Lengths = max(0, (n*sxy-sx*sy)/math.Sqrt(d))
	}
	return e
}

// agreement returns the weight of the anchors that both lists have, and half
// the weight of those of each.
func (m *model) agreement(a, b []int32) (shared, possible float64) {
	for _, x := range a {
		possible += float64(m.corpus.anchors[x].weight) / 2
	}
	for _, y := range b {
		possible += float64(m.corpus.anchors[y].weight) / 2
	}
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			shared += float64(m.corpus.anchors[a[0]].weight)
			a, b = a[1:], b[1:]
		}
	}
	return shared, possible
}

// same tells whether two runs have the same signs, and enough of them.
func (m *model) same(source, target []int) bool {
	if len(source) > 1 || len(target) > 1 {
		return false
	}
	a, b := m.corpus.read[0].at(source[0]), m.corpus.read[1].at(target[0])
	if len(a) < 4 || len(a) != len(b) {
		return false
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// displaced is the probability that one document begins and the other ends with
// a sentence of its own.
func (l *lattice) displaced() float64 {
	last := len(l.lo) - 1
	end := l.hi[last]
	if last < 4 || end < 4 {
		return 0
	}
	var source, target [2]float64 // alone at the begin, at the end
	first := l.at(0, 0)
	source[0], target[0] = float64(first[sourceGap]), float64(first[targetGap])
	if end >= l.lo[last-1] && end <= l.hi[last-1] {
		source[1] = float64(l.at(last-1, end)[sourceGap])
	}
	if end-1 >= l.lo[last] {
		target[1] = float64(l.at(last, end-1)[targetGap])
	}
	return max(source[0]*target[1], target[0]*source[1])
}

// health weighs the evidence: a logistic regression on good and broken
// documents (see docs/BENCHMARKS.md) of coverage and confidence, which fall when
// texts are strangers or one lacks a part. What is displaced or copied cannot be
// seen by them, as such texts can be aligned very well.
func (e Evidence) health() float64 {
	translated := 1 / (1 + math.Exp(23-19*e.Covered-10*e.Confidence))
	return translated * (1 - math.Cbrt(e.Displaced)) * (1 - e.Copied)
}

// distinct returns the distinct numbers of n lists from the i-th.
func distinct(l *lists, i, n int, scratch *[]int32) []int32 {
	if n == 1 {
		return l.at(i)
	}
	*scratch = append((*scratch)[:0], l.items[l.start[i]:l.start[i+n]]...)
	slices.Sort(*scratch)
	return slices.Compact(*scratch)
}
