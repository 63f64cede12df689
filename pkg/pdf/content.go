package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/tetratelabs/wazero/api"
)

// PDFium's page object types and colour formats.
const (
	objectText    = 1
	objectPath    = 2
	objectImage   = 3
	objectShading = 4
	objectForm    = 5

	valueString = 3

	formatGray = 1
	formatBGR  = 2
	formatBGRx = 3
	formatBGRA = 4
)

// Limits on what one page may hold. Pages beyond them exist only to break
// programs, or are engineering drawings without text to read.
const (
	maxChars   = 400_000
	maxObjects = 50_000
	maxDepth   = 6 // of forms within forms
)

// char is one character of the text layer, in points of the page as it is
// displayed, origin top left.
type char struct {
	r         rune
	box       Rect
	x, y      float64 // origin: the pen's place on the baseline
	style     int     // index into content.styles
	span      int     // which ActualText it comes from, 0 if none
	generated bool    // a space or line end that PDFium made up
	unmapped  bool    // the font has no Unicode for the glyph
}

// style is what the characters of one text object share.
type style struct {
	size      float64 // points as displayed
	dx, dy    float64 // unit vector of the writing direction
	font      string
	bold      bool
	slanted   bool
	shear     float64 // how far the top of an em leans along the direction, in ems
	invisible bool
}

// picture is an image object.
type picture struct {
	box           Rect
	seen          Rect   // what its clip leaves of it
	width, height int    // pixels
	key           string // equal for the same image drawn again
}

// content is everything on a page, still in the file's order.
type content struct {
	width, height float64
	chars         []char
	styles        []style
	pictures      []picture
	shapes        []shape
	turned        int   // degrees clockwise that it was turned upright by
	made          []run // what runs returned
	stated        bool  // some text comes of ActualText
	outlined      bool  // there is no text: letters may be drawn as paths
}

// document is an open document in one library.
type document struct {
	lib    *library
	data   uint64 // place of the file's bytes
	handle uint64
	info   Info
}

// openDocument loads the file into the library's memory and opens it.
func openDocument(lib *library, path string, limit int64) (doc *document, err error) {
	defer guard(&err)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open PDF: %w", err)
	}
	defer f.Close()
	start, size, err := extent(f)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, failf(ClassTooLarge, "the PDF has %d MB, the limit is %d MB", size>>20, limit>>20)
	}
	d := &document{lib: lib, data: lib.malloc(int(size))}
	// Read straight into the sandbox: no copy of a big file in our memory.
	if _, err := io.ReadFull(io.NewSectionReader(f, start, size), lib.bytes(d.data, int(size))); err != nil {
		return nil, fmt.Errorf("read PDF: %w", err)
	}
	repaired := false
	if err := d.load(size); err != nil {
		whole := repair(lib.bytes(d.data, int(size)))
		lib.free(d.data)
		var e *Error
		if whole == nil || !errors.As(err, &e) || e.class != ClassCorrupt {
			return nil, err
		}
		size = int64(len(whole))
		d.data = lib.malloc(len(whole))
		copy(lib.bytes(d.data, len(whole)), whole)
		if d.load(size) != nil {
			return nil, err // the first error says more
		}
		repaired = true
	}
	d.info = d.readInfo()
	d.info.Repaired = repaired
	d.info.Outline, d.info.Labels = d.readOutline(), d.readLabels()
	if d.info.Pages == 0 {
		return nil, failf(ClassEmpty, "the PDF has no pages")
	}
	return d, d.wrapper(lib.bytes(d.data, int(min(size, 8<<20))))
}

// load opens the size bytes at d.data.
func (d *document) load(size int64) error {
	if d.handle = d.lib.call("FPDF_LoadMemDocument64", d.data, uint64(size), 0); d.handle != 0 {
		return nil
	}
	switch d.lib.int("FPDF_GetLastError") {
	case 4:
		return failf(ClassEncrypted, "the PDF is encrypted and needs a password")
	case 5:
		return failf(ClassEncrypted, "the PDF is encrypted in a way that PDFium does not know")
	}
	return failf(ClassCorrupt, "the PDF is damaged: PDFium finds no document in it")
}

