package extract

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vislang/pkg/media"
	"vislang/pkg/pdf"
	"vislang/schemas"
)

// tinyPDF has a page for each content stream.
func tinyPDF(contents ...string) []byte {
	var out bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
	}
	out.WriteString("%PDF-1.4\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	for i := range contents {
		fmt.Fprintf(&kids, "%d 0 R ", 4+2*i)
	}
	object("<</Type/Pages/Count %d/Kids[%s]>>", len(contents), kids.String())
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	for i, content := range contents {
		object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>", 5+2*i)
		object("<</Length %d>>stream\n%s\nendstream", len(content), content)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF", len(offsets)+1, xref)
	return out.Bytes()
}

const (
	textPage = "BT /F1 12 Tf 20 150 Td (Habari za mafuriko) Tj ET"
	drawn    = "0 g 20 20 m 150 180 l 280 20 l f"
)

// tinyTIFF has a grey page of each width, 10 pixels high.
func tinyTIFF(widths ...int) []byte {
	out := []byte("II*\x00\x00\x00\x00\x00")
	link := 4
	for _, w := range widths {
		strip := len(out)
		out = append(out, bytes.Repeat([]byte{200}, w*10)...)
		if len(out)%2 == 1 {
			out = append(out, 0)
		}
		binary.LittleEndian.PutUint32(out[link:], uint32(len(out)))
		entries := [][2]uint32{{256, uint32(w)}, {257, 10}, {258, 8}, {259, 1}, {262, 1}, {273, uint32(strip)}, {277, 1}, {278, 10}, {279, uint32(w * 10)}}
		out = binary.LittleEndian.AppendUint16(out, uint16(len(entries)))
		for _, e := range entries {
			out = binary.LittleEndian.AppendUint16(out, uint16(e[0]))
			out = binary.LittleEndian.AppendUint16(out, 4) // LONG
			out = binary.LittleEndian.AppendUint32(out, 1)
			out = binary.LittleEndian.AppendUint32(out, e[1])
		}
		link = len(out)
		out = append(out, 0, 0, 0, 0)
	}
	return out
}

