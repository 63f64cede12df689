// Package fasttext reads supervised fastText models, plain (.bin) and quantised
// (.ftz), and predicts labels with them: those of language identification such
// as GlotLID, OpenLID and lid.176, and any other.
//
//	model, err := fasttext.Open("model.ftz")
//	defer model.Close()
//	for _, p := range model.Predict("Kila mtu ana haki ya kuishi", 2) {
//		fmt.Println(p.Label, p.Probability) // __label__swh_Latn 0.99
//	}
//
// The file is mapped, not read: a model of 1.7 GB opens at once, and processes
// share it. The format is that of version 12 of the fastText library (and 11,
// which older models have); Joulin et al., "Bag of Tricks for Efficient Text
// Classification" (2017) and "FastText.zip" (2016) describe the method.
package fasttext

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// ErrFormat is wrapped by the errors of Open for a file that is no supervised
// fastText model, or a damaged one.
var ErrFormat = errors.New("not a supervised fastText model")

// Losses of a model: how its output becomes probabilities.
const (
	lossHierarchical = iota + 1
	lossNegative
	lossSoftmax
	lossOneVsAll
)

// Model is a fastText model. Its methods may be called from many goroutines.
type Model struct {
	mapped []byte

	dim, loss         int
	wordNgrams        int
	bucket            int
	shortest, longest int // characters of a subword; longest 0: no subwords
	words             map[string]int32
	labels            []string
	counts            []int64         // by label, for the tree of the hierarchical softmax
	kept              map[int32]int32 // bucket to row; nil when none was pruned
	nothing           bool            // all buckets were pruned
	input, output     matrix
	tree              []node
}

// Prediction is a label with its probability.
type Prediction struct {
	Label       string // as in the file, with its prefix `__label__`
	Probability float64
}

// matrix is a matrix of weights in the file.
type matrix interface {
	addRow(row int, to []float32)
	dot(row int, with []float32) float64
	rows() int
	columns() int
}

// Is says whether a file begins like a fastText model.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [4]byte
	n, err := f.Read(head[:])
	return err == nil && n == 4 && head == [4]byte{0xba, 0x16, 0x4f, 0x2f}
}

// Open maps a model file. Close it in the end.
func Open(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the fastText model: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the fastText model: %w", err)
	}
	if info.Size() == 0 || info.Size() > math.MaxInt {
		return nil, fmt.Errorf("open the fastText model %s: %w", path, ErrFormat)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the fastText model %s: %w", path, err)
	}
	m, err := decode(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the fastText model %s: %w", path, err), syscall.Munmap(data))
	}
	m.mapped = data
	return m, nil
}

// Close unmaps the file. The model is of no use afterwards.
func (m *Model) Close() error { return syscall.Munmap(m.mapped) }

// Labels returns the labels the model knows.
func (m *Model) Labels() []string { return slices.Clone(m.labels) }

// Predict returns the n most probable labels of a text, best first. White space
// parts its words; line ends are white space. A text of which the model knows
// nothing has no labels.
func (m *Model) Predict(text string, n int) []Prediction {
	hidden := make([]float32, m.dim)
	rows := 0
	for _, row := range m.features(text) {
		m.input.addRow(row, hidden)
		rows++
	}
	if rows == 0 {
		return nil
	}
	for i := range hidden {
		hidden[i] /= float32(rows)
	}
	all := make([]Prediction, len(m.labels))
	for i, p := range m.probabilities(hidden) {
		all[i] = Prediction{m.labels[i], p}
	}
	slices.SortStableFunc(all, func(a, b Prediction) int { return cmp.Compare(b.Probability, a.Probability) })
	return all[:min(n, len(all))]
}

