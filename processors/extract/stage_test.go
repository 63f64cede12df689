package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/blob"
	"vislang/pkg/embedded/kafka"
	"vislang/pkg/pdf"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

func TestStage(t *testing.T) {
	broker, err := kafka.Start(t.Context(), kafka.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	registry, err := schemas.StartRegistry(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	codec := schemas.NewCodec(registry.Client())
	blobs, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	options := []kgo.Opt{kgo.SeedBrokers(broker.Addr())}
	client, err := kgo.NewClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopics(t.Context(), 1, 1, nil, schemas.TopicDocuments, schemas.TopicPages, schemas.TopicPageTexts, schemas.TopicFigures, schemas.TopicDeadLetters); err != nil {
		t.Fatal(err)
	}
	produce := func(doc schemas.Document) {
		value, err := codec.Encode(t.Context(), &doc)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: schemas.TopicDocuments, Key: []byte(doc.DocumentID), Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	document := func(id string, data []byte) schemas.Document {
		name, err := blobs.Put(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		return schemas.Document{DocumentID: id, URL: "https://example.org/" + id, FileName: id, SHA256: name, Bytes: int64(len(data)), FetchedAt: time.Now()}
	}
	produce(document("report.pdf", tinyPDF(textPage, drawn)))
	produce(document("photo.png", tinyPNG(t, true)))
	produce(document("long.txt", []byte(strings.Repeat("neno ", 200_000))))
	produce(document("empty.pdf", nil))
	produce(schemas.Document{DocumentID: "gone", URL: "https://example.org/gone", FetchError: "404", FetchedAt: time.Now()})
	produce(schemas.Document{DocumentID: "lost", URL: "https://example.org/lost", SHA256: strings.Repeat("0", 64), FetchedAt: time.Now()})

	pool := pdf.NewPool(pdf.Options{})
	defer pool.Close()
	stage := NewStage(codec, blobs, pool, nil, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan error)
	go func() {
		done <- stream.Run(ctx, stage, stream.Options{Kafka: options, Workers: 1, DeadLetter: processors.DeadLetters(codec)})
	}()
	for {
		lags, err := stream.Lags(ctx, admin, map[string][]string{stage.Name(): stage.Inputs()})
		if err != nil {
			t.Fatal(err)
		}
		if lag := lags[stage.Name()]; lag.Records == 0 && lag.End > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	texts, pages := map[string]*schemas.PageText{}, map[string]*schemas.Page{}
	readTopic(t, options, codec, schemas.TopicPageTexts, func(p *schemas.PageText) { texts[p.DocumentID] = p })
	readTopic(t, options, codec, schemas.TopicPages, func(p *schemas.Page) { pages[p.DocumentID] = p })
	if p := texts["report.pdf"]; p == nil || p.Page != 1 || p.Pages != 2 || len(p.Blocks) != 1 || p.Engine != pdf.Engine || p.Lines[0].X != 20 {
		t.Errorf("report.pdf: %+v", p)
	}
	if p := texts["long.txt"]; p == nil || p.BodyBlob == "" || schemas.Load(t.Context(), blobs, p) != nil || len(p.Blocks) != 1 {
		t.Errorf("long.txt has its body elsewhere: %+v", p.BodyBlob)
	}
	if p := pages["report.pdf"]; p == nil || p.Page != 2 || p.Reason != pdf.NoTextLayer {
		t.Errorf("report.pdf: %+v", p)
	} else if data, err := blobs.Get(t.Context(), p.Image); err != nil || len(data) == 0 {
		t.Errorf("the page's image: %v", err)
	}
	var figures []*schemas.Figure
	readTopic(t, options, codec, schemas.TopicFigures, func(f *schemas.Figure) { figures = append(figures, f) })
	sum := sha256.Sum256(tinyPNG(t, true))
	if len(figures) != 1 || figures[0].DocumentID != "photo.png" || figures[0].Image != hex.EncodeToString(sum[:]) || len(figures[0].FigureID) != 32 {
		t.Errorf("figures %+v", figures)
	}
	classes := map[string]string{}
	readTopic(t, options, codec, schemas.TopicDeadLetters, func(d *schemas.DeadLetter) { classes[d.DocumentID] = d.Class })
	for id, want := range map[string]string{"empty.pdf": "empty", "gone": "unreadable", "lost": "missing_blob"} {
		if classes[id] != want {
			t.Errorf("%s: dead letter of class %q, want %q", id, classes[id], want)
		}
	}
	if len(classes) != 3 {
		t.Errorf("dead letters %v", classes)
	}
}

func readTopic[T any](t *testing.T, options []kgo.Opt, codec *schemas.Codec, topic string, fn func(*T)) {
	t.Helper()
	err := stream.ReadToEnd(t.Context(), options, topic, 0, func(r *kgo.Record) {
		rec, err := schemas.Decode[T](t.Context(), codec, r.Value)
		if err != nil {
			t.Fatal(err)
		}
		fn(rec)
	})
	if err != nil {
		t.Fatal(err)
	}
}