// maxJunk is how many foreign bytes may stand before the header. PDF readers
// allow a kilobyte (ISO 32000-1, implementation note 13); servers that print
// warnings into their downloads write more.
const maxJunk = 16 << 10

// extent finds the PDF inside a file: PDFium wants the header first.
func extent(f io.ReaderAt) (start, size int64, err error) {
	type sizer interface{ Stat() (os.FileInfo, error) }
	head := make([]byte, maxJunk+8)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, fmt.Errorf("read PDF: %w", err)
	}
	if n == 0 {
		return 0, 0, failf(ClassEmpty, "the file is empty")
	}
	at := bytes.Index(head[:n], []byte("%PDF-"))
	if at < 0 {
		return 0, 0, failf(ClassCorrupt, "not a PDF: no %%PDF- in its first %d kB", maxJunk>>10)
	}
	info, err := f.(sizer).Stat()
	if err != nil {
		return 0, 0, fmt.Errorf("read PDF: %w", err)
	}
	return int64(at), info.Size() - int64(at), nil
}

func (d *document) readInfo() Info {
	l := d.lib
	meta := func(name string) string {
		tag := l.cstring(name)
		defer l.free(tag)
		return l.utf16(func(p, n uint64) uint64 { return l.call("FPDF_GetMetaText", d.handle, tag, p, n) })
	}
	return Info{
		Pages:    max(0, l.int("FPDF_GetPageCount", d.handle)),
		Title:    meta("Title"),
		Author:   meta("Author"),
		Producer: meta("Producer"),
		Language: l.utf16(func(p, n uint64) uint64 { return l.call("FPDFCatalog_GetLanguage", d.handle, p, n) }),
	}
}

var (
	needsRendering = regexp.MustCompile(`/NeedsRendering\s+true`)
	collectionKey  = regexp.MustCompile(`/Collection\b`)
)

// wrapper tells a document whose content is not in its pages: a dynamic XFA
// form (ISO 32000-2, annex K) or a portfolio of attached files. Their one page
// holds a notice to use another reader. PDFium does not tell, so the bytes are
// searched for the keys of the catalogue, object streams with them.
func (d *document) wrapper(file []byte) error {
	if d.info.Pages > 2 {
		return nil
	}
	l := d.lib
	form := needsRendering.Match(file) || l.int("FPDF_GetXFAPacketCount", d.handle) > 0
	attached := l.int("FPDFDoc_GetAttachmentCount", d.handle)
	portfolio := attached > 0 && (collectionKey.Match(file) || packed(file, collectionKey))
	if !form && !portfolio {
		return nil
	}
	c, err := d.read(1)
	if err != nil || len(c.chars) > 1200 || len(c.pictures) > 3 {
		return err
	}
	if portfolio {
		return failf(ClassUnsupported, "the PDF is a portfolio: its content is in %d attached files", attached)
	}
	if len(c.chars) < 20 && len(c.pictures)+len(c.shapes) == 0 || strings.Contains(pageWords(c), "wait") {
		return failf(ClassUnsupported, "the PDF is a dynamic XFA form: its content is not in its pages")
	}
	return nil
}

func pageWords(c *content) string {
	var b strings.Builder
	for _, r := range c.runs() {
		b.WriteString(strings.ToLower(r.text) + " ")
	}
	return b.String()
}

