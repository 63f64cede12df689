package lang

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"

	"vislang/pkg/assets"
	"vislang/pkg/fasttext"
)

// The model file, little-endian:
//
//	magic    8 bytes  "VISLLID5"
//	body     rest but the last 4 bytes
//	  scale, power            float64
//	  languages               uint32, then for each: label length uint8, label,
//	                          miss 5×float32, coverage float32
//	  rows, postings          uint32
//	  for each row            gram uint64, number of its postings uint16; grams ascend
//	  for each posting        language uint16, weight uint8; rows in turn, languages ascend
//	checksum 4 bytes  CRC-32 (IEEE) of the body
//
// The version before, "VISLLID4", has no whole words: its languages have one miss
// less. It is read, too.
const (
	magic       = "VISLLID5"
	magicBefore = "VISLLID4"
)

// ErrFormat is wrapped by the errors of Load for a file that is no whole model
// of this version.
var ErrFormat = errors.New("not a language model of this version")

// LoadDefault loads the model installed beside the program.
func LoadDefault() (*Model, error) {
	path, err := assets.Path("lid.bin")
	if err != nil {
		return nil, fmt.Errorf("load the language model: %w", err)
	}
	return Load(path)
}

// Load reads a model file written by Model.WriteTo, or a fastText model.
func Load(path string) (*Model, error) {
	if fasttext.Is(path) {
		o, err := openOutside(path)
		if err != nil {
			return nil, fmt.Errorf("load the language model: %w", err)
		}
		m := newModel()
		m.outside = o
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("load the language model: %w", err)
		}
		// It may have gigabytes; they are not read as a whole.
		m.name = fmt.Sprintf("%s-%d-%d", filepath.Base(path), info.Size(), info.ModTime().UnixNano())
		return m, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load the language model: %w", err)
	}
	m, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("load the language model %s: %w", path, err)
	}
	return m, nil
}

// WriteTo writes the model file.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	body := m.encode()
	var out bytes.Buffer
	out.WriteString(magic)
	out.Write(body)
	out.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
	buffered := bufio.NewWriter(w)
	n, err := out.WriteTo(buffered)
	if err != nil {
		return n, err
	}
	return n, buffered.Flush()
}

func (m *Model) encode() []byte {
	le := binary.LittleEndian
	var b []byte
	b = le.AppendUint64(b, math.Float64bits(m.fit.scale))
	b = le.AppendUint64(b, math.Float64bits(m.fit.power))
	b = le.AppendUint32(b, uint32(len(m.languages)))
	for _, l := range m.languages {
		b = append(b, uint8(len(l.label)))
		b = append(b, l.label...)
		for _, f := range append(l.miss[:], l.coverage) {
			b = le.AppendUint32(b, math.Float32bits(f))
		}
	}
	rows := m.rows()
	postings := 0
	for _, r := range rows {
		postings += len(r.postings)
	}
	b = le.AppendUint32(b, uint32(len(rows)))
	b = le.AppendUint32(b, uint32(postings))
	for _, r := range rows {
		b = le.AppendUint64(b, uint64(r.gram))
		b = le.AppendUint16(b, uint16(len(r.postings)))
	}
	for _, r := range rows {
		for _, p := range r.postings {
			b = le.AppendUint16(b, p.language)
			b = append(b, p.weight)
		}
	}
	return b
}

// decode reads a model file.
func decode(data []byte) (*Model, error) {
	lengths := whole
	switch {
	case len(data) < len(magic)+4:
		return nil, ErrFormat
	case string(data[:len(magic)]) == magicBefore:
		lengths = order
	case string(data[:len(magic)]) != magic:
		return nil, ErrFormat
	}
	body := data[len(magic) : len(data)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(data[len(data)-4:]) {
		return nil, fmt.Errorf("%w: the checksum differs (a partial or damaged file)", ErrFormat)
	}
	m, err := decodeBody(body, lengths)
	if err != nil {
		return nil, err
	}
	m.name = fmt.Sprintf("%x", sha256.Sum256(body))[:16]
	return m, nil
}

// decodeBody reads the body of a file whose languages have so many misses.
func decodeBody(body []byte, lengths int) (*Model, error) {
	r := reader{data: body}
	m := newModel()
	m.fit = calibration{r.float64(), r.float64()}
	languages := int(r.uint32())
	if languages > math.MaxUint16 {
		return nil, fmt.Errorf("%w: %d languages", ErrFormat, languages)
	}
	for range languages {
		l := language{label: string(r.take(int(r.uint8())))}
		l.family = familyOf(l.label)
		for n := range lengths {
			l.miss[n] = r.float32()
		}
		l.coverage = r.float32()
		m.languages = append(m.languages, l)
		if r.failed {
			break
		}
	}
	rows, postings := int(r.uint32()), int(r.uint32())
	if r.failed || len(r.data) != rows*10+postings*3 {
		return nil, fmt.Errorf("%w: sizes do not add up", ErrFormat)
	}
	for i := 1; i < languages; i++ {
		if m.languages[i].family < m.languages[i-1].family {
			return nil, fmt.Errorf("%w: languages are out of order", ErrFormat)
		}
	}
	heads, list := r.data[:rows*10], r.data[rows*10:]
	all := make([]posting, postings)
	for i := range all {
		all[i] = posting{binary.LittleEndian.Uint16(list[3*i:]), list[3*i+2]}
	}
	table := make([]row, rows)
	previous := gram(0)
	for i := range table {
		g, count := gram(binary.LittleEndian.Uint64(heads[10*i:])), int(binary.LittleEndian.Uint16(heads[10*i+8:]))
		if g <= previous || count == 0 || count > len(all) {
			return nil, fmt.Errorf("%w: n-gram %d is out of order", ErrFormat, i)
		}
		previous = g
		last := -1
		for _, p := range all[:count] {
			if int(p.language) <= last || int(p.language) >= languages {
				return nil, fmt.Errorf("%w: n-gram %d names a wrong language", ErrFormat, i)
			}
			last = int(p.language)
		}
		table[i] = row{g, all[:count]}
		all = all[count:]
	}
	if len(all) > 0 {
		return nil, fmt.Errorf("%w: sizes do not add up", ErrFormat)
	}
	m.index(table)
	return m, nil
}

// reader takes little-endian values off data; failed tells that it ran out.
type reader struct {
	data   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.data) {
		r.failed = true
		return make([]byte, n)
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) uint8() uint8     { return r.take(1)[0] }
func (r *reader) uint32() uint32   { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) uint64() uint64   { return binary.LittleEndian.Uint64(r.take(8)) }
func (r *reader) float32() float32 { return math.Float32frombits(r.uint32()) }
func (r *reader) float64() float64 { return math.Float64frombits(r.uint64()) }
