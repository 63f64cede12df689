package pdf

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func newTestPool(t testing.TB) *Pool {
	t.Helper()
	pool := NewPool(Options{})
	t.Cleanup(func() { pool.Close() })
	return pool
}

// open opens a document until the end of the test. The pool has one process,
// so the next must wait for Close.
func open(t testing.TB, pool *Pool, data []byte) *Document {
	t.Helper()
	doc, err := pool.Open(context.Background(), data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { doc.Close() })
	return doc
}

func readPage(t testing.TB, doc *Document, n int) *Page {
	t.Helper()
	page, err := doc.Page(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// column is prose in lines of about 40 characters.
func column(word string) []string {
	var out []string
	for i := range 12 {
		out = append(out, fmt.Sprintf("%s line %d is as long as the others of it,", word, i+1))
	}
	return out
}

// goldenPages are layouts whose reading order is fixed in testdata.
func goldenPages() map[string][]byte {
	pages := map[string][]byte{}
	one := func(name, content string) {
		b := newBuilder()
		b.page(content, "", "")
		pages[name] = b.bytes()
	}
	one("columns", text("F1", 22, 120, 740, "A title over two columns")+
		lines("F1", 10, 50, 690, 12, column("Left")...)+lines("F1", 10, 320, 690, 12, column("Right")...)+
		text("F1", 10, 50, 520, "A line that runs across both of the columns and ends the upper zone of the whole page.")+
		lines("F1", 10, 50, 490, 12, column("Lower left")...)+lines("F1", 10, 320, 490, 12, column("Lower right")...))
	one("paragraphs", text("F2", 14, 50, 740, "Hali ya chakula")+
		lines("F1", 11, 50, 710, 14, "Mvua zilinyesha kwa wingi katika wilaya za kaskazini mwa nchi na kuharibu maz-",
			"ao ya wakulima wengi. Serikali imeanza kugawa chakula kwa familia zilizoathi-",
			"rika na mafuriko hayo katika wiki mbili zilizopita.")+
		lines("F1", 11, 50, 650, 14, "Aya ya pili inaanza baada ya nafasi kubwa kidogo kuliko kawaida ya mistari na",
			"inaendelea katika mstari huu wa pili.")+
		lines("F1", 11, 50, 600, 14, "\x95 Jambo la kwanza ni maji safi ya kunywa", "\x95 Jambo la pili ni dawa za kutosha", "1. Hatua ya kwanza", "2. Hatua ya pili"))
	one("table", lines("F1", 11, 50, 740, 14, "The table below gives the number of people reached in every district this year.")+
		lines("F1", 10, 50, 700, 14, "District", "Wajir", "Garissa", "Mandera")+
		lines("F1", 10, 200, 700, 14, "People", "1,200", "3,400", "560")+
		lines("F1", 10, 350, 700, 14, "Share", "12 %", "34 %", "5 %"))
	one("sideways", fmt.Sprintf("q 0 1 -1 0 600 0 cm\n%sQ", lines("F1", 12, 50, 500, 15, "This text runs up the page,", "and so does this line.")))
	one("footnotes", lines("F1", 10, 50, 690, 12, append(column("Left"), "and the sentence goes on in the")...)+
		lines("F1", 8, 50, 300, 10, "1 A footnote under the left column, smaller", "than the text.")+
		lines("F1", 10, 320, 690, 12, append([]string{"right column, where it comes to its end."}, column("Right")...)...))
	one("grid", lines("F1", 11, 50, 740, 14, "The table below gives the people reached in every district, and what they got.")+
		text("F1", 9, 50, 712, "Jedwali 1: Watu waliofikiwa")+
		strokes(50, 700, 450, 700, 50, 680, 450, 680, 150, 660, 450, 660, 50, 620, 450, 620, 50, 700, 50, 620, 150, 700, 150, 620, 250, 680, 250, 620, 450, 700, 450, 620)+
		text("F1", 10, 54, 686, "District")+text("F1", 10, 250, 686, "People and goods")+
		lines("F1", 10, 54, 650, 12, "Wajir", "and its", "surroundings")+text("F1", 10, 154, 666, "1,200")+text("F1", 10, 254, 666, "maize")+
		text("F1", 10, 154, 646, "3,400")+lines("F1", 10, 254, 646, 12, "beans, oil, salt and soap for all of", "the families there"))
	one("ruled", text("F1", 11, 50, 740, "A paragraph that stands above the table and is as long as a paragraph should be.")+
		lines("F1", 10, 50, 520, 14, "Below stands another one that is about as long as the first one of this page is,", "with a second line.")+
		strokes(50, 700, 400, 700, 50, 680, 400, 680, 50, 600, 400, 600)+
		text("F2", 10, 50, 686, "Camp")+text("F2", 10, 160, 686, "2022")+text("F2", 10, 260, 686, "2023")+
		lines("F1", 10, 50, 666, 16, "Dadaab", "Kakuma", "Kalobeyei settlement", "Nairobi")+lines("F1", 10, 160, 666, 16, "219,000", "165,000", "42,000", "81,000")+
		lines("F1", 10, 260, 666, 16, "223,000", "171,000", "44,000", "82,000")+
		text("F1", 9, 50, 586, "Table 4. Refugees by camp"))
	one("chart", text("F1", 11, 50, 740, "A paragraph that stands above the chart and is as long as a paragraph should be.")+
		bars(100, 500)+text("F1", 9, 130, 470, "Kielelezo 2: Mvua kwa mwezi")+
		lines("F1", 11, 50, 430, 14, "Below stands another one that is about as long as the first one of this page is,", "with a second line."))
	one("listing", text("F1", 11, 50, 740, "A paragraph that stands above the listing and is as long as a paragraph should be.")+
		listing(50, 700, "set -e", "cd build", "make all", "make check", "make install", "cd ..", "echo done", "exit 0"))
	b := newBuilder()
	for n := range 4 {
		b.page(text("F1", 9, 50, 780, "Situation Report - Region 7")+
			lines("F1", 11, 50, 600, 14, fmt.Sprintf("The body of page %d stands here alone.", n+1))+
			text("F1", 9, 290, 20, fmt.Sprintf("Page %d of 4", n+1)), "", "")
	}
	pages["furniture"] = b.bytes()
	b = newBuilder()
	font := b.unicodeFont(true)
	b.page(glyphs(12, 50, 700, "ሰላም ለሁሉም")+glyphs(12, 50, 680, "ከ2015 ጀምሮ"), "", font)
	pages["ethiopic"] = b.bytes()
	return pages
}

func TestReadingOrder(t *testing.T) {
	pool := newTestPool(t)
	for name, data := range goldenPages() {
		t.Run(name, func(t *testing.T) {
			doc := open(t, pool, data)
			defer doc.Close()
			var b strings.Builder
			for n := 1; n <= doc.Info().Pages; n++ {
				page := readPage(t, doc, n)
				if !page.Trust.OK {
					t.Errorf("page %d is not trusted: %+v", n, page.Trust)
				}
				fmt.Fprintf(&b, "page %d: %.0f by %.0f points, turned by %d\n", n, page.Width, page.Height, page.Rotation)
				for _, block := range page.Blocks {
					fmt.Fprintf(&b, "%s: %q\n", block.Kind, block.Text)
				}
				for _, f := range page.Figures {
					fmt.Fprintf(&b, "a %s at %.0f with the captions %q\n", f.Kind, f.Box, f.Captions)
				}
				for _, t := range page.Tables {
					fmt.Fprintf(&b, "a table at %.0f with the captions %q\n", t.Box, t.Captions)
				}
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got\n%swant\n%s", b.String(), want)
			}
		})
	}
}

// A line of Arabic reads the same whatever order the file holds it in.
func TestRightToLeft(t *testing.T) {
	pool := newTestPool(t)
	const want = "ارتفعت الاسعار في 2023 بنسبة كبيرة"
	visual := reversed("ارتفعت الاسعار في ") // as it stands, from left to right
	for name, content := range map[string]string{
		"visual order":  glyphs(12, 100, 700, reversed("بنسبة كبيرة")+" 2023 "+strings.TrimLeft(visual, " ")),
		"logical order": glyphsLeftward(12, 400, 700, "ارتفعت الاسعار في 3202 بنسبة كبيرة"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuilder()
			b.page(content, "", b.unicodeFont(true))
			page := readPage(t, open(t, pool, b.bytes()), 1)
			if len(page.Blocks) != 1 || page.Blocks[0].Text != want {
				t.Errorf("got %+v, want %q", page.Blocks, want)
			}
			if !page.Trust.OK {
				t.Errorf("not trusted: %+v", page.Trust)
			}
		})
	}
}

// /Rotate turns the display; text that then lies on its side is turned back.
func TestRotatedPage(t *testing.T) {
	pool := newTestPool(t)
	for _, c := range []struct {
		rotate, rotation int
		width            float64
	}{{0, 0, 600}, {90, 270, 600}, {180, 180, 600}, {270, 90, 600}} {
		b := newBuilder()
		b.page(lines("F1", 12, 50, 700, 15, "The first line of the page", "the second one"), fmt.Sprintf("/Rotate %d", c.rotate), "")
		doc := open(t, pool, b.bytes())
		page := readPage(t, doc, 1)
		doc.Close()
		if page.Rotation != c.rotation || page.Width != c.width {
			t.Errorf("/Rotate %d: turned by %d, width %g; want %d, %g", c.rotate, page.Rotation, page.Width, c.rotation, c.width)
		}
		if len(page.Lines) != 2 || page.Lines[0].Text != "The first line of the page" {
			t.Fatalf("/Rotate %d: lines %+v", c.rotate, page.Lines)
		}
		box := page.Lines[0].Box
		if box.X0 < 45 || box.X0 > 55 || box.Y0 < 80 || box.Y1 > 110 {
			t.Errorf("/Rotate %d: the line stands at %+v", c.rotate, box)
		}
	}
}

// Lines a fraction of a point apart have an order, whatever order they come in.
func TestSortLines(t *testing.T) {
	var lines []Line
	for i := range 40 {
		lines = append(lines, Line{Text: fmt.Sprint(i), Box: Rect{Y0: 0.7 * float64(i*17%40)}})
	}
	sortLines(lines)
	if !slices.IsSortedFunc(lines, func(a, b Line) int { return cmp.Compare(math.Round(a.Box.Y0), math.Round(b.Box.Y0)) }) {
		t.Errorf("%v", lines)
	}
	same := []Line{{Text: "left", Box: Rect{Y0: 10.2}}, {Text: "right", Box: Rect{Y0: 9.9}}}
	if sortLines(same); same[0].Text != "left" {
		t.Error("lines of one height have changed places")
	}
}

func TestOpen(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	b.page(text("F1", 12, 50, 700, "Habari"), "", "")
	good := b.bytes()
	none := newBuilder().bytes()
	b.trailer = "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(01234567890123456789012345678901)/U(01234567890123456789012345678901)>>/ID[(a)(a)]"
	encrypted := b.bytes()
	form := bytes.Replace(newBuilderWith("Please wait...").bytes(), []byte("/Lang(sw-KE)"), []byte("/NeedsRendering true"), 1)
	for _, c := range []struct {
		name, class string
		data        []byte
	}{
		{"form", ClassUnsupported, form},
		{"portfolio", ClassUnsupported, portfolio("Open this file in another reader.", true)},
		{"portfolio, packed", ClassUnsupported, packObjects(t, portfolio("Open this file in another reader.", true))},
		{"an attachment, no portfolio", "", portfolio("Habari", false)},
		{"an attachment, no portfolio, packed", "", packObjects(t, portfolio("Habari", false))},
		{"good", "", good},
		{"junk before the header", "", append([]byte(strings.Repeat("Warning: x\n", 140)), good...)},
		{"no end", "", good[:bytes.LastIndex(good, []byte("xref\n0"))]},
		{"empty", ClassEmpty, nil},
		{"no pages", ClassEmpty, none},
		{"encrypted", ClassEncrypted, encrypted},
		{"half", ClassCorrupt, good[:40]},
		{"html", ClassCorrupt, []byte("<html>not found</html>")},
		{"zeros", ClassCorrupt, make([]byte, 1<<20)},
	} {
		doc, err := pool.Open(context.Background(), c.data)
		if c.class == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if page := readPage(t, doc, 1); len(page.Blocks) != 1 || page.Blocks[0].Text != "Habari" {
				t.Errorf("%s: blocks %+v", c.name, page.Blocks)
			}
			if doc.Info().Pages != 1 {
				t.Errorf("%s: %+v", c.name, doc.Info())
			}
			doc.Close()
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Class() != c.class {
			t.Errorf("%s: error %v, want class %s", c.name, err, c.class)
		}
	}
}

// portfolio is a page with a file attached: as the collection that the document
// is (ISO 32000-1, 12.3.5) or just so.
func portfolio(line string, collection bool) []byte {
	b := newBuilderWith(line)
	file := b.add(stream("/Type/EmbeddedFile", "Ripoti ya mwezi"))
	spec := b.add(fmt.Sprintf("<</Type/Filespec/F(ripoti.txt)/UF(ripoti.txt)/EF<</F %d 0 R>>>>", file))
	catalogue := fmt.Sprintf("/Names<</EmbeddedFiles<</Names[(ripoti.txt)%d 0 R]>>>>", spec)
	if collection {
		catalogue += "/Collection<</Type/Collection/View/D>>"
	}
	b.catalogue = catalogue
	return b.bytes()
}

// packObjects writes a file of the builder anew with its plain objects in an
// object stream, as most programs do today.
func packObjects(t testing.TB, file []byte) []byte {
	t.Helper()
	var out, index, objects bytes.Buffer
	out.WriteString("%PDF-1.5\n")
	var entries [][3]int // of the cross-reference stream: kind, offset or stream, index
	all := regexp.MustCompile(`(?s)(\d+) 0 obj\n(.*?)\nendobj\n`).FindAllSubmatch(file, -1)
	holder := len(all) + 1
	for i, m := range all {
		if bytes.Contains(m[2], []byte("stream")) {
			entries = append(entries, [3]int{1, out.Len(), 0})
			fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, m[2])
			continue
		}
		entries = append(entries, [3]int{2, holder, strings.Count(index.String(), " ") / 2})
		fmt.Fprintf(&index, "%d %d ", i+1, objects.Len())
		fmt.Fprintf(&objects, "%s\n", m[2])
	}
	deflate := func(data []byte) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	entries = append(entries, [3]int{1, out.Len(), 0})
	fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", holder, stream(fmt.Sprintf("/Type/ObjStm/N %d/First %d/Filter/FlateDecode", strings.Count(index.String(), " ")/2, index.Len()), deflate(append(index.Bytes(), objects.Bytes()...))))
	xref := out.Len()
	entries = append(entries, [3]int{1, xref, 0})
	rows := []byte{0, 0, 0, 0, 0}
	for _, e := range entries {
		rows = append(rows, byte(e[0]), byte(e[1]>>16), byte(e[1]>>8), byte(e[1]), byte(e[2]))
	}
	fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", holder+1,
		stream(fmt.Sprintf("/Type/XRef/Size %d/W[1 3 1]/Root %d 0 R/Filter/FlateDecode", len(entries)+1, catalogObject), deflate(rows)), xref)
	return out.Bytes()
}

