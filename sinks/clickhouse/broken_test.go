package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

// Verify returns the kinds of what verify finds in a topic. This package cannot
// import verify; its external tests set it.
var Verify func(ctx context.Context, kafka kgo.Opt, database string, codec *schemas.Codec, topic string) ([]string, error)

// cutter passes connections on to ClickHouse. It cuts one that carries an
// insert when the answer comes: the rows have landed and the sink does not know.
func cutter(t *testing.T, dsn string, cuts *atomic.Int32) string {
	t.Helper()
	target, database, _ := strings.Cut(strings.TrimPrefix(dsn, "http://"), "/")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			var inserting atomic.Bool
			go pass(server, client, func(data []byte) bool {
				if bytes.Contains(data, []byte("insert_deduplicate=")) {
					inserting.Store(true)
				}
				return true
			})
			go pass(client, server, func([]byte) bool { return !inserting.Swap(false) || cuts.Add(-1) < 0 })
		}
	}()
	return "http://" + listener.Addr().String() + "/" + database
}

// pass copies until one side ends or allowed says no, then closes both.
func pass(to, from net.Conn, allowed func([]byte) bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !allowed(buffer[:n]) {
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// What holds with the whole design fails without a part of it, and verify says
// so. Each case has a topic of its own.
func TestWithoutAPart(t *testing.T) {
	b := newBench(t, 1)
	broken := func(token, order bool) func(*Options) {
		return func(o *Options) { o.without.token, o.without.order = token, order }
	}
	for _, c := range []struct {
		name, topic, table string
		record             any
		breakIt            func(*Options)
		crash              bool // before the insert, else the answer is cut off
		rows               uint64
		want               []string
	}{
		{"answer cut off", schemas.TopicSamples, "all_samples", &schemas.Sample{}, broken(false, false), false, 20, nil},
		{"answer cut off, no token", schemas.TopicFigures, "all_figures", &schemas.Figure{}, broken(true, false), false, 40, []string{"double"}},
		{"answer cut off, window 0", schemas.TopicBitext, "all_bitext", &schemas.Bitext{}, func(*Options) {
			if err := b.conn.Exec(t.Context(), "ALTER TABLE all_bitext MODIFY SETTING non_replicated_deduplication_window = 0"); err != nil {
				t.Fatal(err)
			}
		}, false, 40, []string{"double"}},
		{"crash", schemas.TopicMatches, "all_matches", &schemas.Match{}, broken(false, false), true, 20, nil},
		{"crash, commit before insert", schemas.TopicDocuments, "fetches", &schemas.Document{}, broken(false, true), true, 0, []string{"gap"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var records []*kgo.Record
			for range 20 {
				records = append(records, b.encoded(c.topic, c.record))
			}
			b.produce(records...)
			var cuts atomic.Int32
			o := b.options()
			c.breakIt(&o)
			if c.crash {
				o.hook = func(point string) error {
					if point == "announced" {
						return errCrash
					}
					return nil
				}
				if err := b.start(o).wait(); !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
				o = b.options()
			} else {
				cuts.Store(1)
				o.Database = cutter(t, b.dsn, &cuts)
			}
			sink := b.start(o)
			b.drained()
			var dropped dto.Metric
			if err := sink.metrics.dropped.Write(&dropped); err != nil {
				t.Fatal(err)
			}
			if err := sink.stop(); err != nil {
				t.Error(err)
			}
			if !c.crash && cuts.Load() > 0 {
				t.Error("no answer was cut off")
			}
			if rows := b.count(fmt.Sprintf("SELECT count() FROM %s", c.table)); rows != c.rows {
				t.Errorf("%d rows, want %d", rows, c.rows)
			}
			kinds, err := Verify(t.Context(), b.seeds, b.dsn, b.codec, c.topic)
			if err != nil {
				t.Fatal(err)
			}
			if kinds = slices.Compact(kinds); !slices.Equal(kinds, c.want) {
				t.Errorf("verify finds %v, want %v", kinds, c.want)
			}
			if !c.crash && c.want == nil && dropped.GetCounter().GetValue() != 1 {
				t.Errorf("%v blocks dropped as doubles, want 1", dropped.GetCounter().GetValue())
			}
		})
	}
}
