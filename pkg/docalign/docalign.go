// Package docalign finds which documents of a collection are translations of
// each other, without a model of any language and without comparing each with
// each:
//
//	pairs, err := docalign.Match(ctx, english, somali)
//	for _, p := range pairs {
//		fmt.Println(p.Source, p.Target, p.Score, p.Margin)
//	}
//
// # Meeting
//
// A document is reduced to a [Sketch] of what translations share: numbers, the
// sounds of names (transcribed from any script), the pattern of lengths. [Bands]
// makes keys of it, such that translations share some and strangers few: rare
// signs, pairs of neighbouring signs, hashes of figures, the shape of the address
// without its language, runs of length ratios. Who has a key in common meets at
// that key (locality-sensitive hashing; Indyk and Motwani, 1998): a Kafka
// partition in a stream, an [Index] in memory. A key that too many documents have
// says nothing and is given up, which bounds memory and candidates.
//
// # Choosing
//
// A candidate is scored in nats, like a likelihood ratio: shared signs by their
// rarity and numbers that only one side has ([Evidence.Signs]), lengths, the
// health that the sentence aligner gives the pair, and words that are known to
// translate each other from pairs found before (package lexicon). Two documents
// are a pair when each is the other's best in its language ([Decide]). With a
// lexicon learned from the surest pairs the rest is decided again.
package docalign

import (
	"slices"
	"unicode"
)

// Document is what documents are matched by.
type Document struct {
	Lines    []string // sentences or lines in reading order
	Language string   // any label; documents of one label are never paired
	URL      string   // canonical address; "" if there is none
	Figures  []string // hashes of its figures
}

// Sketch is what matching keeps of a document: about 5 bytes a sign.
type Sketch struct {
	Language  string  `json:"language"`
	Letters   int     `json:"letters"`           // letters and digits
	Lengths   []int   `json:"lengths,omitempty"` // of the first lines, in letters
	Lines     int     `json:"lines"`
	Questions int     `json:"questions,omitempty"` // question marks of any script
	Signs     []Sign  `json:"signs,omitempty"`     // distinct, by hash
	Order     []int32 `json:"-"`                   // indexes into Signs in order of reading
}

// Sign is a number or a name that a document has.
type Sign struct {
	Hash   uint32 `json:"h"`
	Times  int    `json:"n"` // that it occurs
	Number bool   `json:"d,omitempty"`
	Strong bool   `json:"s,omitempty"` // it has few equals by chance: a long number or name
}

// Bounds of a sketch. Longer documents have more than enough with these.
const (
	maxSigns   = 256
	maxOrder   = 512
	maxLengths = 64
)

// NewSketch reads a document.
func NewSketch(d Document) Sketch {
	s := Sketch{Language: d.Language, Lines: len(d.Lines)}
	at := map[string]int32{}
	for _, line := range d.Lines {
		letters := 0
		for _, r := range line {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters++
			}
			if r == '?' || r == '؟' || r == '፧' || r == '？' {
				s.Questions++
			}
		}
		s.Letters += letters
		if len(s.Lengths) < maxLengths {
			s.Lengths = append(s.Lengths, letters)
		}
		eachSign(line, func(sign string) {
			k, known := at[sign]
			if !known {
				if len(s.Signs) == maxSigns {
					return
				}
				k = int32(len(s.Signs))
				at[sign] = k
				s.Signs = append(s.Signs, newSign(sign))
			}
			s.Signs[k].Times++
			if len(s.Order) < maxOrder {
				s.Order = append(s.Order, k)
			}
		})
	}
	s.sort()
	return s
}

func newSign(sign string) Sign {
	number := sign[0] == '#'
	strong := len(sign) > 4 // the sounds of a name, with their mark
	if number {
		// Years and round numbers stand everywhere.
		year := len(sign) == 5 && (sign[1:3] == "19" || sign[1:3] == "20")
		round := len(sign) > 3 && sign[len(sign)-2:] == "00"
		strong = len(sign) > 3 && !year && !round
	}
	return Sign{Hash: hash32(sign), Number: number, Strong: strong}
}

// sort puts signs by hash, and keeps the order of reading right.
func (s *Sketch) sort() {
	by := make([]int32, len(s.Signs))
	for i := range by {
		by[i] = int32(i)
	}
	slices.SortFunc(by, func(a, b int32) int {
		switch x, y := s.Signs[a].Hash, s.Signs[b].Hash; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return int(a - b)
	})
	sorted, to := make([]Sign, len(by)), make([]int32, len(by))
	for i, old := range by {
		sorted[i] = s.Signs[old]
		to[old] = int32(i)
	}
	s.Signs = sorted
	for i, k := range s.Order {
		s.Order[i] = to[k]
	}
}

// hash32 is FNV-1a.
func hash32(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// mix hashes numbers into one key.
func mix(kind byte, parts ...uint32) uint64 {
	h := uint64(14695981039346656037) ^ uint64(kind)
	for _, p := range parts {
		h = (h ^ uint64(p)) * 1099511628211
		h ^= h >> 29
	}
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}