func newBuilderWith(line string) *builder {
	b := newBuilder()
	b.page(text("F1", 12, 50, 700, line), "", "")
	return b
}

// FuzzRepair takes the end off a file, or anything else apart.
func FuzzRepair(f *testing.F) {
	f.Add(newBuilderWith("Habari").bytes())
	f.Add([]byte("1 0 obj<</Type/ObjStm/N 2/First 8>>stream\n5 0 6 9 <</Type/Page>> 7\nendstream"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out := repair(data); out != nil && !bytes.Contains(out, []byte("/Type/Catalog")) {
			t.Error("no catalogue")
		}
	})
}

func TestTooLarge(t *testing.T) {
	pool := NewPool(Options{MaxBytes: 1000})
	defer pool.Close()
	var e *Error
	if _, err := pool.Open(context.Background(), append([]byte("%PDF-1.4"), make([]byte, 2000)...)); !errors.As(err, &e) || e.Class() != ClassTooLarge {
		t.Errorf("error %v", err)
	}
}

// After its process died, of something outside or of the document, it is
// opened again in another.
func TestProcessDies(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	b.page(text("F1", 12, 50, 700, "Habari"), "", "")
	doc := open(t, pool, b.bytes())
	for range 2 * maxDeaths {
		doc.child.cmd.Process.Kill()
		if page := readPage(t, doc, 1); len(page.Blocks) != 1 {
			t.Errorf("after its process was killed: %+v", page.Blocks)
		}
	}
}

