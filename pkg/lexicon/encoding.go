package lexicon

import (
	"encoding/binary"
	"math"
)

// A value is the word, its clock and total, then its links, at last one to the
// empty word, with how often the word was seen; strings with their length before
// them, numbers as float64 (clock) and float32, little-endian.

func (e *entry) encode() []byte {
	b := appendString(nil, e.word)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.at))
	b = appendFloat(b, e.total)
	for _, t := range e.links {
		b = appendFloat(appendString(b, t.word), t.count)
	}
	return appendFloat(appendString(b, ""), e.seen)
}

// decodeEntry returns false for a value that is none.
func decodeEntry(b []byte) (e entry, ok bool) {
	if len(b) == 0 {
		return entry{}, false
	}
	if e.word, b, ok = cutString(b); !ok || len(b) < 12 {
		return entry{}, false
	}
	e.at = math.Float64frombits(binary.LittleEndian.Uint64(b))
	e.total = cutFloat(b[8:])
	e.seen = 2 * e.total // of values that do not say it, about so
	for b = b[12:]; len(b) > 0; b = b[4:] {
		var t link
		if t.word, b, ok = cutString(b); !ok || len(b) < 4 {
			return entry{}, false
		}
		if t.count = cutFloat(b); t.word == "" {
			e.seen = t.count
			continue
		}
		e.links = append(e.links, t)
	}
	return e, true
}

func encodeClock(seen float64) []byte {
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(seen))
}

func decodeClock(b []byte) float64 {
	if len(b) != 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func cutString(b []byte) (string, []byte, bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, false
	}
	return string(b[size : size+int(n)]), b[size+int(n):], true
}

func appendFloat(b []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
}

func cutFloat(b []byte) float64 {
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
}
