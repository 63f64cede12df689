package pdf

import (
	"bytes"
	"image"
	"image/png"
	"math"

	"github.com/tetratelabs/wazero/api"
)

// Image is a rendered page or a figure.
type Image struct {
	Data      []byte
	MediaType string // image/png or image/jpeg
	Width     int    // pixels
	Height    int
	DPI       int  // of a rendering: less than asked for when the page is too large; 0 for a figure's own JPEG
	Blank     bool // a rendered page shows a single colour
}

const (
	renderAnnotations = 0x01
	renderGray        = 0x08
)

// render draws page n, or the part of it inside clip (displayed points), at
// the resolution asked for or as much as maxPixels allows.
func (d *document) render(n int, clip *Rect, dpi, maxPixels int, gray bool) (*Image, error) {
	img := &Image{MediaType: "image/png"}
	err := d.draw(n, clip, dpi, maxPixels, gray, func(drawn image.Image, scale float64) (err error) {
		img.Width, img.Height = drawn.Bounds().Dx(), drawn.Bounds().Dy()
		img.DPI = max(1, int(math.Round(scale*72)))
		if tones, ok := drawn.(*image.Gray); ok {
			img.Blank = oneColour(tones, max(1, int(math.Round(scale*72/blankDPI))))
		}
		img.Data, err = encodePNG(drawn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return img, nil
}

// draw draws page n as render does and hands the picture to use, with how many
// pixels a point has. The picture is gone when use returns.
func (d *document) draw(n int, clip *Rect, dpi, maxPixels int, gray bool, use func(img image.Image, scale float64) error) error {
	return d.withPage(n, func(page uint64, _ matrix, width, height float64) error {
		area := Rect{0, 0, width, height}
		if clip != nil {
			area = clip.intersect(area)
			if area.area() <= 0 {
				return failf(ClassCorrupt, "page %d: nothing to render at %v", n, *clip)
			}
		}
		scale := float64(dpi) / 72
		// The cap comes before rendering: some pages are a hundred metres wide.
		if pixels := area.Width() * area.Height() * scale * scale; pixels > float64(maxPixels) {
			scale *= math.Sqrt(float64(maxPixels) / pixels)
		}
		w, h := max(1, int(area.Width()*scale)), max(1, int(area.Height()*scale))
		return d.paint(page, w, h, scale, area, gray, func(img image.Image) error { return use(img, scale) })
	})
}

func (d *document) paint(page uint64, w, h int, scale float64, area Rect, gray bool, use func(image.Image) error) error {
	l := d.lib
	format, depth, flags := uint64(formatBGRx), 4, uint64(renderAnnotations)
	if gray {
		format, depth, flags = formatGray, 1, flags|renderGray
	}
	stride := (w*depth + 3) &^ 3
	buffer := l.malloc(stride * h)
	defer l.free(buffer)
	bitmap := l.call("FPDFBitmap_CreateEx", uint64(w), uint64(h), format, buffer, uint64(stride))
	if bitmap == 0 {
		return failf(ClassTooLarge, "no memory for %d by %d pixels", w, h)
	}
	defer func() { l.call("FPDFBitmap_Destroy", bitmap) }()
	pixels := l.bytes(buffer, stride*h)
	for i := range pixels {
		pixels[i] = 0xFF
	}
	// a b c d e f, then the clip: left top right bottom.
	m, clip := l.out, l.out+24
	memory := l.module.Memory()
	for i, v := range []float64{scale, 0, 0, scale, -area.X0 * scale, -area.Y0 * scale, 0, 0, float64(w), float64(h)} {
		memory.WriteFloat32Le(uint32(m)+uint32(4*i), float32(v))
	}
	l.call("FPDF_RenderPageBitmapWithMatrix", bitmap, page, m, clip, flags)
	pixels = l.bytes(buffer, stride*h)
	if gray {
		return use(&image.Gray{Pix: pixels, Stride: stride, Rect: image.Rect(0, 0, w, h)})
	}
	for i := 0; i+3 < len(pixels); i += 4 {
		pixels[i], pixels[i+2], pixels[i+3] = pixels[i+2], pixels[i], 0xFF
	}
	return use(&image.RGBA{Pix: pixels, Stride: stride, Rect: image.Rect(0, 0, w, h)})
}

func encodePNG(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img)
	return b.Bytes(), err
}

// A page is blank when it is so at this resolution: coarse, so that the grain of
// a scan counts for nothing, but a lone character still leaves a mark.
const (
	blankDPI   = 50
	blankTones = 12 // of 256 that a single colour may differ by
)

// oneColour tells whether the means of all squares of a picture are about the
// same.
func oneColour(img *image.Gray, side int) bool {
	low, high := 255, 0
	for y := 0; y < img.Rect.Dy(); y += side {
		rows := rowsIn(img, y, min(y+side, img.Rect.Dy()))
		for x := 0; x < img.Rect.Dx(); x += side {
			sum, n := 0, 0
			for _, row := range rows {
				for _, v := range row[x:min(x+side, len(row))] {
					sum, n = sum+int(v), n+1
				}
			}
			low, high = min(low, sum/n), max(high, sum/n)
		}
		if high-low >= blankTones {
			return false
		}
	}
	return true
}

func rowsIn(img *image.Gray, from, to int) [][]byte {
	rows := make([][]byte, 0, to-from)
	for y := from; y < to; y++ {
		rows = append(rows, img.Pix[y*img.Stride:y*img.Stride+img.Rect.Dx()])
	}
	return rows
}

// blank tells whether the page shows a single colour.
func (d *document) blank(n int) (blank bool, err error) {
	err = d.withPage(n, func(page uint64, _ matrix, width, height float64) error {
		l := d.lib
		scale := min(blankDPI/72.0, 800/max(width, height))
		w, h := max(1, int(width*scale)), max(1, int(height*scale))
		bitmap := l.call("FPDFBitmap_CreateEx", uint64(w), uint64(h), formatGray, 0, 0)
		if bitmap == 0 {
			return nil
		}
		defer func() { l.call("FPDFBitmap_Destroy", bitmap) }()
		l.call("FPDFBitmap_FillRect", bitmap, 0, 0, uint64(w), uint64(h), api.EncodeU32(0xFFFFFFFF))
		l.call("FPDF_RenderPageBitmap", bitmap, page, 0, 0, uint64(w), uint64(h), 0, renderAnnotations|renderGray)
		stride := l.int("FPDFBitmap_GetStride", bitmap)
		pixels := l.bytes(l.call("FPDFBitmap_GetBuffer", bitmap), stride*h)
		low, high := byte(255), byte(0)
		for y := range h {
			for _, v := range pixels[y*stride : y*stride+w] {
				low, high = min(low, v), max(high, v)
			}
		}
		blank = high-low < blankTones
		return nil
	})
	return blank, err
}