func TestCancel(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	b.page(text("F1", 12, 50, 700, "Habari"), "", "")
	doc := open(t, pool, b.bytes())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := doc.Page(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := doc.Page(context.Background(), 2); err == nil {
		t.Error("there is no page 2")
	}
}

func TestRender(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	b.page("0 g 0 400 300 400 re f\n", "", "") // the upper left quarter is black
	b.page("0 g 0 400 300 400 re f\n", "/Rotate 90", "")
	doc := open(t, pool, b.bytes())
	for _, c := range []struct {
		page, dpi, maxPixels           int
		width, height, dpiWant         int
		blackX, blackY, whiteX, whiteY int
	}{
		{1, 72, 1e6, 600, 800, 72, 10, 10, 590, 10},
		{1, 300, 120_000, 300, 400, 36, 10, 10, 290, 10},
		{2, 72, 1e6, 800, 600, 72, 790, 10, 10, 10},
	} {
		img, err := doc.Render(context.Background(), c.page, c.dpi, c.maxPixels)
		if err != nil {
			t.Fatal(err)
		}
		if img.Width != c.width || img.Height != c.height || img.DPI != c.dpiWant {
			t.Errorf("page %d at %d dpi: %d by %d at %d dpi, want %d by %d at %d", c.page, c.dpi, img.Width, img.Height, img.DPI, c.width, c.height, c.dpiWant)
		}
		decoded, err := png.Decode(bytes.NewReader(img.Data))
		if err != nil {
			t.Fatal(err)
		}
		gray, ok := decoded.(*image.Gray)
		if !ok {
			t.Fatalf("the rendering is %T", decoded)
		}
		if black, white := gray.GrayAt(c.blackX, c.blackY).Y, gray.GrayAt(c.whiteX, c.whiteY).Y; black != 0 || white != 255 {
			t.Errorf("page %d: %d where it is black, %d where it is white", c.page, black, white)
		}
	}
}

func TestFigures(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	logo, photo, chart := b.jpegImage(t, 60, 60, 9), b.jpegImage(t, 400, 300, 200), b.grayImage(200, 200)
	body := lines("F1", 11, 50, 740, 14, "A paragraph that stands above the figure and is rather long, so that it is", "no caption of anything at all.")
	images := withImages(logo, photo, chart)
	b.page(drawImage("I1", 520, 740, 50, 50)+body+drawImage("I2", 100, 400, 300, 225)+
		text("F1", 9, 100, 385, "Kielelezo 1: Bei za mahindi sokoni")+drawImage("I3", 100, 100, 12, 12), "", images)
	b.page(drawImage("I1", 520, 740, 50, 50)+body+drawImage("I3", 100, 400, 150, 150), "", images)
	b.page(drawImage("I3", 0, 0, 600, 800), "", images)
	doc := open(t, pool, b.bytes())

	page := readPage(t, doc, 1)
	if len(page.Figures) != 1 {
		t.Fatalf("page 1: figures %+v", page.Figures)
	}
	f := page.Figures[0]
	if f.Box != (Rect{100, 175, 400, 400}) || len(f.Captions) == 0 || f.Captions[0] != "Kielelezo 1: Bei za mahindi sokoni" {
		t.Errorf("page 1: %+v", f)
	}
	if last := page.Blocks[len(page.Blocks)-1]; last.Kind != Caption {
		t.Errorf("the caption is a %s: %q", last.Kind, last.Text)
	}
	img, err := doc.Figure(context.Background(), page, f, 300, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(img.Data)); err != nil || c.Width != 400 || img.MediaType != "image/jpeg" {
		t.Errorf("the file's own JPEG is wanted: %s, %+v, %v", img.MediaType, c, err)
	}

	page = readPage(t, doc, 2)
	if len(page.Figures) != 0 { // I3 is on every page, so it is furniture
		t.Errorf("page 2: %+v", page.Figures)
	}
	page = readPage(t, doc, 3)
	if !page.Scan || len(page.Figures) != 0 || page.Trust.Reason != NoTextLayer {
		t.Errorf("page 3 is a scan: %+v", page)
	}
}

// A turned page's figure is cut out where it is.
// Captions side by side are two, panels one over the other are one figure, and
// a caption between two figures belongs to the side that the last one is on.
func TestPanelsAndTheirCaptions(t *testing.T) {
	pool := newTestPool(t)
	prose := lines("F1", 11, 50, 770, 14, "A paragraph that stands above the charts and is as long as a paragraph should be.", "It has a second line, so that everyone sees that it is one.")
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"side by side", prose + bars(50, 500) + bars(340, 500) + text("F1", 9, 110, 470, "Kielelezo 1: Mvua") + text("F1", 9, 400, 470, "Kielelezo 2: Joto"), []string{"Kielelezo 1: Mvua", "Kielelezo 2: Joto"}},
		{"panels", prose + bars(100, 540) + bars(100, 290) + text("F1", 9, 130, 260, "Figure 3. Rain and heat in both of the districts"), []string{"Figure 3. Rain and heat in both of the districts"}},
		{"in between", prose + bars(100, 540) + text("F1", 9, 130, 490, "Figure 4. Rain") + bars(100, 310) + text("F1", 9, 130, 280, "Figure 5. Heat"), []string{"Figure 4. Rain", "Figure 5. Heat"}},
		{"a slide", text("F1", 28, 100, 740, "Mvua") + bars(100, 400), []string{""}},
	} {
		b := newBuilder()
		b.page(c.content, "", "")
		doc := open(t, pool, b.bytes())
		page := readPage(t, doc, 1)
		var got []string
		for _, f := range page.Figures {
			if len(f.Captions) == 0 {
				f.Captions = []string{""}
			}
			got = append(got, f.Captions[0])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: captions %q, want %q", c.name, got, c.want)
		}
		doc.Close()
	}
}

