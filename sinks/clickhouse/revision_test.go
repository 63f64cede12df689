package clickhouse

import (
	"fmt"
	"strings"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	engine "vislang/pkg/embedded/clickhouse"
	"vislang/schemas"
)

// What people query shows one revision of a document: the old one until the
// text of a newer is there, then only the newer.
func TestViewsShowTheLatestCompleteRevision(t *testing.T) {
	b := newBench(t, 1)
	about := func(revision int64) schemas.Context {
		return schemas.Context{DocumentID: "d", Revision: revision, Pages: 1}
	}
	page := func(revision int64) any {
		return &schemas.PageText{Context: about(revision), Page: 1, TextSource: schemas.SourceOCR,
			Blocks: []schemas.Block{{Page: 1, Text: fmt.Sprint("page ", revision)}}, Lines: []schemas.Line{{Text: "line"}}}
	}
	text := func(revision int64) any {
		return &schemas.Text{Context: about(revision), Language: fmt.Sprintf("l%02d_Latn", revision), Blocks: []schemas.Block{{Page: 1, Text: "t", Language: fmt.Sprintf("l%02d_Latn", revision)}},
			Sentences: []schemas.Sentence{{Page: 1, Text: fmt.Sprint("text ", revision)}}}
	}
	figure := func(revision int64) any { return &schemas.Figure{Context: about(revision), FigureID: "f"} }
	pair := func(source, target int64) any {
		return &schemas.Bitext{PairID: "p", SourceDocumentID: "d", SourceRevision: source, TargetDocumentID: "other", TargetRevision: target}
	}
	b.start(b.options())
	for _, step := range []struct {
		what    string
		topic   string
		records []any
		want    string // revisions of documents, pages, lines, sentences, figures, bitext
	}{
		{"nothing is there", schemas.TopicDocuments, []any{&schemas.Document{DocumentID: "d", FetchedAt: fetched}, &schemas.Document{DocumentID: "other", FetchedAt: fetched}}, "0 [] [] [] [] []"},
		{"a page before its text", schemas.TopicPageTexts, []any{page(0)}, "0 [0] [0] [] [] []"},
		{"a figure", schemas.TopicFigures, []any{figure(0)}, "0 [0] [0] [] [0] []"},
		{"the text", schemas.TopicTexts, []any{text(0)}, "0 [0] [0] [0] [0] []"},
		{"pairs", schemas.TopicBitext, []any{pair(0, 0)}, "0 [0] [0] [0] [0] [0/0]"},
		{"a page of another revision", schemas.TopicPageTexts, []any{page(5)}, "0 [0] [0] [0] [0] [0/0]"},
		{"its figure", schemas.TopicFigures, []any{figure(5)}, "0 [0] [0] [0] [0] [0/0]"},
		{"its text", schemas.TopicTexts, []any{text(5)}, "5 [5] [5] [5] [5] []"},
		{"its pairs", schemas.TopicBitext, []any{pair(5, 0)}, "5 [5] [5] [5] [5] [5/0]"},
		{"an older one that comes late", schemas.TopicTexts, []any{text(3)}, "5 [5] [5] [5] [5] [5/0]"},
		{"a newer one that fails at its second page", schemas.TopicPageTexts, []any{page(9)}, "5 [5] [5] [5] [5] [5/0]"},
	} {
		for _, rec := range step.records {
			b.produce(b.encoded(step.topic, rec))
		}
		b.drained()
		var got []string
		for _, view := range []string{"pages", "lines", "sentences", "figures"} {
			got = append(got, one[string](t, b.conn, "SELECT toString(groupArray(revision)) FROM "+view))
		}
		got = append(got, one[string](t, b.conn, "SELECT '[' || arrayStringConcat(groupArray(concat(source_revision, '/', target_revision)), ',') || ']' FROM bitext"))
		document := one[int64](t, b.conn, "SELECT revision FROM documents WHERE document_id = 'd'")
		if got := fmt.Sprint(document, " ", strings.Join(got, " ")); got != step.want {
			t.Errorf("%s: revisions %s, want %s", step.what, got, step.want)
		}
	}
	if got := one[string](t, b.conn, "SELECT concat(d.language, ' ', p.language, ' ', p.text) FROM documents AS d JOIN pages AS p USING document_id"); got != "l05_Latn l05_Latn page 5" {
		t.Errorf("language of the document and its page, and text: %q", got)
	}
	if n := b.count("SELECT count() FROM all_sentences"); n != 3 {
		t.Errorf("%d rows of sentences stay in the table, want 3", n)
	}
}

// A database of the first version keeps its rows and its insert tokens, and a
// migration that was killed anywhere goes on.
func TestMigrateFromTheFirstVersion(t *testing.T) {
	server, err := engine.Start(t.Context(), engine.Options{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dsn := server.URL() + "/vislang"
	o, err := parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defaults := *o
	defaults.Auth.Database = "default"
	db := ch.OpenDB(&defaults)
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE IF NOT EXISTS vislang"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	db = ch.OpenDB(o)
	defer db.Close()
	provider, err := provide(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	conn, err := ch.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	insert := func(table string) {
		t.Helper()
		ctx := ch.Context(t.Context(), ch.WithSettings(ch.Settings{"insert_deduplication_token": "batch/sentences"}))
		if err := conn.Exec(ctx, "INSERT INTO "+table+" (document_id, text, language) VALUES ('d', 'Habari.', 'swh_Latn')"); err != nil {
			t.Fatal(err)
		}
	}
	insert("sentences")
	halfway(t, conn)
	if err := Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	insert("all_sentences")
	for _, table := range []string{"sentences", "all_sentences"} {
		if n := one[uint64](t, conn, "SELECT count() FROM "+table+" WHERE text = 'Habari.' AND revision = 0"); n != 1 {
			t.Errorf("%d rows in %s, want the one that was there", n, table)
		}
	}
	if token := (&rows[sentenceRow]{layout: newLayouts().sentences}).token(); token != "sentences" {
		t.Errorf("the table adds %q to tokens; batches that were announced by the first version have %q", token, "sentences")
	}
}

// halfway runs the first statements of the migration, as one that was killed.
func halfway(t *testing.T, conn driver.Conn) {
	t.Helper()
	data, err := migrations.ReadFile("migrations/00003_revisions.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, up, _ := strings.Cut(string(data), "-- +goose Up\n")
	for i, statement := range strings.Split(up, ";\n") {
		if i == 9 {
			break
		}
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
