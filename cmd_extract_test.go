package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A bad file costs itself and the exit code; every file has its line, in order.
func TestExtractGoesOn(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	files := []string{
		write("first.txt", "Habari za asubuhi"),
		write("broken.pdf", "%PDF-1.4 and no more"),
		filepath.Join(dir, "missing.html"),
		dir,
		write("last.txt", "Kwa heri"),
	}
	var out, problems bytes.Buffer
	err := extractFiles(t.Context(), extractOptions{json: true, noOCR: true, workers: 1}, files, &out, &problems)
	if err == nil || !strings.Contains(err.Error(), "3 of 5 files") {
		t.Errorf("error %v", err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(files) {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, want := range []struct{ text, class string }{{"Habari za asubuhi", ""}, {"", "corrupt"}, {"", ""}, {"", ""}, {"Kwa heri", ""}} {
		var got extracted
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		if got.File != files[i] || got.Text != want.text || got.Class != want.class || (got.Error == "") != (want.text != "") {
			t.Errorf("%s: %+v", files[i], got)
		}
	}
	for _, file := range files[1:4] {
		if !strings.Contains(problems.String(), file) {
			t.Errorf("nothing is said of %s:\n%s", file, problems.String())
		}
	}
}

// In a terminal one line says where it is, and is gone at the end.
func TestExtractProgress(t *testing.T) {
	var b bytes.Buffer
	p := &extractProgress{w: &b, live: true, files: 2}
	p.begin("a.pdf")
	p.at(3)
	p.clear()
	if got := b.String(); !strings.Contains(got, "1 of 2 files: a.pdf, page 3") || !strings.HasSuffix(got, "\r\x1b[K") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
	b.Reset()
	p.live = false
	p.begin("b.pdf")
	p.at(1)
	p.clear()
	if b.Len() != 0 {
		t.Errorf("outside of a terminal: %q", b.String())
	}
}
