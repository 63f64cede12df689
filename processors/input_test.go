package processors_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/blob"
	"vislang/pkg/embedded/kafka"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// reader does what every stage does first: decode the record and get the bytes
// that it names.
type reader struct {
	codec *schemas.Codec
	blobs *blob.Store
}

func (reader) Name() string     { return "reader" }
func (reader) Inputs() []string { return []string{schemas.TopicDocuments} }

func (r reader) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	doc, err := processors.Input[schemas.Document](ctx, r.codec, in)
	if err != nil {
		return err
	}
	if _, err := r.blobs.Get(ctx, doc.SHA256); err != nil {
		return processors.BlobError(err)
	}
	out.Emit("read", in.Key, []byte(doc.FetchedAt.Format(time.RFC3339)))
	return nil
}

// TestBadInput has a stage meet every kind of bad record: each gets its class,
// and the good ones go through.
func TestBadInput(t *testing.T) {
	ctx := t.Context()
	broker, err := kafka.Start(ctx, kafka.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	registry, err := schemas.StartRegistry(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	if err := schemas.Register(ctx, registry.Client()); err != nil {
		t.Fatal(err)
	}
	codec := schemas.NewCodec(registry.Client())
	blobs, err := blob.Open(ctx, "mem://")
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	name, err := blobs.Put(ctx, []byte("bytes"))
	if err != nil {
		t.Fatal(err)
	}
	document := func(change func(*schemas.Document)) []byte {
		doc := schemas.Document{DocumentID: "d", URL: "https://example.org/", FetchedAt: time.UnixMilli(0).UTC(), SHA256: name}
		change(&doc)
		value, err := codec.Encode(ctx, &doc)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	plain := document(func(*schemas.Document) {})
	// as puts the id of another schema before a body.
	as := func(schema string, body []byte) []byte {
		found, err := registry.Client().CreateSchema(ctx, fmt.Sprintf("future-%d", len(schema)), sr.Schema{Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(found.ID)), body...)
	}
	ours, err := registry.Client().SchemaByVersion(ctx, schemas.TopicDocuments+"-value", -1)
	if err != nil {
		t.Fatal(err)
	}
	end := strings.LastIndexByte(ours.Schema.Schema, ']')
	later := ours.Schema.Schema[:end] + `,{"name":"new","type":"string","doc":"Of next year."}` + ours.Schema.Schema[end:]
	inputs := map[string]struct {
		value []byte
		class string // of the dead letter; "" if the record is good
	}{
		"1970":                               {plain, ""},
		"2200":                               {document(func(d *schemas.Document) { d.FetchedAt = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }), ""},
		"900 KB":                             {document(func(d *schemas.Document) { d.Title = strings.Repeat("x", 900_000) }), ""},
		"not Avro":                           {[]byte("hello"), "undecodable"},
		"null":                               {nil, "undecodable"},
		"cut":                                {plain[:len(plain)/2], "undecodable"},
		"unknown schema id":                  {append([]byte{0, 0, 0, 3, 231}, plain[5:]...), "schema"},
		"a later version, with a field more": {as(later, append(plain[5:len(plain):len(plain)], 2, 'x')), ""},
		"a later version, without what makes it ours": {as(`{"type":"record","name":"vislang.Document","fields":[{"name":"new","type":"string"}]}`, []byte{2, 'x'}), "schema"},
		"missing blob": {document(func(d *schemas.Document) { d.SHA256 = strings.Repeat("0", 64) }), "missing_blob"},
	}
	options := []kgo.Opt{kgo.SeedBrokers(broker.Addr())}
	client, err := kgo.NewClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopics(ctx, 2, 1, nil, schemas.TopicDocuments, "read", "letters"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for key, input := range inputs {
		if input.class != "" {
			want[key] = input.class
		}
		if err := client.ProduceSync(ctx, &kgo.Record{Topic: schemas.TopicDocuments, Key: []byte(key), Value: input.value}).FirstErr(); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	var mu sync.Mutex
	got := map[string]string{}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- stream.Run(running, reader{codec, blobs}, stream.Options{Kafka: options, DeadLetter: func(_ context.Context, f stream.Failed) (string, []byte, []byte, error) {
			mu.Lock()
			defer mu.Unlock()
			got[string(f.Record.Key)] = f.Class
			return "letters", f.Record.Key, []byte(f.Err.Error()), nil
		}})
	}()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		lags, err := stream.Lags(ctx, admin, map[string][]string{"reader": {schemas.TopicDocuments}})
		if err != nil {
			t.Fatal(err)
		}
		if lags["reader"].Records == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a record holds up the others; dead letters so far: %v", got)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("dead letters %v, want %v", got, want)
	}
}
