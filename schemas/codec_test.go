package schemas

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// startCodec returns a codec on an embedded registry of its own.
func startCodec(t testing.TB) *Codec {
	t.Helper()
	r, err := StartRegistry(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return NewCodec(r.Client())
}

// randomize fills v with random values of its type.
func randomize(rng *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(randomText(rng))
	case reflect.Int32:
		v.SetInt(int64(int32(rng.Uint32()) >> rng.IntN(32)))
	case reflect.Int64:
		v.SetInt(int64(rng.Uint64()) >> rng.IntN(64))
	case reflect.Float64:
		v.SetFloat(rng.NormFloat64())
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Uint8:
		v.SetUint(uint64(rng.UintN(256)))
	case reflect.Slice:
		if n := rng.IntN(4); n > 0 { // an empty slice comes back nil
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			randomize(rng, v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if rng.IntN(4) > 0 {
				v.Set(reflect.ValueOf(time.UnixMilli(rng.Int64N(1 << 42)).UTC()))
			}
			return
		}
		for i := range v.NumField() {
			randomize(rng, v.Field(i))
		}
	default:
		panic(v.Kind())
	}
}

func randomText(rng *rand.Rand) string {
	letters := []rune("aé\x00\n\"አማ\U0001F600ọ́")
	text := make([]rune, rng.IntN(20))
	for i := range text {
		text[i] = letters[rng.IntN(len(letters))]
	}
	return string(text)
}

func roundTrip[T any](t *testing.T) {
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		c := startCodec(t)
		rng := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			want := new(T)
			randomize(rng, reflect.ValueOf(want).Elem())
			data, err := c.Encode(t.Context(), want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode[T](t.Context(), c, data)
			if err != nil {
				t.Fatal(err)
			}
			clear(data) // nothing decoded may refer to it
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v\nwant %+v", got, want)
			}
		}
	})
}

func TestRoundTrip(t *testing.T) {
	roundTrip[Document](t)
	roundTrip[Page](t)
	roundTrip[PageText](t)
	roundTrip[Figure](t)
	roundTrip[Text](t)
	roundTrip[Bitext](t)
	roundTrip[Sample](t)
	roundTrip[DeadLetter](t)
}

// TestConcurrentUse encodes different records at once: what the codec keeps
// for the next record must not leak into another.
func TestConcurrentUse(t *testing.T) {
	c := startCodec(t)
	var workers sync.WaitGroup
	for seed := range uint64(4) {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 5))
			for range 100 {
				want := new(Text)
				randomize(rng, reflect.ValueOf(want).Elem())
				data, err := c.Encode(t.Context(), want)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := Decode[Text](t.Context(), c, data)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, want %+v, %v", got, want, err)
					return
				}
			}
		})
	}
	workers.Wait()
}

