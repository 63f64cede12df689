package schemas

import (
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unsafe"
)

// program decodes the records of one writer straight into the structs of one
// reader: a list of steps in the writer's order of fields, made once from both
// schemas. It knows what this package writes (records, arrays, strings, bytes,
// numbers, booleans, times) and promotes int to long; where a schema or the
// data hold anything else it gives up, and goavro decodes. What it does decode
// it decodes as goavro does, which a fuzz test holds.
type program struct {
	steps []step
	rest  []mappedField // not written, with a default that is not zero
}

// step decodes one field.
type step struct {
	read   verb
	skip   bool    // the reader has no such field
	offset uintptr // of the Go field, in bytes
	elem   *array
	record *program // of a record: an array's item, or skipped
}

type verb uint8

const (
	stringValue verb = iota
	bytesValue
	booleanValue
	intValue
	longValue
	intAsLong
	timeValue
	doubleValue
	arrayValue
	recordValue
)

// array is how the items of an array are decoded.
type array struct {
	item  step
	slice reflect.Type // nil if skipped
	size  uintptr      // of an item in Go
}

// compile returns the program for a pair of schemas, nil if goavro must do it.
func compile(w *avroType, m *mapping, goType reflect.Type) *program {
	c := compiler{map[*avroType]bool{}}
	return c.record(w, m, goType)
}

// compiler holds the written records it is inside of: recursive ones are not
// for programs.
type compiler struct{ inside map[*avroType]bool }

// record compiles a record, to be skipped if m is nil.
func (c compiler) record(w *avroType, m *mapping, goType reflect.Type) *program {
	if w.kind != "record" || c.inside[w] {
		return nil
	}
	c.inside[w] = true
	defer delete(c.inside, w)
	p := &program{}
	for i := range w.fields {
		written := &w.fields[i]
		if w.field(written.name) != written {
			return nil // twice the same name
		}
		s := step{skip: true}
		var f *mappedField
		var fieldType reflect.Type
		if m != nil {
			if f = m.field(written.name); f != nil {
				field := goType.FieldByIndex(f.index)
				s.skip, s.offset, fieldType = false, offsetOf(goType, f.index), field.Type
			}
		}
		if !c.step(&s, written.typ, f, fieldType) {
			return nil
		}
		p.steps = append(p.steps, s)
	}
	if m != nil {
		for _, f := range m.fields {
			if w.field(f.name) == nil && !f.def.IsZero() {
				p.rest = append(p.rest, f)
			}
		}
	}
	return p
}

// step compiles one written type into a field, or to be skipped if f is nil.
func (c compiler) step(s *step, w *avroType, f *mappedField, fieldType reflect.Type) bool {
	kind := w.kind
	if f != nil {
		kind = f.kind
	}
	var ok bool
	switch {
	case w.logical != "" && !(w.kind == "long" && w.logical == "timestamp-millis"):
		return false
	case w.kind == "int" && kind == "long" && !f.time:
		s.read = intAsLong
		return true
	case w.kind != kind:
		return false
	case w.kind == "long" && f != nil && f.time:
		s.read = timeValue
		return true
	case w.kind == "array":
		s.read, s.elem = arrayValue, &array{item: step{skip: f == nil}}
		var item *mappedField
		var itemType reflect.Type
		if f != nil {
			if fieldType.Kind() != reflect.Slice {
				return false
			}
			s.elem.slice, itemType = fieldType, fieldType.Elem()
			s.elem.size = itemType.Size()
			item = &mappedField{kind: f.elem, items: f.items, time: itemType == reflect.TypeFor[time.Time]()}
		}
		return c.step(&s.elem.item, w.elem, item, itemType)
	case w.kind == "record":
		var items *mapping
		if f != nil {
			items = f.items
		}
		s.read, s.record = recordValue, c.record(w, items, fieldType)
		return s.record != nil && len(s.record.rest) == 0
	}
	s.read, ok = map[string]verb{"string": stringValue, "bytes": bytesValue, "boolean": booleanValue, "int": intValue, "long": longValue, "double": doubleValue}[w.kind]
	return ok
}

func offsetOf(t reflect.Type, index []int) uintptr {
	var offset uintptr
	for _, i := range index { // embedded structs, no pointers
		f := t.Field(i)
		offset += f.Offset
		t = f.Type
	}
	return offset
}

