package assemble

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/schemas"
)

// swahili says that everything is in one language and remembers what was
// declared to it.
type swahili struct{ declared []string }

func (s *swahili) IdentifyWith(_ string, declared ...string) (string, float64) {
	s.declared = append(s.declared, declared...)
	return "swh_Latn", 0.95
}

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
	return &harness{t, New(Options{Codec: codec, Blobs: blobs, Language: &swahili{}}), codec, blobs, map[string][]byte{}}
}

// feed gives the stage a page and returns the text that it emits, if any.
func (h *harness) feed(page *schemas.PageText) *schemas.Text {
	h.t.Helper()
	value, err := h.codec.Encode(h.t.Context(), page)
	if err != nil {
		h.t.Fatal(err)
	}
	out, letters, err := stream.Once(h.t.Context(), h.stage, h.state, stream.Record{Topic: schemas.TopicPageTexts, Value: value})
	if err != nil || len(letters) > 0 {
		h.t.Fatalf("page %d: %v, %v", page.Page, letters, err)
	}
	if len(out) == 0 {
		return nil
	}
	text, err := schemas.Decode[schemas.Text](h.t.Context(), h.codec, out[0].Value)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := schemas.Load(h.t.Context(), h.blobs, text); err != nil {
		h.t.Fatal(err)
	}
	return text
}

func page(n, of int32, text string) *schemas.PageText {
	return &schemas.PageText{
		Context:    schemas.Context{DocumentID: "doc", Pages: of, GroupID: "group"},
		Page:       n,
		TextSource: schemas.SourceOCR,
		Confidence: 0.5,
		Blocks:     []schemas.Block{{Kind: schemas.BlockHeading, Text: fmt.Sprintf("Heading %d", n)}, {Kind: schemas.BlockParagraph, Text: text}},
	}
}

func TestPagesJoinInReadingOrderWhateverTheirArrival(t *testing.T) {
	h := newHarness(t)
	for _, n := range []int32{3, 1, 3, 4} {
		if text := h.feed(page(n, 4, "Watu wote wamezaliwa huru. Wote ni sawa.")); text != nil {
			t.Fatalf("a text came before page 2: %+v", text)
		}
	}
	failed := &schemas.PageText{Context: schemas.Context{DocumentID: "doc", Pages: 4}, Page: 2, TextSource: schemas.SourceNone, Failure: "it crashed"}
	text := h.feed(failed)
	if text == nil {
		t.Fatal("no text after the last page")
	}
	var order []string
	for _, b := range text.Blocks {
		if b.Kind == schemas.BlockHeading {
			order = append(order, fmt.Sprintf("%d:%s", b.Page, b.Text))
		}
	}
	if got := strings.Join(order, ","); got != "1:Heading 1,3:Heading 3,4:Heading 4" {
		t.Errorf("order of blocks: %s", got)
	}
	if text.FailedPages != 1 || text.Title != "Heading 1" || text.Language != "swh_Latn" {
		t.Errorf("failed pages %d, title %q, language %s", text.FailedPages, text.Title, text.Language)
	}
	if len(text.Sentences) != 9 || text.Sentences[1].Text != "Watu wote wamezaliwa huru." || text.Sentences[1].Page != 1 {
		t.Errorf("sentences: %+v", text.Sentences)
	}
	if q := text.Sentences[1].Quality; q <= 0 || q > 0.5 {
		t.Errorf("quality %g, want it bounded by the page's confidence", q)
	}
	if len(h.state) != 0 {
		t.Errorf("the state keeps %d keys of a document that is done", len(h.state))
	}
}

func TestRevisionsDoNotMix(t *testing.T) {
	h := newHarness(t)
	again := func(n int32) *schemas.PageText {
		p := page(n, 2, "again")
		p.Revision = 7
		return p
	}
	// The first processing never ends: its second page is missing.
	for i, p := range []*schemas.PageText{page(1, 2, "first"), again(2)} {
		if h.feed(p) != nil {
			t.Fatalf("page %d completed a document of two revisions", i)
		}
	}
	text := h.feed(again(1))
	if text == nil || text.Revision != 7 || strings.Contains(fmt.Sprint(text.Blocks), "first") {
		t.Fatalf("text: %+v", text)
	}
	if text := h.feed(page(2, 2, "first")); text == nil || text.Revision != 0 || strings.Contains(fmt.Sprint(text.Blocks), "again") {
		t.Errorf("text: %+v", text)
	}
	if len(h.state) != 0 {
		t.Errorf("state left behind: %d keys", len(h.state))
	}
}

