package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// letterLines are the dead letters that the command lists.
func letterLines(t *testing.T, data string, args ...string) []letterLine {
	t.Helper()
	out := must(t, vislang(t, append([]string{"deadletters", "list", "--json", "--data", data}, args...)...))
	var lines []letterLine
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var line letterLine
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

// picture writes an image that has to be recognised.
func picture(t *testing.T, path string) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 600, 200))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(50, 90, 550, 96), image.NewUniform(color.Gray{40}), image.Point{}, draw.Src)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// A blob store that lost its blobs makes documents and pages fail; when they
// are back, their letters are replayed, and nothing is doubled.
func TestDeadLettersAreReplayed(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	blobs, away := filepath.Join(data, "blobs"), filepath.Join(data, "away")
	if err := os.WriteFile(filepath.Join(dir, "en.txt"), []byte(english), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.pdf"), []byte("%PDF-1.7"), 0o666); err != nil {
		t.Fatal(err)
	}
	picture(t, filepath.Join(dir, "scan.png"))
	move := func(from, to string) {
		t.Helper()
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	info := start(t, data, "engines")
	run := func(stages string, sources ...string) {
		t.Helper()
		must(t, vislang(t, append([]string{"run", "--data", data, "--brokers", info.Kafka, "--database", info.ClickHouse, "--registry", info.Registry,
			"--until-idle", "--stages", stages}, sources...)...))
	}
	const rest = "extract,ocr,assemble,align,clickhouse"

	// The documents fail whole.
	run("sources", dir)
	move(blobs, away)
	run("extract")
	move(away, blobs)
	if lines := letterLines(t, data, "--state", "open"); len(lines) != 3 || lines[0].Class != "missing_blob" || lines[0].Partial {
		t.Fatalf("letters: %+v", lines)
	}
	if out := must(t, vislang(t, "deadletters", "replay", "--class", "missing_blob", "--dry-run", "--data", data)); !strings.Contains(out, "3 would be replayed") {
		t.Errorf("dry run: %s", out)
	}
	must(t, vislang(t, "deadletters", "replay", "--class", "missing_blob", "--data", data))
	if out := must(t, vislang(t, "deadletters", "replay", "--all", "--data", data)); !strings.Contains(out, "no open letter") {
		t.Errorf("a second replay: %s", out)
	}

	// The page fails in part: its document goes on without it.
	run("extract")
	move(blobs, away)
	run("ocr,assemble,align,clickhouse")
	move(away, blobs)
	state := func(query string) string {
		t.Helper()
		return strings.TrimSpace(must(t, vislang(t, "sql", "--data", data, "--format", "TSV", query)))
	}
	const pages = "SELECT text_source, revision > 0 FROM pages ORDER BY ALL"
	if got := state(pages); got != "none\t0\nplain\t0" {
		t.Errorf("pages before the replay: %q", got)
	}
	open := letterLines(t, data, "--state", "open")
	if len(open) != 2 || open[0].Class != "corrupt" || open[0].Attempts != 2 || open[1].Stage != "ocr" || !open[1].Partial || open[1].Page != 1 {
		t.Fatalf("open letters: %+v", open)
	}
	if shown := must(t, vislang(t, "deadletters", "show", open[1].ID, "--data", data)); !strings.Contains(shown, "in part") || !strings.Contains(shown, open[1].DocumentID) || !strings.Contains(shown, `"image"`) {
		t.Errorf("show: %s", shown)
	}
	must(t, vislang(t, "deadletters", "replay", "--stage", "ocr", "--data", data))
	must(t, vislang(t, "deadletters", "discard", open[0].ID, "--reason", "damaged", "--data", data))
	run(rest)
	if got := state(pages); got != "ocr\t1\nplain\t0" {
		t.Errorf("pages after the replay: %q", got)
	}
	if got := state("SELECT (SELECT count() FROM documents), (SELECT count() FROM documents WHERE state = 'done'), (SELECT count() FROM page_texts)"); got != "3\t2\t3" {
		t.Errorf("documents, done, and pages of all revisions: %q", got)
	}
	must(t, vislang(t, "verify", "--data", data))
	if open := letterLines(t, data, "--state", "open"); len(open) > 0 {
		t.Errorf("open letters at the end: %+v", open)
	}
	if lines := letterLines(t, data, "--state", "discarded"); len(lines) != 1 || !strings.HasPrefix(lines[0].State.Reason, "damaged") {
		t.Errorf("discarded: %+v", lines)
	}
	exported := must(t, vislang(t, "deadletters", "export", "--stage", "ocr", "--data", data))
	var letter letterExport
	if err := json.Unmarshal([]byte(exported), &letter); err != nil || len(letter.Value) != letter.Bytes || letter.Bytes == 0 {
		t.Errorf("export: %v, %s", err, exported)
	}
}

func TestDeadLettersWantToBeTold(t *testing.T) {
	for _, args := range [][]string{
		{"replay"}, {"discard", "--all"}, {"discard", "--reason", "x"}, {"show"}, {"show", "x/y"}, {"list", "--since", "yesterday"}, {"replay", "0/1", "--all"},
	} {
		if _, stderr, code := result(t, vislang(t, append([]string{"deadletters"}, args...)...)); code != exitUsage {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}
