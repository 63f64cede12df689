package clickhouse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

func TestLoads(t *testing.T) {
	b := newBench(t, 3)
	const n = 1000
	b.produce(b.samples(0, n)...)
	sink := b.start(b.options())
	b.drained()
	b.wantSamples(n)
	if !sink.Ready() {
		t.Error("not ready")
	}
	if err := sink.stop(); err != nil {
		t.Error(err)
	}
	b.produce(b.sample(n))
	b.start(b.options())
	b.drained()
	b.wantSamples(n + 1)
}

// A sink that dies at any point leaves what the next one needs.
func TestCrash(t *testing.T) {
	for _, point := range []string{"announced", "inserted"} {
		t.Run(point, func(t *testing.T) {
			b := newBench(t, 2)
			const n = 300
			b.produce(b.samples(0, n)...)
			o := b.options()
			var calls atomic.Int32
			o.hook = func(at string) error {
				if at == point && calls.Add(1) == 1 {
					return errCrash
				}
				return nil
			}
			if err := b.start(o).wait(); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			// More records must not change the batch that is repeated.
			b.produce(b.samples(n, n+100)...)
			b.start(b.options())
			b.drained()
			b.wantSamples(n + 100)
		})
	}
}

func TestRandomCrashes(t *testing.T) {
	b := newBench(t, 4)
	const n = 3000
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		client := b.client()
		for i := 0; i < n; i += 10 {
			if err := client.ProduceSync(b.Context(), b.samples(i, i+10)...).FirstErr(); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	crashes := 0
	for started := time.Now(); time.Since(started) < 5*time.Second; crashes++ {
		o := b.options()
		o.Linger = time.Millisecond
		o.hook = func(string) error {
			if rand.IntN(20) == 0 {
				return errCrash
			}
			return nil
		}
		sink := b.start(o)
		select {
		case <-sink.done:
			sink.done <- nil
		case <-time.After(time.Second):
			sink.stop()
		}
	}
	<-produced
	b.start(b.options())
	b.drained()
	b.wantSamples(n)
	t.Logf("%d crashes", crashes)
	if crashes < 3 {
		t.Errorf("only %d crashes", crashes)
	}
}

func TestTwoSinksShare(t *testing.T) {
	b := newBench(t, 6)
	var n atomic.Int32
	stop := make(chan struct{})
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		client := b.client()
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if err := client.ProduceSync(b.Context(), b.sample(int(n.Add(1))-1)).FirstErr(); err != nil {
				t.Error(err)
			}
		}
	}()
	first := b.start(b.options())
	b.eventually("first sink loads", func() bool { return len(first.all()) > 0 })
	second := b.start(b.options())
	b.eventually("both have partitions", func() bool {
		return len(second.all()) >= 18 && len(first.all())+len(second.all()) == 6*len(Topics())
	})
	if err := first.stop(); err != nil {
		t.Error(err)
	}
	b.eventually("second sink has all", func() bool { return len(second.all()) == 6*len(Topics()) })
	close(stop)
	<-produced
	b.drained()
	b.wantSamples(int(n.Load()))
}

// Aborted transactions leave nothing but markers.
func TestControlRecordsOnly(t *testing.T) {
	b := newBench(t, 1)
	client := b.client(kgo.TransactionalID("t"))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(t.Context(), b.sample(0)).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	b.start(b.options())
	b.drained()
	b.wantSamples(0)
}

func TestRejected(t *testing.T) {
	for _, point := range []string{"", "announced", "inserted"} {
		t.Run("crash "+point, func(t *testing.T) {
			b := newBench(t, 1)
			records := b.samples(0, 100)
			bad := &kgo.Record{Topic: schemas.TopicSamples, Key: []byte("k"), Value: []byte("no Avro"), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}}
			other := b.encoded(schemas.TopicSamples, &schemas.Figure{FigureID: "1"})
			lost := b.encoded(schemas.TopicTexts, &schemas.Text{Context: schemas.Context{DocumentID: "d", URL: "u"}, BodyBlob: fmt.Sprintf("%064d", 0)})
			b.produce(append(append(records[:50:50], bad, other), append(records[50:], lost)...)...)
			if point != "" {
				o := b.options()
				o.hook = func(at string) error {
					if at == point {
						return errCrash
					}
					return nil
				}
				if err := b.start(o).wait(); !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
			}
			b.start(b.options())
			b.drained()
			b.wantSamples(100)
			if n := b.count("SELECT count() FROM deadletters"); n != 3 {
				t.Errorf("%d dead letters", n)
			}
			if n := b.count("SELECT count() FROM deadletters WHERE stage = 'clickhouse' AND source_topic = 'samples' AND source_offset = 50 AND class = 'corrupt' AND key = 'k' AND value_bytes = 7 AND error != ''"); n != 1 {
				t.Error("no dead letter of the bytes that are no Avro")
			}
			if n := b.count("SELECT count() FROM deadletters WHERE source_topic = 'samples' AND source_offset = 51 AND class = 'schema'"); n != 1 {
				t.Error("no dead letter of the other record")
			}
			if n := b.count("SELECT count() FROM deadletters WHERE source_topic = 'texts' AND class = 'missing_blob' AND document_id = 'd' AND url = 'u'"); n != 1 {
				t.Error("no dead letter of the text without body")
			}
		})
	}
}

func TestRejectedDeadLetter(t *testing.T) {
	b := newBench(t, 1)
	b.produce(&kgo.Record{Topic: schemas.TopicDeadLetters, Value: []byte("no Avro")})
	b.start(b.options())
	b.drained()
	if n := b.count("SELECT count() FROM deadletters WHERE source_topic = 'deadletters' AND class = 'corrupt'"); n != 1 {
		t.Errorf("%d rows", n)
	}
}
