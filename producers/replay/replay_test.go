package replay

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/schemas"
)

// bench is a Kafka with dead letters in it.
type bench struct {
	*testing.T
	o Options
}

func newBench(t *testing.T) *bench {
	t.Helper()
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, schemas.TopicDocuments, schemas.TopicPages, schemas.TopicTexts, schemas.TopicMatches),
		kfake.SeedTopics(1, schemas.TopicDeadLetters, StateTopic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	registry, err := schemas.StartRegistry(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	return &bench{t, Options{Kafka: []kgo.Opt{kgo.SeedBrokers(kafka.ListenAddrs()...)}, Codec: schemas.NewCodec(registry.Client())}}
}

func (b *bench) encode(rec any) []byte {
	b.Helper()
	value, err := b.o.Codec.Encode(b.Context(), rec)
	if err != nil {
		b.Fatal(err)
	}
	return value
}

func (b *bench) produce(records ...*kgo.Record) {
	b.Helper()
	client, err := kgo.NewClient(append(b.o.Kafka, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytesFn(schemas.BatchBytes))...)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) letters(letters ...schemas.DeadLetter) {
	b.Helper()
	for _, l := range letters {
		b.produce(&kgo.Record{Topic: schemas.TopicDeadLetters, Value: b.encode(&l)})
	}
}

func (b *bench) open() *Replayer {
	b.Helper()
	r, err := Open(b.Context(), b.o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(r.Close)
	return r
}

// committed are the committed records of a topic.
func (b *bench) committed(topic string) []*kgo.Record {
	b.Helper()
	var all []*kgo.Record
	if err := readTopic(b.Context(), b.o.Kafka, topic, func(rec *kgo.Record) error { all = append(all, rec); return nil }); err != nil {
		b.Fatal(err)
	}
	return all
}

func (b *bench) states() []string {
	b.Helper()
	var states []string
	if err := Read(b.Context(), b.o, Filter{}, func(l *Letter) error { states = append(states, l.State.State); return nil }); err != nil {
		b.Fatal(err)
	}
	return states
}

var failed = time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)

// whole is the letter of a page that failed whole.
func (b *bench) whole(offset int64) schemas.DeadLetter {
	return schemas.DeadLetter{
		SourceTopic: schemas.TopicPages, SourcePartition: 2, SourceOffset: offset, SourceTimestamp: failed,
		Stage: "ocr", Class: "undecodable", Attempts: 3, FirstFailedAt: failed, FailedAt: failed.Add(time.Hour),
		Key: []byte("k"), Value: []byte("not Avro"), Headers: []schemas.Header{{Key: "stage_version", Value: []byte("v1")}},
	}
}

func header(rec *kgo.Record) func(string) []byte {
	return func(key string) []byte {
		for _, h := range rec.Headers {
			if h.Key == key {
				return h.Value
			}
		}
		return nil
	}
}

func TestAWholeRecordIsWrittenAgainOnce(t *testing.T) {
	b := newBench(t)
	b.letters(b.whole(7), b.whole(8))
	b.letters(b.whole(7)) // as the sink does after a reset
	for range 2 {
		if _, err := b.open().Replay(t.Context(), Filter{IDs: []string{"pages/2/7"}}); err != nil {
			t.Fatal(err)
		}
	}
	records := b.committed(schemas.TopicPages)
	if len(records) != 1 {
		t.Fatalf("%d records written, want 1", len(records))
	}
	rec := records[0]
	if rec.Partition != 2 || string(rec.Key) != "k" || string(rec.Value) != "not Avro" || string(header(rec)("stage_version")) != "v1" {
		t.Errorf("written: %d %q %q %v", rec.Partition, rec.Key, rec.Value, rec.Headers)
	}
	want := stream.Replay{Stage: "ocr", Attempts: 3, First: failed, Origin: "pages/2/7"}
	if got := stream.ReplayOf(header(rec)); got != want {
		t.Errorf("headers say %+v, want %+v", got, want)
	}
	if got := b.states(); !slices.Equal(got, []string{StateReplayed, StateOpen, StateReplayed}) {
		t.Errorf("states: %v", got)
	}
	// It fails again: its new letter goes the same way, and keeps its origin.
	again := b.whole(9)
	for _, h := range rec.Headers {
		again.Headers = append(again.Headers, schemas.Header(h))
	}
	again.Attempts = 4
	b.letters(again)
	if _, err := b.open().Replay(t.Context(), Filter{IDs: []string{"pages/2/9"}}); err != nil {
		t.Fatal(err)
	}
	rec = b.committed(schemas.TopicPages)[1]
	want.Attempts = 4
	if got := stream.ReplayOf(header(rec)); got != want || len(rec.Headers) != 5+1 {
		t.Errorf("the second time, headers say %+v (%d), want %+v", got, len(rec.Headers), want)
	}
}

func TestPartsOfADocumentBeginItAgainOnce(t *testing.T) {
	b := newBench(t)
	doc := &schemas.Document{DocumentID: "d", URL: "u", FetchedAt: failed}
	b.produce(&kgo.Record{Topic: schemas.TopicDocuments, Partition: 1, Key: []byte("d"), Value: b.encode(doc), Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte("t")}}})
	for page := range int32(3) {
		l := b.whole(int64(page))
		l.Partial, l.DocumentID, l.Page, l.Attempts = true, "d", page+1, page+1
		if page == 2 {
			// The first version did not say that a page fails in part.
			l.Partial, l.SourceTimestamp = false, time.Time{}
		}
		b.letters(l)
	}
	lost := b.whole(9)
	lost.Partial, lost.DocumentID = true, "lost"
	b.letters(lost)

	dry, err := Plan(t.Context(), b.o, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := b.open().Replay(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.As != dry[i].As || (o.As == AsDocument) != (i < 3) || (o.Problem != "") != (i == 3) {
			t.Errorf("letter %d: planned %+v, done %+v", i, dry[i], o)
		}
	}
	if got := b.states(); !slices.Equal(got, []string{StateReplayed, StateReplayed, StateReplayed, StateOpen}) {
		t.Errorf("states: %v", got)
	}
	records := b.committed(schemas.TopicDocuments)
	if len(records) != 2 || records[1].Partition != 1 || string(records[1].Key) != "d" || string(header(records[1])("trace")) != "t" {
		t.Fatalf("documents: %v", records)
	}
	begun, err := schemas.Decode[schemas.Document](t.Context(), b.o.Codec, records[1].Value)
	if err != nil {
		t.Fatal(err)
	}
	if begun.Revision != outcomes[0].Revision || begun.Revision < failed.UnixMilli() {
		t.Errorf("revision %d, outcome says %d", begun.Revision, outcomes[0].Revision)
	}
	begun.Revision = 0
	if !reflect.DeepEqual(begun, doc) {
		t.Errorf("document %+v became %+v", doc, begun)
	}
	replay := stream.ReplayOf(header(records[1]))
	if !replay.For("extract") || replay.For("clickhouse") || replay.Origin != "documents/1/0" {
		t.Errorf("headers: %+v", replay)
	}
	in := stream.Record{Headers: []stream.Header{{Key: stream.HeaderEarlier, Value: header(records[1])(stream.HeaderEarlier)}}}
	if e := stream.EarlierOf(in, "ocr", 2); e.Attempts != 2 || !e.First.Equal(failed) {
		t.Errorf("earlier failures of page 2: %+v", e)
	}
	if _, _, err := b.open().Documents(t.Context(), []string{"d"}); err != nil || len(b.committed(schemas.TopicDocuments)) != 3 {
		t.Errorf("begin a document again: %v", err)
	}
}

