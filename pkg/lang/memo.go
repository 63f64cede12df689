package lang

import (
	"hash/maphash"
	"sync/atomic"
)

// said is what the model says of one word: nothing outside the word changes
// it, since no n-gram spans two. The word stands in it, not behind a pointer,
// because to look it up is to wait for memory.
type said struct {
	length  uint8
	shift   uint8
	seen    [whole]uint16 // n-grams of the word by length
	word    [maxMemo]byte // as it stands in texts
	weights []uint8       // by language of the family, in steps times 2^shift
	hits    []uint8       // by language of the family: telling n-grams it has been seen with
}

func (s *said) is(word string) bool { return string(s.word[:s.length]) == word }

const (
	// maxMemo is the length in bytes of the longest word that is kept. It has
	// fewer than 255 n-grams, and so its sums fit: 255·255 < 2¹⁶.
	maxMemo = 48
	// memoSlots is how many words are kept: just under 1 KB each in Latin script.
	memoSlots = 1 << 15
)

// memo keeps what was said of words, since words recur. Each has two places,
// as in a two-way cache of a processor: the newer word takes the first, and the
// one that was there takes the second. What it holds changes how long an
// answer takes, never the answer.
type memo struct {
	seed  maphash.Seed
	slots [memoSlots]atomic.Pointer[said]
}

// find returns what was said of a word, nil if that is not known, and the
// place to keep it at.
func (m *memo) find(word string) (known *said, place int) {
	place = int(maphash.String(m.seed, word) % memoSlots)
	if known = m.slots[place].Load(); known != nil && known.is(word) {
		return known, place
	}
	if known = m.slots[place^1].Load(); known != nil && known.is(word) {
		return known, place
	}
	return nil, place
}

func (m *memo) keep(place int, known *said) {
	m.slots[place^1].Store(m.slots[place].Load())
	m.slots[place].Store(known)
}
