package lang

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// Model tells languages apart. Its methods may be called from many goroutines.
//
// It is a naive Bayes classifier over character 1- to 4-grams (2- to 4-grams of
// alphabets; Cavnar and Trenkle 1994 used their ranks, Lui and Baldwin 2011 the
// probabilities). The probability of n-gram g in language L is smoothed with
// the average over all languages of the script, b(g), by a Dirichlet prior of
// strength a:
//
//	P(g|L) = (count(g,L) + a·b(g)) / (N(L) + a)
//
// A score is the sum of log P(g|L)/b(g): nats by which the language explains
// the text better than the average of its script does.
type Model struct {
	languages []language
	families  [maxScripts]family // by script
	table     []slot             // open addressing, a power of two long
	postings  []posting          // by n-gram, then by language
	dense     []dense
	fit       calibration
	scratch   sync.Pool
	caches    [maxScripts]*cache // by script
	outside   *outside           // answers instead, if it is not nil
}

// family is the run of languages whose scripts share characters: from first,
// size many.
type family struct{ first, size int }

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

// slot is a row of the table of n-grams: what languages it has been seen with.
type slot struct {
	gram  gram
	first uint32 // of its postings
	count uint16 // of its postings
	dense uint16 // one more than its index in Model.dense; 0 if it is sparse
}

// dense is the row of an n-gram that much of a family has: packed sums are
// added faster than postings.
type dense struct {
	family script
	packed
}

// denseFrom is the number of postings from which a row is dense, maxDense the
// number of such rows.
const (
	denseFrom = 64
	maxDense  = 1<<16 - 1
)

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
	m.scratch.New = func() any { return &scratch{} }
	for i := range m.caches {
		m.caches[i] = newCache()
	}
	return m
}

func hash(g gram) uint64 {
	high, low := bits.Mul64(uint64(g)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return high ^ low
}

// find returns the row of an n-gram, nil if no language has it.
func (m *Model) find(g gram) *slot {
	mask := uint64(len(m.table) - 1)
	for i := hash(g) & mask; ; i = (i + 1) & mask {
		s := &m.table[i]
		if s.gram == g {
			return s
		}
		if s.gram == 0 {
			return nil
		}
	}
}

func (m *Model) row(s *slot) []posting { return m.postings[s.first : s.first+uint32(s.count)] }

// index fills the hash table from rows in any order, and the families from the
// languages, those of one family next to each other.
func (m *Model) index(rows []slot) {
	for i := range m.languages {
		l := &m.languages[i]
		l.common = common[l.label]
		if m.families[l.family].size == 0 {
			m.families[l.family].first = i
		}
		m.families[l.family].size++
	}
	size := 1 << bits.Len(uint(len(rows)*3/2+1))
	m.table = make([]slot, size)
	mask := uint64(size - 1)
	for _, row := range rows {
		row.dense = m.pack(&row)
		i := hash(row.gram) & mask
		for m.table[i].gram != 0 {
			i = (i + 1) & mask
		}
		m.table[i] = row
	}
}

// pack makes a dense row if it is worth it and returns its number.
func (m *Model) pack(row *slot) uint16 {
	if row.count < denseFrom || len(m.dense) == maxDense {
		return 0
	}
	postings := m.row(row)
	script := m.languages[postings[0].language].family
	if m.languages[postings[row.count-1].language].family != script {
		return 0
	}
	family := m.families[script]
	weights, hits := make([]int32, family.size), make([]int32, family.size)
	for _, p := range postings {
		weights[int(p.language)-family.first] = int32(p.weight)
		hits[int(p.language)-family.first] = 1
	}
	m.dense = append(m.dense, dense{script, pack(weights, hits)})
	return uint16(len(m.dense))
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
	if m.outside != nil {
		labels = slices.Collect(maps.Values(m.outside.labels))
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// Knows tells whether label is one the model can answer.
func (m *Model) Knows(label string) bool {
	if m.outside != nil {
		return slices.Contains(m.Labels(), label)
	}
	return slices.ContainsFunc(m.languages, func(l language) bool { return l.label == label })
}