func TestAKillInTheMiddleDoublesNothing(t *testing.T) {
	b := newBench(t)
	for n := range 3 {
		b.letters(b.whole(int64(n)))
	}
	killed := errors.New("killed")
	b.o.hook = func() error { return killed }
	if _, err := b.open().Replay(t.Context(), Filter{}); !errors.Is(err, killed) {
		t.Fatal(err)
	}
	b.o.hook = nil
	next := b.open()
	if n := len(b.committed(schemas.TopicPages)); n != 0 {
		t.Errorf("%d records of the open transaction are committed", n)
	}
	if _, err := next.Replay(t.Context(), Filter{}); err != nil {
		t.Fatal(err)
	}
	if n := len(b.committed(schemas.TopicPages)); n != 3 {
		t.Errorf("%d records of 3 letters", n)
	}
}

func TestTwoAtOnceDoubleNothing(t *testing.T) {
	b := newBench(t)
	b.letters(b.whole(1))
	first, second := b.open(), b.open()
	if _, err := second.Replay(t.Context(), Filter{}); err != nil {
		t.Fatal(err)
	}
	if out, err := first.Replay(t.Context(), Filter{}); err == nil && len(out) > 0 {
		t.Error("the first replayed after the second had taken over")
	}
	if n := len(b.committed(schemas.TopicPages)); n != 1 {
		t.Errorf("%d records of 1 letter", n)
	}
	// And if it had read the states before.
	b.letters(b.whole(2))
	third, fourth := b.open(), b.open()
	if err := third.add(t.Context(), &kgo.Record{Topic: schemas.TopicPages, Value: []byte("late")}); err != nil {
		t.Fatal(err)
	}
	if _, err := fourth.Replay(t.Context(), Filter{}); err != nil {
		t.Fatal(err)
	}
	if err := third.commit(t.Context()); err == nil {
		t.Error("a replayer commits after another has taken over")
	}
	if n := len(b.committed(schemas.TopicPages)); n != 2 {
		t.Errorf("%d records of 2 letters", n)
	}
}

