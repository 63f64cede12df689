package clickhouse

import (
	"context"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	engine "vislang/pkg/embedded/clickhouse"
)

// database starts a ClickHouse and returns its address and a connection to
// it, in which the tables exist.
func database(t testing.TB) (string, driver.Conn) {
	t.Helper()
	server, err := engine.Start(context.Background(), engine.Options{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	dsn := server.URL() + "/vislang"
	if err := Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	o, err := parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ch.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return dsn, conn
}

func one[T any](t testing.TB, conn driver.Conn, query string, args ...any) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func TestMigrateTwice(t *testing.T) {
	dsn, conn := database(t)
	list := `SELECT groupArray(name || create_table_query) FROM (SELECT * FROM system.tables WHERE database = 'vislang' ORDER BY name)`
	before := one[[]string](t, conn, list)
	applied := one[uint64](t, conn, `SELECT count() FROM goose_db_version`)
	if err := Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	after := one[[]string](t, conn, list)
	if len(before) < 12 || len(before) != len(after) {
		t.Fatalf("%d tables, then %d", len(before), len(after))
	}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("changed:\n%s\n%s", before[i], after[i])
		}
	}
	if again := one[uint64](t, conn, `SELECT count() FROM goose_db_version`); again != applied {
		t.Errorf("%d migrations recorded, then %d", applied, again)
	}
}
