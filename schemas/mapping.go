package schemas

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
)

// mapping carries values between a Go struct and the map that goavro takes a
// record as. It is made once a type, so that the reflection left at run time is
// reading and setting fields by index.
type mapping struct {
	fields []mappedField
	maps   sync.Pool // of map[string]any with this mapping's keys: making them is half the cost of encoding
}

type mappedField struct {
	name  string // in the schema
	index []int  // of the Go field
	kind  string // of the schema: string, bytes, boolean, int, long, double, array
	time  bool   // a long that is a time.Time in Go
	elem  string // kind of an array's items
	items *mapping
	def   reflect.Value // what a record written without the field gets
}

// newMapping pairs each field of a Go struct with its field in the schema. It
// is an error if either lacks what the other has.
func newMapping(goType reflect.Type, schema *avroType) (*mapping, error) {
	m := &mapping{}
	for _, f := range reflect.VisibleFields(goType) {
		if f.Anonymous {
			continue
		}
		field := schema.field(snakeCase(f.Name))
		if field == nil {
			return nil, fmt.Errorf("schema %s has no field %s", schema.name, snakeCase(f.Name))
		}
		mf := mappedField{name: field.name, index: f.Index, kind: field.typ.kind, def: reflect.Zero(f.Type)}
		var err error
		if mf.kind == "array" && f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() != reflect.Uint8 {
			mf.elem = field.typ.elem.kind
			if mf.elem == "record" {
				mf.items, err = newMapping(f.Type.Elem(), field.typ.elem)
			} else {
				err = checkKind(f.Type.Elem(), mf.elem)
			}
		} else {
			mf.time = f.Type == reflect.TypeFor[time.Time]()
			err = checkKind(f.Type, mf.kind)
		}
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", field.name, schema.name, err)
		}
		if err := mf.setDefault(f.Type, field); err != nil {
			return nil, fmt.Errorf("default of field %s of %s: %w", field.name, schema.name, err)
		}
		m.fields = append(m.fields, mf)
	}
	if len(m.fields) != len(schema.fields) {
		return nil, fmt.Errorf("schema %s has %d fields, %s has %d", schema.name, len(schema.fields), goType, len(m.fields))
	}
	return m, nil
}

// field returns the field of a name in the schema, nil if there is none.
func (m *mapping) field(name string) *mappedField {
	for i := range m.fields {
		if m.fields[i].name == name {
			return &m.fields[i]
		}
	}
	return nil
}

func checkKind(t reflect.Type, kind string) error {
	want := map[string]reflect.Type{
		"string": reflect.TypeFor[string](), "bytes": reflect.TypeFor[[]byte](), "int": reflect.TypeFor[int32](),
		"long": reflect.TypeFor[int64](), "double": reflect.TypeFor[float64](), "boolean": reflect.TypeFor[bool](),
	}[kind]
	if t == want || kind == "long" && t == reflect.TypeFor[time.Time]() {
		return nil
	}
	return fmt.Errorf("%s cannot hold %s", t, kind)
}

// setDefault takes the schema's default over. Arrays start empty.
func (f *mappedField) setDefault(t reflect.Type, field *avroField) error {
	if !field.hasDef || f.kind == "array" {
		return nil
	}
	v := reflect.New(t).Elem()
	def := field.def
	if number, ok := def.(float64); ok && f.kind != "double" {
		def = int64(number)
	}
	f.def = v
	return f.set(v, def)
}

// native returns the map of a struct, to be released after use.
func (m *mapping) native(v reflect.Value) map[string]any {
	native, ok := m.maps.Get().(map[string]any)
	if !ok {
		native = make(map[string]any, len(m.fields))
	}
	for i := range m.fields {
		f := &m.fields[i]
		native[f.name] = f.get(v.FieldByIndex(f.index))
	}
	return native
}

