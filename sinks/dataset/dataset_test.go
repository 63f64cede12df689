package dataset

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/parquet-go/parquet-go"

	"vislang/pkg/blob"
	engine "vislang/pkg/embedded/clickhouse"
	"vislang/sinks/clickhouse"
)

// fixture is a database with five pairs and four figures.
//
//	pairs: p1 p2 eng-swh, p3 eng-amh, p4 with a low score, p1 a second time
//	figures: f1 png, f2 jpeg, f3 without caption, f4 whose image is missing
func fixture(t *testing.T) Options {
	t.Helper()
	server, err := engine.Start(context.Background(), engine.Options{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dsn := server.URL() + "/vislang"
	if err := clickhouse.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	options, err := ch.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ch.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	store, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for _, sql := range []string{
		`INSERT INTO fetches (document_id, url) VALUES ('d1', 'https://example.org/en'), ('d2', 'https://example.org/sw')`,
		`INSERT INTO all_bitext (pair_id, source_document_id, target_document_id, source_language, target_language, source_text,
			target_text, source_after, bead, score, health, license, source_sentences) VALUES
			('p2', 'd1', 'd2', 'eng_Latn', 'swh_Latn', 'Second "one".', 'Ya <pili>.', '', '1-1', 0.9, 1, '', [1]),
			('p1', 'd1', 'd2', 'eng_Latn', 'swh_Latn', 'First.', 'Ya kwanza.', 'Second.', '1-1', 0.5, 1, 'CC-BY-4.0', [0]),
			('p3', 'd1', 'd3', 'eng_Latn', 'amh_Ethi', 'First.', 'መጀመሪያ።', '', '1-2', 1, 0, 'CC-BY-4.0', [0]),
			('p4', 'd1', 'd3', 'eng_Latn', 'amh_Ethi', 'Low.', 'ዝቅ።', '', '1-1', 0.49, 1, '', [1])`,
		`INSERT INTO all_bitext SELECT * FROM all_bitext WHERE pair_id = 'p1'`, // a replay
	} {
		exec(t, conn, sql)
	}
	for _, f := range []struct{ id, caption, media, image string }{
		{"f1", "Mchoro wa kwanza", "image/png", put(t, store, picture(t, png.Encode))},
		{"f2", "Ramani", "image/jpeg", put(t, store, picture(t, encodeJPEG))},
		{"f3", "", "image/png", "unused"},
		{"f4", "Lost", "image/png", strings.Repeat("0", 64)},
	} {
		exec(t, conn, fmt.Sprintf(`INSERT INTO all_figures (figure_id, document_id, url, page, kind, caption, caption_language, width, height,
			image_sha256, media_type) VALUES ('%s', 'd2', 'https://example.org/sw', 2, 'picture', '%s', 'swh_Latn', 4, 3, '%s', '%s')`,
			f.id, f.caption, f.image, f.media))
	}
	return Options{Database: conn, Blobs: store, Dir: filepath.Join(t.TempDir(), "out"), MinScore: 0.5, Version: "test"}
}

func exec(t *testing.T, conn driver.Conn, sql string) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func picture(t *testing.T, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 4, 3))
	img.Set(1, 1, color.White)
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) }