func (m *Model) probabilities(hidden []float32) []float64 {
	p := make([]float64, len(m.labels))
	switch m.loss {
	case lossHierarchical:
		m.descend(len(m.tree)-1, 1, hidden, p)
	case lossSoftmax:
		top, sum := math.Inf(-1), 0.0
		for i := range p {
			p[i] = m.output.dot(i, hidden)
			top = max(top, p[i])
		}
		for i := range p {
			p[i] = math.Exp(p[i] - top)
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
	default:
		for i := range p {
			p[i] = sigmoid(m.output.dot(i, hidden))
		}
	}
	return p
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// node is a node of the Huffman tree of labels, whose leaves come first.
type node struct {
	left, right int
	count       int64
}

// descend shares out the probability of a node among its leaves.
func (m *Model) descend(at int, probability float64, hidden []float32, out []float64) {
	if at < len(m.labels) {
		out[at] = probability
		return
	}
	right := sigmoid(m.output.dot(at-len(m.labels), hidden))
	m.descend(m.tree[at].left, probability*(1-right), hidden, out)
	m.descend(m.tree[at].right, probability*right, hidden, out)
}

// plant builds the tree from the counts of the labels, which descend, as the
// library does.
func plant(counts []int64) []node {
	n := len(counts)
	tree := make([]node, 2*n-1)
	for i := range tree {
		tree[i].count = 1e15
		if i < n {
			tree[i].count = counts[i]
		}
	}
	leaf, inner := n-1, n
	next := func() int {
		if leaf >= 0 && tree[leaf].count < tree[inner].count {
			leaf--
			return leaf + 1
		}
		inner++
		return inner - 1
	}
	for i := n; i < len(tree); i++ {
		left := next()
		right := next()
		tree[i] = node{left, right, tree[left].count + tree[right].count}
	}
	return tree
}

// end is the word that the library takes a line end for.
const end = "</s>"

// features are the rows of the input matrix that stand for a text: its words,
// their subwords, and sequences of words.
func (m *Model) features(text string) []int {
	var rows []int
	var hashes []int32
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == 0
	}) {
		if strings.HasPrefix(word, "__label__") {
			continue
		}
		rows = m.word(word, rows)
		hashes = append(hashes, int32(hash(word)))
	}
	rows = m.word(end, rows)
	hashes = append(hashes, int32(hash(end)))
	for i := range hashes {
		h := uint64(int64(hashes[i]))
		for j := i + 1; j < len(hashes) && j < i+m.wordNgrams; j++ {
			h = h*116049371 + uint64(int64(hashes[j]))
			rows = m.bucketRow(int32(h%uint64(max(1, m.bucket))), rows)
		}
	}
	return rows
}

// word appends the rows of a word and its subwords.
func (m *Model) word(word string, rows []int) []int {
	id, known := m.words[word]
	if known {
		rows = append(rows, int(id))
	}
	if word == end || m.longest <= 0 {
		return rows
	}
	word = "<" + word + ">"
	for i := range len(word) {
		if !utf8.RuneStart(word[i]) {
			continue
		}
		h := uint32(2166136261)
		for j, n := i, 1; j < len(word) && n <= m.longest; n++ {
			h = step(h, word[j])
			for j++; j < len(word) && !utf8.RuneStart(word[j]); j++ {
				h = step(h, word[j])
			}
			if n >= m.shortest && (n > 1 || i > 0 && j < len(word)) {
				rows = m.bucketRow(int32(h%uint32(max(1, m.bucket))), rows)
			}
		}
	}
	return rows
}

// bucketRow appends the row of a bucket, if it has one.
func (m *Model) bucketRow(bucket int32, rows []int) []int {
	if m.nothing || m.bucket == 0 {
		return rows
	}
	if m.kept != nil {
		at, ok := m.kept[bucket]
		if !ok {
			return rows
		}
		bucket = at
	}
	return append(rows, len(m.words)+int(bucket))
}

// hash is FNV-1a of signed bytes, as the library has it.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = step(h, s[i])
	}
	return h
}

func step(h uint32, b byte) uint32 { return (h ^ uint32(int32(int8(b)))) * 16777619 }
