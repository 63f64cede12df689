package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"unicode/utf16"
)

// builder writes small PDF files.
type builder struct {
	objects []string
	pages   []int

	catalogue, trailer string // more entries of theirs
}

const (
	catalogObject = 1
	pagesObject   = 2
	fontObject    = 3
	boldObject    = 4
)

func newBuilder() *builder {
	return &builder{objects: []string{"", "",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
	}}
}

func (b *builder) add(object string) int {
	b.objects = append(b.objects, object)
	return len(b.objects)
}

func stream(dict, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", dict, len(data), data)
}

// page adds a page of 600 by 800 points; extra goes into its dictionary,
// resources into its resources.
func (b *builder) page(content, extra, resources string) {
	c := b.add(stream("", content))
	b.pages = append(b.pages, b.add(fmt.Sprintf(
		"<</Type/Page/Parent %d 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F1 %d 0 R/F2 %d 0 R%s>>>>%s>>",
		pagesObject, c, fontObject, boldObject, resources, extra)))
}

func (b *builder) bytes() []byte {
	b.objects[catalogObject-1] = fmt.Sprintf("<</Type/Catalog/Pages %d 0 R/Lang(sw-KE)%s>>", pagesObject, b.catalogue)
	var kids strings.Builder
	for _, p := range b.pages {
		fmt.Fprintf(&kids, "%d 0 R ", p)
	}
	b.objects[pagesObject-1] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(b.pages), kids.String())
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(b.objects))
	for i, object := range b.objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(b.objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(b.objects)+1, catalogObject, b.trailer, xref)
	return out.Bytes()
}

// text draws one line: x and y are points from the bottom left.
func text(font string, size, x, y float64, s string) string {
	s = strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s)
	return fmt.Sprintf("BT /%s %g Tf %g %g Td (%s) Tj ET\n", font, size, x, y, s)
}

// lines draws lines below each other.
func lines(font string, size, x, y, leading float64, all ...string) string {
	var b strings.Builder
	for i, s := range all {
		b.WriteString(text(font, size, x, y-leading*float64(i), s))
	}
	return b.String()
}

// strokes draws lines, each from a point to another.
func strokes(at ...float64) string {
	var b strings.Builder
	b.WriteString("0.5 w\n")
	for i := 0; i+3 < len(at); i += 4 {
		fmt.Fprintf(&b, "%g %g m %g %g l S\n", at[i], at[i+1], at[i+2], at[i+3])
	}
	return b.String()
}

// bars draws a bar chart with axes, a curve and labels.
func bars(x, y float64) string {
	var b strings.Builder
	b.WriteString(strokes(x, y, x+240, y, x, y, x, y+160))
	for i := range 8 {
		at := x + 10 + 28*float64(i)
		fmt.Fprintf(&b, "0.2 0.4 0.8 rg %g %g 18 %d re f\n", at, y, 20+13*(i*5%9))
		fmt.Fprintf(&b, "%g %g m %g %g %g %g %g %g c S\n", at, y+40, at+8, y+90, at+16, y+30, at+27, y+60)
		b.WriteString("0 g\n" + text("F1", 8, at, y-12, []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug"}[i]))
	}
	for i := range 5 {
		b.WriteString(text("F1", 8, x-18, y+30*float64(i), fmt.Sprint(20*i)))
	}
	return b.String()
}

// listing draws lines of a program, each on a shade of its own with an edge at
// both sides.
func listing(x, y float64, program ...string) string {
	var b strings.Builder
	for i, line := range program {
		at := y - 12*float64(i)
		fmt.Fprintf(&b, "0.9 g %g %g 456 12 re f 0.4 g %g %g 1 12 re f %g %g 1 12 re f\n0 g\n", x, at-3, x-1, at-3, x+456, at-3)
		b.WriteString(text("F1", 9, x+4, at, line))
	}
	return b.String()
}

// unicodeFont adds a font whose glyph numbers are UTF-16 code units, each one
// half an em wide, and returns its resource entry F3.
func (b *builder) unicodeFont(toUnicode bool) string {
	cmap := ""
	if toUnicode {
		var ranges strings.Builder
		blocks := []int{0x00, 0x06, 0x09, 0x10, 0x12, 0x13} // a range must not leave its block of 256
		for _, high := range blocks {
			fmt.Fprintf(&ranges, "<%02X00> <%02XFF> <%02X00>\n", high, high, high)
		}
		m := b.add(stream("", fmt.Sprintf("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def\n"+
			"1 begincodespacerange <0000> <FFFF> endcodespacerange\n%d beginbfrange\n%sendbfrange endcmap end end", len(blocks), ranges.String())))
		cmap = fmt.Sprintf("/ToUnicode %d 0 R", m)
	}
	descriptor := b.add("<</Type/FontDescriptor/FontName/Test/Flags 4/FontBBox[0 -200 1000 900]/Ascent 800/Descent -200/CapHeight 700/ItalicAngle 0/StemV 80>>")
	cid := b.add(fmt.Sprintf("<</Type/Font/Subtype/CIDFontType2/BaseFont/Test/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 500/FontDescriptor %d 0 R>>", descriptor))
	font := b.add(fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont/Test/Encoding/Identity-H/DescendantFonts[%d 0 R]%s>>", cid, cmap))
	return fmt.Sprintf("/F3 %d 0 R", font)
}

// glyphs draws text with the Unicode font in the order given.
func glyphs(size, x, y float64, s string) string {
	var hex strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&hex, "%04X", u)
	}
	return fmt.Sprintf("BT /F3 %g Tf %g %g Td <%s> Tj ET\n", size, x, y, hex.String())
}

// glyphsLeftward draws text with the Unicode font from right to left, as
// programs do that write in logical order: every glyph moves the pen right by
// half an em, then the pen goes back by a whole one.
func glyphsLeftward(size, right, y float64, s string) string {
	var tj strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&tj, "<%04X> 1000 ", u)
	}
	return fmt.Sprintf("BT /F3 %g Tf %g %g Td [%s] TJ ET\n", size, right-size/2, y, tj.String())
}

func reversed(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// jpegImage adds a JPEG picture and returns its object number.
func (b *builder) jpegImage(t *testing.T, width, height int, shade uint8) int {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), shade, 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.add(stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", width, height), out.String()))
}

// grayImage adds a flate-packed grey picture.
func (b *builder) grayImage(width, height int) int {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	for i := range width * height {
		w.Write([]byte{byte(i)})
	}
	w.Close()
	return b.add(stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode", width, height), packed.String()))
}

func withImages(objects ...int) string {
	var b strings.Builder
	b.WriteString(">>/XObject<<")
	for i, o := range objects {
		fmt.Fprintf(&b, "/I%d %d 0 R", i+1, o)
	}
	return b.String()
}

func drawImage(name string, x, y, width, height float64) string {
	return fmt.Sprintf("q %g 0 0 %g %g %g cm /%s Do Q\n", width, height, x, y, name)
}
