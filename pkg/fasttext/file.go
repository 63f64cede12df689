package fasttext

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// The file, little-endian: magic, version, the arguments of the training, the
// dictionary, the input matrix, the output matrix. See fasttext.cc,
// dictionary.cc and quantmatrix.cc of the library.
const (
	magic      = 793712314
	oldest     = 11
	newest     = 12
	supervised = 3
	isLabel    = 1
	codebook   = 256 // entries of a product quantiser
)

func decode(data []byte) (m *Model, err error) {
	r := &reader{rest: data}
	m = &Model{}
	if r.int32() != magic {
		return nil, ErrFormat
	}
	version := r.int32()
	if version < oldest || version > newest {
		return nil, fmt.Errorf("version %d: %w", version, ErrFormat)
	}
	m.arguments(r, version)
	if r.err == nil {
		m.dictionary(r)
	}
	if r.err != nil {
		return nil, r.err
	}
	quantised := r.bool()
	m.input = r.matrix(quantised)
	m.output = r.matrix(r.bool() && quantised)
	if r.err != nil {
		return nil, r.err
	}
	if m.loss == lossHierarchical {
		m.tree = plant(m.counts)
	}
	return m, m.check()
}

func (m *Model) arguments(r *reader, version int) {
	m.dim = r.int32()
	r.int32() // window
	r.int32() // epochs
	r.int32() // least count
	r.int32() // negatives
	m.wordNgrams = r.int32()
	m.loss = r.int32()
	kind := r.int32()
	m.bucket = r.int32()
	m.shortest, m.longest = r.int32(), r.int32()
	r.int32() // rate of updates
	r.take(8) // threshold of sampling
	if version == oldest {
		m.longest = 0 // such classifiers had no subwords
	}
	if r.err == nil && (kind != supervised || m.dim <= 0 || m.dim > 1<<16 || m.bucket < 0 || m.loss < lossHierarchical || m.loss > lossOneVsAll) {
		r.err = ErrFormat
	}
}

func (m *Model) dictionary(r *reader) {
	size, words, labels := r.int32(), r.int32(), r.int32()
	r.int64() // tokens
	pruned := r.int64()
	if r.err != nil || words < 0 || labels < 1 || size != words+labels || size > len(r.rest) || pruned > int64(len(r.rest)) {
		r.fail()
		return
	}
	m.words = make(map[string]int32, words)
	for i := range size {
		end := bytes.IndexByte(r.rest, 0)
		if end < 0 {
			r.fail()
			return
		}
		entry := string(r.take(end))
		r.take(1)
		count := r.int64()
		switch label := r.take(1); {
		case r.err != nil || (label[0] == isLabel) != (i >= words):
			r.fail()
			return
		case i >= words:
			m.labels, m.counts = append(m.labels, entry), append(m.counts, count)
		default:
			m.words[entry] = int32(i)
		}
	}
	if len(m.words) != words { // a word twice
		r.fail()
		return
	}
	m.nothing = pruned == 0
	if pruned > 0 {
		m.kept = make(map[int32]int32, pruned)
		for range pruned {
			bucket := int32(r.int32())
			m.kept[bucket] = int32(r.int32())
		}
	}
}

// check says whether all rows that texts and labels ask for are there.
func (m *Model) check() error {
	buckets := m.bucket
	switch {
	case m.nothing:
		buckets = 0
	case m.kept != nil:
		buckets = 0
		for _, at := range m.kept {
			if at < 0 {
				return ErrFormat
			}
			buckets = max(buckets, int(at)+1)
		}
	case m.longest <= 0 && m.wordNgrams < 2:
		buckets = 0
	}
	outputs := len(m.labels)
	if m.loss == lossHierarchical {
		outputs--
	}
	if m.input.rows() < len(m.words)+buckets || m.output.rows() < outputs || m.input.columns() != m.dim || m.output.columns() != m.dim {
		return fmt.Errorf("matrices of %d and %d rows are too small: %w", m.input.rows(), m.output.rows(), ErrFormat)
	}
	return nil
}

