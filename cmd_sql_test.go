package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vislang/pkg/embedded"
)

func TestSQLOpensTheDataFolder(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		name, in     string
		args         []string
		code         int
		out, problem string // problem is a part of standard error
	}{
		{name: "create", args: []string{"CREATE TABLE t (id UInt64, text String) ENGINE = MergeTree ORDER BY id"}},
		{name: "rows on standard input", args: []string{"INSERT INTO t FORMAT CSV"}, in: "1,a;b\n2,\"c\"\n"},
		{name: "all on standard input", in: "-- more\nINSERT INTO t FORMAT JSONEachRow\n{\"id\": 3, \"text\": \"d\"}\n"},
		{name: "script", in: "INSERT INTO t VALUES (4, 'e;'); -- four\nUSE system; SELECT currentDatabase();\n\nSELECT count() FROM vislang.t", out: "system\n4\n"},
		{name: "tab-separated without a terminal", args: []string{"SELECT * FROM t ORDER BY id"}, out: "1\ta;b\n2\tc\n3\td\n4\te;\n"},
		{name: "json", args: []string{"--json", "SELECT text FROM t WHERE id = 3"}, out: "{\"text\":\"d\"}\n"},
		{name: "format", args: []string{"-f", "CSVWithNames", "SELECT text FROM t WHERE id = 3"}, out: "\"text\"\n\"d\"\n"},
		{name: "parameter", args: []string{"--param", "x=a\tb\\'", "SELECT length({x:String})"}, out: "5\n"},
		{name: "unknown table", args: []string{"SELECT * FROM nope"}, code: 1, problem: "vislang: Code: 60. DB::Exception: "},
		{name: "no SQL", args: []string{"SELEC 1"}, code: 1, problem: "(SYNTAX_ERROR)"},
		{name: "second statement fails", args: []string{"SELECT 1; SELECT nope; SELECT 2"}, out: "1\n", code: 1, problem: "(UNKNOWN_IDENTIFIER)"},
		{name: "empty", code: 2, problem: "there is no query"},
		{name: "two formats", args: []string{"--json", "--format", "CSV", "SELECT 1"}, code: 2, problem: "--json"},
		{name: "parameter without a value", args: []string{"--param", "x", "SELECT 1"}, code: 2, problem: "NAME=VALUE"},
		{name: "no such folder", args: []string{"--data", filepath.Join(data, "nope"), "SELECT 1"}, code: 1, problem: "there is no data folder"},
		{name: "no such server", args: []string{"--database", "http://127.0.0.1:1", "SELECT 1"}, code: 1, problem: "127.0.0.1:1"},
		{name: "no address", args: []string{"--database", "postgres://x", "SELECT 1"}, code: 2, problem: "postgres"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := vislang(t, append([]string{"sql", "--data", data}, c.args...)...)
			cmd.Stdin = strings.NewReader(c.in)
			out, problem, code := result(t, cmd)
			if out != c.out || code != c.code || !strings.Contains(problem, c.problem) || c.problem == "" && problem != "" {
				t.Errorf("exit %d, printed %q and %q", code, out, problem)
			}
			if code == 1 && strings.Count(problem, "\n") != 1 {
				t.Errorf("not one line: %q", problem)
			}
		})
	}
}

func TestSQLAsksTheRunningProcess(t *testing.T) {
	data := t.TempDir()
	engines := vislang(t, "engines", "--data", data)
	if err := engines.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		engines.Process.Signal(syscall.SIGTERM)
		if err := engines.Wait(); err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if info, err := embedded.Running(data); err == nil && info != nil && info.ClickHouse != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the engines did not start")
		}
	}
	sql := func(args ...string) (string, string, int) {
		return result(t, vislang(t, append([]string{"sql", "--data", data}, args...)...))
	}
	out, problem, code := sql("CREATE TEMPORARY TABLE x (a UInt8); INSERT INTO x VALUES (5); SELECT a, currentDatabase() FROM x")
	if out != "5\tvislang\n" || code != 0 {
		t.Errorf("session: %d %q %q", code, out, problem)
	}
	// An error after a part of the result.
	out, problem, code = sql("SELECT throwIf(number = 300000) FROM numbers(1000000) SETTINGS max_block_size = 1000")
	if code != 1 || strings.Trim(out, "0\n") != "" || !strings.Contains(problem, "Code: 395") {
		t.Errorf("late error: %d, %d bytes, %q", code, len(out), problem)
	}
	out, _, code = sql("-f", "RowBinary", "SELECT toUInt8(number) FROM numbers(300000)")
	if code != 0 || len(out) != 300_000 {
		t.Errorf("binary: %d, %d bytes", code, len(out))
	}
	// Ctrl-C.
	cmd := vislang(t, "sql", "--data", data, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
	var messages strings.Builder
	cmd.Stderr = &messages
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err == nil || !strings.Contains(messages.String(), "cancelled") {
		t.Errorf("interrupted: %v, %q", err, messages.String())
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if out, _, _ := sql("SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%processes%'"); out == "0\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the interrupted statement still runs")
		}
	}
}
