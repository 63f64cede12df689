package docalign

import (
	"cmp"
	"math"
	"slices"
)

// crowd is how many documents of one language a band may have. More share it
// by chance: it is given up.
const crowd = 32

// Candidates is the most candidates that a document gets.
const Candidates = 30

// Member is a document at a band.
type Member[ID cmp.Ordered] struct {
	ID       ID
	Language uint16 // or a hash of its label
}

// Meeting is what one band has: the documents that came by, until they are a
// crowd. The zero value is an empty band.
type Meeting[ID cmp.Ordered] struct {
	Members []Member[ID]
	Crowded bool
}

// Join adds a document and returns those of other languages that were there.
func (m *Meeting[ID]) Join(self Member[ID]) (others []Member[ID]) {
	if m.Crowded {
		return nil
	}
	same := 0
	for _, o := range m.Members {
		if o.ID == self.ID {
			continue
		}
		if o.Language == self.Language {
			same++
		} else {
			others = append(others, o)
		}
	}
	if same >= crowd {
		*m = Meeting[ID]{Crowded: true}
		return nil
	}
	if !slices.Contains(m.Members, self) {
		m.Members = append(m.Members, self)
	}
	return others
}

// Leave removes a document.
func (m *Meeting[ID]) Leave(id ID) {
	m.Members = slices.DeleteFunc(m.Members, func(o Member[ID]) bool { return o.ID == id })
}

// Votes counts in how many bands a document met others.
type Votes[ID cmp.Ordered] map[ID]float64

// Add counts the others of one band. A band that few share says more.
func (v Votes[ID]) Add(weight float64, others []Member[ID]) {
	for _, o := range others {
		v[o.ID] += weight / math.Sqrt(float64(1+len(others)))
	}
}

// Best returns the documents met most, best first, at most n.
func (v Votes[ID]) Best(n int) []ID {
	ids := make([]ID, 0, len(v))
	for id := range v {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b ID) int { return cmp.Or(cmp.Compare(v[b], v[a]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), n)]
}

// lowest returns the n lowest of keys, distinct and ascending.
func lowest(keys []uint64, n int) []uint64 {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	return keys[:min(len(keys), n)]
}

// Index lets the documents of one process meet. It takes about 20 bytes a
// document and band.
type Index struct {
	heads map[uint64]int32 // last visit of a band
	all   []visit
}

type visit struct {
	member Member[int32]
	before int32 // one more than the place of the visit before, 0 for none
}

const crowded = -1 // instead of a head

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{heads: map[uint64]int32{}} }

// Add adds a document under a number of the caller's and returns the numbers of
// its candidates among those added before, best first, at most [Candidates].
func (x *Index) Add(id int32, language string, bands []Band) []int32 {
	self := Member[int32]{id, LanguageKey(language)}
	votes := Votes[int32]{}
	var m Meeting[int32]
	for _, b := range bands {
		head := x.heads[b.Key]
		m.Crowded, m.Members = head == crowded, m.Members[:0]
		for at := head; at > 0; at = x.all[at-1].before {
			m.Members = append(m.Members, x.all[at-1].member)
		}
		votes.Add(b.Weight, m.Join(self))
		if m.Crowded {
			x.heads[b.Key] = crowded
			continue
		}
		x.all = append(x.all, visit{self, head})
		x.heads[b.Key] = int32(len(x.all))
	}
	return votes.Best(Candidates)
}

// LanguageKey is a short stand-in for a language label.
func LanguageKey(label string) uint16 {
	h := hash32(label)
	return uint16(h ^ h>>16)
}
