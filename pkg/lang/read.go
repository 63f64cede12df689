package lang

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// reading is a text seen through the model.
type reading struct {
	candidates []candidate // the languages of the text's script, in the model's order
	best       int         // index of the most probable one, -1 if there is none
	letters    int         // that were looked at
	scripts    census
	hits       []int32 // by candidate: telling n-grams it has been seen with
	telling    int     // telling n-grams
}

// candidate is a language with its score for a text.
type candidate struct {
	language uint16
	score    float64 // nats
}

// coverage returns the share of the text's telling n-grams that candidate i
// has been seen with, 0 to 1.
func (r *reading) coverage(i int) float64 {
	if r.telling == 0 {
		return 0
	}
	return float64(r.hits[i]) / float64(r.telling)
}

// sort puts the best candidate first.
func (m *Model) sort(candidates []candidate) {
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.language, b.language))
	})
}

// maxLetters bounds the letters of one text that are looked at; more of the
// same text do not change the answer.
const maxLetters = 1 << 14

// read scores the languages of the text's script. The reading is valid until
// the next one with the same scratch.
func (m *Model) read(text string, s *scratch) (r reading) {
	text = norm.NFC.String(text)
	r.scripts = count(text)
	script := r.scripts.family()
	family := m.families[script]
	if family.size == 0 {
		return r
	}
	sums := &s.sums
	sums.begin(family.size)
	for token := range strings.FieldsSeq(text) {
		if len(token) <= maxToken {
			sums.add(m.token(token, script, s))
		} else {
			s.letters = tokenWords(token, script, s.letters[:0])
			m.add(s.letters[:min(len(s.letters), maxLetters)], script, sums)
		}
		if sums.seen[0] > maxLetters {
			break
		}
	}
	sums.flush()
	s.candidates = s.candidates[:0]
	for i, weight := range sums.weights {
		l := &m.languages[family.first+i]
		score := float64(weight) * step
		for n, count := range sums.seen {
			score += float64(count) * float64(l.miss[n])
		}
		s.candidates = append(s.candidates, candidate{uint16(family.first + i), score})
	}
	r.candidates, r.letters = s.candidates, sums.seen[0]
	r.hits, r.telling = sums.hits, sums.seen[script.telling()-1]
	return r
}

// token returns what the model says of a short token. Words recur, and no
// n-gram spans two, so that what was said once is kept.
func (m *Model) token(token string, script script, s *scratch) *said {
	cache := m.caches[script]
	if known := cache.find(token); known != nil {
		return known
	}
	s.letters = tokenWords(token, script, s.letters[:0])
	s.word.begin(m.families[script].size)
	m.add(s.letters, script, &s.word)
	s.word.flush()
	out := &said{seen: s.word.seen}
	if out.seen[0] > 0 {
		out.packed = pack(s.word.weights, s.word.hits)
	}
	cache.keep(token, out)
	return out
}

// add adds the n-grams of padded words.
func (m *Model) add(letters []rune, script script, t *sums) {
	family, shortest, telling := m.families[script], script.shortest(), script.telling()
	unseen := order + 1 // length of the first n-gram that ends here and is in no language
	grams(letters, func(n int, g gram) {
		t.seen[n-1]++
		if n <= 2 {
			unseen = order + 1
		}
		if n < shortest || n > unseen {
			return // what has not been seen is no part of anything seen
		}
		row := m.find(g)
		if row == nil {
			unseen = n
			return
		}
		if row.dense > 0 {
			if d := &m.dense[row.dense-1]; d.family == script {
				t.room(1)
				t.addWeights(d.weights)
				if n == telling {
					t.addHits(d.hits)
				}
			}
			return
		}
		for _, p := range m.row(row) {
			if i := int(p.language) - family.first; i >= 0 && i < family.size {
				t.weights[i] += int32(p.weight)
				if n == telling {
					t.hits[i]++
				}
			}
		}
	})
}
