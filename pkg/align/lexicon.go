package align

import (
	"math"
	"slices"
)

const (
	// maxBeadPairs bounds the pairs of words that are counted of a bead.
	maxBeadPairs = 10_000
	// maxLinks bounds the pairs that may be linked.
	maxLinks = 1 << 20
)

// learner counts how often words stand in the same beads.
type learner struct {
	beads   []counted
	where   lists   // by source word: the sentences that have it
	of      lists   // by source sentence: the beads that have it
	target  []int32 // words of those beads that have several target sentences
	last    []int32 // by bead: the source word it was counted for last, from 1
	count   []float32
	touched []int32
	links   []link
	order   []uint64
	linked  [2][]int32 // by word: number of its anchor from 1
}

// counted is a bead likely enough to learn from.
type counted struct {
	probability float32
	source, n   int32   // its source sentences
	words       []int32 // distinct, of its target sentences
}

// link is a pair of words that may translate each other.
type link struct {
	source, target int32
	anchor         anchor
	strength       float32
}

// learn takes words that keep standing in the same beads as translations of
// each other and makes anchors of them: the pair with the strongest
// association first, each word once (competitive linking, Melamed, Models of
// Translational Equivalence among Words, 2000).
func (m *model) learn(l *lattice) {
	r := &m.learner
	r.collect(m, l)
	r.count = grown(r.count, len(m.target.frequency))
	clear(r.count)
	r.links = r.links[:0]
	sentences := math.Sqrt(float64(len(m.source.length)) * float64(len(m.target.length)))
	r.where.inverse(&m.source.words, len(m.source.frequency))
	for word := range m.source.frequency {
		if len(r.links) > maxLinks {
			break
		}
		r.countWith(word, r.where.at(word))
		fs := float64(m.source.frequency[word])
		for _, t := range r.touched {
			count, ft := float64(r.count[t]), float64(m.target.frequency[t])
			r.count[t] = 0
			dice := 2 * count / (fs + ft)
			if count < m.PairCount || dice < m.PairDice {
				continue
			}
			if information := math.Log(sentences * count / (fs * ft)); information > 0 {
				a := anchor{float32(min(m.PairCap, m.Pair*information*dice)), float32(m.lonely(count, max(fs, ft)))}
				r.links = append(r.links, link{int32(word), t, a, float32(count * information * dice)})
			}
		}
	}
	// By strength, then by words; as integers, since it is a good part of all
	// work.
	r.order = r.order[:0]
	for k, l := range r.links {
		r.order = append(r.order, uint64(^math.Float32bits(l.strength))<<32|uint64(k))
	}
	slices.Sort(r.order)
	c := &m.corpus
	c.anchors = c.anchors[:c.found]
	for side := range r.linked {
		r.linked[side] = grown(r.linked[side], len(c.sides[side].frequency))
		clear(r.linked[side])
	}
	for _, k := range r.order {
		l := &r.links[uint32(k)]
		if a, b := &r.linked[0][l.source], &r.linked[1][l.target]; *a == 0 && *b == 0 {
			c.anchors = append(c.anchors, l.anchor)
			*a, *b = int32(len(c.anchors)), int32(len(c.anchors))
		}
	}
	m.source.adopt(c.anchors, r.linked[0])
	m.target.adopt(c.anchors, r.linked[1])
}

// lonely is the evidence against a bead of one of two words without the other,
// which stood together so often of so many times that the more frequent one came.
func (m *model) lonely(together, times float64) float64 {
	chance := times / float64(len(m.target.length)+20)
	likely := min(sure, together/(times+1))
	factor := m.NoPair
	if m.similarity != nil {
		factor *= m.SimilarityNoPair
	}
	return factor * max(0, math.Log((1-chance)/(1-likely)))
}

// collect gathers the beads that are learned from.
func (r *learner) collect(m *model, l *lattice) {
	n := len(m.source.length)
	r.beads, r.target = r.beads[:0], r.target[:0]
	r.of.start = grown(r.of.start, n+1)
	clear(r.of.start)
	source, target := &m.source.words, &m.target.words
	l.each(func(k, i, j int, probability float32) {
		shape := shapes[k]
		if shape.gap() || probability < 0.2 {
			return
		}
		words := target.items[target.start[j]:target.start[j+shape.target]]
		if len(words)*int(source.start[i+shape.source]-source.start[i]) > maxBeadPairs {
			return
		}
		if shape.target > 1 {
			first := len(r.target)
			r.target = append(r.target, words...)
			words = r.target[first:]
			slices.Sort(words)
			words = slices.Compact(words)
		}
		for x := range shape.source {
			r.of.start[i+x+1]++
		}
		r.beads = append(r.beads, counted{probability, int32(i), int32(shape.source), words})
	})
	for i := range n {
		r.of.start[i+1] += r.of.start[i]
	}
	r.of.items = grown(r.of.items, int(r.of.start[n]))
	for b := len(r.beads) - 1; b >= 0; b-- {
		bead := &r.beads[b]
		for i := bead.source; i < bead.source+bead.n; i++ {
			r.of.start[i+1]--
			r.of.items[r.of.start[i+1]] = int32(b)
		}
	}
	// Each start now holds that of the list before.
	copy(r.of.start, r.of.start[1:])
	r.of.start[n] = int32(len(r.of.items))
	r.last = grown(r.last, len(r.beads))
	clear(r.last)
}

// countWith counts the target words that stand in beads with a source word,
// which stands in these sentences.
func (r *learner) countWith(word int, sentences []int32) {
	r.touched = r.touched[:0]
	for _, i := range sentences {
		for _, b := range r.of.at(int(i)) {
			if r.last[b] == int32(word+1) {
				continue
			}
			r.last[b] = int32(word + 1)
			bead := &r.beads[b]
			for _, t := range bead.words {
				if r.count[t] == 0 {
					r.touched = append(r.touched, t)
				}
				r.count[t] += bead.probability
			}
		}
	}
}
