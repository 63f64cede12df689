package clickhouse

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/twmb/franz-go/pkg/kadm"

	"vislang/schemas"
)

// late keeps the inserts of a sink back. They reach ClickHouse when they are let
// go, whatever became of the sink: like those of a process that was stopped in
// the middle of them and wakes, or of one that died behind a slow network.
type late struct {
	target string
	mu     sync.Mutex
	kept   map[string][]byte // bodies by address
}

func keepInserts(t *testing.T, dsn string) (*late, string) {
	target, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := target.Path
	target.Path = ""
	l := &late{target: target.String(), kept: map[string][]byte{}}
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("insert_deduplication_token") {
			forward.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err == nil {
			l.mu.Lock()
			l.kept[r.URL.RequestURI()] = body
			l.mu.Unlock()
		}
		<-r.Context().Done() // no answer
	}))
	t.Cleanup(server.Close)
	return l, server.URL + database
}

func (l *late) tables() (tables []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for address := range l.kept {
		at, _ := url.Parse(address)
		tables = append(tables, strings.Fields(at.Query().Get("query"))[2])
	}
	return tables
}

func (l *late) letGo(t *testing.T) {
	t.Helper()
	for address, body := range l.kept {
		answer, err := http.Post(l.target+address, "application/octet-stream", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", answer.Status, text)
		}
	}
}

// An insert that comes after its batch was reset, because its sink was stopped
// before it was sent, makes no rows: not in an emptied table, and not beside
// those that were loaded again.
func TestLateInsertAfterReset(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, twice bool // the sink loads again before; the reset is repeated
	}{{"into the emptied tables", false, false}, {"beside rows loaded again", true, false}, {"of a reset in two tries", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, 1)
			b.produce(b.samples(0, 100)...)
			b.produce(b.encoded(schemas.TopicTexts, &schemas.Text{Context: schemas.Context{DocumentID: "a"},
				Blocks: []schemas.Block{{Page: 1, Text: "habari"}}, Sentences: []schemas.Sentence{{Text: "habari"}, {Text: "nzuri"}}}))
			o := b.options()
			l, through := keepInserts(t, b.dsn)
			o.Database = through
			zombie := b.start(o)
			b.eventually("an insert of each topic", func() bool { return len(l.tables()) >= 2 })
			zombie.fail(errCrash)
			zombie.wait()

			to := kadm.Offsets{}
			to.AddOffset(schemas.TopicSamples, 0, 0, -1)
			to.AddOffset(schemas.TopicTexts, 0, 0, -1)
			if c.twice { // the first one is cut short
				if err := Reset(t.Context(), b.admin, "http://127.0.0.1:1/vislang", to); err == nil {
					t.Fatal("a database that does not answer removed rows")
				}
			}
			if err := Reset(t.Context(), b.admin, b.dsn, to); err != nil {
				t.Fatal(err)
			}
			load := func() {
				sink := b.start(b.options())
				b.drained()
				if err := sink.stop(); err != nil {
					t.Fatal(err)
				}
			}
			if c.before {
				load()
			}
			l.letGo(t)
			if !c.before {
				for _, table := range []string{"all_samples", "texts", "all_sentences", "page_languages"} {
					if n := b.count("SELECT count() FROM " + table); n != 0 {
						t.Errorf("%d rows in %s", n, table)
					}
				}
				load()
			}
			b.wantSamples(100)
			if n := b.count("SELECT count() FROM all_sentences"); n != 2 {
				t.Errorf("%d sentences, want 2", n)
			}
		})
	}
}

// A part without rows would go away, and its tokens with it. The tables are made
// anew with the settings that the migrations gave them, and clean up sooner.
func TestTokensOutliveTheirRows(t *testing.T) {
	_, conn := database(t)
	exec := func(query, token string) {
		t.Helper()
		if err := conn.Exec(ch.Context(t.Context(), ch.WithSettings(insertSettings(token))), query); err != nil {
			t.Fatal(err)
		}
	}
	var tables []string
	for _, topic := range TopicTables() {
		tables = append(append(tables, topic.Name), childNames(topic)...)
	}
	for _, table := range tables {
		create := one[string](t, conn, "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = ?", table)
		create = strings.Replace(create, "CREATE TABLE", "CREATE OR REPLACE TABLE", 1)
		exec(strings.Replace(create, " SETTINGS ", " SETTINGS old_parts_lifetime = 1, merge_tree_clear_old_parts_interval_seconds = 1, cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, ", 1), "")
		exec("INSERT INTO "+table+" (topic) VALUES ('a')", "1")
		exec("DELETE FROM "+table+" WHERE true SETTINGS lightweight_deletes_sync = 2", "")
		exec("OPTIMIZE TABLE "+table+" FINAL", "")
	}
	for n := range 4 { // wakes up what cleans up
		time.Sleep(1500 * time.Millisecond)
		for _, table := range tables {
			exec("INSERT INTO "+table+" (topic) VALUES ('b')", fmt.Sprint("b", n))
		}
	}
	for _, table := range tables {
		exec("INSERT INTO "+table+" (topic) VALUES ('a')", "1")
		if n := one[uint64](t, conn, "SELECT count() FROM "+table+" WHERE topic = 'a'"); n != 0 {
			t.Errorf("table %s has forgotten a token", table)
		}
	}
}
