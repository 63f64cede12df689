package clickhouse

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/schemas"
)

func TestOffsetHash(t *testing.T) {
	_, conn := database(t)
	for _, offset := range []int64{0, 1, 2, 65535, 1 << 40, 1<<63 - 1} {
		if want := one[uint64](t, conn, fmt.Sprintf("SELECT intHash64(toInt64(%d))", offset)); OffsetHash(offset) != want {
			t.Errorf("%d: %x, ClickHouse has %x", offset, OffsetHash(offset), want)
		}
	}
}

// The counters of the commits agree with the tables, also after crashes, and
// replays for other stages make no rows.
func TestCounters(t *testing.T) {
	b := newBench(t, 1)
	text := &schemas.Text{Blocks: []schemas.Block{{Page: 1, Text: "a b"}, {Page: 2, Text: "c"}}, Sentences: make([]schemas.Sentence, 3)}
	replay := func(stage string) *kgo.Record {
		rec := b.encoded(schemas.TopicTexts, text)
		rec.Headers = []kgo.RecordHeader{{Key: stream.HeaderReplayStage, Value: []byte(stage)}}
		return rec
	}
	b.produce(b.encoded(schemas.TopicTexts, text), &kgo.Record{Topic: schemas.TopicTexts, Value: []byte("bad")}, replay("align"), replay(Group))
	crashes := map[string]bool{"announced": true, "inserted": true}
	for range 3 {
		o := b.options()
		o.hook = func(point string) error {
			if crashes[point] {
				delete(crashes, point)
				return errCrash
			}
			return nil
		}
		sink := b.start(o)
		b.eventually("all is loaded, or a crash", func() bool { return b.lag() == 0 || sink.killed.Err() != nil })
		sink.stop()
	}
	b.produce(b.encoded(schemas.TopicTexts, text))
	b.start(b.options())
	b.drained()
	offsets, err := b.admin.FetchOffsets(t.Context(), Group)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := offsets.Lookup(schemas.TopicTexts, 0)
	in, err := parseIntent(at.Metadata, at.At)
	if err != nil {
		t.Fatal(err)
	}
	want := Counters{Rows: 3, Rejected: 1, Sum: b.count("SELECT sum(intHash64(offset)) FROM texts")}
	if in.Counters == nil || *in.Counters != want {
		t.Errorf("%+v, want %+v", in.Counters, want)
	}
	if n := b.count("SELECT count() FROM texts"); n != 3 {
		t.Errorf("%d texts", n)
	}
}
