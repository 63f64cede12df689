package ocr

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write golden files")

func TestParseHOCRGolden(t *testing.T) {
	hocr, err := os.ReadFile("testdata/page.hocr")
	if err != nil {
		t.Fatal(err)
	}
	page, err := parseHOCR(hocr)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(page, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/page.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got\n%s", got)
	}
}

func TestParseHOCR(t *testing.T) {
	// A line of one word, the word's and the line's tags to be filled in.
	line := func(class, word string) string {
		return `<div class='ocr_carea' title="bbox 0 0 100 100"><p class='ocr_par' title="bbox 0 0 100 50">` +
			`<span class='` + class + `' title="bbox 1 2 91 42; baseline 0 0">` + word + `</span></p></div>`
	}
	tests := []struct {
		name, hocr, text string
		confidence       float64
		box              Box
	}{
		{"word", line("ocr_line", `<span class='ocrx_word' title='bbox 5 6 15 26; x_wconf 50'>a</span>`), "a\n", 0.5, Box{5, 6, 10, 20}},
		{"caption", line("ocr_caption", `<span class='ocrx_word' title='bbox 5 6 15 26; x_wconf 50'>a</span>`), "a\n", 0.5, Box{5, 6, 10, 20}},
		{"emphasis and entities", line("ocr_line", `<span class='ocrx_word' title='bbox 5 6 15 26; x_wconf 50'><strong><em>R&amp;D &lt;3</em></strong></span>`), "R&D <3\n", 0.5, Box{5, 6, 10, 20}},
		{"broken box", line("ocr_line", `<span class='ocrx_word' title='bbox 50 6 15 x; x_wconf 120'>a</span>`), "a\n", 0, Box{}},
		{"two words", line("ocr_line", `<span class='ocrx_word' title='bbox 5 6 15 26; x_wconf 90'>abc</span> <span class='ocrx_word' title='bbox 5 6 15 26; x_wconf 50'>d</span>`), "abc d\n", 0.8, Box{5, 6, 10, 20}},
		{"no text", line("ocr_line", `<span class='ocrx_word' title='bbox 5 6 15 26; x_wconf 90'> </span>`), "", 0, Box{}},
		{"word of no line", `<span class='ocrx_word' title='bbox 5 6 15 26'>a</span>`, "", 0, Box{}},
		{"other class", line("ocr_photo", `<span class='ocrx_word' title='bbox 5 6 15 26'>a</span>`), "", 0, Box{}},
		{"end tags only", `</span></p></div></div>`, "", 0, Box{}},
		{"nothing", "", "", 0, Box{}},
	}
	for _, test := range tests {
		page, err := parseHOCR([]byte(test.hocr))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if page.Text() != test.text || page.Confidence != test.confidence {
			t.Errorf("%s: text %q, confidence %v", test.name, page.Text(), page.Confidence)
		}
		lines := page.Lines()
		if test.text == "" {
			if len(lines) != 0 || len(page.Blocks) != 0 {
				t.Errorf("%s: %+v", test.name, page)
			}
			continue
		}
		if lines[0].Box != (Box{1, 2, 90, 40}) || lines[0].Words[0].Box != test.box {
			t.Errorf("%s: boxes %+v, %+v", test.name, lines[0].Box, lines[0].Words[0].Box)
		}
	}
}

func TestJoinWords(t *testing.T) {
	word := func(text string, x, width int) Word {
		return Word{Text: text, Box: Box{X: x, Width: width, Height: 30}}
	}
	tests := []struct {
		words []Word
		want  string
	}{
		{[]Word{word("two", 0, 40), word("words", 41, 60)}, "two words"},
		{[]Word{word("လူ့", 0, 40), word("အခွင့်", 45, 60)}, "လူ့အခွင့်"},
		{[]Word{word("လူ့", 0, 40), word("အခွင့်", 60, 60)}, "လူ့ အခွင့်"},
		{[]Word{word("ไทย", 0, 40), word("and", 41, 60)}, "ไทย and"},
		{nil, ""},
	}
	for _, test := range tests {
		if got := joinWords(test.words); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func FuzzParseHOCR(f *testing.F) {
	hocr, err := os.ReadFile("testdata/page.hocr")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hocr)
	f.Add([]byte(`<div class='ocr_carea'><p class='ocr_par'><span class='ocr_line'><span class='ocrx_word' title='bbox -1 0 99999999999 1; x_wconf NaN'>&#0;a`))
	f.Fuzz(func(t *testing.T, data []byte) {
		page, err := parseHOCR(data)
		if err != nil {
			return
		}
		if page.Confidence < 0 || page.Confidence > 1 {
			t.Fatalf("confidence %v", page.Confidence)
		}
		for _, l := range page.Lines() {
			if strings.TrimSpace(l.Text) == "" || len(l.Words) == 0 || !utf8.ValidString(l.Text) {
				t.Fatalf("line %+v", l)
			}
			if l.Box.X < 0 || l.Box.Y < 0 || l.Box.Width < 0 || l.Box.Height < 0 || l.Confidence < 0 || l.Confidence > 1 {
				t.Fatalf("line %+v", l)
			}
		}
	})
}
