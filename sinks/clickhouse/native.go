package clickhouse

import (
	"encoding/binary"
	"math"
	"time"
)

// Over HTTP a block goes in ClickHouse's Native format, written column by
// column from the rows, piece by piece as it is sent: no block lies in memory
// twice. clickhouse-go gathers a column first, and moves each text about five
// times while its buffers grow. https://clickhouse.com/docs/interfaces/formats/Native

// pieces are the bytes of a block as they are sent.
type pieces struct {
	size int // about, of a piece
	data []byte
	send func([]byte) bool // false: no more are wanted
}

// pass sends what there is if that is enough for a piece.
func (p *pieces) pass() bool { return len(p.data) < p.size || p.flush() }

func (p *pieces) flush() bool {
	more := p.send(p.data)
	p.data = p.data[:0]
	return more
}

// A cell takes the value of a column out of a row.
type cell[T, V any] func(*row[T]) V

// native returns the type that a column is sent as and what writes its values.
// Where the table's type is another, LowCardinality(String) for one, the server
// casts.
func native[T, V any](value cell[T, V]) (kind string, write func(*pieces, []row[T]) bool) {
	switch value := any(value).(type) {
	case cell[T, string]:
		return "String", scalar(value, appendText)
	case cell[T, int32]:
		return "Int32", scalar(value, appendInt32)
	case cell[T, int64]:
		return "Int64", scalar(value, appendInt64)
	case cell[T, float64]:
		return "Float64", scalar(value, appendFloat64)
	case cell[T, bool]:
		return "Bool", scalar(value, func(to []byte, v bool) []byte {
			if v {
				return append(to, 1)
			}
			return append(to, 0)
		})
	case cell[T, time.Time]:
		return "DateTime64(3, 'UTC')", scalar(value, func(to []byte, v time.Time) []byte { return appendInt64(to, v.UnixMilli()) })
	case cell[T, []string]:
		return "Array(String)", array(value, appendText)
	case cell[T, []int32]:
		return "Array(Int32)", array(value, appendInt32)
	case cell[T, []int64]:
		return "Array(Int64)", array(value, appendInt64)
	case cell[T, []float64]:
		return "Array(Float64)", array(value, appendFloat64)
	}
	panic("no column type for this type of value")
}

func scalar[T, V any](value cell[T, V], write func([]byte, V) []byte) func(*pieces, []row[T]) bool {
	return func(to *pieces, rows []row[T]) bool {
		for i := range rows {
			to.data = write(to.data, value(&rows[i]))
			if !to.pass() {
				return false
			}
		}
		return true
	}
}

// array writes where the items of each row end, then the items of all rows.
func array[T, V any](value cell[T, []V], write func([]byte, V) []byte) func(*pieces, []row[T]) bool {
	return func(to *pieces, rows []row[T]) bool {
		end := uint64(0)
		for i := range rows {
			end += uint64(len(value(&rows[i])))
			to.data = binary.LittleEndian.AppendUint64(to.data, end)
			if !to.pass() {
				return false
			}
		}
		for i := range rows {
			for _, item := range value(&rows[i]) {
				to.data = write(to.data, item)
			}
			if !to.pass() {
				return false
			}
		}
		return true
	}
}

func appendText(to []byte, v string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(v))), v...)
}

func appendInt32(to []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(to, uint32(v)) }
func appendInt64(to []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(to, uint64(v)) }

func appendFloat64(to []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(to, math.Float64bits(v))
}

// native sends the block in the Native format.
func (r *rows[T]) native(to *pieces) {
	to.data = binary.AppendUvarint(to.data, uint64(len(r.cols)))
	to.data = binary.AppendUvarint(to.data, uint64(len(r.rows)))
	for _, c := range r.cols {
		to.data = appendText(appendText(to.data, c.name), c.kind)
		if !c.write(to, r.rows) {
			return
		}
	}
	to.flush()
}