// release takes a map of native back, with the maps inside it.
func (m *mapping) release(native map[string]any) {
	for i := range m.fields {
		if f := &m.fields[i]; f.items != nil {
			for _, item := range native[f.name].([]any) {
				f.items.release(item.(map[string]any))
			}
		}
		native[m.fields[i].name] = nil // so that the pool keeps no text alive
	}
	m.maps.Put(native)
}

func (f *mappedField) get(v reflect.Value) any {
	switch f.kind {
	case "array":
		items := make([]any, v.Len())
		for i := range items {
			switch f.elem {
			case "record":
				items[i] = f.items.native(v.Index(i))
			case "string":
				items[i] = validText(v.Index(i).String())
			default:
				items[i] = v.Index(i).Interface()
			}
		}
		return items
	case "string":
		return validText(v.String())
	case "long":
		if f.time {
			return millis(v.Interface().(time.Time))
		}
	}
	return v.Interface()
}

// fill sets a struct's fields from a map that was written with a schema that
// canRead accepts. Fields it lacks get their default.
func (m *mapping) fill(v reflect.Value, native any) error {
	values, ok := native.(map[string]any)
	if !ok {
		return fmt.Errorf("a record is not %T", native)
	}
	for i := range m.fields {
		f := &m.fields[i]
		target := v.FieldByIndex(f.index)
		value, ok := values[f.name]
		if !ok {
			target.Set(f.def)
			continue
		}
		if err := f.set(target, value); err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	return nil
}

func (f *mappedField) set(target reflect.Value, value any) error {
	if f.kind != "array" {
		return setScalar(target, value)
	}
	items, ok := value.([]any)
	if !ok {
		return fmt.Errorf("an array is not %T", value)
	}
	if len(items) == 0 {
		return nil // nil, so that no items and no field are the same
	}
	target.Set(reflect.MakeSlice(target.Type(), len(items), len(items)))
	for i, item := range items {
		var err error
		if f.items != nil {
			err = f.items.fill(target.Index(i), item)
		} else {
			err = setScalar(target.Index(i), item)
		}
		if err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

// setScalar sets a primitive, promoted if need be. goavro's bytes are part of
// the input buffer, which belongs to the caller: they are copied.
func setScalar(target reflect.Value, value any) error {
	switch value := value.(type) {
	case map[string]any: // a union's value, under its type's name
		for _, v := range value {
			return setScalar(target, v)
		}
	case time.Time:
		if millis := value.UnixMilli(); target.Kind() == reflect.Struct {
			target.Set(reflect.ValueOf(fromMillis(millis)))
		} else {
			return setScalar(target, millis)
		}
		return nil
	case string:
		if target.Kind() == reflect.String {
			target.SetString(value)
			return nil
		} else if target.Kind() == reflect.Slice {
			if value != "" { // else nil, as for arrays
				target.SetBytes([]byte(value))
			}
			return nil
		}
	case []byte:
		return setScalar(target, string(value))
	case bool:
		if target.Kind() == reflect.Bool {
			target.SetBool(value)
			return nil
		}
	case int32:
		return setScalar(target, int64(value))
	case int64:
		switch target.Kind() {
		case reflect.Int32, reflect.Int64:
			target.SetInt(value)
			return nil
		case reflect.Float64:
			target.SetFloat(float64(value))
			return nil
		case reflect.Struct:
			target.Set(reflect.ValueOf(fromMillis(value)))
			return nil
		}
	case float32:
		return setScalar(target, float64(value))
	case float64:
		if target.Kind() == reflect.Float64 {
			target.SetFloat(value)
			return nil
		}
	}
	return fmt.Errorf("%s cannot hold %T", target.Type(), value)
}

// validText replaces what is not UTF-8: an Avro string is UTF-8, and readers
// in other languages refuse the whole record otherwise.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// millis gives the zero time, which means not known, as 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// snakeCase turns a Go name into a schema's: DocumentID to document_id, SHA256
// to sha256.
func snakeCase(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) &&
			(!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
