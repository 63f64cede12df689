package lang

// scratch is the working memory of one identification at a time.
type scratch struct {
	spans   []span
	bytes   [maxScripts]int // of the text's words, by family
	letters []rune
	scores  []float32
	sums    sums
	word    []uint16 // sums of a word of up to maxMemo bytes
}

// span is a word of the text.
type span struct {
	start, end int
	family     script
	style      style
}

// sums adds up the words of a text that are in scripts of one family.
type sums struct {
	seen    [whole]int // n-grams by length
	weights []uint32   // by language of the family, in steps
	words   []*said    // that were added
	hits    []uint32   // by language: telling n-grams seen in what is not in words
}

func (t *sums) begin(stride int) {
	t.seen, t.weights, t.hits = [whole]int{}, zeros(t.weights, stride), zeros(t.hits, stride)
	clear(t.words) // to let go of them
	t.words = t.words[:0]
}

func zeros[T any](s []T, size int) []T {
	if cap(s) < size {
		return make([]T, size)
	}
	s = s[:size]
	clear(s)
	return s
}

// add adds a word.
func (t *sums) add(word *said) {
	t.count(&word.seen)
	addWord(t.weights, word.weights, word.shift)
	t.words = append(t.words, word)
}

// coverage returns the share of the telling n-grams, of so many characters,
// that a language has been seen with, 0 to 1.
func (t *sums) coverage(language, telling int) float64 {
	if t.seen[telling-1] == 0 {
		return 0
	}
	n := int(t.hits[language])
	for _, w := range t.words {
		n += int(w.hits[language])
	}
	return float64(n) / float64(t.seen[telling-1])
}

func (t *sums) count(seen *[whole]uint16) {
	for n, count := range seen {
		t.seen[n] += int(count)
	}
}
