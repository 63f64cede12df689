package clickhouse

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRestartKeepsData(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		s, err := Start(t.Context(), Options{Dir: dir, Addr: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		conn := open(t, s.DSN())
		execAll(t, conn, "CREATE TABLE IF NOT EXISTS t (id UInt64) ENGINE = MergeTree ORDER BY id", "INSERT INTO t VALUES (1)")
		if n := count(t, conn, "SELECT count() FROM t"); n != uint64(round+1) {
			t.Errorf("round %d: %d rows", round, n)
		}
		conn.Close()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("second close: %v", err)
		}
	}
}

func TestKilledProcessLosesNothing(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		dsn, kill := startChild(t, dir)
		conn := open(t, dsn)
		execAll(t, conn,
			"CREATE TABLE IF NOT EXISTS t (id UInt64, text String) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100",
			"INSERT INTO t SETTINGS insert_deduplication_token = 'same' SELECT number, 'x' FROM numbers(1000)")
		if n := count(t, conn, "SELECT count() FROM t"); n != uint64(1000+round*5000) {
			t.Fatalf("round %d: %d rows", round, n)
		}
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
		if err != nil {
			t.Fatal(err)
		}
		for range 5000 {
			batch.Append(uint64(round), "text") // not what an earlier round inserted
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
		kill()
		conn.Close()
	}
}

// A connection that breaks in the middle of an insert must not leave half of
// it behind.
func TestBrokenInsertLeavesNothing(t *testing.T) {
	s := start(t, t.TempDir())
	if err := s.Exec(t.Context(), "CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("POST /?query=INSERT+INTO+t+FORMAT+TSV HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1\n2\n3\n")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	conn.Close()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if left, err := s.Query(t.Context(), "SELECT count() FROM system.processes WHERE query LIKE 'INSERT%'", ""); err != nil {
			t.Fatal(err)
		} else if string(left) == "0\n" {
			break
		}
	}
	if n, err := s.Query(t.Context(), "SELECT count() FROM t", ""); err != nil || string(n) != "0\n" {
		t.Errorf("%q rows, %v", n, err)
	}
}

func TestFolderInUse(t *testing.T) {
	dir := t.TempDir()
	dsn, kill := startChild(t, dir)
	if !strings.HasPrefix(dsn, "http://") {
		t.Fatal(dsn)
	}
	if _, err := Open(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by process ") {
		t.Errorf("open a folder in use: %v", err)
	}
	// The engine itself refuses as well.
	if e, err := openUnchecked(t.Context(), Options{Dir: dir}); err == nil {
		e.Close()
		t.Error("the engine opened a folder in use")
	}
	kill()
	e, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
}

func TestOneFolderAProcess(t *testing.T) {
	start(t, t.TempDir())
	dir := t.TempDir()
	if e, err := Open(t.Context(), Options{Dir: dir}); err == nil {
		e.Close()
		t.Error("opened a second folder")
	} else if !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
}

func TestTakenPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_, err = Start(t.Context(), Options{Dir: t.TempDir(), Addr: listener.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "port "+port) || !strings.Contains(err.Error(), "--clickhouse-port") {
		t.Error(err)
	}
}

func TestUnusableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: file}); err == nil {
		t.Error("opened a file")
	}
	if _, err := Open(t.Context(), Options{Dir: t.TempDir(), Library: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("library that is none: %v", err)
	}
}

func TestCloseEndsStatements(t *testing.T) {
	s := start(t, t.TempDir())
	result := make(chan error, 1)
	go func() {
		_, err := s.Query(context.Background(), "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", "")
		result <- err
	}()
	time.Sleep(200 * time.Millisecond)
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("close took %s", took)
	}
	if err := <-result; !errors.Is(err, errClosed) {
		t.Errorf("statement ended with %v", err)
	}
	if err := s.Exec(t.Context(), "SELECT 1"); !errors.Is(err, errClosed) {
		t.Errorf("statement after close: %v", err)
	}
}

// The engine must leave the Go runtime its signal handlers: a nil dereference
// is a panic, not the end of the process.
func TestSignalHandlersSurvive(t *testing.T) {
	s := start(t, t.TempDir())
	if err := s.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	var nothing *Options
	nothing.Dir = "x"
}
