package schemas

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"

	"vislang/pkg/blob"
)

func openBlobs(t testing.TB) *blob.Store {
	t.Helper()
	store, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// bigText returns a text of the given number of sentences, 100 bytes each.
func bigText(sentences int) *Text {
	text := &Text{Context: Context{DocumentID: "d"}, Language: "swh_Latn"}
	for i := range sentences {
		text.Sentences = append(text.Sentences, Sentence{Page: int32(i), Text: strings.Repeat("a", 100), Language: "swh_Latn"})
	}
	text.Blocks = []Block{{Page: 1, Kind: BlockParagraph, Text: "b"}}
	return text
}

func TestSpillSmallStays(t *testing.T) {
	text := bigText(10)
	if err := Spill(t.Context(), openBlobs(t), text); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(text, bigText(10)) {
		t.Error("a small record was changed")
	}
	if err := Load(t.Context(), openBlobs(t), text); err != nil {
		t.Fatal(err)
	}
}

func TestSpillLoad(t *testing.T) {
	blobs := openBlobs(t)
	page := &PageText{Blocks: []Block{{Text: strings.Repeat("x", spillSize)}}, Lines: []Line{{Text: "y", X: 1, Confidence: 0.5}}}
	tests := map[string]struct{ rec, want Bodied }{
		"text":              {bigText(10_000), bigText(10_000)},
		"arrays in parts":   {bigText(maxArrayPart + 10), bigText(maxArrayPart + 10)},
		"page-text":         {page, &PageText{Blocks: page.Blocks, Lines: page.Lines}},
		"one more is small": {bigText(1), bigText(1)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := startCodec(t)
			if err := Spill(t.Context(), blobs, test.rec); err != nil {
				t.Fatal(err)
			}
			data, err := c.Encode(t.Context(), test.rec)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) > spillSize {
				t.Errorf("record still has %d bytes", len(data))
			}
			if err := Load(t.Context(), blobs, test.rec); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(test.rec, test.want) {
				t.Error("the body came back changed")
			}
		})
	}
}

// TestSpillBound checks that a record that stays whole does fit.
func TestSpillBound(t *testing.T) {
	c := startCodec(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		page, text := new(PageText), new(Text)
		randomize(rng, reflect.ValueOf(page).Elem())
		randomize(rng, reflect.ValueOf(text).Elem())
		for rec, empty := range map[Bodied]any{page: &PageText{Context: page.Context}, text: &Text{Context: text.Context}} {
			data, err := c.Encode(t.Context(), rec)
			if err != nil {
				t.Fatal(err)
			}
			rest, err := c.Encode(t.Context(), empty)
			if err != nil {
				t.Fatal(err)
			}
			if slack := 300; rec.bodySize()+len(rest)+slack < len(data) {
				t.Errorf("%T of %d bytes was thought to have %d", rec, len(data), rec.bodySize()+len(rest))
			}
		}
	}
}

func TestSpillIsReproducibleAndPlainAvro(t *testing.T) {
	blobs := openBlobs(t)
	a, b := bigText(10_000), bigText(10_000)
	for _, text := range []*Text{a, b} {
		if err := Spill(t.Context(), blobs, text); err != nil {
			t.Fatal(err)
		}
	}
	if a.BodyBlob != b.BodyBlob || a.BodyBlob == "" {
		t.Errorf("same body, blobs %q and %q", a.BodyBlob, b.BodyBlob)
	}
	data, err := blobs.Get(t.Context(), a.BodyBlob)
	if err != nil {
		t.Fatal(err)
	}
	file, err := goavro.NewOCFReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for file.Scan() {
		datum, err := file.Read()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(datum.(map[string]any)["sentences"].([]any)); n != 10_000 {
			t.Errorf("the file has %d sentences", n)
		}
	}
	if err := file.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestLoadErrors(t *testing.T) {
	blobs := openBlobs(t)
	text := bigText(10_000)
	if err := Spill(t.Context(), blobs, text); err != nil {
		t.Fatal(err)
	}
	data, err := blobs.Get(t.Context(), text.BodyBlob)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(data)
	changed[len(changed)-1]++
	tests := map[string]struct {
		data []byte
		want error
	}{
		"empty":          {nil, ErrNotAvro},
		"a record":       {[]byte{0, 0, 0, 0, 1, 0}, ErrNotAvro},
		"cut":            {data[:len(data)-20], ErrTruncated},
		"longer":         {append(bytes.Clone(data), 1), ErrCorrupt},
		"sync":           {changed, ErrCorrupt},
		"magic only":     {data[:4], ErrCorrupt},
		"other body":     {writeContainer(`{"type":"record","name":"vislang.PageTextBody","fields":[]}`, nil), ErrOtherRecord},
		"not our schema": {writeContainer(`"bytes"`, nil), ErrOtherRecord},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := decodeBody(test.data, &textBody{}); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	if err := Load(t.Context(), openBlobs(t), text); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("missing blob: got %v", err)
	}
}