// matrix reads a matrix, dense or quantised.
func (r *reader) matrix(quantised bool) matrix {
	if quantised {
		return r.quantised()
	}
	m, n := r.int64(), r.int64()
	if r.err != nil || m < 0 || n <= 0 || n > 1<<16 || m > int64(len(r.rest))/4/n {
		r.fail()
		return dense{}
	}
	return dense{r.take(int(4 * m * n)), int(m), int(n)}
}

// dense is a matrix of 32-bit floats, row by row.
type dense struct {
	data   []byte
	height int
	width  int
}

func (d dense) rows() int    { return d.height }
func (d dense) columns() int { return d.width }

func (d dense) addRow(row int, to []float32) {
	data := d.data[4*row*d.width:]
	for i := range to {
		to[i] += float(data, i)
	}
}

func (d dense) dot(row int, with []float32) (sum float64) {
	data := d.data[4*row*d.width:]
	for i, x := range with {
		sum += float64(x) * float64(float(data, i))
	}
	return sum
}

func float(data []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
}

// quantised is a matrix whose rows are cut into parts, each of which is an
// entry of that part's codebook (product quantisation); the length of the row
// may be quantised apart.
type quantised struct {
	height, width  int
	codes          []byte
	parts          quantiser
	lengths        []byte // code of each row's length; nil: all are 1
	lengthCodebook quantiser
}

// quantiser holds the codebooks of the parts of a row: size floats each, the
// last part's last.
type quantiser struct {
	parts, size, last int
	centroids         []byte
}

func (r *reader) quantised() matrix {
	withLengths := r.bool()
	m, n, size := r.int64(), r.int64(), r.int32()
	if r.err != nil || m < 0 || m > int64(len(r.rest)) || n <= 0 || n > 1<<16 || size < 0 {
		r.fail()
		return dense{}
	}
	q := quantised{height: int(m), width: int(n), codes: r.take(size)}
	q.parts = r.quantiser(q.width)
	if withLengths {
		q.lengths = r.take(q.height)
		q.lengthCodebook = r.quantiser(1)
	}
	if len(q.codes) != q.height*q.parts.parts {
		r.fail()
	}
	return q
}

func (r *reader) quantiser(width int) quantiser {
	dim := r.int32()
	q := quantiser{parts: r.int32(), size: r.int32(), last: r.int32()}
	if r.err != nil || dim != width || q.parts < 1 || q.size < 1 || q.last < 1 || q.last > q.size || (q.parts-1)*q.size+q.last != dim {
		r.fail()
		return quantiser{}
	}
	q.centroids = r.take(4 * codebook * dim)
	return q
}

// centroid is the entry of a part's codebook.
func (q *quantiser) centroid(part int, code byte) (floats []byte, length int) {
	if part == q.parts-1 {
		return q.centroids[4*(part*codebook*q.size+int(code)*q.last):], q.last
	}
	return q.centroids[4*(part*codebook+int(code))*q.size:], q.size
}

func (q quantised) rows() int    { return q.height }
func (q quantised) columns() int { return q.width }

func (q quantised) length(row int) float32 {
	if q.lengths == nil {
		return 1
	}
	floats, _ := q.lengthCodebook.centroid(0, q.lengths[row])
	return float(floats, 0)
}

func (q quantised) addRow(row int, to []float32) {
	scale := q.length(row)
	for part, code := range q.codes[row*q.parts.parts : (row+1)*q.parts.parts] {
		floats, n := q.parts.centroid(part, code)
		for i := range n {
			to[part*q.parts.size+i] += scale * float(floats, i)
		}
	}
}

func (q quantised) dot(row int, with []float32) (sum float64) {
	for part, code := range q.codes[row*q.parts.parts : (row+1)*q.parts.parts] {
		floats, n := q.parts.centroid(part, code)
		for i := range n {
			sum += float64(with[part*q.parts.size+i]) * float64(float(floats, i))
		}
	}
	return sum * float64(q.length(row))
}

// reader reads the file; after the end it gives zeros and keeps the error.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = fmt.Errorf("damaged: %w", ErrFormat)
	}
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.fail()
		return make([]byte, 8)[:min(max(n, 0), 8)]
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) int32() int   { return int(int32(binary.LittleEndian.Uint32(r.take(4)))) }
func (r *reader) int64() int64 { return int64(binary.LittleEndian.Uint64(r.take(8))) }
func (r *reader) bool() bool   { return r.take(1)[0] != 0 }
