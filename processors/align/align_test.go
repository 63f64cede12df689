package align

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/schemas"
)

type harness struct {
	t     *testing.T
	stage *Stage
	codec *schemas.Codec
	blobs *blob.Store
	state map[string][]byte
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	registry, err := schemas.StartRegistry(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	blobs, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	codec := schemas.NewCodec(registry.Client())
	return &harness{t, New(Options{Codec: codec, Blobs: blobs}), codec, blobs, map[string][]byte{}}
}

// text stores a document and returns the name of its blob.
func (h *harness) text(id, language string, sentences []string) string {
	h.t.Helper()
	t := schemas.Text{Context: schemas.Context{DocumentID: id, License: "CC0-1.0", Pages: 1}, Language: language}
	for _, s := range sentences {
		t.Sentences = append(t.Sentences, schemas.Sentence{Page: 1, Text: s, Language: language})
	}
	value, err := h.codec.Encode(h.t.Context(), &t)
	if err != nil {
		h.t.Fatal(err)
	}
	name, err := h.blobs.Put(h.t.Context(), value)
	if err != nil {
		h.t.Fatal(err)
	}
	return name
}

// match gives the stage a pair of documents and returns its beads.
func (h *harness) match(id, state string, source, target []string) ([]schemas.Bitext, error) {
	h.t.Helper()
	value, err := h.codec.Encode(h.t.Context(), &schemas.Match{
		MatchID: id, State: state, GroupID: "g", SourceDocumentID: "e" + id, TargetDocumentID: "s" + id, SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn",
		SourceText: h.text("e"+id, "eng_Latn", source), TargetText: h.text("s"+id, "swh_Latn", target),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	out, letters, err := stream.Once(h.t.Context(), h.stage, h.state, stream.Record{Topic: schemas.TopicMatches, Value: value})
	if len(letters) > 0 {
		h.t.Fatal(letters)
	}
	var beads []schemas.Bitext
	for _, rec := range out {
		bead, err := schemas.Decode[schemas.Bitext](h.t.Context(), h.codec, rec.Value)
		if err != nil {
			h.t.Fatal(err)
		}
		if string(rec.Key) != "eng_Latn-swh_Latn" {
			h.t.Errorf("key %s", rec.Key)
		}
		beads = append(beads, *bead)
	}
	return beads, err
}

var (
	english = []string{"Article 1.", "All people are born free in 1948.", "They have reason.", "Nobody shall be held as a slave anywhere in the world."}
	swahili = []string{"Kifungu cha 1.", "Watu wote wamezaliwa huru 1948.", "Wana akili.", "Mtu yeyote asifanywe mtumwa mahali popote duniani."}
)

func TestBeads(t *testing.T) {
	h := newHarness(t)
	beads, err := h.match("1", schemas.MatchDeclared, english, swahili)
	if err != nil || len(beads) != 4 {
		t.Fatalf("%d beads, %v", len(beads), err)
	}
	b := beads[1]
	if b.SourceText != english[1] || b.TargetText != swahili[1] || b.SourceBefore != english[0] || b.TargetAfter != swahili[2] ||
		b.GroupID != "g" || b.Bead != "1-1" || b.License != "CC0-1.0" || b.Features != "" || b.Health < 0.5 {
		t.Errorf("second bead: %+v", b)
	}
	if again, err := h.match("1", schemas.MatchFound, english, swahili); err != nil || len(again) != 0 {
		t.Errorf("a match that comes back makes %d beads, %v", len(again), err)
	}
	if retracted, err := h.match("2", schemas.MatchRetracted, english, swahili); err != nil || len(retracted) != 0 {
		t.Errorf("a retracted match makes %d beads, %v", len(retracted), err)
	}
}

// A page of which half was left in the language it came from is a pair, without that half.
func TestWhatWasLeftUntranslatedIsNoPair(t *testing.T) {
	h := newHarness(t)
	left := []string{"The program shows a list of packages.", "Its manual explains 27 commands.", "Press a key to leave.", "Nothing else is needed here."}
	beads, err := h.match("1", schemas.MatchDeclared, slices.Concat(english, left), slices.Concat(swahili, left))
	if err != nil || len(beads) != len(english) {
		t.Fatalf("%d beads, %v", len(beads), err)
	}
	for i, b := range beads {
		if b.SourceText != english[i] || b.TargetText != swahili[i] {
			t.Errorf("bead %d: %q and %q", i, b.SourceText, b.TargetText)
		}
	}
	if beads, err := h.match("2", schemas.MatchDeclared, left, left); err == nil {
		t.Errorf("a copy makes %d beads", len(beads))
	}
}

func TestTheLexiconGrows(t *testing.T) {
	run := func() (*harness, string) {
		h := newHarness(t)
		var features string
		for _, id := range strings.Split("abcdefgh", "") {
			beads, err := h.match(id, schemas.MatchDeclared, english, swahili)
			if err != nil || len(beads) == 0 {
				t.Fatalf("%d beads, %v", len(beads), err)
			}
			features = beads[0].Features
		}
		return h, features
	}
	a, features := run()
	if features != "lexicon" {
		t.Errorf("features of the last beads: %q", features)
	}
	b, _ := run()
	if !maps.EqualFunc(a.state, b.state, bytes.Equal) {
		t.Error("the same matches in the same order left another state")
	}
}

func TestUnhealthyPairsMakeNoRowsAndTeachNothing(t *testing.T) {
	h := newHarness(t)
	var source, target []string
	for i := range 30 {
		source = append(source, fmt.Sprint(strings.Repeat("people ", 1+i*i*7%23), 1000+i*37, "."))
		target = append(target, fmt.Sprint(strings.Repeat("watu wa ", 1+i*i*11%19), 5000+i*53, "."))
	}
	beads, err := h.match("1", schemas.MatchDeclared, source, target)
	if err == nil || len(beads) > 0 || !strings.Contains(err.Error(), "health") {
		t.Errorf("%d beads, %v", len(beads), err)
	}
	if len(h.state) > 0 {
		t.Errorf("%d keys of state", len(h.state))
	}
}