// tinyPNG is a photograph-like picture, or paper with a stroke.
func tinyPNG(t *testing.T, photo bool) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 160))
	for y := range 160 {
		for x := range 200 {
			v := uint8(x + y/2)
			if !photo {
				v = 250
				if y == 80 {
					v = 0
				}
			}
			img.SetGray(x, y, color.Gray{Y: v})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pack(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// collector is a sink.
type collector struct {
	texts   []*schemas.PageText
	pages   []*schemas.Page
	layers  []*schemas.PageText // of pages with regions
	figures []*schemas.Figure
	failed  []int32
}

func (c *collector) Text(_ context.Context, p *schemas.PageText) error {
	c.texts = append(c.texts, p)
	return nil
}

func (c *collector) Page(_ context.Context, p *schemas.Page, data []byte) error {
	if w, h, err := media.Size(data); err != nil || int32(w) != p.Width || int32(h) != p.Height {
		return fmt.Errorf("page %d is %d by %d, its image %d by %d: %w", p.Page, p.Width, p.Height, w, h, err)
	}
	c.pages = append(c.pages, p)
	return nil
}

func (c *collector) Regions(_ context.Context, p *schemas.Page, layer *schemas.PageText, images [][]byte) error {
	for i, data := range images {
		if _, _, err := media.Size(data); err != nil {
			return fmt.Errorf("region %d: %w", i, err)
		}
	}
	c.pages, c.layers = append(c.pages, p), append(c.layers, layer)
	return nil
}

func (c *collector) Figure(_ context.Context, f *schemas.Figure, _ []byte) error {
	c.figures = append(c.figures, f)
	return nil
}

func (c *collector) Failed(_ context.Context, page int32, _ error) error {
	c.failed = append(c.failed, page)
	return nil
}

// summary is what a sink took, in short.
func (c *collector) summary() string {
	var out []string
	for _, p := range c.texts {
		var blocks []string
		for _, b := range p.Blocks {
			blocks = append(blocks, b.Kind+":"+b.Text)
		}
		out = append(out, fmt.Sprintf("text %d/%d %s [%s]", p.Page, p.Pages, p.TextSource, strings.Join(blocks, " | ")))
	}
	for _, p := range c.pages {
		out = append(out, fmt.Sprintf("page %d/%d %s %s %d dpi", p.Page, p.Pages, p.MediaType, p.Reason, p.DPI))
	}
	for _, f := range c.figures {
		out = append(out, fmt.Sprintf("figure %d %s %dx%d %q", f.Page, f.Kind, f.Width, f.Height, f.Caption))
	}
	return strings.Join(out, "\n")
}

func newExtractor(t *testing.T) *Extractor {
	t.Helper()
	pool := pdf.NewPool(pdf.Options{})
	t.Cleanup(func() { pool.Close() })
	return New(Options{PDF: pool})
}

func memory(name string, data []byte) Input {
	return Input{
		Context: schemas.Context{DocumentID: "doc", URL: "https://example.org/" + name}, Name: name, Size: int64(len(data)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
}

func TestExtract(t *testing.T) {
	x := newExtractor(t)
	html := []byte(`<!doctype html><html lang="sw"><title>Ripoti</title><body><article><h1>Ripoti ya mafuriko</h1>
<p>Mvua kubwa zilinyesha katika wilaya nyingi za kaskazini mwa nchi kwa muda wa wiki mbili mfululizo.</p>
<figure><img src="/photo.png"><figcaption>Picha 1: Kijiji baada ya mafuriko</figcaption></figure>
<p>Familia nyingi zilipoteza mazao yao yote, na serikali imeanza kugawa chakula katika vituo vya wilaya.</p></article></body></html>`)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"page.pdf", tinyPDF(textPage), "text 1/1 text_layer [paragraph:Habari za mafuriko]"},
		{"mixed.pdf", tinyPDF(textPage, drawn, ""), "text 1/3 text_layer [paragraph:Habari za mafuriko]\ntext 3/3 text_layer []\npage 2/3 image/png no_text_layer 300 dpi"},
		{"page.pdf.gz", pack(tinyPDF(textPage)), "text 1/1 text_layer [paragraph:Habari za mafuriko]"},
		{"notes.txt", []byte("Habari za\n\nasubuhi"), "text 1/1 plain [paragraph:Habari za | paragraph:asubuhi]"},
		{"notes.md", []byte("# Ripoti\n\n- moja\n- mbili\n"), "text 1/1 plain [heading:Ripoti | list_item:- moja | list_item:- mbili]"},
		{"photo.png", tinyPNG(t, true), "page 1/1 image/png picture 0 dpi\nfigure 1 picture 200x160 \"\""},
		{"scan.png", tinyPNG(t, false), "page 1/1 image/png picture 0 dpi"},
		{"scan.tif", tinyTIFF(30, 40), "page 1/2 image/png picture 0 dpi\npage 2/2 image/png picture 0 dpi"},
		{"one.tif", tinyTIFF(30), "page 1/1 image/tiff picture 0 dpi"},
	} {
		var got collector
		if err := x.Extract(t.Context(), memory(c.name, c.data), &got); err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got.summary() != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got.summary(), c.want)
		}
	}

	var got collector
	in := memory("page.html.gz", pack(html))
	photo := tinyPNG(t, true)
	in.Resource = func(_ context.Context, url string) ([]byte, error) {
		if url != "https://example.org/photo.png" {
			return nil, nil
		}
		return photo, nil
	}
	if err := x.Extract(t.Context(), in, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.texts) != 1 || got.texts[0].TextSource != schemas.SourceHTML || got.texts[0].Title == "" || fmt.Sprint(got.texts[0].Languages) != "[sw]" || len(got.texts[0].Blocks) < 3 {
		t.Errorf("HTML: %+v", got.texts)
	}
	if len(got.figures) != 1 || got.figures[0].Caption != "Picha 1: Kijiji baada ya mafuriko" || got.figures[0].Width != 200 {
		t.Errorf("HTML figures: %+v", got.figures)
	}
}

func TestRefused(t *testing.T) {
	x := newExtractor(t)
	for _, c := range []struct {
		name  string
		data  []byte
		class string
	}{
		{"empty.pdf", nil, "empty"},
		{"blank.txt", []byte(" \n \n"), "empty"},
		{"empty.txt.gz", pack(nil), "empty"},
		{"zeros.pdf", make([]byte, 1000), "corrupt"},
		{"half.pdf", tinyPDF(textPage)[:60], "corrupt"},
		{"cut.png", tinyPNG(t, true)[:60], "corrupt"},
		{"cut.gz", pack(make([]byte, 1000))[:15], "corrupt"},
		{"bomb.txt.gz", pack(make([]byte, maxUnpacked+1)), "too_large"},
		{"book.epub", []byte("PK\x03\x04 and so on"), "unsupported"},
		{"data.json", []byte(`{"a": 1}`), "unsupported"},
		{"code.bin", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, "unsupported"},
	} {
		var got collector
		err := x.Extract(t.Context(), memory(c.name, c.data), &got)
		if ClassOf(err) != c.class {
			t.Errorf("%s: %v, class %q, want %q", c.name, err, ClassOf(err), c.class)
		}
		if got.summary() != "" {
			t.Errorf("%s: the sink took %s", c.name, got.summary())
		}
	}
}

// A huge file that is none of what its name says is refused by its beginning.
func TestHugeFile(t *testing.T) {
	x := newExtractor(t)
	path := filepath.Join(t.TempDir(), "huge.pdf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const size = 300 << 20
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	f.Close()
	read := 0
	in := Input{Name: path, Size: size, Open: func(context.Context) (io.ReadCloser, error) {
		f, err := os.Open(path)
		return countingReader{f, &read}, err
	}}
	if err := x.Extract(t.Context(), in, &collector{}); ClassOf(err) != ClassCorrupt {
		t.Errorf("error %v", err)
	}
	if read > 1<<20 {
		t.Errorf("%d bytes were read", read)
	}
	in = memory("huge.html", []byte("<html>"))
	in.Size = 1 << 40
	if err := x.Extract(t.Context(), in, &collector{}); ClassOf(err) != ClassTooLarge {
		t.Errorf("error %v", err)
	}
}

type countingReader struct {
	*os.File
	n *int
}

func (r countingReader) Read(p []byte) (int, error) {
	n, err := r.File.Read(p)
	*r.n += n
	return n, err
}

func TestPlainBlocks(t *testing.T) {
	long := strings.Repeat("neno ", 13)
	for name, c := range map[string]struct {
		text     string
		markdown bool
		want     []string
	}{
		"lines without blank ones": {"moja\nmbili\n", false, []string{"paragraph:moja", "paragraph:mbili"}},
		"broken lines":             {long + "\n" + long + "\nmwisho\n\nmpya", false, []string{"paragraph:" + strings.TrimSpace(long) + " " + strings.TrimSpace(long) + " mwisho", "paragraph:mpya"}},
		"a poem":                   {"Mti\nna jani\n\nndege", false, []string{"paragraph:Mti", "paragraph:na jani", "paragraph:ndege"}},
		"code":                     {"maneno\n\n```\na = 1\n\nb = 2\n```\n", true, []string{"paragraph:maneno", "code:a = 1\n\nb = 2"}},
		"headings":                 {"# A\n## B ##\nmaneno", true, []string{"heading:A", "heading:B ##", "paragraph:maneno"}},
	} {
		var got []string
		for _, b := range plainBlocks(c.text, c.markdown) {
			got = append(got, b.Kind+":"+b.Text)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func FuzzTIFFPages(f *testing.F) {
	f.Add(tinyTIFF(3, 4))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, at := range tiffPages(data) {
			if int(at) >= len(data) {
				t.Errorf("page at %d of %d bytes", at, len(data))
			}
		}
	})
}

// TestProvenance checks that each page of a PDF says why its text comes from
// where it does.
func TestProvenance(t *testing.T) {
	x := newExtractor(t)
	var got collector
	if err := x.Extract(t.Context(), memory("mixed.pdf", tinyPDF(textPage, drawn, "")), &got); err != nil {
		t.Fatal(err)
	}
	show := func(p schemas.Provenance) string { return fmt.Sprint(p.Reason, " ", p.Evidence, " ", p.Measures) }
	for i, c := range []struct{ got, want string }{
		{show(got.texts[0].Provenance), "trusted_text_layer  [{characters 16} {latin_words 2}]"},
		{show(got.pages[0].Provenance), "no_text_layer 0 characters []"},
		{show(got.texts[1].Provenance), "blank  []"},
	} {
		if c.got != c.want {
			t.Errorf("page %d: %s, want %s", i+1, c.got, c.want)
		}
	}
}

// TestMark spreads an outline over the pages it leads to.
func TestMark(t *testing.T) {
	var got collector
	sink := mark(&got, pdf.Info{Labels: []string{"i", "1"}, Outline: []pdf.Bookmark{{Level: 1, Title: "a", Page: 2}, {Level: 2, Title: "b"}, {Level: 1, Title: "c", Page: 2}}})
	for n := range int32(3) {
		if err := sink.Text(t.Context(), &schemas.PageText{Page: n + 1}); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for _, p := range got.texts {
		all = append(all, fmt.Sprint(p.Marks))
	}
	if s := strings.Join(all, " "); s != "{i [{2 2 b 0}]} {1 [{1 1 a 2} {3 1 c 2}]} { []}" {
		t.Error(s)
	}
	if err := sink.Regions(t.Context(), &schemas.Page{Page: 2}, &schemas.PageText{Page: 2}, nil); err != nil {
		t.Fatal(err)
	}
	// The page has them, too: it stands for the layer when that is lost.
	if page, layer := fmt.Sprint(got.pages[0].Marks), fmt.Sprint(got.layers[0].Marks); page != "{1 [{1 1 a 2} {3 1 c 2}]}" || layer != page {
		t.Errorf("parts: %s, their layer: %s", page, layer)
	}
}

// unsure knows nothing but the script.
type unsure struct{ script string }

func (u unsure) IdentifyWith(string, ...string) (string, float64) { return "und_" + u.script, 0 }

func TestAShortCaptionIsInTheDeclaredLanguage(t *testing.T) {
	for _, c := range []struct {
		script   string
		declared []string
		want     string
	}{
		{"Latn", []string{"id-ID", "en"}, "ind_Latn"},
		{"Latn", []string{"fa"}, "und_Latn"}, // a caption that was not translated
		{"Arab", []string{"fa"}, "pes_Arab"},
		{"Latn", nil, "und_Latn"},
	} {
		x := New(Options{Identifier: unsure{c.script}})
		if got := x.captionLanguage("Gambar 4.1. Layar boot", c.declared); got != c.want {
			t.Errorf("%s, declared %q: %s, want %s", c.script, c.declared, got, c.want)
		}
	}
}
