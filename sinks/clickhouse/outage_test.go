package clickhouse

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

// faults stands between the sink and ClickHouse.
type faults struct {
	down  atomic.Bool  // no connection is answered
	lossy atomic.Int32 // per cent of answers that are lost after the work was done
	lost  atomic.Int32
}

func (f *faults) proxy(t *testing.T, dsn string) string {
	target, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := target.Path
	target.Path = ""
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.down.Load() {
			panic(http.ErrAbortHandler)
		}
		if rand.Int32N(100) < f.lossy.Load() {
			f.lost.Add(1)
			forward.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + database
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (d discard) WriteHeader(int)             {}

func TestDatabaseDown(t *testing.T) {
	b := newBench(t, 2)
	var f faults
	o := b.options()
	o.Database = f.proxy(t, b.dsn)
	f.down.Store(true) // even at the start
	sink := b.start(o)
	b.produce(b.samples(0, 100)...)
	time.Sleep(300 * time.Millisecond)
	if sink.Ready() {
		t.Error("ready without a database")
	}
	f.down.Store(false)
	b.drained()
	f.down.Store(true)
	b.produce(b.samples(100, 200)...)
	b.eventually("not ready", func() bool { return !sink.Ready() })
	time.Sleep(300 * time.Millisecond)
	b.wantSamples(100)
	f.down.Store(false)
	b.drained()
	b.wantSamples(200)
	b.eventually("ready", sink.Ready)
}

// An insert whose answer is lost is sent again.
func TestAnswersLost(t *testing.T) {
	b := newBench(t, 2)
	var f faults
	o := b.options()
	o.Linger = time.Millisecond
	o.Database = f.proxy(t, b.dsn)
	b.start(o)
	b.produce(b.samples(0, 10)...)
	b.drained()
	f.lossy.Store(40)
	for n := 10; n < 500; n += 10 {
		b.produce(b.samples(n, n+10)...)
		time.Sleep(5 * time.Millisecond)
	}
	b.drained()
	b.wantSamples(500)
	if f.lost.Load() == 0 {
		t.Error("no answer was lost")
	}
}

// Records that are gone before they were loaded end the sink.
func TestRetentionPassedBy(t *testing.T) {
	b := newBench(t, 1)
	b.produce(b.samples(0, 10)...)
	sink := b.start(b.options())
	b.drained()
	if err := sink.stop(); err != nil {
		t.Fatal(err)
	}
	b.produce(b.samples(10, 20)...)
	offsets, err := b.admin.ListEndOffsets(t.Context(), schemas.TopicSamples)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.admin.DeleteRecords(t.Context(), offsets.Offsets()); err != nil {
		t.Fatal(err)
	}
	b.produce(b.samples(20, 30)...)
	if err := b.start(b.options()).wait(); err == nil || !strings.Contains(err.Error(), "records are lost") {
		t.Errorf("ended with %v", err)
	}
}

// No sink starts from an offset that another tool has set; a reset goes on from
// there, or puts the group back to where it was.
func TestForeignCommits(t *testing.T) {
	b := newBench(t, 1)
	b.produce(b.samples(0, 10)...)
	sink := b.start(b.options())
	b.drained()
	sink.stop()

	committed := func() kadm.OffsetResponse {
		t.Helper()
		offsets, err := b.admin.FetchOffsets(t.Context(), Group)
		if err != nil {
			t.Fatal(err)
		}
		at, _ := offsets.Lookup(schemas.TopicSamples, 0)
		return at
	}
	own := committed()
	target := func(at int64, metadata string) kadm.Offsets {
		offsets := kadm.Offsets{}
		offsets.Add(kadm.Offset{Topic: schemas.TopicSamples, At: at, LeaderEpoch: -1, Metadata: metadata})
		return offsets
	}
	for _, c := range []struct {
		name      string
		by, reset int64 // from where the sink stood
		metadata  func() string
	}{
		{"back, as Kafka's own tool does", -10, -10, func() string { return "" }},
		{"back, then put back", -10, 0, func() string { return "" }},
		{"back with the metadata kept", -6, -6, func() string { return own.Metadata }},
		{"forward", 5, 0, func() string { return "" }},
		{"with metadata of its own", 0, -8, func() string { return "by hand" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := own.At + c.by
			b.produce(b.samples(int(own.At), int(own.At)+10)...)
			if err := b.admin.CommitAllOffsets(t.Context(), Group, target(at, c.metadata())); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- b.start(b.options()).wait() }()
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("offset %d was set by another tool", at)) || !strings.Contains(err.Error(), "vislang groups reset") {
					t.Errorf("the sink ended with %v", err)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("the sink runs")
			}
			b.wantSamples(int(own.At))
			if err := Reset(t.Context(), b.admin, b.dsn, target(own.At+c.reset, "")); err != nil {
				t.Fatal(err)
			}
			sink := b.start(b.options())
			b.drained()
			b.wantSamples(int(own.At) + 10)
			if err := sink.stop(); err != nil {
				t.Error(err)
			}
			own = committed()
		})
	}
}

func TestControlRecordsAmongOthers(t *testing.T) {
	b := newBench(t, 1)
	client := b.client(kgo.TransactionalID("t"))
	for n := range 20 {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), b.sample(n/2)).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(t.Context(), n%2 == 0); err != nil {
			t.Fatal(err)
		}
	}
	b.start(b.options())
	b.drained()
	b.wantSamples(10)
}

func FuzzIntent(f *testing.F) {
	f.Add(intent{Topic: "ab", Epoch: 1}.String(), int64(0))
	f.Add(intent{Topic: "ab", Epoch: 1, End: 9, Token: "t", Skip: []int64{0, 8}}.String(), int64(0))
	f.Add(`{"topic":"ab","end":3}`, int64(2))
	f.Add(`{"topic":"ab","at":2}`, int64(2))
	f.Fuzz(func(t *testing.T, metadata string, committed int64) {
		if committed < 0 {
			return
		}
		in, err := parseIntent(metadata, committed)
		if err != nil {
			return
		}
		if in.End != 0 && in.End <= committed {
			t.Errorf("range from %d to %d", committed, in.End)
		}
		for _, distance := range in.Skip {
			if !in.skips(committed, committed+distance) {
				t.Errorf("offset %d is not skipped", committed+distance)
			}
		}
		again, err := parseIntent(in.String(), committed)
		if err != nil || again.String() != in.String() {
			t.Errorf("%s, then %s (%v)", in, again, err)
		}
	})
}

// What keeps a record waiting is logged with its document.
func TestTroubleNamesTheDocument(t *testing.T) {
	away := errors.New("no route to the blob store")
	err := reject(away, schemas.Context{DocumentID: "2abc"}, 1)
	if !errors.Is(err, away) || !strings.Contains(err.Error(), "document 2abc") {
		t.Errorf("%v", err)
	}
	var why *rejection
	if errors.As(err, &why) {
		t.Error("an outage is no fault of the record")
	}
}
