package clickhouse

import (
	"context"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"
)

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(context.Background(), Options{Dir: dir, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestInsertSelect(t *testing.T) {
	s := start(t, t.TempDir())
	for _, dsn := range []string{"", "?compress=lz4", "?compress=zstd", "?compress=gzip"} {
		opts, err := ch.ParseDSN(s.DSN() + dsn)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := ch.Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		for _, sql := range []string{"DROP TABLE IF EXISTS t", "CREATE TABLE t (id UInt64, name String, tags Array(String), at DateTime64(3)) ENGINE = MergeTree ORDER BY id"} {
			if err := conn.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
		b, err := conn.PrepareBatch(ctx, "INSERT INTO t (id, name, tags)")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			if err := b.Append(uint64(i), "n\x00'", []string{"a", "b"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Send(); err != nil {
			t.Fatal(err)
		}
		var n, sum uint64
		if err := conn.QueryRow(ctx, "SELECT count(), sum(id) FROM t WHERE name = {n:String}", ch.Named("n", "n\x00'")).Scan(&n, &sum); err != nil {
			t.Fatal(err)
		}
		if n != 1000 || sum != 499500 {
			t.Errorf("%s: %d rows, sum %d", dsn, n, sum)
		}
		if err := conn.Exec(ctx, "SELECT nope"); err == nil {
			t.Error("no error")
		} else {
			t.Log(err)
		}
		conn.Close()
	}
}
