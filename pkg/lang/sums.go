package lang

// scratch is the working memory of one identification at a time.
type scratch struct {
	letters    []rune
	candidates []candidate
	sums, word sums // of the text, of a word
}

// packed holds sums by language of a script, side by side in words of 64 bits,
// so that one addition adds four or eight.
type packed struct {
	weights []uint64 // 16 bits each, in steps
	hits    []uint64 // 8 bits each: telling n-grams seen
}

func pack(weights, hits []int32) packed {
	p := packed{make([]uint64, (len(weights)+3)/4), make([]uint64, (len(hits)+7)/8)}
	for i := range weights {
		p.weights[i/4] |= uint64(weights[i]) << (16 * (i % 4))
		p.hits[i/8] |= uint64(hits[i]) << (8 * (i % 8))
	}
	return p
}

// said is what the model says of one token.
type said struct {
	packed
	seen [order]int // n-grams of the token by length
}

// sums adds up n-grams.
type sums struct {
	weights []int32 // by language, in steps
	hits    []int32 // by language: telling n-grams seen
	seen    [order]int
	// What is not yet in weights and hits, and how many n-grams it is of.
	pending packed
	grams   int
}

// maxGrams is how many n-grams fit into packed sums: their weights are up to
// 255, and 255·255 < 2¹⁶.
const maxGrams = 255

func (t *sums) begin(size int) {
	t.weights, t.hits = zeros(t.weights, size), zeros(t.hits, size)
	t.pending.weights, t.pending.hits = zeros(t.pending.weights, (size+3)/4), zeros(t.pending.hits, (size+7)/8)
	t.seen, t.grams = [order]int{}, 0
}

func zeros[T any](s []T, size int) []T {
	if cap(s) < size {
		return make([]T, size)
	}
	s = s[:size]
	clear(s)
	return s
}

// room makes room for the packed sums of some more n-grams.
func (t *sums) room(grams int) {
	if t.grams+grams > maxGrams {
		t.flush()
	}
	t.grams += grams
}

func (t *sums) add(token *said) {
	all := 0
	for n, count := range token.seen {
		t.seen[n] += count
		all += count
	}
	if all > 0 {
		t.room(all)
		t.addWeights(token.weights)
		t.addHits(token.hits)
	}
}

func (t *sums) addWeights(weights []uint64) {
	pending := t.pending.weights[:len(weights)]
	for i, x := range weights {
		pending[i] += x
	}
}

func (t *sums) addHits(hits []uint64) {
	pending := t.pending.hits[:len(hits)]
	for i, x := range hits {
		pending[i] += x
	}
}

// flush brings the packed sums home.
func (t *sums) flush() {
	if t.grams == 0 {
		return
	}
	for i := range t.weights {
		t.weights[i] += int32(uint16(t.pending.weights[i/4] >> (16 * (i % 4))))
		t.hits[i] += int32(uint8(t.pending.hits[i/8] >> (8 * (i % 8))))
	}
	clear(t.pending.weights)
	clear(t.pending.hits)
	t.grams = 0
}
