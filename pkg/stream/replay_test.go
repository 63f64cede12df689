package stream

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A record that was written again is handled by the stage that it is meant
// for, and earlier attempts at it count.
func TestAReplayIsForOneStage(t *testing.T) {
	kafka, client := start(t, t.TempDir())
	first := time.UnixMilli(1_700_000_000_000).UTC()
	failures := make(chan Failed, 10)
	again := func(stage, word string) {
		rec := &kgo.Record{Topic: "words", Key: []byte(word), Value: []byte(word)}
		for _, h := range (Replay{Stage: stage, Attempts: 4, First: first, Origin: "words/0/0"}).Headers() {
			rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		if word == "carried" {
			rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: HeaderEarlier, Value: []byte("[]")})
		}
		if err := client.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	again("other", "passed")
	again("other", "poison")
	again("counter", "poison")
	again("counter", "carried")
	produce(t, client, "poison")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, &counter{}, Options{Kafka: kafka, DeadLetter: func(_ context.Context, f Failed) (string, []byte, []byte, error) {
			failures <- f
			return "deadletters", nil, nil, nil
		}})
	}()
	waitIdle(t, client)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	close(failures)
	var attempts []int
	for f := range failures {
		attempts = append(attempts, f.Attempts)
		if f.Partial || (f.Attempts == 5) != f.First.Equal(first) {
			t.Errorf("%+v", f)
		}
	}
	if len(attempts) != 2 || attempts[0]+attempts[1] != 5+1 {
		t.Errorf("attempts at the failed records: %v, want 4 + 1 and 1", attempts)
	}
	counts := 0
	for p := range int32(3) {
		err := ReadToEnd(t.Context(), kafka, "counts", p, func(rec *kgo.Record) {
			counts++
			carried := Record{}
			for _, h := range rec.Headers {
				carried.Headers = append(carried.Headers, Header{h.Key, h.Value})
			}
			if string(rec.Key) != "carried" || carried.Header(HeaderEarlier) == nil || carried.Header(HeaderReplayStage) != nil {
				t.Errorf("written: %q with %v", rec.Key, rec.Headers)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if counts != 1 {
		t.Errorf("%d records written, want the one of the stage's own replay", counts)
	}
}

func TestEarlierFailuresOfAPart(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	in := Record{Headers: []Header{{HeaderEarlier, EncodeEarlier([]Earlier{
		{"ocr", 3, 2, at.Add(time.Hour)}, {"ocr", 3, 5, at}, {"ocr", 4, 9, at}, {"align", 3, 9, at},
	})}}}
	if e := EarlierOf(in, "ocr", 3); e.Attempts != 5 || !e.First.Equal(at) {
		t.Errorf("page 3: %+v", e)
	}
	for _, none := range []Record{{}, {Headers: []Header{{HeaderEarlier, []byte("{")}}}} {
		if e := EarlierOf(none, "ocr", 3); e.Attempts != 0 {
			t.Errorf("%v: %+v", none.Headers, e)
		}
	}
}
