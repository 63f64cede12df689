package schemas

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"
)

// FuzzDecode feeds all decoders, each under the id of every schema.
func FuzzDecode(f *testing.F) {
	c := startCodec(f)
	for _, rec := range realisticRecords() {
		data, err := c.Encode(f.Context(), rec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for i := range Topics() {
		f.Add(binary.BigEndian.AppendUint32([]byte{0}, uint32(i+1)))
	}
	// An array that claims 2^31 items.
	f.Add(append(make([]byte, 12), 0xfe, 0xff, 0xff, 0xff, 0x0f))
	all, err := builtins()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for goType := range all {
			rec := reflect.New(goType)
			if err := c.decode(t.Context(), rec.Elem(), data, false); err != nil {
				continue
			}
			// What was read can be written, and reads the same again.
			again, err := c.Encode(t.Context(), rec.Interface())
			if err != nil {
				t.Fatal(err)
			}
			second := reflect.New(goType)
			if err := c.decode(t.Context(), second.Elem(), again, true); err != nil {
				t.Fatal(err)
			}
			third, err := c.Encode(t.Context(), second.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if string(again) != string(third) {
				t.Errorf("%v: % x, then % x", goType, again, third)
			}
		}
	})
}

// FuzzProgram holds that a program decodes as goavro does, or leaves it to it.
func FuzzProgram(f *testing.F) {
	c := startCodec(f)
	all, err := builtins()
	if err != nil {
		f.Fatal(err)
	}
	schemas, err := releases()
	if err != nil {
		f.Fatal(err)
	}
	for _, rec := range realisticRecords() {
		data, err := c.Encode(f.Context(), rec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[headerSize:])
	}
	f.Add([]byte{6, 'a', 'b'})
	type pair struct {
		b *builtin
		w *writer
	}
	var pairs []pair
	for _, schema := range schemas {
		w, err := newWriter(schema.text)
		if err != nil {
			f.Fatal(err)
		}
		for _, b := range all {
			if p, err := w.readableAs(b); err == nil {
				if p == nil {
					f.Errorf("no program for schema %d", schema.id)
				}
				pairs = append(pairs, pair{b, w})
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, pair := range pairs {
			for _, shared := range []bool{false, true} {
				fast, slow := reflect.New(pair.b.goType), reflect.New(pair.b.goType)
				if !pair.w.programs[pair.b].run(fast.UnsafePointer(), fast.Elem(), data, shared) {
					continue
				}
				if err := pair.w.interpret(pair.b, slow.Elem(), data); err != nil {
					t.Fatalf("%v: only the program reads % x: %v", pair.b.goType, data, err)
				}
				// Not DeepEqual: NaN is equal to NaN here.
				if got, want := fmt.Sprintf("%#v", fast.Elem()), fmt.Sprintf("%#v", slow.Elem()); got != want {
					t.Fatalf("%v: % x\nprogram %s\n goavro %s", pair.b.goType, data, got, want)
				}
			}
		}
	})
}

// FuzzLoad reads bodies.
func FuzzLoad(f *testing.F) {
	blobs := openBlobs(f)
	text := bigText(5_000)
	if err := Spill(f.Context(), blobs, text); err != nil {
		f.Fatal(err)
	}
	data, err := blobs.Get(f.Context(), text.BodyBlob)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:2000])
	body, err := bodySchemaOf(&textBody{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(writeContainer(body.text, []byte{0, 0}))
	f.Add(writeContainer(`{"type":"record","name":"vislang.TextBody","fields":[]}`, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if decodeBody(data, &textBody{}) == nil && len(data) < len(containerMagic)+2*syncSize {
			t.Error("read a body out of too few bytes")
		}
	})
}

// FuzzSchema reads the schemas that other processes registered.
func FuzzSchema(f *testing.F) {
	all, err := builtins()
	if err != nil {
		f.Fatal(err)
	}
	var reader *builtin
	for _, b := range all {
		f.Add(b.text)
		if b.topic.Name == TopicDeadLetters {
			reader = b
		}
	}
	f.Add(`{"type":"record","name":"vislang.DeadLetter","fields":[{"name":"a","type":["null","vislang.DeadLetter"]}]}`)
	f.Add(`{"type":{"type":"fixed","name":"F","size":-1}}`)
	f.Add(`[{"type":"bytes","logicalType":"decimal"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		w, err := newWriter(text)
		if err != nil {
			return
		}
		w.decode(reader, reflect.New(reflect.TypeFor[DeadLetter]()).Elem(), []byte{2, 'a', 0, 2, 0, 0, 0, 0}, false)
	})
}