// Made-up italics lean into the next word; the words stay apart.
func TestSlantedByMatrix(t *testing.T) {
	b := newBuilder()
	font := b.unicodeFont(true)
	var content strings.Builder
	x := 50.0
	for _, word := range []string{"صورة", "توزيع", "المساعدات"} {
		x += 6 * float64(len([]rune(word)))
		var hex strings.Builder
		for _, r := range reversed(word) {
			fmt.Fprintf(&hex, "%04X", r)
		}
		fmt.Fprintf(&content, "BT /F3 12 Tf 1 0 0.25 1 %g 700 Tm <%s> Tj ET\n", 500-x, hex.String())
		x += 3.4
	}
	b.page(content.String(), "", font)
	page := readPage(t, open(t, newTestPool(t), b.bytes()), 1)
	if len(page.Lines) != 1 || page.Lines[0].Text != "صورة توزيع المساعدات" {
		t.Errorf("%+v", page.Lines)
	}
}

func TestFigureOfTurnedPage(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	images := withImages(b.grayImage(200, 100))
	b.page("q 0 1 -1 0 600 0 cm\n"+lines("F1", 12, 50, 500, 15, "This text runs up the page,", "and so does this line.")+
		drawImage("I1", 100, 200, 200, 100)+"Q", "", images)
	doc := open(t, pool, b.bytes())
	page := readPage(t, doc, 1)
	if page.Rotation != 90 || len(page.Figures) != 1 || page.Figures[0].Box != (Rect{100, 300, 300, 400}) {
		t.Fatalf("turned by %d, figures %+v", page.Rotation, page.Figures)
	}
	img, err := doc.Figure(context.Background(), page, page.Figures[0], 72, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(img.Data))
	if err != nil {
		t.Fatal(err)
	}
	// Nothing of the white page around it: every pixel row has dark pixels.
	bounds := decoded.Bounds()
	for y := bounds.Min.Y + 1; y < bounds.Max.Y-1; y++ {
		dark := false
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, _, _, _ := decoded.At(x, y).RGBA()
			dark = dark || r < 0x8000
		}
		if !dark {
			t.Fatalf("row %d of %v is white: the wrong part was cut out", y, bounds)
		}
	}
}

