package pdf

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// letter is a picture of lines of text.
func letter(t *testing.T, size float64, lines ...string) *image.Gray {
	t.Helper()
	leading := int(1.6 * size)
	img := image.NewGray(image.Rect(0, 0, int(size)*32, leading*(len(lines)+1)))
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{Y: 240}), image.Point{}, draw.Src)
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	drawer := font.Drawer{Dst: img, Src: image.NewUniform(color.Gray{Y: 20}), Face: face}
	for i, line := range lines {
		drawer.Dot = fixed.P(int(size), leading*(i+1))
		drawer.DrawString(line)
	}
	return img
}

// tones is a picture without text: a gradient, or noise, or bars.
func tones(tone func(x, y int) uint8) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, 500, 400))
	for y := range 400 {
		for x := range 500 {
			img.SetGray(x, y, color.Gray{Y: tone(x, y)})
		}
	}
	return img
}

func gradient(x, y int) uint8 { return uint8(x/4 + y/4) }

func TestTextLines(t *testing.T) {
	words := letter(t, 18, "The committee of the village asks", "for help, because the bridge", "was destroyed in March")
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name  string
		img   *image.Gray
		known []image.Rectangle
		want  int
	}{
		{"a letter", words, nil, 3},
		{"a letter whose text is known", words, []image.Rectangle{words.Rect}, 0},
		{"a letter of which a line is known", words, []image.Rectangle{image.Rect(0, 8, 576, 34)}, 2},
		{"a stamp of one line", letter(t, 18, "Received 14 March"), nil, 1},
		{"a picture of one number", letter(t, 18, "7"), nil, 0},
		{"a gradient", tones(gradient), nil, 0},
		{"noise", tones(func(int, int) uint8 { return uint8(random.UintN(256)) }), nil, 0},
		{"grain on paper", tones(func(int, int) uint8 { return 200 - uint8(random.UintN(100))/80*150 }), nil, 0},
		{"bars", tones(func(x, y int) uint8 {
			if x%80 < 40 && y > x/2 {
				return 60
			}
			return 250
		}), nil, 0},
		{"one tone", tones(func(int, int) uint8 { return 255 }), nil, 0},
	} {
		if got := textLines(c.img, c.known); got != c.want {
			t.Errorf("%s: %d lines, want %d", c.name, got, c.want)
		}
	}
}

// picture adds an image and returns its entry among the resources.
func (b *builder) picture(t *testing.T, name string, img *image.Gray) string {
	t.Helper()
	var data bytes.Buffer
	if err := jpeg.Encode(&data, img, nil); err != nil {
		t.Fatal(err)
	}
	n := b.add(stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode", img.Rect.Dx(), img.Rect.Dy()), data.String()))
	return fmt.Sprintf("/%s %d 0 R", name, n)
}

// TestRegions checks what of a page must be read besides its text layer, and
// where it belongs.
func TestRegions(t *testing.T) {
	pool := NewPool(Options{})
	defer pool.Close()
	above := lines("F1", 11, 60, 620, 14, "The district office received the following letter from the", "village committee and forwarded it to the government.")
	below := lines("F1", 11, 60, 320, 14, "The government decided on the twentieth of March to send", "a team of engineers, who built a bridge within two weeks.")
	b := newBuilder()
	scan := b.picture(t, "Im1", letter(t, 40, "The committee of the village asks", "for help, because the bridge", "was destroyed in March"))
	photo := b.picture(t, "Im2", tones(gradient))
	b.page(above+"q 400 0 0 80 60 450 cm /Im1 Do Q\nq 200 0 0 160 60 100 cm /Im2 Do Q\n"+below, "", ">>/XObject<<"+scan+photo)
	broken := b.unicodeFont(false)
	b.page(above+glyphs(12, 60, 480, "Mvua kubwa zilinyesha kaskazini mwa nchi")+glyphs(12, 60, 466, "na barabara nyingi zilifungwa kwa wiki mbili")+below, "", broken)
	b.page(above+lines("F2", 11, 60, 480, 14, "{ [ $# -gt 0 ] || { : >&2; }; }; (( ++i )) && [[ ${!#} ]]", "%: ; $(@:=/) $< $^ $| || :; @{-} >/%% ;; *) ?|*\\ )", "<<< \"$(( $# % 2 ))\" >&- 2>&1 | & (( i+=1 )) ;;")+below, "", "")
	doc, err := pool.Open(t.Context(), b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	if page, err := doc.Page(t.Context(), 3); err != nil || !page.Trust.OK || len(page.Regions) > 0 || !strings.Contains(fmt.Sprint(page.Blocks), "-gt 0") {
		t.Errorf("a listing is text, too: %v, %+v", err, page)
	}
	for n, want := range []struct {
		picture bool
		detail  string
		box     Rect
	}{
		{true, "a picture with 3 lines like text", Rect{60, 270, 460, 350}},
		{false, "have no Unicode value", Rect{57, 306, 327, 341}},
	} {
		page, err := doc.Page(t.Context(), n+1)
		if err != nil {
			t.Fatal(err)
		}
		if !page.Trust.OK || len(page.Blocks) != 2 || len(page.Lines) != 4 {
			t.Errorf("page %d: %+v, blocks %+v, %d lines", n+1, page.Trust, page.Blocks, len(page.Lines))
		}
		if len(page.Regions) != 1 {
			t.Errorf("page %d: regions %+v", n+1, page.Regions)
			continue
		}
		r := page.Regions[0]
		if r.Picture != want.picture || !strings.Contains(r.Detail, want.detail) || r.Block != 1 || r.Box.intersect(want.box).area() < 0.8*want.box.area() {
			t.Errorf("page %d: region %+v", n+1, r)
		}
		img, err := doc.Region(t.Context(), page, r, 300, 1e6)
		if err != nil || img.MediaType != "image/png" || img.Width < 800 {
			t.Errorf("page %d: image %v, %v", n+1, img, err)
		}
	}
}
