package main

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/blob"
	"vislang/schemas"
)

// TestTimesOfLongAgoAndOfTheFuture takes documents of 1970 and 2200 through all
// stages into the tables, in records as old.
func TestTimesOfLongAgoAndOfTheFuture(t *testing.T) {
	data := t.TempDir()
	info := start(t, data, "engines")
	registry, err := sr.NewClient(sr.URLs(info.Registry))
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Register(t.Context(), registry); err != nil {
		t.Fatal(err)
	}
	codec := schemas.NewCodec(registry)
	blobs, err := blob.Open(t.Context(), data+"/blobs")
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	name, err := blobs.Put(t.Context(), []byte(english))
	if err != nil {
		t.Fatal(err)
	}
	flags := sharedFlags(info, data)
	must(t, vislang(t, append([]string{"topics", "create"}, flags...)...))
	client, err := kgo.NewClient(kgo.SeedBrokers(info.Kafka))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, at := range []time.Time{time.UnixMilli(1).UTC(), time.Date(2200, 1, 2, 3, 4, 5, 0, time.UTC)} {
		url := "file:///" + at.Format("2006") + ".txt"
		id := schemas.NewDocumentID(at, url, name)
		value, err := codec.Encode(t.Context(), &schemas.Document{
			DocumentID: id, URL: url, FetchedAt: at, SHA256: name, Bytes: int64(len(english)), MediaType: "text/plain", FileName: at.Format("2006") + ".txt",
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: schemas.TopicDocuments, Key: []byte(id), Value: value, Timestamp: at}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	before := must(t, vislang(t, append([]string{"groups", "list"}, flags...)...))
	if !strings.Contains(before, "extract") {
		t.Errorf("groups: %s", before)
	}
	must(t, vislang(t, append([]string{"run", "--until-idle", "--data", data}, flags...)...))
	got := must(t, vislang(t, "sql", "--data", data, "--format", "TSV", "SELECT toString(fetched_at), state FROM documents ORDER BY 1"))
	if want := "1970-01-01 00:00:00.001\tdone\n2200-01-02 03:04:05.000\tdone\n"; got != want {
		t.Errorf("documents: %q, want %q", got, want)
	}
	if got := must(t, vislang(t, "sql", "--data", data, "--format", "TSV", "SELECT toString(recorded_at) FROM fetches ORDER BY 1")); got != "1970-01-01 00:00:00.001\n2200-01-02 03:04:05.000\n" {
		t.Errorf("times of their records: %q", got)
	}
	must(t, vislang(t, "verify", "--data", data))
}

// TestARegistryThatStartsLater has a process start before its schema registry.
func TestARegistryThatStartsLater(t *testing.T) {
	dir, files := corpus(t)
	data := t.TempDir()
	info := start(t, data, "engines")
	address := net.JoinHostPort("127.0.0.1", closedPort(t))
	cmd := vislang(t, "run", "--until-idle", "--data", data, "--brokers", info.Kafka, "--database", info.ClickHouse, "--registry", "http://"+address, dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	registry, err := schemas.StartRegistry(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if !strings.Contains(errs.String(), "register schemas at http://"+address) {
		t.Errorf("nothing was said of the registry:\n%s", errs.String())
	}
	if s := statusOf(t, data); s.Documents != uint64(files) || s.Processing != 0 {
		t.Errorf("%d files: %+v", files, s)
	}
}
