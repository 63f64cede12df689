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
	// Balance is how much the shorter document has of the longer, in sentences
	// or in letters: the larger of both ratios.
	Balance float64 `json:"balance"`
	// Lengths is the correlation of their lengths, as logarithms; 1 when there
	// are too few to tell.
	Lengths float64 `json:"lengths"`
	// Anchors is how much of the numbers and names that both documents have
	// somewhere stands on both sides of the beads, by weight; -1 when there
	// are none.
	Anchors float64 `json:"anchors"`
	// Displaced is how sure it is that one document begins and the other ends
	// with sentences of their own: the text of one is shifted against the other.
	Displaced  float64 `json:"displaced"`
	begin, end float64 // whose product it is
	// Hole is the longest run of sentences of one document without a
	// counterpart, as a share of the shorter document.
	Hole float64 `json:"hole"`
	// Copied is the share of beads whose sides are about the same words.
	Copied float64 `json:"copied"`
}

// evidence measures an alignment.
func (m *model) evidence(beads []Bead) Evidence {
	e := Evidence{Lengths: 1, Anchors: -1, Balance: m.balance(), Hole: hole(beads, min(len(m.source.length), len(m.target.length)))}
	e.begin, e.end = m.lattice.displaced()
	e.Displaced = e.begin * e.end
	var all, covered [2]float64
	var n, sx, sy, sxx, syy, sxy float64
	var shared, possible, copies float64
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
			copies++
		}
	}
	if n == 0 {
		e.Lengths = 0
		return e
	}
	e.Covered = min(covered[0]/all[0], covered[1]/all[1])
	e.Confidence /= n
	e.Copied = copies / n
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

// same tells whether two sentences have most of their signs in common: recognition
// may have read a copy otherwise here and there. Of few signs it wants all.
func (m *model) same(source, target []int) bool {
	if len(source) > 1 || len(target) > 1 {
		return false
	}
	a, b := m.corpus.read[0].at(source[0]), m.corpus.read[1].at(target[0])
	if len(a) < 4 || len(b) < 4 {
		return len(a) > 0 && slices.Equal(a, b)
	}
	entries, mark := m.corpus.table.entries, int32(-1-source[0])
	for _, k := range a {
		entries[k].last = mark
	}
	common := 0
	for _, k := range b {
		if entries[k].last == mark {
			common++
		}
	}
	return float64(common) >= copied*float64(len(a)+len(b)-common)
}

// copied is the share of the signs of two sentences that both have, beyond which
// one is taken for a copy of the other.
const copied = 0.6

// balance compares the sizes of both documents.
func (m *model) balance() float64 {
	var letters [2]float64
	for k := range m.corpus.sides {
		for _, l := range m.corpus.sides[k].length {
			letters[k] += float64(l)
		}
	}
	n, t := float64(len(m.source.length)), float64(len(m.target.length))
	return max(min(n, t)/max(n, t), min(letters[0], letters[1])/max(letters[0], letters[1]))
}

// hole returns the longest run of beads with sentences of the same side alone,
// as a share of so many sentences and four more.
func hole(beads []Bead, sentences int) float64 {
	longest, run := 0, 0
	var side bool // that the run is of the source
	for _, b := range beads {
		switch alone := len(b.Target) == 0; {
		case len(b.Source) > 0 && !alone:
			run = 0
		case run > 0 && alone == side:
			run++
		default:
			side, run = alone, 1
		}
		longest = max(longest, run)
	}
	return float64(longest) / float64(sentences+4)
}

// displaced returns the probabilities that one document begins and that the
// other ends with a sentence of its own.
func (l *lattice) displaced() (begin, end float64) {
	last := len(l.lo) - 1
	size := l.hi[last]
	if last < 4 || size < 4 {
		return 0, 0
	}
	var source, target [2]float64 // alone at the begin, at the end
	first := l.at(0, 0)
	source[0], target[0] = float64(first[sourceGap]), float64(first[targetGap])
	if size >= l.lo[last-1] && size <= l.hi[last-1] {
		source[1] = float64(l.at(last-1, size)[sourceGap])
	}
	if size-1 >= l.lo[last] {
		target[1] = float64(l.at(last, size-1)[targetGap])
	}
	if source[0]*target[1] > target[0]*source[1] {
		return source[0], target[1]
	}
	return target[0], source[1]
}

// health weighs the evidence: two logistic regressions on good and broken
// documents (see docs/BENCHMARKS.md). The first knows what falls when texts are
// strangers or one lacks a part: coverage, confidence and balance, which tell the
// more the longer the documents are, and holes. The second knows what is displaced,
// which can be aligned very well: the surer the beads are, the less of a doubt at
// both ends is enough, and the end of which there is less doubt counts for more. Of a page that is half translated the copied half says nothing; the more
// than half of a text is copied, the less of it is a translation. And where most beads
// are more likely wrong than right, as among lines that are all the same, none is of use.
func (e Evidence) health(sentences int) float64 {
	n := float64(sentences)
	// As if four sentences more had been seen, nine of ten in a bead.
	covered := (e.Covered*n + 3.6) / (n + 4)
	balance := math.Log(max(e.Balance, 1e-3)) * math.Sqrt(n/(n+20))
	translated := logistic(-6.8 + 4.4*math.Log(covered/(1-covered)) + 4.5*e.Confidence + 14*balance - 14*max(0, e.Hole-0.1))
	begin, end := math.Log10(e.begin+1e-5), math.Log10(e.end+1e-5)
	inPlace := logistic(2.39 - 0.72*(begin+end) - 1.21*min(begin, end) - 5.38*e.Confidence)
	sure := logistic(40 * (e.Confidence - 0.33))
	return translated * inPlace * sure * min(1, 2*(1-e.Copied))
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// distinct returns the distinct numbers of n lists from the i-th.
func distinct(l *lists, i, n int, scratch *[]int32) []int32 {
	if n == 1 {
		return l.at(i)
	}
	*scratch = append((*scratch)[:0], l.items[l.start[i]:l.start[i+n]]...)
	slices.Sort(*scratch)
	return slices.Compact(*scratch)
}