// withPage runs f with page n (from 1) loaded.
func (d *document) withPage(n int, f func(page uint64, m matrix, width, height float64) error) (err error) {
	defer guard(&err)
	l := d.lib
	page := l.call("FPDF_LoadPage", d.handle, uint64(n-1))
	if page == 0 {
		return failf(ClassCorrupt, "page %d cannot be loaded", n)
	}
	width, height := finite(l.float("FPDF_GetPageWidthF", page)), finite(l.float("FPDF_GetPageHeightF", page))
	if width < 1 || height < 1 {
		return failf(ClassCorrupt, "page %d has no area (%g by %g points)", n, width, height)
	}
	err = f(page, d.display(page, width, height), width, height)
	l.call("FPDF_ClosePage", page)
	return err
}

// display is the transformation from the page's own space to displayed points,
// taken from what PDFium does with three points.
func (d *document) display(page uint64, width, height float64) matrix {
	l := d.lib
	const unit = 64 // device pixels a point
	w, h := max(1, int(width*unit)), max(1, int(height*unit))
	at := func(x, y float64) (float64, float64) {
		l.call("FPDF_PageToDevice", page, 0, 0, uint64(w), uint64(h), 0, api.EncodeF64(x), api.EncodeF64(y), l.out, l.out+4)
		return float64(int32(l.u32(l.out))) / float64(w) * width, float64(int32(l.u32(l.out+4))) / float64(h) * height
	}
	const span = 1000
	ox, oy := at(0, 0)
	ax, ay := at(span, 0)
	bx, by := at(0, span)
	return matrix{(ax - ox) / span, (ay - oy) / span, (bx - ox) / span, (by - oy) / span, ox, oy}
}

// read collects what is on page n.
func (d *document) read(n int) (*content, error) {
	var c *content
	err := d.withPage(n, func(page uint64, m matrix, width, height float64) error {
		c = &content{width: width, height: height}
		spans := d.readObjects(page, m, c)
		if err := d.readText(page, m, c, spans); err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		return nil
	})
	return c, err
}

func (d *document) readText(page uint64, m matrix, c *content, spans *spans) error {
	l := d.lib
	text := l.call("FPDFText_LoadPage", page)
	if text == 0 {
		return failf(ClassCorrupt, "the text cannot be loaded")
	}
	defer func() { l.call("FPDFText_ClosePage", text) }()
	count := l.int("FPDFText_CountChars", text)
	if count > maxChars {
		return failf(ClassTooLarge, "%d characters, the limit is %d", count, maxChars)
	}
	styles := map[uint64]int{} // by text object
	spoken := map[int]uint64{} // the text object that each span's text came with
	c.stated = len(spans.boxes) > 0
	current := -1
	for i := range max(0, count) {
		index := uint64(i)
		ch := char{r: rune(uint32(l.call("FPDFText_GetUnicode", text, index)))}
		if utf16.IsSurrogate(ch.r) && i+1 < count {
			if r := utf16.DecodeRune(ch.r, rune(uint32(l.call("FPDFText_GetUnicode", text, index+1)))); r != '\uFFFD' {
				ch.r = r
			} else if len(c.chars) > 0 && c.chars[len(c.chars)-1].r > 0xFFFF {
				continue // the second half of a pair
			}
		}
		if ch.generated = l.int("FPDFText_IsGenerated", text, index) == 1; ch.generated {
			ch.style = max(current, 0)
			c.chars = append(c.chars, ch)
			continue
		}
		ch.unmapped = l.int("FPDFText_HasUnicodeMapError", text, index) == 1
		object := l.call("FPDFText_GetTextObject", text, index)
		s, known := styles[object]
		if !known {
			s = len(c.styles)
			styles[object] = s
			c.styles = append(c.styles, d.readStyle(text, index, object, m))
		}
		if ch.unmapped {
			ch.r = texLetter(ch.r, c.styles[s].font)
		}
		if l.ok("FPDFText_GetLooseCharBox", text, index, l.out) { // left, top, right, bottom
			ch.box = m.rect(l.f32(l.out), l.f32(l.out+12), l.f32(l.out+8), l.f32(l.out+4))
		}
		if l.ok("FPDFText_GetCharOrigin", text, index, l.out, l.out+8) {
			ch.x, ch.y = m.apply(l.f64(l.out), l.f64(l.out+8))
			// The box may leave out the space at the glyph's left.
			ch.box.X0 = min(ch.box.X0, max(ch.x, ch.box.X0-ch.box.Height()/2))
		}
		if ch.span = spans.of[object]; ch.span > 0 {
			if first, ok := spoken[ch.span]; ok && first != object {
				continue // PDFium says it again when other text stands in between
			}
			spoken[ch.span] = object
			box := spans.boxes[ch.span-1]
			ch.box.X0, ch.box.X1 = min(ch.box.X0, box.X0), box.X1
			ch.box.Y0, ch.box.Y1 = min(ch.box.Y0, box.Y0), max(ch.box.Y1, box.Y1)
		}
		lean := c.styles[s].shear
		if ch.span > 0 {
			lean /= 2 // the box is that of the ink, which does not fill the em
		}
		ch.box = unsheared(ch.box, ch.y, lean)
		ch.style, current = s, s
		c.chars = append(c.chars, ch)
	}
	if len(c.styles) == 0 {
		c.chars = nil
	}
	return nil
}

