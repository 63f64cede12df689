package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/sr"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestFieldsAreDocumented also rules out fields that cannot be added to old
// data.
func TestFieldsAreDocumented(t *testing.T) {
	all, err := builtins()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(Topics()) {
		t.Fatalf("%d schemas for %d topics", len(all), len(Topics()))
	}
	var check func(*avroType)
	check = func(record *avroType) {
		if !strings.HasPrefix(record.name, "vislang.") || record.doc == "" {
			t.Errorf("record %s: outside the namespace, or without doc", record.name)
		}
		for _, f := range record.fields {
			if !strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s.%s: doc %q is no sentence", record.name, f.name, f.doc)
			}
			if f.typ.kind == "array" && f.typ.elem.kind == "record" {
				check(f.typ.elem)
			}
		}
	}
	for _, b := range all {
		check(b.schema)
	}
}

// TestMappingErrors checks that a schema and a Go type that disagree are
// told apart.
func TestMappingErrors(t *testing.T) {
	type record struct{ DocumentID string }
	const field = `{"type":"record","name":"R","fields":[%s]}`
	tests := map[string]string{
		`{"name":"document_id","type":"string"}`: "",
		``:                                       "no field document_id",
		`{"name":"document_id","type":"long"}`:   "string cannot hold long",
		`{"name":"document_id","type":"string"},{"name":"extra","type":"string"}`:   "2 fields",
		`{"name":"document_id","type":{"type":"array","items":"string"}}`:           "string cannot hold array",
		`{"name":"document_id","type":"string","default":7}`:                        "cannot hold int64",
		`{"name":"document_id","type":{"type":"fixed","name":"Sixteen","size":16}}`: "string cannot hold fixed",
	}
	for fields, want := range tests {
		schema, err := parseAvro(fmt.Sprintf(field, fields))
		if err != nil {
			t.Fatal(err)
		}
		_, err = newMapping(reflect.TypeFor[record](), schema)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", fields, err, want)
		}
	}
}

func TestSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"DocumentID": "document_id", "URL": "url", "SHA256": "sha256", "DPI": "dpi", "X": "x", "FetchedAt": "fetched_at",
		"BodyBlob": "body_blob", "URLPath": "url_path",
	} {
		if got := snakeCase(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestReleasedSchemas checks each current schema against all its released
// ones, both ways: old readers and new data, new readers and old data.
func TestReleasedSchemas(t *testing.T) {
	all, err := builtins()
	if err != nil {
		t.Fatal(err)
	}
	old, err := releases()
	if err != nil {
		t.Fatal(err)
	}
	current := map[string]*avroType{}
	for _, b := range all {
		current[b.topic.Name] = b.schema
	}
	seen := map[string]bool{}
	for i, r := range old {
		if r.id != i+1 {
			t.Errorf("released schema %d has the number %d", i+1, r.id)
		}
		schema, err := parseAvro(r.text)
		if err != nil {
			t.Fatalf("released schema %d: %v", r.id, err)
		}
		now := current[r.topic]
		if now == nil {
			t.Fatalf("released schema %d is of an unknown topic %q", r.id, r.topic)
		}
		seen[r.topic] = true
		if err := canRead(now, schema); err != nil {
			t.Errorf("%s: data of released schema %d: %v", r.topic, r.id, err)
		}
		if err := canRead(schema, now); err != nil {
			t.Errorf("%s: new data for readers with released schema %d: %v", r.topic, r.id, err)
		}
	}
	if len(seen) != len(current) {
		t.Errorf("released schemas of %d topics, there are %d", len(seen), len(current))
	}
}

// TestReleasedFilesNeverChange holds released schemas to what they were:
// processes that run and records in Kafka rely on them.
func TestReleasedFilesNeverChange(t *testing.T) {
	paths, err := filepath.Glob("released/*.avsc")
	if err != nil {
		t.Fatal(err)
	}
	var sums bytes.Buffer
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		fmt.Fprintf(&sums, "%s  %s\n", hex.EncodeToString(sum[:]), path)
	}
	const golden = "testdata/released.sha256"
	if *update {
		if err := os.WriteFile(golden, sums.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if sums.String() != string(want) {
		t.Errorf("released schemas changed; add a new file instead.\ngot\n%swant\n%s", &sums, want)
	}
}

func TestCanRead(t *testing.T) {
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	const a = `{"name":"a","type":"string"}`
	tests := []struct {
		name, reader, writer, want string
	}{
		{"same", record(a), record(a), ""},
		{"added with default", record(a + `,{"name":"b","type":"int","default":0}`), record(a), ""},
		{"added without default", record(a + `,{"name":"b","type":"int"}`), record(a), "R.b: not written, and has no default"},
		{"removed", record(a), record(a + `,{"name":"b","type":"int"}`), ""},
		{"renamed", record(a), record(`{"name":"b","type":"string"}`), "R.a: not written"},
		{"reordered", record(a + `,{"name":"b","type":"int"}`), record(`{"name":"b","type":"int"},` + a), ""},
		{"other record", record(a), `{"type":"record","name":"S","fields":[` + a + `]}`, "record S cannot be read as R"},
		{"widened", `"double"`, `"int"`, ""},
		{"narrowed", `"int"`, `"long"`, "long cannot be read as int"},
		{"string to bytes", `"bytes"`, `"string"`, ""},
		{"string to int", record(`{"name":"a","type":"int"}`), record(a), "R.a: string cannot be read as int"},
		{"made optional", `["null","string"]`, `"string"`, ""},
		{"was optional", `"string"`, `["null","string"]`, "null cannot be read as string"},
		{"union widened", `["null","long"]`, `["null","int"]`, ""},
		{"union lost a branch", `["null","long"]`, `["null","string"]`, "string cannot be read as union"},
		{"array", `{"type":"array","items":"int"}`, `{"type":"array","items":"string"}`, "string cannot be read as int"},
		{"map", `{"type":"map","values":"long"}`, `{"type":"map","values":"int"}`, ""},
		{"array to map", `{"type":"map","values":"int"}`, `{"type":"array","items":"int"}`, "array cannot be read as map"},
		{"enum grew", `{"type":"enum","name":"E","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["A","B"]}`, "symbol B is unknown"},
		{"enum with default", `{"type":"enum","name":"E","symbols":["A"],"default":"A"}`, `{"type":"enum","name":"E","symbols":["B"]}`, ""},
		{"fixed", `{"type":"fixed","name":"F","size":4}`, `{"type":"fixed","name":"F","size":5}`, "fixed cannot be read as fixed"},
		{
			"nested", record(`{"name":"a","type":{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"b","type":"int"}]}}}`),
			record(`{"name":"a","type":{"type":"array","items":{"type":"record","name":"N","fields":[]}}}`), "R.a[].b: not written",
		},
		{"recursive", record(`{"name":"next","type":["null","R"]}`), record(`{"name":"next","type":["null","R"]}`), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := parseAvro(test.reader)
			if err != nil {
				t.Fatal(err)
			}
			w, err := parseAvro(test.writer)
			if err != nil {
				t.Fatal(err)
			}
			err = canRead(r, w)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestOlderAndNewerWriters reads records written with schemas that lack a
// field of ours, have one more, or have it in a narrower type.
func TestOlderAndNewerWriters(t *testing.T) {
	c := startCodec(t)
	tests := map[string]struct {
		schema string
		datum  map[string]any
		want   DeadLetter
		err    error
	}{
		"fewer fields": {
			`{"type":"record","name":"vislang.DeadLetter","fields":[
				{"name":"source_offset","type":"long"},{"name":"source_topic","type":"string"},{"name":"source_partition","type":"int"}]}`,
			map[string]any{"source_offset": 7, "source_topic": "pages", "source_partition": 2},
			DeadLetter{SourceOffset: 7, SourceTopic: "pages", SourcePartition: 2}, nil,
		},
		"more fields, other types": {
			`{"type":"record","name":"vislang.DeadLetter","fields":[
				{"name":"source_offset","type":"int"},{"name":"source_topic","type":"bytes"},{"name":"source_partition","type":"int"},
				{"name":"new","type":["null",{"type":"map","values":"double"}]},
				{"name":"value","type":"string"},{"name":"failed_at","type":"long"},
				{"name":"attempts","type":["int"]}]}`,
			map[string]any{
				"source_offset": 7, "source_topic": []byte("pages"), "source_partition": 2, "new": nil,
				"value": "v", "failed_at": 1000, "attempts": goavro.Union("int", 3),
			},
			DeadLetter{SourceOffset: 7, SourceTopic: "pages", SourcePartition: 2, Value: []byte("v"), FailedAt: fromMillis(1000), Attempts: 3}, nil,
		},
		"lacks a key field": {
			`{"type":"record","name":"vislang.DeadLetter","fields":[{"name":"source_offset","type":"long"}]}`,
			map[string]any{"source_offset": 7}, DeadLetter{}, ErrIncompatible,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data := encodeAs(t, c, test.schema, test.datum)
			got, err := Decode[DeadLetter](t.Context(), c, data)
			if !errors.Is(err, test.err) {
				t.Fatalf("got error %v, want %v", err, test.err)
			}
			if err == nil && !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got  %+v\nwant %+v", *got, test.want)
			}
		})
	}
}

// encodeAs writes a datum with a schema that it first registers.
func encodeAs(t *testing.T, c *Codec, schema string, datum map[string]any) []byte {
	t.Helper()
	found, err := c.client.CreateSchema(t.Context(), "other-"+strings.ReplaceAll(t.Name(), "/", "-"), sr.Schema{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := goavro.NewCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	data, err := codec.BinaryFromNative(binary.BigEndian.AppendUint32([]byte{0}, uint32(found.ID)), datum)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
