package fasttext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writer writes the fields of a model file.
type writer struct{ bytes.Buffer }

func (w *writer) int32(values ...int) {
	for _, v := range values {
		w.Write(binary.LittleEndian.AppendUint32(nil, uint32(int32(v))))
	}
}

func (w *writer) int64(values ...int) {
	for _, v := range values {
		w.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
	}
}

func (w *writer) floats(values ...float32) {
	for _, v := range values {
		w.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
}

// shape is a model to be written.
type shape struct {
	loss, wordNgrams, bucket, shortest, longest int
	words, labels                               []string
	input, output                               []float32 // rows of two
	quantised                                   bool
	kept                                        []int // pairs of bucket and row
	pruned                                      bool
}

func (s shape) bytes() []byte {
	w := &writer{}
	w.int32(magic, newest, 2, 5, 5, 1, 5, s.wordNgrams, s.loss, supervised, s.bucket, s.shortest, s.longest, 100)
	w.Write(make([]byte, 8))
	w.int32(len(s.words)+len(s.labels), len(s.words), len(s.labels))
	w.int64(100)
	if s.pruned {
		w.int64(len(s.kept) / 2)
	} else {
		w.int64(-1)
	}
	for i, entry := range append(s.words[:len(s.words):len(s.words)], s.labels...) {
		w.WriteString(entry + "\x00")
		w.int64(100 - i)
		kind := byte(0)
		if i >= len(s.words) {
			kind = isLabel
		}
		w.WriteByte(kind)
	}
	w.int32(s.kept...)
	rows := len(s.input) / 2
	if s.quantised {
		// Two parts of one float: the code of a part is the row, its centroid
		// the value; the length of every row is 2, so that values are halved.
		w.Write([]byte{1, 1})
		w.int64(rows, 2)
		w.int32(2 * rows)
		for i := range rows {
			w.Write([]byte{byte(i), byte(i)})
		}
		w.int32(2, 2, 1, 1)
		for part := range 2 {
			book := make([]float32, codebook)
			for i := range rows {
				book[i] = s.input[2*i+part] / 2
			}
			w.floats(book...)
		}
		w.Write(make([]byte, rows))
		w.int32(1, 1, 1, 1)
		w.floats(append([]float32{2}, make([]float32, codebook-1)...)...)
	} else {
		w.WriteByte(0)
		w.int64(rows, 2)
		w.floats(s.input...)
	}
	w.WriteByte(0)
	w.int64(len(s.output)/2, 2)
	w.floats(s.output...)
	return w.Bytes()
}

func open(t *testing.T, data []byte) (*Model, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := Open(path)
	if err == nil {
		t.Cleanup(func() {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return m, err
}

var base = shape{
	loss: lossSoftmax, wordNgrams: 1,
	words:  []string{end, "maji", "water"},
	labels: []string{"__label__eng", "__label__swh"},
	input:  []float32{0, 0, 0, 4, 6, 0}, // the line end, maji, water
	output: []float32{1, 0, 0, 1},
}

func TestPredict(t *testing.T) {
	softmax := func(a, b float64) float64 { return math.Exp(a) / (math.Exp(a) + math.Exp(b)) }
	hierarchical := base
	hierarchical.loss, hierarchical.output = lossHierarchical, []float32{1, -1}
	each := base
	each.loss = lossOneVsAll
	small := base
	small.quantised = true
	// One bucket for all subwords and word pairs: its row is the fourth.
	subwords := base
	subwords.bucket, subwords.shortest, subwords.longest, subwords.input = 1, 3, 3, append(base.input[:6:6], 0, 9)
	pruned := subwords
	pruned.pruned, pruned.kept = true, []int{0, 0}
	empty := subwords
	empty.pruned = true
	pairs := base
	pairs.bucket, pairs.wordNgrams, pairs.input = 1, 2, subwords.input
	for name, tt := range map[string]struct {
		shape
		text, label string
		probability float64
	}{
		"mean of words":      {base, "maji  water\n", "__label__eng", softmax(2, 4.0/3)},
		"one word":           {base, "maji", "__label__swh", softmax(2, 0)},
		"unknown words":      {base, "xyz", "__label__eng", 0.5},
		"quantised":          {small, "maji water", "__label__eng", softmax(2, 4.0/3)},
		"tree":               {hierarchical, "water", "__label__eng", 1 / (1 + math.Exp(-3))},
		"each label":         {each, "water", "__label__eng", 1 / (1 + math.Exp(-3))},
		"subwords <ab ab>":   {subwords, "ab", "__label__swh", softmax(6, 0)},
		"pruned, one left":   {pruned, "ab", "__label__swh", softmax(6, 0)},
		"pruned, none left":  {empty, "ab", "__label__eng", 0.5},
		"pairs with the end": {pairs, "xyz", "__label__swh", softmax(4.5, 0)},
	} {
		m, err := open(t, tt.bytes())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := m.Predict(tt.text, 1)
		if len(got) != 1 || got[0].Label != tt.label || math.Abs(got[0].Probability-tt.probability) > 1e-6 {
			t.Errorf("%s: %v, want %s %.6f", name, got, tt.label, tt.probability)
		}
	}
}

var update = flag.Bool("update", false, "write the model in testdata anew")

// The model in testdata is for the tests of those who use this package.
func TestSample(t *testing.T) {
	s := base
	s.labels = []string{"__label__eng_Latn", "__label__sw"}
	const path = "testdata/sample.bin"
	if *update {
		if err := os.WriteFile(path, s.bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(data, s.bytes()) {
		t.Errorf("%s is not what -update writes: %v", path, err)
	}
	if !Is(path) {
		t.Errorf("%s is not taken for a model", path)
	}
}

// The library hashes bytes as signed numbers, which differs from FNV-1a beyond
// ASCII.
func TestHash(t *testing.T) {
	for text, same := range map[string]bool{"": true, "maji": true, "é": false, "ውሃ": false} {
		plain := fnv.New32a()
		_, _ = plain.Write([]byte(text)) // it cannot fail
		if got := hash(text) == plain.Sum32(); got != same {
			t.Errorf("hash(%q) is FNV-1a: %v, want %v", text, got, same)
		}
	}
}

func TestDamaged(t *testing.T) {
	for _, s := range []shape{base, {loss: lossSoftmax, wordNgrams: 1, words: base.words, labels: base.labels, input: base.input, output: base.output, quantised: true}} {
		whole := s.bytes()
		for cut := 0; cut < len(whole); cut += 7 {
			if _, err := open(t, whole[:cut]); !errors.Is(err, ErrFormat) {
				t.Fatalf("cut at %d of %d: %v", cut, len(whole), err)
			}
		}
	}
	short := base
	short.input = base.input[:4]
	if _, err := open(t, short.bytes()); !errors.Is(err, ErrFormat) {
		t.Errorf("a row too few: %v", err)
	}
	if Is(filepath.Join(t.TempDir(), "none")) {
		t.Error("a file that is not there is a model")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(base.bytes(), "maji")
	small := base
	small.quantised = true
	f.Add(small.bytes(), "water")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		m, err := decode(data)
		if err != nil || len(text) > 1000 {
			return
		}
		for _, p := range m.Predict(text, 3) {
			if !strings.Contains(string(data), p.Label) {
				t.Errorf("label %q", p.Label)
			}
		}
	})
}