func put(t *testing.T, store *blob.Store, data []byte) string {
	t.Helper()
	name, err := store.Put(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func export(t *testing.T, o Options) *Report {
	t.Helper()
	report, err := Export(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestExport(t *testing.T) {
	o := fixture(t)
	report := export(t, o)
	if len(report.Sets) != 2 || report.Sets[0].Rows != 3 || report.Sets[1].Rows != 2 || report.Sets[1].Unreadable != 1 {
		t.Fatalf("got %+v", report.Sets)
	}

	t.Run("pairs", func(t *testing.T) {
		rows := readParquet[pairRow](t, o.Dir, Pairs)
		var ids []string
		for _, row := range rows {
			ids = append(ids, row.PairID)
		}
		if got := strings.Join(ids, " "); got != "p3 p1 p2" {
			t.Errorf("order %s", got)
		}
		p1, p3 := rows[1], rows[0]
		if p1.SourceText != "First." || p1.TargetText != "Ya kwanza." || *p1.SourceAfter != "Second." || p1.SourceBefore != nil ||
			*p1.Score != 0.5 || *p1.SourceURL != "https://example.org/en" || *p1.TargetURL != "https://example.org/sw" || *p1.License != "CC-BY-4.0" {
			t.Errorf("row %+v", p1)
		}
		if p3.Health == nil || *p3.Health != 0 || p3.TargetURL != nil {
			t.Errorf("a zero, or a missing text, came out wrong: %+v", p3)
		}
		lines := readLines(t, filepath.Join(o.Dir, Pairs, "train.jsonl"))
		if len(lines) != 3 || lines[2]["target_text"] != "Ya <pili>." || lines[2]["license"] != nil || lines[2]["score"] != 0.9 {
			t.Errorf("lines %v", lines)
		}
	})

	t.Run("figures", func(t *testing.T) {
		rows := readParquet[figureRow](t, o.Dir, Figures)
		lines := readLines(t, filepath.Join(o.Dir, Figures, "train.jsonl"))
		if len(rows) != 2 || len(lines) != 2 {
			t.Fatalf("%d rows, %d lines", len(rows), len(lines))
		}
		for i, row := range rows {
			if _, _, err := image.Decode(bytes.NewReader(row.Image.Bytes)); err != nil {
				t.Error(err)
			}
			data, err := os.ReadFile(filepath.Join(o.Dir, Figures, lines[i]["file_name"].(string)))
			if err != nil || !bytes.Equal(data, row.Image.Bytes) {
				t.Errorf("image of line %d: %v", i, err)
			}
			if lines[i]["caption"] != row.Caption || *row.Page != 2 || *row.X != 0 {
				t.Errorf("row %+v", row)
			}
		}
	})

	t.Run("manifest", func(t *testing.T) {
		sums, err := os.ReadFile(filepath.Join(o.Dir, manifest))
		if err != nil {
			t.Fatal(err)
		}
		files := 0
		for line := range strings.Lines(string(sums)) {
			want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			got, err := fileSum(filepath.Join(o.Dir, name))
			if err != nil || got != want {
				t.Errorf("%s: %s, listed as %s, %v", name, got, want, err)
			}
			files++
		}
		if files != 7 { // README.md, 2 × (parquet, jsonl), 2 images
			t.Errorf("%d files:\n%s", files, sums)
		}
	})

	t.Run("card", func(t *testing.T) {
		card, err := os.ReadFile(filepath.Join(o.Dir, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"license: other\n", "- \"amh\"\n- \"eng\"\n- \"swh\"\n", "- n<1K\n", "- config_name: pairs\n", "path: figures/data/train-*.parquet\n",
			"| CC-BY-4.0 | 2 |", "| none stated | 1 |", "| eng_Latn swh_Latn | 2 |", "1 left out because their image could not be read",
		} {
			if !strings.Contains(string(card), want) {
				t.Errorf("the card lacks %q:\n%s", want, card)
			}
		}
	})

	t.Run("again", func(t *testing.T) {
		again := o
		again.Dir = filepath.Join(t.TempDir(), "again")
		export(t, again)
		first, _ := os.ReadFile(filepath.Join(o.Dir, manifest))
		second, _ := os.ReadFile(filepath.Join(again.Dir, manifest))
		if !bytes.Equal(first, second) {
			t.Errorf("the same data gave other bytes:\n%s\n%s", first, second)
		}
	})
}

func readParquet[T any](t *testing.T, dir, set string) []T {
	t.Helper()
	rows, err := parquet.ReadFile[T](filepath.Join(dir, set, "data", "train-00000-of-00001.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func readLines(t *testing.T, path string) []map[string]any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []map[string]any
	for s := bufio.NewScanner(f); s.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestWhere(t *testing.T) {
	o := fixture(t)
	tests := []struct {
		name, where    string
		minScore       float64
		pairs, figures int64 // rows; 0 if the set is left out
		filtered       [2]bool
		err            string
	}{
		{"none", "", 0, 4, 2, [2]bool{}, ""},
		{"both have it", "license = 'CC-BY-4.0'", 0, 2, 0, [2]bool{true}, ""},
		{"only pairs have it", "target_language = 'swh_Latn'", 0, 2, 2, [2]bool{true, false}, ""},
		{"only figures have it", "media_type LIKE '%png'", 0.5, 3, 1, [2]bool{false, true}, ""},
		{"joined column", "source_url LIKE 'https://example.org/%'", 0, 4, 2, [2]bool{true, false}, ""},
		{"or does not escape", "score > 2 OR 1", 0.95, 1, 2, [2]bool{true, false}, ""},
		{"comment", "score = 1 -- only the best", 0, 1, 2, [2]bool{true, false}, ""},
		{"neither has it", "no_such_column = 1", 0, 0, 0, [2]bool{}, "there is no column no_such_column; pairs have pair_id, source_document_id,"},
		{"no SQL", "score >", 0, 0, 0, [2]bool{}, "count pairs: Syntax error in the condition"},
		{"wrong type", "score LIKE 'a'", 0, 0, 0, [2]bool{}, "count pairs: Illegal type Float64"},
		{"nothing left", "1 = 0", 0, 0, 0, [2]bool{}, ErrNothing.Error()},
		{"cannot write", "1); DROP TABLE bitext --", 0, 0, 0, [2]bool{}, "count pairs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := o
			o.Where, o.MinScore, o.Dir = test.where, test.minScore, filepath.Join(t.TempDir(), "out")
			report, err := Export(t.Context(), o)
			var pairs uint64
			if err := o.Database.QueryRow(t.Context(), "SELECT count() FROM bitext").Scan(&pairs); err != nil || pairs != 5 {
				t.Fatalf("the table has %d rows now, %v", pairs, err)
			}
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
					t.Error("a folder was left behind")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]SetReport{}
			for _, set := range report.Sets {
				got[set.Name] = set
			}
			if got[Pairs].Rows != test.pairs || got[Figures].Rows != test.figures {
				t.Errorf("%d pairs and %d figures", got[Pairs].Rows, got[Figures].Rows)
			}
			if filtered := [2]bool{got[Pairs].Filtered, got[Figures].Filtered}; filtered != test.filtered {
				t.Errorf("filtered %v", filtered)
			}
		})
	}
}

func TestFolder(t *testing.T) {
	o := fixture(t)
	o.Sets, o.Formats = []string{Pairs}, []string{JSONL}
	listing := func() string {
		entries, err := os.ReadDir(filepath.Dir(o.Dir))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(entries)
	}
	mustFail := func(want string) {
		t.Helper()
		if _, err := Export(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := os.Mkdir(o.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(o.Dir, "precious")
	if err := os.WriteFile(precious, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	mustFail("is not empty; --force")
	o.Force = true
	mustFail("no earlier export")
	if err := os.Remove(precious); err != nil {
		t.Fatal(err)
	}
	o.Force = false
	export(t, o) // into the empty folder
	mustFail("is not empty")
	o.Force, o.MinScore = true, 1
	if report := export(t, o); report.Sets[0].Rows != 1 {
		t.Errorf("%d rows", report.Sets[0].Rows)
	}

	// A stop in the middle leaves what was there.
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(string, int64, int64) { cancel() }
	o.MinScore = 0
	if _, err := Export(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := len(readLines(t, filepath.Join(o.Dir, Pairs, "train.jsonl"))); got != 1 {
		t.Errorf("the earlier export has %d lines", got)
	}
	if got := listing(); got != "[d out/]" {
		t.Errorf("left behind: %s", got)
	}
}

func TestCard(t *testing.T) {
	for rows, want := range map[int64]string{0: "n<1K", 999: "n<1K", 1000: "1K<n<10K", 123456: "100K<n<1M", 5e9: "1B<n<10B"} {
		if got := sizeCategory(rows); got != want {
			t.Errorf("%d rows: %s, want %s", rows, got, want)
		}
	}
	for stated, want := range map[string]string{
		"CC-BY-4.0": "cc-by-4.0", "https://creativecommons.org/licenses/by-nc-sa/3.0/igo/": "cc-by-nc-sa-3.0",
		"http://creativecommons.org/publicdomain/zero/1.0/": "cc0-1.0", "": "other", "all rights reserved": "other", "https://creativecommons.org/": "other",
	} {
		if got := hubLicense(stated); got != want {
			t.Errorf("%q: %s, want %s", stated, got, want)
		}
	}
}

// TestShards checks names and sizes of row groups over several files.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	out, err := newOutput[pairRow](Options{Formats: []string{Parquet}}, dir, Pairs, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		size := 1
		if i == 14 {
			size = shardBytes
		}
		if err := out.write(pairRow{PairID: fmt.Sprint(i)}, nil, size); err != nil {
			t.Fatal(err)
		}
	}
	files, err := out.finish()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(files, " "); got != "pairs/data/train-00000-of-00002.parquet pairs/data/train-00001-of-00002.parquet" {
		t.Errorf("files %s", got)
	}
	for i, want := range []string{"[10 5]", "[10]"} {
		f, err := os.Open(filepath.Join(dir, files[i]))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		var groups []int64
		for _, g := range file.RowGroups() {
			groups = append(groups, g.NumRows())
		}
		if fmt.Sprint(groups) != want {
			t.Errorf("file %d: row groups %v, want %s", i, groups, want)
		}
		if value, ok := file.Lookup("huggingface"); !ok || !json.Valid([]byte(value)) {
			t.Errorf("file %d: footer %q", i, value)
		}
	}
}
