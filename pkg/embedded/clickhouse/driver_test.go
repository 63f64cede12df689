package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"
)

func TestDriverInsertsAndSelects(t *testing.T) {
	s := start(t, t.TempDir())
	for _, compression := range []string{"", "?compress=lz4", "?compress=zstd", "?compress=gzip", "?compress=br", "?compress=deflate"} {
		t.Run(compression, func(t *testing.T) {
			conn := open(t, s.DSN()+compression)
			execAll(t, conn, "DROP TABLE IF EXISTS t",
				"CREATE TABLE t (id UInt64, name String, tags Array(LowCardinality(String)), at DateTime64(3), score Nullable(Float32)) ENGINE = MergeTree ORDER BY id")
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t (id, name, tags, at, score)")
			if err != nil {
				t.Fatal(err)
			}
			at := time.UnixMilli(1_700_000_000_123)
			for i := range 10_000 {
				if err := batch.Append(uint64(i), "kɔ́\x00'\\\n", []string{"a", "b"}, at, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			var rows struct {
				N    uint64    `ch:"n"`
				Sum  uint64    `ch:"sum"`
				Name string    `ch:"name"`
				Tags []string  `ch:"tags"`
				At   time.Time `ch:"at"`
			}
			query := "SELECT count() AS n, sum(id) AS sum, any(t.name) AS name, any(t.tags) AS tags, any(t.at) AS at FROM t WHERE t.name = {name:String} AND score IS NULL"
			row := conn.QueryRow(t.Context(), query, ch.Named("name", "kɔ́\x00'\\\n"))
			if err := row.ScanStruct(&rows); err != nil {
				t.Fatal(err)
			}
			if rows.N != 10_000 || rows.Sum != 49_995_000 || rows.Name != "kɔ́\x00'\\\n" || len(rows.Tags) != 2 || !rows.At.Equal(at) {
				t.Errorf("read back %+v", rows)
			}
		})
	}
}

// One batch must be one block, or a deduplication token covers a part of it.
func TestBatchIsOnePart(t *testing.T) {
	conn := open(t, start(t, t.TempDir()).DSN())
	execAll(t, conn, "CREATE TABLE t (id UInt64, text String) ENGINE = MergeTree ORDER BY id SETTINGS old_parts_lifetime = 1000")
	for i, rows := range []int{100_000, 300_000} {
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if err := batch.Append(uint64(i), strings.Repeat("x", 100)); err != nil {
				t.Fatal(err)
			}
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, conn, "SELECT count() FROM system.parts WHERE table = 't' AND level = 0"); n != uint64(i+1) {
			t.Errorf("%d parts after batch %d", n, i+1)
		}
	}
}

func TestDeduplicationToken(t *testing.T) {
	conn := open(t, start(t, t.TempDir()).DSN())
	execAll(t, conn,
		"CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100",
		"CREATE TABLE sums (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100",
		"CREATE MATERIALIZED VIEW v TO sums AS SELECT id FROM t")
	insert := func(token string) {
		t.Helper()
		ctx := ch.Context(t.Context(), ch.WithSettings(ch.Settings{
			"insert_deduplication_token":                         token,
			"deduplicate_blocks_in_dependent_materialized_views": 1,
		}))
		batch, err := conn.PrepareBatch(ctx, "INSERT INTO t")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := batch.Append(uint64(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		token string
		rows  uint64
	}{{"documents:0:0-9", 10}, {"documents:0:0-9", 10}, {"documents:0:10-19", 20}, {"it's \\ a token", 30}, {"it's \\ a token", 30}} {
		insert(step.token)
		for _, table := range []string{"t", "sums"} {
			if n := count(t, conn, "SELECT count() FROM "+table); n != step.rows {
				t.Errorf("after token %q: %d rows in %s, want %d", step.token, n, table, step.rows)
			}
		}
	}
}

func TestDriverErrors(t *testing.T) {
	conn := open(t, start(t, t.TempDir()).DSN())
	execAll(t, conn, "CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id")
	for query, want := range map[string]int32{
		"SELECT nope FROM t":                      47,
		"SELECT * FROM nope":                      60,
		"SELECT 1 FROM nope.t":                    81,
		"SELEC 1":                                 62,
		"SELECT 1 SETTINGS nope = 1":              115,
		"SELECT throwIf(1)":                       395,
		"CREATE TABLE t (id UInt64) ENGINE = Log": 57,
		"INSERT INTO t VALUES ('x')":              6,
	} {
		var exception *ch.Exception
		if err := conn.Exec(t.Context(), query); !errors.As(err, &exception) || exception.Code != want {
			t.Errorf("%s: %v, want code %d", query, err, want)
		}
	}
	// An error after the first blocks have been sent.
	rows, err := conn.Query(t.Context(), "SELECT throwIf(number = 300000) FROM numbers(1000000) SETTINGS max_block_size = 1000")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	var exception *ch.Exception
	if err := rows.Err(); !errors.As(err, &exception) || exception.Code != 395 {
		t.Errorf("after %d rows: %v, want code 395", n, err)
	}
	if n == 0 || n > 300_000 {
		t.Errorf("%d rows before the error", n)
	}
}

func TestMillionRows(t *testing.T) {
	conn := open(t, start(t, t.TempDir()).DSN()+"?compress=lz4")
	rows, err := conn.Query(t.Context(), "SELECT number, toString(number) FROM numbers(1000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var sum, number uint64
	var text string
	for rows.Next() {
		if err := rows.Scan(&number, &text); err != nil {
			t.Fatal(err)
		}
		sum += number
	}
	if err := rows.Err(); err != nil || sum != 499_999_500_000 {
		t.Errorf("sum %d, %v", sum, err)
	}
}

func TestConcurrentStatements(t *testing.T) {
	conn := open(t, start(t, t.TempDir()).DSN()+"?max_open_conns=8")
	execAll(t, conn, "CREATE TABLE t (worker UInt64, id UInt64) ENGINE = MergeTree ORDER BY id")
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for round := range 10 {
				batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
				if err != nil {
					t.Error(err)
					return
				}
				for id := range 100 {
					batch.Append(uint64(worker), uint64(id))
				}
				if err := batch.Send(); err != nil {
					t.Error(err)
					return
				}
				var n, w uint64
				err = conn.QueryRow(t.Context(), fmt.Sprintf("SELECT count(), toUInt64(%d) FROM t WHERE worker = %d SETTINGS max_threads = %d", worker, worker, worker%2+1)).Scan(&n, &w)
				if err != nil || n != uint64(round+1)*100 || w != uint64(worker) {
					t.Errorf("worker %d round %d: %d rows, answer for %d, %v", worker, round, n, w, err)
					return
				}
			}
		})
	}
	workers.Wait()
	if n := count(t, conn, "SELECT count() FROM t"); n != 8000 {
		t.Errorf("%d rows", n)
	}
}

func TestCancelledStatementEnds(t *testing.T) {
	s := start(t, t.TempDir())
	conn := open(t, s.DSN())
	// The first has no block to be cancelled between.
	for _, query := range []string{
		"SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
		"SELECT number FROM numbers(1000000000000)",
		"CREATE TABLE t ENGINE = Memory AS SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if rows, err := conn.Query(ctx, query); err == nil {
			for rows.Next() {
			}
			if rows.Err() == nil {
				t.Errorf("%s: no error", query)
			}
		}
		cancel()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			left := count(t, conn, "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%processes%'")
			if left == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: still runs", query)
			}
		}
	}
}

func TestGooseMigrates(t *testing.T) {
	s := start(t, t.TempDir())
	db := openDB(t, s.DSN())
	files := fstest.MapFS{
		"001_documents.sql": {Data: []byte("-- +goose Up\nCREATE TABLE documents (id String) ENGINE = MergeTree ORDER BY id;\n-- +goose Down\nDROP TABLE documents;\n")},
		"002_title.sql":     {Data: []byte("-- +goose Up\nALTER TABLE documents ADD COLUMN title String;\n-- +goose Down\nALTER TABLE documents DROP COLUMN title;\n")},
	}
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, fs.FS(files))
	if err != nil {
		t.Fatal(err)
	}
	for round, want := range []int{2, 0} {
		results, err := provider.Up(t.Context())
		if err != nil || len(results) != want {
			t.Fatalf("round %d: %d migrations, %v", round, len(results), err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO documents (id, title) VALUES (?, ?)", "a", "it's"); err != nil {
		t.Fatal(err)
	}
	var title string
	if err := db.QueryRowContext(t.Context(), "SELECT title FROM documents WHERE id = ?", "a").Scan(&title); err != nil || title != "it's" {
		t.Errorf("title %q, %v", title, err)
	}
}
