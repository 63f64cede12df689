package lang

import (
	"cmp"
	"hash/maphash"
	"maps"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// Model tells languages apart. Its methods may be called from many goroutines.
//
// It is a naive Bayes classifier over whole words and character 1- to 4-grams (2-
// to 4-grams of alphabets; Cavnar and Trenkle 1994 used their ranks, Lui and
// Baldwin 2011 the probabilities; words after Jauhiainen et al. 2016). The
// probability of n-gram g in language L is smoothed with the average over all
// languages of the script, b(g), by a Dirichlet prior of strength a:
//
//	P(g|L) = (count(g,L) + a·b(g)) / (N(L) + a)
//
// A score is the sum of log P(g|L)/b(g): nats by which the language explains
// the text better than the average of its script does.
//
// Some 350 languages are written in Latin script, so that adding up is what an
// answer costs. Words recur, and what was said of them is kept (memo); rows of
// languages are added by the processor's vector instructions (kernel.go); and of
// a text only as much is read as is needed (Model.weigh).
type Model struct {
	languages []language
	families  [maxScripts]family // by script
	fit       calibration
	scratch   sync.Pool
	memo      memo
	name      string   // of the file's content
	outside   *outside // answers instead, if it is not nil
}

// family is what is known of the languages whose scripts share characters. They
// are a run of Model.languages: from first, size many.
type family struct {
	first, size int
	stride      int              // size, up to a multiple of lanes
	miss        [whole][]float32 // language.miss by length, then by language; nil if it is 0 for all
	prior       []float32        // log of the odds before the text is read, by language
	slots       []slot           // table of n-grams: open addressing, a power of two long
	shift       int              // of a hash to an index of slots
	postings    []posting        // by n-gram, then by language
	dense       []uint8          // rows of weights, stride each
}

// language is what the model knows of one label.
type language struct {
	label  string
	family script
	common bool           // in common.txt
	miss   [whole]float32 // log P/b of an n-gram the language has not been seen with, by length; below 0
	// Share of the n-grams of the language's own held-out text that it has
	// been seen with, 0 to 1; see script.telling.
	coverage float32
}

// slot is a row of the table of n-grams: what languages of the family it has
// been seen with.
type slot struct {
	gram  gram
	first uint32 // of its postings
	count uint16 // of its postings
	dense uint16 // one more than the number of its row in family.dense; 0 if it is sparse
}

// denseFrom is the number of postings from which a row is dense, that is, added
// as a whole; maxDense the number of such rows.
const (
	denseFrom = 24
	maxDense  = 1<<16 - 1
)

// posting is the weight of one n-gram in one language above miss, in steps. In
// a family, languages are numbered from its first.
type posting struct {
	language uint16
	weight   uint8
}

// row is an n-gram with its postings in all languages.
type row struct {
	gram     gram
	postings []posting
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
	m.memo.seed = maphash.MakeSeed()
	return m
}

// find returns the row of an n-gram, nil if no language of the family has it.
func (f *family) find(g gram) *slot {
	mask := len(f.slots) - 1
	for i := int(uint64(g) * 0x9e3779b97f4a7c15 >> f.shift); ; i++ {
		s := &f.slots[i&mask]
		if s.gram == g {
			return s
		}
		if s.gram == 0 {
			return nil
		}
	}
}

func (f *family) row(s *slot) []posting { return f.postings[s.first : s.first+uint32(s.count)] }

// index fills the families from the languages, those of one family next to
// each other, and from rows with ascending languages.
func (m *Model) index(rows []row) {
	for i := range m.languages {
		l := &m.languages[i]
		l.common = common[l.label]
		f := &m.families[l.family]
		if f.size == 0 {
			f.first = i
		}
		f.size++
		prior := float32(0)
		if l.common {
			prior = float32(math.Log(commonOdds))
		}
		f.prior = append(f.prior, prior)
		for n := l.family.shortest() - 1; n < whole; n++ {
			f.miss[n] = append(f.miss[n], l.miss[n])
		}
	}
	var sizes [maxScripts]int
	m.split(rows, func(script script, _ gram, _ []posting) { sizes[script]++ })
	for script := range m.families {
		f := &m.families[script]
		f.stride = (f.size + lanes - 1) / lanes * lanes
		for n := range f.miss {
			if f.miss[n] != nil {
				f.miss[n] = append(f.miss[n], make([]float32, f.stride-f.size)...)
			}
		}
		f.prior = append(f.prior, make([]float32, f.stride-f.size)...)
		length := bits.Len(uint(sizes[script]*3/2 + 1))
		f.slots, f.shift = make([]slot, 1<<length), 64-length
	}
	m.split(rows, func(script script, g gram, postings []posting) {
		f := &m.families[script]
		s := slot{gram: g, first: uint32(len(f.postings)), count: uint16(len(postings))}
		for _, p := range postings {
			f.postings = append(f.postings, posting{p.language - uint16(f.first), p.weight})
		}
		if len(postings) >= denseFrom && len(f.dense)/f.stride < maxDense {
			weights := make([]uint8, f.stride)
			for _, p := range f.row(&s) {
				weights[p.language] = p.weight
			}
			f.dense = append(f.dense, weights...)
			s.dense = uint16(len(f.dense) / f.stride)
		}
		i := int(uint64(g) * 0x9e3779b97f4a7c15 >> f.shift)
		for f.slots[i&(len(f.slots)-1)].gram != 0 {
			i++
		}
		f.slots[i&(len(f.slots)-1)] = s
	})
}

// split visits the rows family by family: few n-grams have languages of two.
func (m *Model) split(rows []row, visit func(script, gram, []posting)) {
	for _, r := range rows {
		for from := 0; from < len(r.postings); {
			script := m.languages[r.postings[from].language].family
			to := from + 1
			for to < len(r.postings) && m.languages[r.postings[to].language].family == script {
				to++
			}
			visit(script, r.gram, r.postings[from:to])
			from = to
		}
	}
}

// rows returns the rows of all families, sorted by n-gram.
func (m *Model) rows() []row {
	byGram := map[gram][]posting{}
	for i := range m.families { // in the order of their languages
		f := &m.families[i]
		for k := range f.slots {
			if s := &f.slots[k]; s.gram != 0 {
				for _, p := range f.row(s) {
					byGram[s.gram] = append(byGram[s.gram], posting{p.language + uint16(f.first), p.weight})
				}
			}
		}
	}
	rows := make([]row, 0, len(byGram))
	for g, postings := range byGram {
		rows = append(rows, row{g, postings})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.gram, b.gram) })
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
