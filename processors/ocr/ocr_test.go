package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"vislang/pkg/blob"
	"vislang/pkg/embedded/kafka"
	"vislang/pkg/ocr"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

func TestMain(m *testing.M) {
	ocr.ChildMain()
	os.Exit(m.Run())
}

// picture draws lines of text.
func picture(t *testing.T, lines ...string) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 700, 80+50*len(lines)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 30, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	drawer := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face}
	for i, line := range lines {
		drawer.Dot = fixed.P(40, 60+50*i)
		drawer.DrawString(line)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// engines are a broker, a registry, a blob store and a pool.
type engines struct {
	kafka  []kgo.Opt
	client *kgo.Client
	codec  *schemas.Codec
	blobs  *blob.Store
}

func start(t *testing.T) engines {
	t.Helper()
	broker, err := kafka.Start(t.Context(), kafka.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	registry, err := schemas.StartRegistry(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	e := engines{kafka: []kgo.Opt{kgo.SeedBrokers(broker.Addr())}, codec: schemas.NewCodec(registry.Client())}
	if e.blobs, err = blob.Open(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if e.client, err = kgo.NewClient(e.kafka...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.client.Close)
	if _, err := kadm.NewClient(e.client).CreateTopics(t.Context(), 2, 1, nil, schemas.TopicPages, schemas.TopicPageTexts, schemas.TopicDeadLetters); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e engines) produce(t *testing.T, page schemas.Page) {
	t.Helper()
	value, err := e.codec.Encode(t.Context(), &page)
	if err != nil {
		t.Fatal(err)
	}
	key := fmt.Sprintf("%s/%d", page.DocumentID, page.Page)
	if err := e.client.ProduceSync(t.Context(), &kgo.Record{Topic: schemas.TopicPages, Key: []byte(key), Value: value}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// run lets the stage work until it has read all pages, and returns what it
// wrote, by page.
func (e engines) run(t *testing.T, pool Recognizer) (map[int32]*schemas.PageText, map[int32]*schemas.DeadLetter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stage := New(Options{Codec: e.codec, Blobs: e.blobs, Pool: pool})
	done := make(chan error)
	go func() {
		done <- stream.Run(ctx, stage, stream.Options{Kafka: e.kafka, Workers: 2, DeadLetter: processors.DeadLetters(e.codec)})
	}()
	admin := kadm.NewClient(e.client)
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
	texts, letters := map[int32]*schemas.PageText{}, map[int32]*schemas.DeadLetter{}
	for partition := range int32(2) {
		read(t, e, schemas.TopicPageTexts, partition, func(p *schemas.PageText) { texts[p.Page] = p })
		read(t, e, schemas.TopicDeadLetters, partition, func(d *schemas.DeadLetter) { letters[d.Page] = d })
	}
	return texts, letters
}

func read[T any](t *testing.T, e engines, topic string, partition int32, fn func(*T)) {
	t.Helper()
	err := stream.ReadToEnd(t.Context(), e.kafka, topic, partition, func(r *kgo.Record) {
		rec, err := schemas.Decode[T](t.Context(), e.codec, r.Value)
		if err != nil {
			t.Fatal(err)
		}
		fn(rec)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStage(t *testing.T) {
	e := start(t)
	pool, err := ocr.NewPool(ocr.Options{Children: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	put := func(data []byte) string {
		name, err := e.blobs.Put(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	page := func(n int32, image string, languages ...string) schemas.Page {
		return schemas.Page{
			Context: schemas.Context{DocumentID: "doc", URL: "https://example.org/scan.pdf", Languages: languages, Pages: 4},
			Page:    n, Image: image, MediaType: "image/png", Width: 700, Height: 180, DPI: 150, Provenance: schemas.Provenance{Reason: "no_text_layer"},
		}
	}
	e.produce(t, page(1, put(picture(t, "The rains came late this year, so the har-", "vest was small in most of the villages")), "en"))
	e.produce(t, page(2, put([]byte("no picture")), "en"))
	e.produce(t, page(3, strings.Repeat("0", 64), "en"))
	e.produce(t, page(4, put(picture(t, "Any text")), "nqo"))
	texts, letters := e.run(t, pool)

	if len(texts) != 4 || len(letters) != 3 {
		t.Fatalf("%d page texts, %d dead letters", len(texts), len(letters))
	}
	read := texts[1]
	if len(read.Blocks) == 0 || read.Blocks[0].Text != "The rains came late this year, so the harvest was small in most of the villages" || read.Blocks[0].Kind != schemas.BlockParagraph {
		t.Errorf("blocks %+v", read.Blocks)
	}
	if read.TextSource != schemas.SourceOCR || read.Confidence < 0.8 || read.Width != 700 || read.Height != 180 || !strings.HasSuffix(read.Engine, " eng") || read.URL != "https://example.org/scan.pdf" {
		t.Errorf("%+v", read)
	}
	if len(read.Lines) != 2 || read.Lines[1].Text != "vest was small in most of the villages" || read.Lines[1].Y < 80 || read.Lines[1].Height < 15 || read.Lines[1].Confidence < 0.8 {
		t.Errorf("lines %+v", read.Lines)
	}
	for n, class := range map[int32]string{2: "corrupt", 3: "missing_blob", 4: "no_model"} {
		if letters[n] == nil || letters[n].Class != class || letters[n].DocumentID != "doc" || letters[n].Attempts != 1 {
			t.Errorf("page %d: dead letter %+v", n, letters[n])
		}
		if p := texts[n]; p.TextSource != schemas.SourceNone || p.Failure == "" || p.Pages != 4 || len(p.Lines) != 0 {
			t.Errorf("page %d: %+v", n, p)
		}
	}
}

// weary is a pool whose processes cannot be started at first.
type weary struct {
	Recognizer
	refusals int
}

func (w *weary) Recognize(ctx context.Context, image []byte, hints ocr.Hints) (*ocr.Page, error) {
	if w.refusals > 0 {
		w.refusals--
		return nil, errors.New("start OCR process: resource temporarily unavailable")
	}
	return w.Recognizer.Recognize(ctx, image, hints)
}

func TestStageWaitsForProcesses(t *testing.T) {
	e := start(t)
	pool, err := ocr.NewPool(ocr.Options{Children: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	name, err := e.blobs.Put(t.Context(), picture(t, "Still here"))
	if err != nil {
		t.Fatal(err)
	}
	e.produce(t, schemas.Page{Context: schemas.Context{DocumentID: "doc", Languages: []string{"en"}, Pages: 1}, Page: 1, Image: name})
	texts, letters := e.run(t, &weary{pool, 5})
	if len(letters) != 0 || len(texts) != 1 || texts[1].Blocks[0].Text != "Still here" {
		t.Errorf("%+v, %+v", texts, letters)
	}
}
