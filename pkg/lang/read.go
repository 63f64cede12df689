package lang

import (
	"math/bits"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// reading is a text seen through the model.
type reading struct {
	family  script
	script  string    // ISO 15924 code
	letters int       // that were looked at
	scores  []float32 // of the languages of the family, in nats or in logs of odds
	best    int       // number of the most probable one in the family, -1 if there is none
	names   bool      // it may be nothing but names
	sums    *sums
}

// maxLetters bounds the letters of one text that are looked at; more of the
// same text do not change the answer.
const maxLetters = 1 << 14

// open finds the words of a text and its script, that of most bytes rather than
// characters: so a few Latin names do not outweigh a syllabary, which needs
// fewer characters to say the same. The reading is valid until the next one
// with the same scratch.
func (m *Model) open(text string, s *scratch) (r reading) {
	s.spans, s.bytes = s.spans[:0], [maxScripts]int{}
	eachWord(text, func(start, end int, family script, address bool) {
		s.bytes[family] += end - start
		if s.bytes[family] > s.bytes[r.family] {
			r.family = family
		}
		if !address {
			s.spans = append(s.spans, span{start, end, family, styleOf(text[start:end])})
		}
	})
	r.script = scripts[r.family].code
	if r.family == han {
		c := count(text)
		r.script = c.code()
	}
	// Words of other scripts are names and terms, of any language.
	s.spans = slices.DeleteFunc(s.spans, func(w span) bool { return w.family != r.family })
	s.spans = withoutAcronyms(s.spans)
	r.names = mayBeNames(s.spans)
	r.sums = &s.sums
	r.sums.begin(m.families[r.family].stride)
	return r
}

// add adds words of the text to the reading: one in `of`, from the word with
// number `first`.
func (m *Model) add(text string, r *reading, first, of int, s *scratch) {
	f := &m.families[r.family]
	for i := first; i < len(s.spans) && r.sums.seen[0] < maxLetters; i += of {
		word := text[s.spans[i].start:s.spans[i].end]
		if len(word) > maxMemo {
			s.letters = appendWord(s.letters[:0], norm.NFC.String(word))
			f.addLong(s.letters[:min(len(s.letters), maxLetters)], r.family, r.sums)
			continue
		}
		known, place := m.memo.find(word)
		if known == nil {
			known = f.say(word, r.family, s)
			m.memo.keep(place, known)
		}
		r.sums.add(known)
	}
}

// score gives the languages of the script their scores for the words added,
// times warmth.
func (f *family) score(r *reading, warmth float64, s *scratch) {
	t := r.sums
	r.letters = t.seen[0]
	s.scores = slices.Grow(s.scores[:0], f.stride)[:f.stride]
	scale(s.scores, t.weights, float32(step*warmth))
	for n, miss := range f.miss {
		if t.seen[n] > 0 && miss != nil {
			addScaled(s.scores, miss, float32(float64(t.seen[n])*warmth))
		}
	}
	r.scores = s.scores[:f.size]
}

// say computes what the model says of a word of up to maxMemo bytes.
func (f *family) say(word string, family script, s *scratch) *said {
	out := &said{length: uint8(len(word))}
	copy(out.word[:], word)
	if !ascii(word) {
		word = norm.NFC.String(word)
	}
	s.letters = appendWord(s.letters[:0], word)
	s.word = zeros(s.word, f.stride)
	both := make([]uint8, 2*f.stride)
	weights, hits := s.word, both[f.stride:]
	telling := family.telling()
	f.visit(s.letters, family.shortest(), &out.seen, func(n int, row *slot) {
		if row.dense > 0 {
			at := (int(row.dense) - 1) * f.stride
			addRow(weights, f.dense[at:at+f.stride])
			if n == telling {
				addHits(hits, f.dense[at:at+f.stride])
			}
			return
		}
		for _, p := range f.row(row) {
			weights[p.language] += uint16(p.weight)
			if n == telling {
				hits[p.language]++
			}
		}
	})
	// Eight bits are enough: the error is below a 128th of what the word says.
	out.shift = uint8(max(8, bits.Len16(largest(weights))) - 8)
	out.weights, out.hits = both[:f.stride], hits
	shrink(out.weights, weights, out.shift)
	return out
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// addLong adds the n-grams of a word that is too long to be kept.
func (f *family) addLong(letters []rune, family script, t *sums) {
	var seen [whole]uint16
	telling := family.telling()
	f.visit(letters, family.shortest(), &seen, func(n int, row *slot) {
		for _, p := range f.row(row) {
			t.weights[p.language] += uint32(p.weight)
			if n == telling {
				t.hits[p.language]++
			}
		}
	})
	t.count(&seen)
}

// visit calls add with the n-grams of a padded word that languages have been
// seen with, from the shortest that are looked at, and counts all of them by
// length.
func (f *family) visit(letters []rune, shortest int, seen *[whole]uint16, add func(n int, row *slot)) {
	unseen := order + 1 // length of the first n-gram that ends here and is in no language
	grams(letters, func(n int, g gram) {
		seen[n-1]++
		if n <= 2 {
			unseen = order + 1
		}
		if n < shortest || n > unseen && n < whole {
			return // what has not been seen is no part of anything seen
		}
		row := f.find(g)
		if row == nil {
			unseen = min(unseen, n)
			return
		}
		add(n, row)
	})
}
