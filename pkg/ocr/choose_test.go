package ocr

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// A declared language is evidence, not truth: the page is read again with the
// models of the language that it is in.
func TestDeclaredLanguageIsWrong(t *testing.T) {
	image := encodePNG(passageImage())
	tests := []struct {
		declared   string
		identifier always
		model      string
	}{
		{"fra_Latn", always{"eng_Latn", 0.99}, "eng"},
		{"amh_Ethi", always{"eng_Latn", 0.99}, "eng"}, // another script
		{"eng_Latn", always{"amh_Ethi", 0.99}, "eng"}, // the identifier is wrong
		{"eng_Latn", always{"und_Latn", 0}, "eng"},
	}
	for _, test := range tests {
		pool := newTestPool(t, Options{Identifier: test.identifier})
		page, err := pool.Recognize(t.Context(), image, Hints{Languages: []string{test.declared}, DPI: 150})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(page.Models, "+") != test.model || flat(page.Text()) != flat(passage) {
			t.Errorf("%s, %+v: models %v, text %q", test.declared, test.identifier, page.Models, page.Text())
		}
		pool.Close()
	}
}

// A page is read with the models of neighbouring pages first, but they bind
// nobody.
func TestNeighbours(t *testing.T) {
	image := encodePNG(passageImage())
	for _, neighbour := range []string{"eng_Latn", "amh_Ethi", "nqo", "nonsense"} {
		pool := newTestPool(t, Options{Identifier: always{"eng_Latn", 0.99}})
		page, err := pool.Recognize(t.Context(), image, Hints{Neighbours: []string{neighbour}})
		if err != nil || page.Language != "eng_Latn" || strings.Join(page.Models, "+") != "eng" || flat(page.Text()) != flat(passage) {
			t.Errorf("%s: %v, %+v", neighbour, err, page)
		}
		pool.Close()
	}
}

// Scripts that no model reads are not guessed at: the error says so.
func TestScriptsWithoutModel(t *testing.T) {
	pool := newTestPool(t, Options{})
	for script, first := range map[string]rune{"Adlam": 0x1E922, "NKo": 0x07CA, "Tifinagh": 0x2D30, "Vai": 0xA500} {
		t.Run(script, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("/usr/share/fonts/truetype/noto", "NotoSans"+script+"-Regular.ttf"))
			if err != nil {
				t.Fatalf("%v: deploy/setup installs it", err)
			}
			page, err := pool.Recognize(t.Context(), encodePNG(wordsIn(t, data, first)), Hints{})
			if ClassOf(err) != NoModel || !strings.Contains(err.Error(), "script") {
				t.Errorf("%v, %+v", err, page)
			}
		})
	}
}

// wordsIn draws made-up words of the 30 letters from first on.
func wordsIn(t *testing.T, typeface []byte, first rune) image.Image {
	parsed, err := opentype.Parse(typeface)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 40, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 1200, 900))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	drawer := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face}
	state := uint32(7)
	random := func(n uint32) uint32 {
		state = state*1664525 + 1013904223
		return (state >> 8) % n
	}
	for y := 100; y < 820; y += 70 {
		drawer.Dot = fixed.P(80, y)
		for drawer.Dot.X < fixed.I(1050) {
			var word strings.Builder
			for range 2 + random(6) {
				word.WriteRune(first + rune(random(30)))
			}
			drawer.DrawString(word.String() + " ")
			drawer.Dot.X += fixed.I(14)
		}
	}
	return img
}
