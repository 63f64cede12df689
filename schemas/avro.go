package schemas

import (
	"encoding/json"
	"fmt"
	"strings"
)

// avroType is a parsed Avro schema.
type avroType struct {
	kind    string // a primitive's name, or record, enum, fixed, array, map, union
	name    string // full name of a record, enum or fixed
	doc     string
	logical string      // a primitive's logicalType
	fields  []avroField // of a record
	elem    *avroType   // of an array or map
	union   []*avroType
	symbols []string // of an enum
	hasDef  bool     // an enum has a default symbol
	size    float64  // of a fixed
}

// avroField is a field of a record.
type avroField struct {
	name   string
	doc    string
	typ    *avroType
	hasDef bool
	def    any // as encoding/json yields it
}

// parseAvro reads a schema as the Avro specification 1.12 defines it.
func parseAvro(text string) (*avroType, error) {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, err
	}
	return avroParser{}.parse(v, "")
}

// avroParser maps the full names seen so far to their types.
type avroParser map[string]*avroType

func (p avroParser) parse(v any, namespace string) (*avroType, error) {
	switch v := v.(type) {
	case string:
		switch v {
		case "null", "boolean", "int", "long", "float", "double", "bytes", "string":
			return &avroType{kind: v}, nil
		}
		if t, ok := p[fullName(v, namespace)]; ok {
			return t, nil
		}
		return nil, fmt.Errorf("unknown type %q", v)
	case []any:
		t := &avroType{kind: "union"}
		for _, branch := range v {
			b, err := p.parse(branch, namespace)
			if err != nil {
				return nil, err
			}
			t.union = append(t.union, b)
		}
		return t, nil
	case map[string]any:
		return p.parseObject(v, namespace)
	default:
		return nil, fmt.Errorf("a schema is a string, an array or an object, not %v", v)
	}
}

func (p avroParser) parseObject(o map[string]any, namespace string) (*avroType, error) {
	kind, ok := o["type"].(string)
	if !ok {
		return p.parse(o["type"], namespace)
	}
	t := &avroType{kind: kind}
	t.doc, _ = o["doc"].(string)
	var err error
	switch kind {
	case "array", "map":
		t.elem, err = p.parse(o[map[string]string{"array": "items", "map": "values"}[kind]], namespace)
		return t, err
	case "record", "enum", "fixed":
	default:
		t, err := p.parse(kind, namespace)
		if logical, ok := o["logicalType"].(string); ok && err == nil {
			meant := *t
			meant.logical = logical
			t = &meant
		}
		return t, err
	}
	name, _ := o["name"].(string)
	if own, ok := o["namespace"].(string); ok {
		namespace = own
	}
	if t.name = fullName(name, namespace); name == "" || p[t.name] != nil {
		return nil, fmt.Errorf("%s has no name, or one that is taken: %q", kind, name)
	}
	if dot := strings.LastIndexByte(t.name, '.'); dot >= 0 {
		namespace = t.name[:dot]
	}
	p[t.name] = t
	t.size, _ = o["size"].(float64)
	_, t.hasDef = o["default"]
	symbols, _ := o["symbols"].([]any)
	for _, s := range symbols {
		t.symbols = append(t.symbols, fmt.Sprint(s))
	}
	fields, _ := o["fields"].([]any)
	for _, field := range fields {
		f, _ := field.(map[string]any)
		var a avroField
		a.name, _ = f["name"].(string)
		a.doc, _ = f["doc"].(string)
		a.def, a.hasDef = f["default"]
		if a.typ, err = p.parse(f["type"], namespace); err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", a.name, t.name, err)
		}
		t.fields = append(t.fields, a)
	}
	return t, nil
}

func fullName(name, namespace string) string {
	if namespace == "" || strings.ContainsRune(name, '.') {
		return name
	}
	return namespace + "." + name
}

// field returns a record's field, nil if it has none of that name.
func (t *avroType) field(name string) *avroField {
	for i := range t.fields {
		if t.fields[i].name == name {
			return &t.fields[i]
		}
	}
	return nil
}
