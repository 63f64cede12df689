package ocr

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var english = Hints{Languages: []string{"eng_Latn"}, DPI: 150}

// passage is long enough for stable confidences; an empty line parts its two
// paragraphs.
const passage = `The health post opened its doors in the spring
and served four villages along the river. Most
families walked for two hours to reach it, so the
nurse began to visit each market on Thursday.

By the end of the year 1,284 children had been
seen and the stock of medicine lasted through
the rains. Water was carried from the old well
until the new pump was repaired in November.`

// textImage draws lines of text in black on white, size in pixels.
func textImage(width, height int, size float64, text string) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err)
	}
	drawer := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face}
	for i, line := range strings.Split(text, "\n") {
		drawer.Dot = fixed.P(int(size*2.5), int(size*(3+1.6*float64(i))))
		drawer.DrawString(line)
	}
	return img
}

// passageImage is a page at about 150 dpi.
func passageImage() *image.Gray { return textImage(900, 700, 30, passage) }

func encodePNG(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}
