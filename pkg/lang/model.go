package lang

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// Model tells languages apart. Its methods may be called from many goroutines.
//
// It is a naive Bayes classifier over character 1- to 4-grams (Cavnar and
// Trenkle 1994 used their ranks, Lui and Baldwin 2011 the probabilities). The
// probability of n-gram g in language L is smoothed with the average over all
// languages of the script, b(g), by a Dirichlet prior of strength a:
//
//	P(g|L) = (count(g,L) + a·b(g)) / (N(L) + a)
//
// A score is the sum of log P(g|L)/b(g): nats by which the language explains
// the text better than the average of its script does.
type Model struct {
	languages []language
	families  [maxScripts][]uint16 // languages by script family
	table     []slot               // open addressing, a power of two long
	postings  []posting            // by n-gram
	fit       calibration
	scratch   sync.Pool
}

// language is what the model knows of one label.
type language struct {
	label  string
	family script
	common bool           // in common.txt
	miss   [order]float32 // log P/b of an n-gram the language has not been seen with, by length; below 0
	// Share of the n-grams of the language's own held-out text that it has
	// been seen with, 0 to 1; see script.telling.
	coverage float32
}

type slot struct {
	gram  gram
	first uint32 // its postings: from first to before last
	last  uint32
}

// posting is the weight of one n-gram in one language above miss, in steps.
type posting struct {
	language uint16
	weight   uint8
}

// step is the unit of posting.weight, in nats.
const step = 1.0 / 16

// calibration turns scores into probabilities: they are divided by
// scale·letters^power, because neighbouring n-grams share letters and one text
// keeps to one topic, so their evidence is worth less than their sum.
type calibration struct{ scale, power float64 }

func (c calibration) temperature(letters int) float64 {
	return max(1, c.scale*math.Pow(float64(letters), c.power))
}

func newModel() *Model {
	m := &Model{}
	m.scratch.New = func() any { return &scratch{weights: make([]int32, len(m.languages))} }
	return m
}

func hash(g gram) uint64 {
	high, low := bits.Mul64(uint64(g)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return high ^ low
}

func (m *Model) find(g gram) []posting {
	mask := uint64(len(m.table) - 1)
	for i := hash(g) & mask; ; i = (i + 1) & mask {
		s := &m.table[i]
		if s.gram == g {
			return m.postings[s.first:s.last]
		}
		if s.gram == 0 {
			return nil
		}
	}
}

// index fills the hash table from rows in any order and the families from
// the languages.
func (m *Model) index(rows []slot) {
	size := 1 << bits.Len(uint(len(rows)*3/2+1))
	m.table = make([]slot, size)
	mask := uint64(size - 1)
	for _, row := range rows {
		i := hash(row.gram) & mask
		for m.table[i].gram != 0 {
			i = (i + 1) & mask
		}
		m.table[i] = row
	}
	for i, l := range m.languages {
		m.families[l.family] = append(m.families[l.family], uint16(i))
		m.languages[i].common = common[l.label]
	}
}

// rows returns the rows of the hash table, sorted by n-gram.
func (m *Model) rows() []slot {
	rows := slices.DeleteFunc(slices.Clone(m.table), func(s slot) bool { return s.gram == 0 })
	slices.SortFunc(rows, func(a, b slot) int { return cmp.Compare(a.gram, b.gram) })
	return rows
}

// Labels returns the labels the model can answer, sorted.
func (m *Model) Labels() []string {
	labels := make([]string, len(m.languages))
	for i, l := range m.languages {
		labels[i] = l.label
	}
	slices.Sort(labels)
	return labels
}

// Knows tells whether label is one the model can answer.
func (m *Model) Knows(label string) bool {
	return slices.ContainsFunc(m.languages, func(l language) bool { return l.label == label })
}

// candidate is a language with its score for a text, in nats.
type candidate struct {
	language uint16
	score    float64
}

// scratch is the working memory of one identification.
type scratch struct {
	letters    []rune
	weights    []int32
	candidates []candidate
}

// reading is a text seen through the model.
type reading struct {
	candidates []candidate // languages of the text's script, best first
	letters    int         // that were looked at
	scripts    census
}

// read scores the languages of the text's script.
func (m *Model) read(text string, s *scratch) (r reading) {
	s.letters, r.scripts = words(text, s.letters[:0])
	family := m.families[r.scripts.family()]
	clear(s.weights)
	var seen [order]int
	grams(s.letters, func(n int, g gram) {
		seen[n-1]++
		for _, p := range m.find(g) {
			s.weights[p.language] += int32(p.weight)
		}
	})
	candidates := s.candidates[:0]
	for _, i := range family {
		score := float64(s.weights[i]) * step
		for n, count := range seen {
			score += float64(count) * float64(m.languages[i].miss[n])
		}
		candidates = append(candidates, candidate{i, score})
	}
	s.candidates = candidates
	m.sort(candidates)
	r.candidates, r.letters = candidates, seen[0]
	return r
}

// coverage returns the share of the text's n-grams that the language has been
// seen with, 0 to 1. The letters are those of the last reading.
func (m *Model) coverage(i uint16, s *scratch) float64 {
	telling := m.languages[i].family.telling()
	hits, all := 0, 0
	grams(s.letters, func(n int, g gram) {
		if n == telling {
			all++
			if slices.ContainsFunc(m.find(g), func(p posting) bool { return p.language == i }) {
				hits++
			}
		}
	})
	if all == 0 {
		return 0
	}
	return float64(hits) / float64(all)
}

// sort puts the best candidate first.
func (m *Model) sort(candidates []candidate) {
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.language, b.language))
	})
}