func TestBlankAndDrawnPages(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	b.page("", "", "")
	b.page("1 g 0 0 600 800 re f\n", "", "")                // white on white
	b.page("0 g 100 100 m 300 500 l 400 100 l f\n", "", "") // letters drawn as paths look like this
	b.page("3 Tr\n"+text("F1", 12, 50, 700, "What an OCR program read")+drawImage("I1", 0, 0, 600, 800), "", withImages(b.grayImage(100, 100)))
	doc := open(t, pool, b.bytes())
	for n, want := range []struct {
		blank  bool
		reason string
	}{{true, ""}, {true, ""}, {false, NoTextLayer}, {false, UntrustedTextLayer}} {
		page := readPage(t, doc, n+1)
		if page.Blank != want.blank || page.Trust.Reason != want.reason || page.Trust.OK != (want.reason == "") {
			t.Errorf("page %d: blank %v, %+v", n+1, page.Blank, page.Trust)
		}
	}
}

// A scan is blank by its rendering, grain and all; a lone word is a mark.
func TestBlankScans(t *testing.T) {
	pool := newTestPool(t)
	b := newBuilder()
	grain := make([]byte, 1200*1600)
	for i := range grain {
		grain[i] = 235 + byte(i*7919%17)
	}
	scan := func(pixels []byte) string {
		return withImages(b.add(stream("/Type/XObject/Subtype/Image/Width 1200/Height 1600/ColorSpace/DeviceGray/BitsPerComponent 8", string(pixels))))
	}
	b.page(drawImage("I1", 0, 0, 600, 800), "", scan(grain))
	marked := bytes.Clone(grain)
	for y := range 24 {
		for x := range 80 {
			marked[(800+y)*1200+560+x] = 20
		}
	}
	b.page(drawImage("I1", 0, 0, 600, 800), "", scan(marked))
	doc := open(t, pool, b.bytes())
	for n, blank := range []bool{true, false} {
		page := readPage(t, doc, n+1)
		if !page.Scan || page.Trust.Reason != NoTextLayer {
			t.Errorf("page %d is a scan: %+v", n+1, page)
		}
		img, err := doc.Render(context.Background(), n+1, 300, 40e6)
		if err != nil {
			t.Fatal(err)
		}
		if img.Blank != blank {
			t.Errorf("page %d: blank %v", n+1, img.Blank)
		}
	}
}

// FuzzPage opens what looks like a PDF and reads and draws its first page.
func FuzzPage(f *testing.F) {
	for _, data := range goldenPages() {
		f.Add(data)
	}
	f.Add([]byte("%PDF-1.4\ntrailer<</Root 1 0 R>>"))
	pool := newTestPool(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := pool.Open(context.Background(), data)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			return
		}
		defer doc.Close()
		if _, err := doc.Page(context.Background(), 1); err != nil && !errors.As(err, &e) {
			t.Error(err)
		}
		if _, err := doc.Render(context.Background(), 1, 72, 1e6); err != nil && !errors.As(err, &e) {
			t.Error(err)
		}
	})
}
