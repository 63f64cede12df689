package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What people see is the same after a stage and the sink have processed
// everything again, and each record still has its rows.
func TestResetDoublesNothing(t *testing.T) {
	dir, _ := corpus(t)
	data := t.TempDir()
	info := start(t, data, "engines")
	shared := []string{"run", "--until-idle", "--data", data, "--brokers", info.Kafka, "--database", info.ClickHouse, "--registry", info.Registry, "--blobs", filepath.Join(data, "blobs")}
	must(t, vislang(t, append(shared, dir)...))
	seen := func() string {
		t.Helper()
		lines := strings.Split(must(t, vislang(t, "sql", "--data", data, "--format", "TSV",
			"SELECT 'd', state, url FROM documents UNION ALL SELECT 'p', text_source, text FROM pages UNION ALL SELECT 's', language, text FROM sentences UNION ALL SELECT 'b', bead, source_text || target_text FROM bitext UNION ALL SELECT 'f', kind, figure_id FROM figures")), "\n")
		slices.Sort(lines)
		return strings.TrimSpace(strings.Join(lines, "\n"))
	}
	before := seen()
	reset := func(args ...string) resetReport {
		t.Helper()
		var report resetReport
		if err := json.Unmarshal([]byte(must(t, vislang(t, append([]string{"groups", "reset", "--json", "--data", data}, args...)...))), &report); err != nil {
			t.Fatal(err)
		}
		return report
	}
	if dry := reset("--group", "assemble", "--to-start", "--dry-run"); dry.Documents != 4 || dry.Revision != 0 {
		t.Errorf("dry run: %+v", dry)
	}
	if done := reset("--group", "assemble", "--to-start"); done.Documents != 4 || done.Revision == 0 {
		t.Errorf("reset: %+v", done)
	}
	must(t, vislang(t, shared...))
	if after := seen(); after != before {
		t.Errorf("before the reset of assemble:\n%s\nafter:\n%s", before, after)
	}
	if revised := must(t, vislang(t, "sql", "--data", data, "--format", "TSV", "SELECT count() FROM documents WHERE revision > 0")); revised != "4\n" {
		t.Errorf("%s documents have a new revision, want 4", revised)
	}
	must(t, vislang(t, "verify", "--data", data))

	reset("--group", "clickhouse", "--to-start")
	if during := seen(); during != "" {
		t.Errorf("rows stay after a reset to the start: %s", during)
	}
	must(t, vislang(t, append(shared, "--stages", "clickhouse")...))
	if after := seen(); after != before {
		t.Errorf("before the reset of clickhouse:\n%s\nafter:\n%s", before, after)
	}
	must(t, vislang(t, "verify", "--data", data))
}

func TestResetRefuses(t *testing.T) {
	data := t.TempDir()
	start(t, data, "run")
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--to-start"}, exitUsage, "--group"},
		{[]string{"--group", "dance", "--to-start"}, exitUsage, "dance"},
		{[]string{"--group", "ocr"}, exitUsage, "--to-time"},
		{[]string{"--group", "ocr", "--to-start", "--to-time", "1h"}, exitUsage, "one of"},
		{[]string{"--group", "clickhouse", "--to-offset", "3", "--partition", "0"}, exitUsage, "--topic"},
		{[]string{"--group", "ocr", "--to-start", "--topic", "texts"}, exitUsage, "texts"},
		{[]string{"--group", "ocr", "--to-start", "--partition", "99"}, exitUsage, "partition"},
		{[]string{"--group", "ocr", "--to-offset", "7", "--partition", "0"}, exitFailure, "--to-offset 7"},
		{[]string{"--group", "match", "--to-start"}, exitUsage, "--group pair"},
		{[]string{"--group", "extract", "--document", "none"}, exitFailure, "none"},
		{[]string{"--group", "clickhouse", "--document", "none"}, exitFailure, "none"},
	} {
		_, stderr, code := result(t, vislang(t, append([]string{"groups", "reset", "--data", data}, test.args...)...))
		if code != test.code || !strings.Contains(stderr, test.says) {
			t.Errorf("%v: exit code %d, want %d; %s, want it to name %q", test.args, code, test.code, stderr, test.says)
		}
	}
}

func TestResetOfTheSinkWantsItAlone(t *testing.T) {
	dir, _ := corpus(t)
	data := t.TempDir()
	must(t, vislang(t, "run", "--data", data, "--until-idle", dir))
	start(t, data, "run")
	until(t, "clickhouse", []string{"--data", data}, "members", func(g groupStatus) bool { return g.Members > 0 })
	_, stderr, code := result(t, vislang(t, "groups", "reset", "--data", data, "--group", "clickhouse", "--to-start"))
	if code != exitFailure || !strings.Contains(stderr, "members") || !strings.Contains(stderr, "drain") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
