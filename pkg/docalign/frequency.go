package docalign

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Store keeps values by key. Get returns nil for a key that has none; the
// value is not changed by either side afterwards.
type Store interface {
	Get(key string) []byte
	Put(key string, value []byte)
}

// Frequencies counts in how many documents of a language a sign is. The counts
// lie in the store, in a table of fixed size (1 MiB in pages of 64 counts):
// signs that share a place share their count, so that in very large collections
// rare signs look somewhat less rare.
type Frequencies struct{ store Store }

// NewFrequencies returns the counts that the store has.
func NewFrequencies(store Store) Frequencies { return Frequencies{store} }

const (
	pageCounts = 64
	pages      = 4096
)

// Add counts the signs of a document.
func (f Frequencies) Add(s *Sketch) {
	changed := map[uint32][]byte{}
	count := func(place uint32) {
		page := place / pageCounts
		b, ok := changed[page]
		if !ok {
			b = make([]byte, 4*pageCounts)
			copy(b, f.store.Get(pageKey(page)))
			changed[page] = b
		}
		b = b[4*(place%pageCounts):]
		binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)+1)
	}
	count(place(s.Language, 0))
	for _, sign := range s.Signs {
		count(place(s.Language, sign.Hash))
	}
	for page, b := range changed {
		f.store.Put(pageKey(page), b)
	}
}

// of returns in how many documents of a language a sign is; sign 0 stands for
// all documents.
func (f Frequencies) of(language string, sign uint32) float64 {
	p := place(language, sign)
	b := f.store.Get(pageKey(p / pageCounts))
	if b == nil {
		return 0
	}
	return float64(binary.LittleEndian.Uint32(b[4*(p%pageCounts):]))
}

// rarity returns by how many nats chance would hardly put a sign into a
// document of each of two languages, and how evenly frequent it is in both, 0
// to 1: a name is, a chance likeness of words is not.
func (f Frequencies) rarity(a, b string, sign uint32) (nats, evenness float64) {
	// As if there had been some documents before, without the sign.
	const before = 20
	na, nb := f.of(a, 0)+before, f.of(b, 0)+before
	fa, fb := f.of(a, sign)+0.5, f.of(b, sign)+0.5
	shareA, shareB := min(1, fa/na), min(1, fb/nb)
	return 0.5 * math.Log(1/(shareA*shareB)), math.Sqrt(min(shareA, shareB) / max(shareA, shareB))
}

func place(language string, sign uint32) uint32 {
	return uint32(mix('c', hash32(language), sign) % (pages * pageCounts))
}

func pageKey(page uint32) string { return fmt.Sprintf("frequency/%03x", page) }

// memory is a Store that forgets.
type memory map[string][]byte

func (m memory) Get(key string) []byte        { return m[key] }
func (m memory) Put(key string, value []byte) { m[key] = value }