// input is what is left of a record.
type input struct {
	data []byte
	at   int
	text string // all of data, if strings are parts of it
}

// run decodes a record, all of data, into a struct of the program's type. With
// shared, the strings of the result are parts of data. It returns
// false when goavro must decide; target is then half filled.
func (p *program) run(target unsafe.Pointer, rec reflect.Value, data []byte, shared bool) bool {
	in := input{data: data}
	if shared {
		in.text = unsafe.String(unsafe.SliceData(data), len(data))
	}
	for _, f := range p.rest {
		rec.FieldByIndex(f.index).Set(f.def)
	}
	return p.read(&in, target) && in.at == len(data)
}

func (p *program) read(in *input, target unsafe.Pointer) bool {
	for i := range p.steps {
		s := &p.steps[i]
		if !s.run(in, unsafe.Add(target, s.offset)) {
			return false
		}
	}
	return true
}

// run decodes one value into target, or passes over it.
func (s *step) run(in *input, target unsafe.Pointer) bool {
	switch s.read {
	case stringValue, bytesValue:
		from, ok := in.length()
		if !ok {
			return false
		}
		switch {
		case s.skip:
		case s.read == stringValue:
			*(*string)(target) = in.string(from)
		case in.at > from: // else nil, as for arrays
			*(*[]byte)(target) = append([]byte(nil), in.data[from:in.at]...)
		}
	case booleanValue:
		if in.at >= len(in.data) || in.data[in.at] > 1 {
			return false
		}
		if !s.skip {
			*(*bool)(target) = in.data[in.at] == 1
		}
		in.at++
	case intValue, longValue, intAsLong, timeValue:
		n, ok := in.long()
		if !ok || (s.read == intValue || s.read == intAsLong) && n != int64(int32(n)) {
			return false
		}
		switch {
		case s.skip:
		case s.read == intValue:
			*(*int32)(target) = int32(n)
		case s.read == timeValue:
			if n < -1<<52 || n > 1<<52 {
				return false
			}
			*(*time.Time)(target) = fromMillis(n)
		default:
			*(*int64)(target) = n
		}
	case doubleValue:
		if len(in.data)-in.at < 8 {
			return false
		}
		if !s.skip {
			*(*float64)(target) = math.Float64frombits(binary.LittleEndian.Uint64(in.data[in.at:]))
		}
		in.at += 8
	case arrayValue:
		return s.elem.run(in, target)
	case recordValue:
		return s.record.read(in, target)
	}
	return true
}

// run decodes an array into the slice at target. The items' memory is made by
// reflection, so that the garbage collector knows their type.
func (a *array) run(in *input, target unsafe.Pointer) bool {
	var slice reflect.Value
	have := 0
	for {
		n, ok := in.long()
		if !ok || n < 0 || n > maxArrayPart || n > int64(len(in.data)-in.at) {
			return false
		}
		if n == 0 {
			return true
		}
		var items unsafe.Pointer
		if a.slice != nil {
			if have == 0 {
				slice = reflect.NewAt(a.slice, target).Elem()
				slice.Set(reflect.MakeSlice(a.slice, int(n), int(n)))
			} else {
				slice.Grow(int(n))
				slice.SetLen(have + int(n))
			}
			items = unsafe.Add(slice.UnsafePointer(), uintptr(have)*a.size)
		}
		for i := range uintptr(n) {
			if !a.item.run(in, unsafe.Add(items, i*a.size)) {
				return false
			}
		}
		have += int(n)
	}
}

// long reads a variable-length integer of at most ten bytes.
func (in *input) long() (int64, bool) {
	n, size := binary.Uvarint(in.data[in.at:])
	if size <= 0 {
		return 0, false
	}
	in.at += size
	return int64(n>>1) ^ -int64(n&1), true
}

// length passes over a string or bytes and returns where they begin.
func (in *input) length() (from int, ok bool) {
	n, ok := in.long()
	if !ok || n < 0 || n > int64(len(in.data)-in.at) {
		return 0, false
	}
	from = in.at
	in.at += int(n)
	return from, true
}

func (in *input) string(from int) string {
	if in.text != "" {
		return in.text[from:in.at]
	}
	return string(in.data[from:in.at])
}
