package schemas

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/twmb/franz-go/pkg/sr"
)

const headerSize = 5 // a zero byte and the schema's id

// Codec encodes and decodes the records of this package. It is safe for
// concurrent use.
type Codec struct {
	client  *sr.Client
	buffers sync.Pool // of *[]byte: a result is copied out at its size, rather than grown to it

	mu      sync.RWMutex
	ids     map[*builtin]int
	writers map[int]*writer
}

// NewCodec returns a codec that takes schema ids from a registry. Ids and
// schemas are asked for once and kept.
func NewCodec(client *sr.Client) *Codec {
	return &Codec{client: client, ids: map[*builtin]int{}, writers: map[int]*writer{}}
}

// builtinOf returns the schema of a Go type.
func builtinOf(t reflect.Type) (*builtin, error) {
	all, err := builtins()
	if err != nil {
		return nil, err
	}
	b, ok := all[t]
	if !ok {
		return nil, fmt.Errorf("%v: %w", t, ErrNotRecord)
	}
	return b, nil
}

// Encode returns a record in the wire format. rec points to one of this
// package's record types. Bytes in strings that are not UTF-8 are replaced by
// U+FFFD, and times are cut to milliseconds.
func (c *Codec) Encode(ctx context.Context, rec any) ([]byte, error) {
	v := reflect.ValueOf(rec)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, fmt.Errorf("encode %T: %w", rec, ErrNotRecord)
	}
	b, err := builtinOf(v.Type().Elem())
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	id, err := c.id(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", b.schema.name, err)
	}
	buffer, ok := c.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer c.buffers.Put(buffer)
	data := binary.BigEndian.AppendUint32(append((*buffer)[:0], 0), uint32(id))
	if data, err = b.encode(data, v.Elem()); err != nil {
		return nil, fmt.Errorf("encode %s: %w", b.schema.name, err)
	}
	*buffer = data
	if len(data) > b.topic.MaxBytes {
		return nil, fmt.Errorf("encode %s: %d bytes, %d are allowed: %w", b.schema.name, len(data), b.topic.MaxBytes, ErrTooLarge)
	}
	return bytes.Clone(data), nil
}

// Decode reads a record in the wire format, written with this or another
// version of its schema. Nothing in the result refers to data.
func Decode[T any](ctx context.Context, c *Codec, data []byte) (*T, error) {
	return decode[T](ctx, c, data, false)
}

// DecodeInPlace is Decode for data that nobody changes any more: the strings of
// the result are parts of it. That spares an allocation a string; any of them
// keeps all of data in memory.
func DecodeInPlace[T any](ctx context.Context, c *Codec, data []byte) (*T, error) {
	return decode[T](ctx, c, data, true)
}

func decode[T any](ctx context.Context, c *Codec, data []byte, shared bool) (*T, error) {
	rec := new(T)
	if err := c.decode(ctx, reflect.ValueOf(rec).Elem(), data, shared); err != nil {
		return nil, fmt.Errorf("decode %T: %w", *rec, err)
	}
	return rec, nil
}

func (c *Codec) decode(ctx context.Context, rec reflect.Value, data []byte, shared bool) error {
	b, err := builtinOf(rec.Type())
	if err != nil {
		return err
	}
	if len(data) < headerSize || data[0] != 0 {
		return ErrNotAvro
	}
	w, err := c.writer(ctx, int(binary.BigEndian.Uint32(data[1:])))
	if err != nil {
		return err
	}
	return w.decode(b, rec, data[headerSize:], shared)
}

// id returns the id of one of our schemas.
func (c *Codec) id(ctx context.Context, b *builtin) (int, error) {
	c.mu.RLock()
	id, ok := c.ids[b]
	c.mu.RUnlock()
	if ok {
		return id, nil
	}
	found, err := c.client.LookupSchema(ctx, b.topic.Subject(), sr.Schema{Schema: b.text})
	switch {
	case isNotFound(err):
		return 0, fmt.Errorf("subject %s: %w", b.topic.Subject(), ErrNotRegistered)
	case err != nil:
		return 0, fmt.Errorf("%w: look up %s: %w", ErrRegistry, b.topic.Subject(), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[b] = found.ID
	return found.ID, nil
}

// writer returns the schema of an id.
func (c *Codec) writer(ctx context.Context, id int) (*writer, error) {
	c.mu.RLock()
	w, ok := c.writers[id]
	c.mu.RUnlock()
	if ok {
		return w, nil
	}
	found, err := c.client.SchemaByID(ctx, id)
	switch {
	case isNotFound(err):
		return nil, fmt.Errorf("%w %d", ErrUnknownSchema, id)
	case err != nil:
		return nil, fmt.Errorf("%w: fetch schema %d: %w", ErrRegistry, id, err)
	case found.Type != sr.TypeAvro || len(found.References) > 0:
		return nil, fmt.Errorf("schema %d is no self-contained Avro schema: %w", id, ErrIncompatible)
	}
	if w, err = newWriter(found.Schema); err != nil {
		return nil, fmt.Errorf("schema %d: %w", id, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writers[id] = w
	return w, nil
}

// isNotFound tells whether the registry answered that it has no such thing.
func isNotFound(err error) bool {
	var response *sr.ResponseError
	return errors.As(err, &response) && response.StatusCode == http.StatusNotFound
}