func TestTablesAndCodeAreNoSentences(t *testing.T) {
	h := newHarness(t)
	p := page(1, 1, "Sentensi moja.")
	p.Blocks = append(p.Blocks, schemas.Block{Kind: schemas.BlockTable, Text: "a\tb\nc\td"}, schemas.Block{Kind: schemas.BlockCode, Text: "rm -rf /"})
	text := h.feed(p)
	if text == nil || len(text.Blocks) != 4 || len(text.Sentences) != 2 {
		t.Errorf("text: %+v", text)
	}
}

func TestSentencesKnowWhereTheyStand(t *testing.T) {
	h := newHarness(t)
	p := page(1, 1, "  ሰላም ለሁሉም።ሁለተኛው ነው።\n\n« C’est vrai. » Dr. Ali arrived…  It rained 1.5 mm.  ")
	p.Blocks = append(p.Blocks, schemas.Block{Kind: schemas.BlockListItem, Text: "လက်ဆေးပါ။ ရေသောက်ပါ။"})
	text := h.feed(p)
	if text == nil || len(text.Sentences) != 8 {
		t.Fatalf("text: %+v", text)
	}
	for _, s := range text.Sentences {
		if there := text.Blocks[s.Block].Text[s.Start:s.End]; there != s.Text {
			t.Errorf("block %d has %q where %q should be", s.Block, there, s.Text)
		}
	}
}

func TestAPageBeyondTheDocumentIsRefused(t *testing.T) {
	h := newHarness(t)
	value, err := h.codec.Encode(t.Context(), page(5, 4, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := stream.Once(t.Context(), h.stage, h.state, stream.Record{Value: value}); err == nil {
		t.Error("page 5 of 4 was taken")
	}
}

// TestOutline checks that bookmarks come together in the outline's order.
func TestOutline(t *testing.T) {
	h := newHarness(t)
	first, second := page(1, 2, "Watu wote."), page(2, 2, "Wote ni sawa.")
	first.Outline = []schemas.Bookmark{{Entry: 2, Level: 2, Title: "b"}, {Entry: 3, Level: 1, Title: "c", Page: 1}}
	second.Outline = []schemas.Bookmark{{Entry: 1, Level: 1, Title: "a", Page: 2}}
	h.feed(second)
	text := h.feed(first)
	if got := fmt.Sprint(text.Outline); got != "[{1 1 a 2} {2 2 b 0} {3 1 c 1}]" {
		t.Error(got)
	}
}

// counting takes a text for Spanish or English by the words of each.
type counting struct{}

func (counting) IdentifyWith(text string, _ ...string) (string, float64) {
	if strings.Count(text, "cada") > strings.Count(text, "every") {
		return "spa_Latn", 0.99
	}
	return "eng_Latn", 0.99
}

func TestAHalfTranslatedDocumentIsInTheDeclaredLanguage(t *testing.T) {
	spanish, english := strings.Repeat("cada persona ", 10), strings.Repeat("every person ", 10)
	for _, c := range []struct {
		declared []string
		blocks   []string
		want     string
		sure     float64
	}{
		{[]string{"es-ES"}, []string{spanish, spanish, english, english, english, "Heading"}, "spa_Latn", 0.4},
		{[]string{"es-ES"}, []string{spanish, english, english}, "eng_Latn", 0.99},
		{[]string{"es", "en"}, []string{spanish, spanish, english, english, english}, "eng_Latn", 0.99},
		{[]string{"fr"}, []string{spanish, spanish, english, english, english}, "eng_Latn", 0.99},
		{nil, []string{spanish, spanish, english, english, english}, "eng_Latn", 0.99},
		{[]string{"en"}, []string{spanish, english}, "eng_Latn", 0.99},
	} {
		text := &schemas.Text{Context: schemas.Context{Languages: c.declared}}
		for _, b := range c.blocks {
			text.Blocks = append(text.Blocks, schemas.Block{Kind: schemas.BlockParagraph, Text: b})
		}
		New(Options{Language: counting{}}).identify(text)
		if text.Language != c.want || math.Abs(text.Confidence-c.sure) > 0.01 {
			t.Errorf("%q, declared %q: %s %.2f, want %s %.2f", c.blocks, c.declared, text.Language, text.Confidence, c.want, c.sure)
		}
		for i, b := range text.Blocks {
			want, _ := counting{}.IdentifyWith(b.Text)
			if len(b.Text) < blockEnough {
				want = c.want // too short to say it
			}
			if b.Language != want {
				t.Errorf("block %d of %q: %s, want %s", i, c.blocks, b.Language, want)
			}
		}
	}
}
