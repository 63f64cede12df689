package schemas

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/linkedin/goavro/v2"
)

// Records of other schemas are read as goavro reads them, by a program where
// there can be one.
func TestProgram(t *testing.T) {
	header := `{"type":"record","name":"vislang.Sample","fields":[`
	for _, c := range []struct {
		name, fields string
		native       map[string]any
		program      bool
	}{
		{"fields missing and in another order", `{"name":"language","type":"string"},{"name":"sample_id","type":"string"}`,
			map[string]any{"sample_id": "1", "language": "swh_Latn"}, true},
		{"fields to skip", `{"name":"x","type":{"type":"array","items":{"type":"record","name":"X","fields":[{"name":"a","type":"string"},{"name":"b","type":{"type":"array","items":"double"}}]}}},
			{"name":"sample_id","type":"string"},{"name":"y","type":"boolean"},{"name":"z","type":{"type":"record","name":"Z","fields":[{"name":"c","type":"bytes"}]}}`,
			map[string]any{"sample_id": "1", "y": true, "z": map[string]any{"c": []byte("c")},
				"x": []any{map[string]any{"a": "a", "b": []any{1.5, 2.5}}, map[string]any{"a": "", "b": []any{}}}}, true},
		{"int for long", `{"name":"revision","type":"int"}`, map[string]any{"revision": 7}, true},
		{"union", `{"name":"sample_id","type":["null","string"]}`, map[string]any{"sample_id": goavro.Union("string", "1")}, false},
		{"union to skip", `{"name":"x","type":["null","string"]},{"name":"sample_id","type":"string"}`, map[string]any{"x": nil, "sample_id": "1"}, false},
		{"bytes for string", `{"name":"sample_id","type":"bytes"}`, map[string]any{"sample_id": []byte("1")}, false},
		{"another logical type", `{"name":"x","type":{"type":"long","logicalType":"timestamp-micros"}}`, map[string]any{"x": fromMillis(5)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := newWriter(header + c.fields + `]}`)
			if err != nil {
				t.Fatal(err)
			}
			b, err := builtinOf(reflect.TypeFor[Sample]())
			if err != nil {
				t.Fatal(err)
			}
			// Whether the schemas fit is not what this tests.
			w.readable[b], w.programs[b] = nil, compile(w.schema, b.mapping, b.goType)
			if (w.programs[b] != nil) != c.program {
				t.Errorf("program: %v", w.programs[b] != nil)
			}
			data, err := w.avro.BinaryFromNative(nil, c.native)
			if err != nil {
				t.Fatal(err)
			}
			var got, want Sample
			if err := w.decode(b, reflect.ValueOf(&got).Elem(), data, true); err != nil {
				t.Fatal(err)
			}
			if err := w.interpret(b, reflect.ValueOf(&want).Elem(), data); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
				t.Errorf("%#v, goavro reads %#v", got, want)
			}
		})
	}
}

func BenchmarkProgram(b *testing.B) {
	c := startCodec(b)
	for _, rec := range realisticRecords() {
		data, err := c.Encode(b.Context(), rec)
		if err != nil {
			b.Fatal(err)
		}
		goType := reflect.TypeOf(rec).Elem()
		built, err := builtinOf(goType)
		if err != nil {
			b.Fatal(err)
		}
		w, err := newWriter(built.text)
		if err != nil {
			b.Fatal(err)
		}
		name := goType.Name()
		b.Run(name+"/program", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := w.decode(built, reflect.New(goType).Elem(), data[headerSize:], true); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/goavro", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := w.interpret(built, reflect.New(goType).Elem(), data[headerSize:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
