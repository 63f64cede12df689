package clickhouse

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

// bead is a row of two documents that are named by their languages.
func bead(b *bench, source, target string, from, to int32, text string) *kgo.Record {
	var run []int32
	for i := from; i <= to; i++ {
		run = append(run, i)
	}
	return b.encoded(schemas.TopicBitext, &schemas.Bitext{
		PairID: fmt.Sprint(source, target, from), SourceDocumentID: source, TargetDocumentID: target, SourceLanguage: source, TargetLanguage: target,
		SourceSentences: run, TargetText: text, Score: 0.5 + float64(from)/10, Health: 0.75,
	})
}

// Beads of several languages that touch the same sentences of the pivot are one
// group.
func TestSentenceGroups(t *testing.T) {
	b := newBench(t, 1)
	text := &schemas.Text{Context: schemas.Context{DocumentID: "eng", Pages: 1}, Language: "eng_Latn", Blocks: []schemas.Block{{Page: 1, Kind: "paragraph"}}}
	for i := range int32(6) {
		text.Sentences = append(text.Sentences, schemas.Sentence{Page: 1, Text: fmt.Sprintf("E%d.", i)})
	}
	b.produce(
		b.encoded(schemas.TopicTexts, text),
		bead(b, "eng", "swh", 0, 0, "S0"), bead(b, "eng", "swh", 1, 2, "S1 2"), bead(b, "eng", "swh", 3, 3, "S3"), bead(b, "eng", "swh", 5, 5, "S5"),
		bead(b, "eng", "amh", 0, 0, "A0"), bead(b, "eng", "amh", 2, 3, "A2 3"), bead(b, "eng", "amh", 1, 1, "A1"),
	)
	b.start(b.options())
	b.drained()
	got := one[string](t, b.conn, `SELECT toString(groupArray(tuple(*))) FROM (SELECT sentences, text, translations, score FROM sentence_groups ORDER BY sentences)`)
	want := "[([0],'E0.',{'amh':'A0','swh':'S0'},0.5)," +
		"([1,2,3],'E1. E2. E3.',{'amh':'A1 A2 3','swh':'S1 2 S3'},0.6)," +
		"([5],'E5.',{'swh':'S5'},1)]"
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// A pair of documents that is taken back takes its beads with it, until it is
// found again.
func TestRetractedMatchesHideTheirBeads(t *testing.T) {
	b := newBench(t, 1)
	match := func(target, state string) *kgo.Record {
		return b.encoded(schemas.TopicMatches, &schemas.Match{MatchID: target, SourceDocumentID: "eng", TargetDocumentID: target, SourceLanguage: "eng", TargetLanguage: target, State: state})
	}
	b.produce(
		match("swh", schemas.MatchFound), match("amh", schemas.MatchFound), match("fra", schemas.MatchDeclared), match("som", schemas.MatchFound),
		bead(b, "eng", "swh", 0, 0, ""), bead(b, "eng", "amh", 0, 0, ""), bead(b, "eng", "fra", 0, 0, ""), bead(b, "eng", "som", 0, 0, ""), bead(b, "eng", "hau", 0, 0, ""),
		match("swh", schemas.MatchRetracted), match("amh", schemas.MatchRetracted), match("amh", schemas.MatchFound),
	)
	b.start(b.options())
	b.drained()
	got := one[string](t, b.conn, `SELECT arrayStringConcat(arraySort(groupArray(toString(target_language))), ' ') FROM bitext`)
	if want := "amh fra hau som"; got != want {
		t.Errorf("beads of %s, want %s", got, want)
	}
	if n := one[uint64](t, b.conn, `SELECT count() FROM matches`); n != 4 {
		t.Errorf("%d matches, want 4", n)
	}
}
