package align

import (
	"cmp"
	"math"
	"slices"
)

// vocabulary holds the words of a side that recur, cut to their beginnings.
type vocabulary struct {
	words     [][]int32 // by sentence, ascending
	frequency []float64 // by word: sentences that have it
}

func newVocabulary(sentences [][]string) vocabulary {
	times := map[string]int{}
	for _, words := range sentences {
		for _, w := range words {
			times[w]++
		}
	}
	v := vocabulary{words: make([][]int32, len(sentences))}
	ids := map[string]int32{}
	for i, words := range sentences {
		for _, w := range words {
			if n := times[w]; n < 2 || n*2 > len(sentences) {
				continue // once tells nothing, everywhere neither
			}
			id, ok := ids[w]
			if !ok {
				id = int32(len(v.frequency))
				ids[w] = id
				v.frequency = append(v.frequency, float64(times[w]))
			}
			v.words[i] = append(v.words[i], id)
		}
		slices.Sort(v.words[i])
	}
	return v
}

// in returns the distinct words of the sentences from first to before last.
func (v *vocabulary) in(first, last int) []int32 {
	out := v.words[first]
	for _, words := range v.words[first+1 : last] {
		out = union(out, words)
	}
	return out
}

// maxBeadWords bounds the words of a bead that pairs are counted of.
const maxBeadWords = 200

// learn takes words that keep standing in the same beads as translations of
// each other and makes anchors of them: the pair with the strongest
// association first, each word once (competitive linking, Melamed, Models of
// Translational Equivalence among Words, 2000).
func (m *model) learn(l *lattice) {
	source, target := &m.corpus.vocabulary[0], &m.corpus.vocabulary[1]
	together := newTally()
	l.each(func(k, i, j int, probability float64) {
		if shapes[k].gap() || probability < 0.2 {
			return
		}
		a, b := source.in(i, i+shapes[k].source), target.in(j, j+shapes[k].target)
		if len(a) > maxBeadWords || len(b) > maxBeadWords {
			return
		}
		for _, s := range a {
			for _, t := range b {
				together.add(s, t, probability)
			}
		}
	})
	type link struct {
		s, t             int32
		weight, strength float64
	}
	var links []link
	sentences := math.Sqrt(float64(len(source.words)) * float64(len(target.words)))
	for _, p := range together.slots {
		if p.count < m.pairCount {
			continue
		}
		s, t, count := int32(p.key>>32), int32(uint32(p.key)), p.count
		fs, ft := source.frequency[s], target.frequency[t]
		dice := 2 * count / (fs + ft)
		information := math.Log(sentences * count / (fs * ft))
		if dice >= m.pairDice && information > 0 {
			links = append(links, link{s, t, min(m.pairCap, m.pair*information*dice), count * information * dice})
		}
	}
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.s, b.s), cmp.Compare(a.t, b.t))
	})
	c := m.corpus
	c.anchors = c.anchors[:c.found]
	linked := [2][]int32{make([]int32, len(source.frequency)), make([]int32, len(target.frequency))}
	for _, l := range links {
		if linked[0][l.s] == 0 && linked[1][l.t] == 0 {
			c.anchors = append(c.anchors, anchor{weight: l.weight})
			// One more than its place, so that 0 means none.
			linked[0][l.s], linked[1][l.t] = int32(len(c.anchors)), int32(len(c.anchors))
		}
	}
	for side, list := range [][]sentence{c.source, c.target} {
		for i := range list {
			s := &list[i]
			s.anchors = slices.Clone(s.anchors[:s.found])
			for _, w := range c.vocabulary[side].words[i] {
				if a := linked[side][w]; a > 0 {
					s.anchors = append(s.anchors, a-1)
				}
			}
			slices.Sort(s.anchors[s.found:])
		}
	}
	m.source, m.target = c.spans(c.source), c.spans(c.target)
}

// tally counts pairs of words: a hash table with open addressing, since most
// of the work of learning is counting.
type tally struct {
	slots []tallied
	used  int
}

type tallied struct {
	key   uint64 // both words
	count float64
}

func newTally() *tally { return &tally{slots: make([]tallied, 1<<12)} }

func (c *tally) add(s, t int32, count float64) {
	if c.used*2 > len(c.slots) {
		old := c.slots
		c.slots, c.used = make([]tallied, 2*len(old)), 0
		for _, p := range old {
			if p.count > 0 {
				c.at(p.key).count = p.count
			}
		}
	}
	c.at(uint64(s)<<32 | uint64(t)).count += count
}

// at returns the slot of a key, a new one if need be.
func (c *tally) at(key uint64) *tallied {
	mask := uint64(len(c.slots) - 1)
	for i := (key * 0x9e3779b97f4a7c15) >> 20 & mask; ; i = (i + 1) & mask {
		p := &c.slots[i]
		if p.count > 0 && p.key == key {
			return p
		}
		if p.count == 0 {
			p.key = key
			c.used++
			return p
		}
	}
}
