package schemas

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"

	"github.com/linkedin/goavro/v2"
)

// maxArrayPart bounds the items of one part of an array; longer arrays are
// written in several parts. goavro makes room for as many items as a part
// claims to have before it reads any: its default lets 10 hostile bytes claim
// 2^31 of them, 32 GiB.
const maxArrayPart = 1 << 16

func init() { goavro.MaxBlockCount = maxArrayPart }

// writer is a schema that some process wrote records with.
type writer struct {
	schema *avroType
	avro   *goavro.Codec

	mu       sync.Mutex
	readable map[*builtin]error    // outcome of canRead
	programs map[*builtin]*program // nil where goavro decodes
}

func newWriter(text string) (*writer, error) {
	w := &writer{readable: map[*builtin]error{}, programs: map[*builtin]*program{}}
	var err error
	if w.schema, err = parseAvro(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	if w.avro, err = goavro.NewCodec(text); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIncompatible, err)
	}
	return w, nil
}

// decode reads one record, which must be all of data, into a struct. With
// shared, its strings may be parts of data.
func (w *writer) decode(b *builtin, rec reflect.Value, data []byte, shared bool) error {
	p, err := w.readableAs(b)
	if err != nil {
		return err
	}
	if p != nil {
		if p.run(rec.Addr().UnsafePointer(), rec, data, shared) {
			return nil
		}
		rec.SetZero()
	}
	return w.interpret(b, rec, data)
}

// interpret decodes with goavro, whatever the schema.
func (w *writer) interpret(b *builtin, rec reflect.Value, data []byte) error {
	native, rest, err := w.avro.NativeFromBinary(data)
	if err != nil {
		// goavro flattens its errors to text.
		if strings.HasSuffix(err.Error(), io.ErrShortBuffer.Error()) {
			return fmt.Errorf("%w: %w", ErrTruncated, err)
		}
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d %w", len(rest), ErrTrailing)
	}
	if err := b.mapping.fill(rec, native); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// readableAs tells whether the writer's records can be read as ours, and with
// which program if there is one.
func (w *writer) readableAs(b *builtin) (*program, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err, known := w.readable[b]
	if !known {
		if w.schema.name != b.schema.name {
			err = fmt.Errorf("%w: %s", ErrOtherRecord, w.schema.name)
		} else if err = canRead(b.schema, w.schema); err != nil {
			err = fmt.Errorf("%w: %w", ErrIncompatible, err)
		} else {
			w.programs[b] = compile(w.schema, b.mapping, b.goType)
		}
		w.readable[b] = err
	}
	return w.programs[b], err
}