func (d *document) readStyle(text, index, object uint64, m matrix) style {
	l := d.lib
	s := style{size: finite(api.DecodeF64(l.call("FPDFText_GetFontSize", text, index))), dx: 1}
	if l.ok("FPDFText_GetMatrix", text, index, l.out) {
		a, b, c, e := l.f32(l.out), l.f32(l.out+4), l.f32(l.out+8), l.f32(l.out+12)
		// The font size is before scaling; many writers use size 1.
		ux, uy := m.linear(c, e)
		s.dx, s.dy = unit(m.linear(a, b))
		lean, height := ux*s.dx+uy*s.dy, math.Abs(uy*s.dx-ux*s.dy)
		if height == 0 {
			height = hypot(ux, uy)
		} else if lean = lean / height; math.Abs(lean) > 0.05 && math.Abs(lean) < 0.6 && s.dx > 0.97 {
			s.shear = lean
		}
		s.size *= height
	}
	s.bold = l.int("FPDFText_GetFontWeight", text, index) >= 600
	if object != 0 {
		s.invisible = l.int("FPDFTextObj_GetTextRenderMode", object) == 3
		if font := l.call("FPDFTextObj_GetFont", object); font != 0 {
			if size := l.int("FPDFFont_GetBaseFontName", font, 0, 0); size > 1 && size < 1024 {
				p := l.malloc(size)
				l.call("FPDFFont_GetBaseFontName", font, p, uint64(size))
				s.font = string(bytes.TrimRight(l.bytes(p, size), "\x00"))
				l.free(p)
			}
		}
	}
	s.bold = s.bold || boldFont.MatchString(s.font)
	s.slanted = slantedFont.MatchString(s.font) || s.shear > 0.1
	return s
}

// unsheared takes off a character's box what the slant of made-up italics adds
// on both sides of its baseline at y: else words touch each other.
func unsheared(box Rect, y, shear float64) Rect {
	above, below := max(0, y-box.Y0), max(0, box.Y1-y)
	x0, x1 := box.X0+shear*below, box.X1-shear*above
	if shear < 0 {
		x0, x1 = box.X0-shear*above, box.X1+shear*below
	}
	if x0 < x1 {
		box.X0, box.X1 = x0, x1
	}
	return box
}

// Styles by the names of fonts, those of TeX with them.
var (
	boldFont    = regexp.MustCompile(`(?i)bold|black|heavy|demi|-medi|\b(?:cm|sf|ec)(?:bx|sbx|ssbx)\d`)
	slantedFont = regexp.MustCompile(`(?i)italic|oblique|slanted|-it\b|-ital|\b(?:cm|sf|ec)(?:ti|sl|bxti|bxsl)\d`)
)

func decodeUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return strings.TrimSpace(strings.TrimRight(string(utf16.Decode(units)), "\x00"))
}