func TestDiscard(t *testing.T) {
	b := newBench(t)
	b.letters(b.whole(1), b.whole(2))
	b.produce(&kgo.Record{Topic: schemas.TopicDeadLetters, Value: []byte("no letter")})
	r := b.open()
	if _, err := r.Discard(t.Context(), Filter{IDs: []string{"0/0", "2"}}, "because"); err != nil {
		t.Fatal(err)
	}
	if got := b.states(); !slices.Equal(got, []string{StateDiscarded, StateOpen, StateDiscarded}) {
		t.Errorf("states: %v", got)
	}
	outcomes, err := r.Replay(t.Context(), Filter{})
	if err != nil || len(outcomes) != 1 || outcomes[0].Source != "pages/2/2" {
		t.Errorf("replayed %v, %v; want the open one", outcomes, err)
	}
	err = Read(t.Context(), b.o, Filter{State: StateDiscarded}, func(l *Letter) error {
		if l.State.Reason != "because" {
			t.Errorf("reason %q", l.State.Reason)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFilter(t *testing.T) {
	l := &Letter{Partition: 0, Offset: 17, State: State{State: StateOpen}, DeadLetter: schemas.DeadLetter{
		SourceTopic: "pages", SourcePartition: 3, SourceOffset: 120, Stage: "ocr", Class: "timeout", DocumentID: "d", FailedAt: failed,
	}}
	for _, test := range []struct {
		f    Filter
		want bool
	}{
		{Filter{}, true},
		{Filter{IDs: []string{"0/17"}}, true},
		{Filter{IDs: []string{"4", "17"}}, true},
		{Filter{IDs: []string{"pages/3/120"}}, true},
		{Filter{IDs: []string{"1/17"}}, false},
		{Filter{Stage: "ocr", Class: "timeout", Topic: "pages", Document: "d", State: StateOpen}, true},
		{Filter{Stage: "extract"}, false},
		{Filter{Class: "crashed"}, false},
		{Filter{Topic: "texts"}, false},
		{Filter{Document: "e"}, false},
		{Filter{State: StateReplayed}, false},
		{Filter{Since: failed, Until: failed.Add(1)}, true},
		{Filter{Since: failed.Add(1)}, false},
		{Filter{Until: failed}, false},
	} {
		if got := test.f.Match(l); got != test.want {
			t.Errorf("%+v: %v", test.f, got)
		}
	}
	for id, fit := range map[string]bool{"17": true, "0/17": true, "page-texts/0/17": true, "": false, "x": false, "0/x": false, "-1": false, "a/b/c/1": false, "pages/1": false} {
		if err := (&Filter{IDs: []string{id}}).Check(); (err == nil) != fit {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

// A match is about two documents: a reset of align begins both again.
func TestDocumentsInARange(t *testing.T) {
	b := newBench(t)
	text := schemas.Text{Context: schemas.Context{DocumentID: "a", Pages: 1}, Language: "eng_Latn"}
	match := schemas.Match{MatchID: "m", SourceDocumentID: "b", TargetDocumentID: "c", SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn", State: schemas.MatchDeclared}
	b.produce(
		&kgo.Record{Topic: schemas.TopicTexts, Value: b.encode(&text)},
		&kgo.Record{Topic: schemas.TopicMatches, Value: b.encode(&match)},
		&kgo.Record{Topic: schemas.TopicMatches, Value: []byte("no record")},
	)
	ids := map[string]bool{}
	for topic, end := range map[string]int64{schemas.TopicTexts: 1, schemas.TopicMatches: 2} {
		if err := DocumentsIn(t.Context(), b.o, "align", Range{Topic: topic, To: end}, ids); err != nil {
			t.Fatal(err)
		}
	}
	if want := map[string]bool{"a": true, "b": true, "c": true}; !reflect.DeepEqual(ids, want) {
		t.Errorf("documents %v, want %v", ids, want)
	}
}
