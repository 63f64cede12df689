package align

import (
	"fmt"
	"testing"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/schemas"
)

type harness struct {
	t     *testing.T
	stage *Stage
	codec *schemas.Codec
	state map[string][]byte

	revision int64 // of the documents that feed gives
}

func newHarness(t *testing.T, pivots ...string) *harness {
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
	return &harness{t, New(Options{Codec: codec, Blobs: blobs, Pivots: pivots}), codec, map[string][]byte{}, 0}
}

// feed gives the stage a document of the group "g" and returns its beads.
func (h *harness) feed(id, language string, sentences ...string) []schemas.Bitext {
	h.t.Helper()
	t := schemas.Text{Context: schemas.Context{DocumentID: id, Revision: h.revision, GroupID: "g", Pages: 1}, Language: language}
	for _, s := range sentences {
		t.Sentences = append(t.Sentences, schemas.Sentence{Page: 1, Text: s, Language: language})
	}
	value, err := h.codec.Encode(h.t.Context(), &t)
	if err != nil {
		h.t.Fatal(err)
	}
	out, letters, err := stream.Once(h.t.Context(), h.stage, h.state, stream.Record{Topic: schemas.TopicTexts, Value: value})
	if err != nil || len(letters) > 0 {
		h.t.Fatalf("%s: %v, %v", id, letters, err)
	}
	var beads []schemas.Bitext
	for _, rec := range out {
		bead, err := schemas.Decode[schemas.Bitext](h.t.Context(), h.codec, rec.Value)
		if err != nil {
			h.t.Fatal(err)
		}
		if want := bead.SourceLanguage + "-" + bead.TargetLanguage; string(rec.Key) != want {
			h.t.Errorf("key %s, want %s", rec.Key, want)
		}
		beads = append(beads, *bead)
	}
	return beads
}

var (
	english = []string{"Article 1.", "All people are born free in 1948.", "They have reason."}
	swahili = []string{"Kifungu cha 1.", "Watu wote wamezaliwa huru 1948.", "Wana akili."}
	french  = []string{"Article 1.", "Tous naissent libres en 1948.", "Ils ont la raison."}
)

func TestEachPairIsAlignedOnceWhicheverCameFirst(t *testing.T) {
	orders := [][]string{{"e", "s", "f"}, {"f", "s", "e"}, {"s", "f", "e"}}
	texts := map[string][]string{"e": english, "s": swahili, "f": french}
	languages := map[string]string{"e": "eng_Latn", "s": "swh_Latn", "f": "fra_Latn"}
	var first map[string]bool
	for _, order := range orders {
		h := newHarness(t)
		pairs := map[string]bool{}
		for _, id := range order {
			for _, bead := range h.feed(id, languages[id], texts[id]...) {
				key := fmt.Sprint(bead.PairID, bead.SourceLanguage, bead.TargetLanguage, bead.SourceText, bead.TargetText)
				if pairs[key] {
					t.Errorf("%v: doubled %s", order, key)
				}
				pairs[key] = true
			}
		}
		if first == nil {
			first = pairs
		}
		if len(pairs) != 9 || fmt.Sprint(pairs) != fmt.Sprint(first) {
			t.Errorf("%v: %d pairs, want the same 9 as in any order", order, len(pairs))
		}
		if again := h.feed(order[0], languages[order[0]], texts[order[0]]...); len(again) != 0 {
			t.Errorf("a replayed document made %d pairs", len(again))
		}
	}
}

func TestANewerRevisionTakesThePlaceOfTheOlder(t *testing.T) {
	h := newHarness(t)
	h.feed("en", "eng_Latn", "Two dogs bark.", "Three cats sleep.")
	h.feed("sw", "swh_Latn", "Mbwa wawili wanabweka.", "Paka watatu wanalala.")
	h.revision = 7
	beads := h.feed("en", "eng_Latn", "Two dogs bark.", "Three cats sleep.")
	if len(beads) == 0 {
		t.Fatal("the newer revision was not aligned")
	}
	for _, b := range beads {
		if b.SourceRevision != 7 || b.TargetRevision != 0 {
			t.Errorf("revisions of the bead: %d, %d", b.SourceRevision, b.TargetRevision)
		}
	}
	h.revision = 3
	if late := h.feed("en", "eng_Latn", "Two dogs bark."); len(late) > 0 {
		t.Errorf("an older revision that came late was aligned: %v", late)
	}
	h.revision = 0
	again := h.feed("fr", "fra_Latn", "Deux chiens aboient.", "Trois chats dorment.")
	for _, b := range again {
		if b.SourceDocumentID == "en" && b.SourceRevision != 7 {
			t.Errorf("a new document meets revision %d", b.SourceRevision)
		}
	}
	h.revision = 9
	both := h.feed("sw", "swh_Latn", "Mbwa wawili wanabweka.", "Paka watatu wanalala.")
	partners := map[string]int64{}
	for _, b := range both {
		other, revision := b.SourceDocumentID, b.SourceRevision
		if other == "sw" {
			other, revision = b.TargetDocumentID, b.TargetRevision
		}
		partners[other] = revision
	}
	if len(partners) != 2 || partners["en"] != 7 {
		t.Errorf("aligned again with %v, want en in revision 7 and fr", partners)
	}
}

func TestPivotsLimitPairsAndAreTheSource(t *testing.T) {
	h := newHarness(t, "swh")
	h.feed("e", "eng_Latn", english...)
	if beads := h.feed("f", "fra_Latn", french...); len(beads) != 0 {
		t.Errorf("%d pairs without the pivot", len(beads))
	}
	beads := h.feed("s", "swh_Latn", swahili...)
	if len(beads) != 6 {
		t.Errorf("%d pairs, want 3 with each of the two others", len(beads))
	}
	for _, bead := range beads {
		if bead.SourceLanguage != "swh_Latn" {
			t.Errorf("source %s, want the pivot", bead.SourceLanguage)
		}
	}
	if beads[1].SourceBefore != swahili[0] || beads[1].SourceAfter != swahili[2] {
		t.Errorf("context of the second pair: %q, %q", beads[1].SourceBefore, beads[1].SourceAfter)
	}
}

func TestWhatHasNoCounterpart(t *testing.T) {
	h := newHarness(t)
	h.feed("a", "eng_Latn", english...)
	if beads := h.feed("b", "eng_Latn", english...); len(beads) != 0 {
		t.Errorf("%d pairs of one language", len(beads))
	}
	if beads := h.feed("u", "und_Latn", swahili...); len(beads) != 0 {
		t.Errorf("%d pairs with an unknown language", len(beads))
	}
}