func TestDecodeErrors(t *testing.T) {
	c := startCodec(t)
	good, err := c.Encode(t.Context(), &Sample{SampleID: "1", Response: "mtoto"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Encode(t.Context(), &Page{Page: 1})
	if err != nil {
		t.Fatal(err)
	}
	negative := append([]byte{0, 0, 0, 0, 7}, 1) // a string of length -1
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrNotAvro},
		{"short", good[:4], ErrNotAvro},
		{"text", []byte("{\"sample_id\":1}"), ErrNotAvro},
		{"unknown id", []byte{0, 0, 0, 0, 99, 1, 2}, ErrUnknownSchema},
		{"huge id", []byte{0, 255, 255, 255, 255, 1, 2}, ErrUnknownSchema},
		{"other record", other, ErrOtherRecord},
		{"header only", good[:5], ErrTruncated},
		{"one byte less", good[:len(good)-1], ErrTruncated},
		{"one byte more", append(good[:len(good):len(good)], 0), ErrTrailing},
		{"negative length", negative, ErrCorrupt},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Decode[Sample](t.Context(), c, test.data); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestRegistryDown(t *testing.T) {
	r, err := StartRegistry(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	c := NewCodec(r.Client())
	data, err := c.Encode(t.Context(), &Sample{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := Decode[Sample](ctx, c, data); !errors.Is(err, ErrRegistry) {
		t.Errorf("decode: got %v, want %v", err, ErrRegistry)
	}
	if _, err := c.Encode(ctx, &Page{}); !errors.Is(err, ErrRegistry) {
		t.Errorf("encode: got %v, want %v", err, ErrRegistry)
	}
	if _, err := c.Encode(ctx, &Sample{}); err != nil {
		t.Errorf("a known id was asked for again: %v", err)
	}
}

func TestEncodeNotARecord(t *testing.T) {
	c := startCodec(t)
	for _, v := range []any{nil, Sample{}, (*Sample)(nil), &Block{}, "text"} {
		if _, err := c.Encode(t.Context(), v); !errors.Is(err, ErrNotRecord) {
			t.Errorf("%#v: got %v, want %v", v, err, ErrNotRecord)
		}
	}
}

func TestEncodeTooLarge(t *testing.T) {
	c := startCodec(t)
	if _, err := c.Encode(t.Context(), &Bitext{SourceText: strings.Repeat("a", 1<<20)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
	// A dead letter wraps the largest record of any other topic.
	if _, err := c.Encode(t.Context(), &DeadLetter{Value: make([]byte, 1<<20)}); err != nil {
		t.Error(err)
	}
}

func TestEncodeRepairsText(t *testing.T) {
	c := startCodec(t)
	data, err := c.Encode(t.Context(), &Figure{Caption: "a\xffb", Context: Context{Languages: []string{"\xc3"}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[Figure](t.Context(), c, data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Caption != "a\uFFFDb" || got.Languages[0] != "\uFFFD" {
		t.Errorf("got %q and %q", got.Caption, got.Languages)
	}
}

func BenchmarkEncode(b *testing.B) {
	c := startCodec(b)
	for name, rec := range realisticRecords() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				data, err := c.Encode(b.Context(), rec)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(data)))
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	c := startCodec(b)
	for name, rec := range realisticRecords() {
		data, err := c.Encode(b.Context(), rec)
		if err != nil {
			b.Fatal(err)
		}
		decode := map[string]func() error{
			"Document": func() error { _, err := Decode[Document](b.Context(), c, data); return err },
			"PageText": func() error { _, err := Decode[PageText](b.Context(), c, data); return err },
			"Text":     func() error { _, err := Decode[Text](b.Context(), c, data); return err },
			"Bitext":   func() error { _, err := Decode[Bitext](b.Context(), c, data); return err },
		}[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := decode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// realisticRecords returns records of the size the pipeline makes: a page of
// 40 lines, a document of 300 sentences.
func realisticRecords() map[string]any {
	const sentence = "Watoto wengi hawajaweza kurudi shuleni tangu mafuriko ya mwezi uliopita yaliyoharibu barabara kuu."
	about := Context{
		DocumentID: "2xGq0aBcDeFgHiJkLmNoPqRsTuV", URL: "https://example.org/sw/ripoti/2026/hali-ya-kibinadamu",
		GroupID: "https://example.org/en/report/2026/humanitarian-situation", Title: "Hali ya kibinadamu",
		Languages: []string{"sw"}, License: "CC-BY-4.0", Pages: 12,
	}
	page := &PageText{Context: about, Page: 3, TextSource: SourceOCR, Engine: "tesseract 5.3.0 swa", Confidence: 0.93, Width: 2480, Height: 3508}
	for i := range int32(40) {
		page.Lines = append(page.Lines, Line{Text: sentence[:60], X: 200, Y: 200 + 60*i, Width: 2000, Height: 50, Confidence: 0.93})
	}
	text := &Text{Context: about, Language: "swh_Latn", Confidence: 0.99, TextSources: []string{SourceOCR}}
	for i := range int32(8) {
		page.Blocks = append(page.Blocks, Block{Page: 3, Kind: BlockParagraph, Text: sentence + " " + sentence + " " + sentence})
		_ = i
	}
	for i := range int32(300) {
		if i%5 == 0 {
			text.Blocks = append(text.Blocks, page.Blocks[0])
		}
		text.Sentences = append(text.Sentences, Sentence{Page: i/25 + 1, Block: i / 5, Text: sentence, Language: "swh_Latn", Quality: 0.9})
	}
	return map[string]any{
		"Document": &Document{
			DocumentID: about.DocumentID, URL: about.URL, Source: "example.org", FetchedAt: time.UnixMilli(1790000000000).UTC(),
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", MediaType: "application/pdf", Bytes: 812345,
			FileName: "ripoti.pdf", Title: about.Title, Languages: about.Languages, GroupID: about.GroupID, License: about.License,
		},
		"PageText": page,
		"Text":     text,
		"Bitext": &Bitext{
			PairID: "9f86d081884c7d659a2feaa0c55ad015", SourceDocumentID: about.DocumentID, TargetDocumentID: about.DocumentID,
			GroupID: about.GroupID, SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn", SourceText: sentence, TargetText: sentence,
			SourceSentences: []int32{17}, TargetSentences: []int32{18, 19}, SourceBefore: sentence, SourceAfter: sentence,
			TargetBefore: sentence, TargetAfter: sentence, Bead: "1-2", Score: 0.87, Health: 0.95, License: about.License,
		},
	}
}
