package extract

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
	"time"

	"vislang/pkg/pdf"
)

// pngHeader is a PNG file that begins a picture of that size and holds none
// of it.
func pngHeader(width, height uint32, depth, colour byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, depth, colour, 0, 0, 0)
	chunk := append([]byte("IHDR"), header...)
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

// packedRepeat packs size bytes of a repeated text without holding them.
func packedRepeat(t *testing.T, text string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	block := bytes.Repeat([]byte(text), 1+(1<<20)/len(text))
	for n := 0; n < size; n += len(block) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What would unpack to far more than it is costs no memory.
func TestBombs(t *testing.T) {
	x := newExtractor(t)
	for _, c := range []struct {
		name    string
		data    []byte
		class   string // "" is a page for the OCR engine, which has limits of its own
		atMost  int    // MB allocated
		bombing string
	}{
		{"page.html.gz", packedRepeat(t, "<p>habari ", 400<<20), "too_large", 130, "400 MB of HTML"},
		{"page.txt.gz", packedRepeat(t, "habari ", 400<<20), "too_large", 130, "400 MB of text"},
		{"big.png", pngHeader(60_000, 60_000, 8, 2), "too_large", 8, "10 GB of pixels"},
		{"huge.png", pngHeader(0x7FFFFFFF, 0x7FFFFFFF, 16, 6), "corrupt", 8, "a picture without end"},
		{"deep.png", pngHeader(9_000, 9_000, 16, 6), "", 8, "648 MB of pixels of 16 bits"},
		{"big.tif", wideTIFF(30), "too_large", 8, "a TIFF page wider than the limit"},
		{"pages.tif", wideTIFF(30, 40), "page", 8, "two of them"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var got collector
		err := x.Extract(t.Context(), memory(c.name, c.data), &got)
		runtime.ReadMemStats(&after)
		switch {
		case c.class == "page":
			if err != nil || strings.Count(got.summary(), "none") != 2 {
				t.Errorf("%s: error %v, %s", c.bombing, err, got.summary())
			}
		case ClassOf(err) != c.class, c.class == "" && err != nil:
			t.Errorf("%s: %v, class %q, want %q", c.bombing, err, ClassOf(err), c.class)
		}
		if mb := int(after.TotalAlloc-before.TotalAlloc) >> 20; mb > c.atMost {
			t.Errorf("%s: %d MB were allocated", c.bombing, mb)
		}
	}
}

// wideTIFF is tinyTIFF with directories that claim many more pixels.
func wideTIFF(widths ...int) []byte {
	data := tinyTIFF(widths...)
	for _, at := range tiffPages(data) {
		for i := range int(binary.LittleEndian.Uint16(data[at:])) {
			entry := data[int(at)+2+12*i:]
			if tag := binary.LittleEndian.Uint16(entry); tag == 256 || tag == 257 { // ImageWidth, ImageLength
				binary.LittleEndian.PutUint16(entry[2:], 4) // LONG
				binary.LittleEndian.PutUint32(entry[8:], 60_000)
			}
		}
	}
	return data
}

// hangingPDF has pages that take practically for ever: a form draws another
// ten times, and that the next, twelve deep.
func hangingPDF(pages int) []byte {
	var out bytes.Buffer
	n := 0
	object := func(format string, args ...any) {
		n++
		fmt.Fprintf(&out, "%d 0 obj\n"+format+"\nendobj\n", append([]any{n}, args...)...)
	}
	out.WriteString("%PDF-1.4\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	object("<</Type/Pages/Count %d/Kids[%s]>>", pages, strings.Repeat("3 0 R ", pages))
	object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>")
	draw := strings.Repeat("/X Do ", 10)
	object("<</Length %d>>stream\n%s\nendstream", len(draw), draw)
	for range 12 {
		object("<</Type/XObject/Subtype/Form/BBox[0 0 300 200]/Resources<</XObject<</X %d 0 R>>>>/Length %d>>stream\n%s\nendstream", n+2, len(draw), draw)
	}
	object("<</Type/XObject/Subtype/Form/BBox[0 0 300 200]/Length 16>>stream\n0 0 10 10 re f    \nendstream")
	out.WriteString("trailer<</Root 1 0 R>>")
	return out.Bytes()
}

// A document whose pages hang is given up after a few of them: ten thousand
// pages of a minute each are a week.
func TestHangingPages(t *testing.T) {
	pool := pdf.NewPool(pdf.Options{PageTimeout: 400 * time.Millisecond})
	defer pool.Close()
	const pages = 200
	var got collector
	start := time.Now()
	if err := New(Options{PDF: pool}).Extract(t.Context(), memory("hang.pdf", hangingPDF(pages)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.texts) != pages || got.texts[pages-1].Failure == "" {
		t.Fatalf("%d pages came out, the last %+v", len(got.texts), got.texts[len(got.texts)-1])
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}
