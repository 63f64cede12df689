package ocr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decoders
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// checkHeader reads the size of a picture without decoding it, so that a
// small file that claims billions of pixels is refused before they are
// allocated. PNG, JPEG, TIFF, GIF, BMP and WebP are read.
func checkHeader(data []byte, maxPixels int) (image.Config, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return config, &Error{Corrupt, errors.New("not a picture in PNG, JPEG, TIFF, GIF, BMP or WebP")}
	case err != nil:
		return config, &Error{Corrupt, fmt.Errorf("picture header: %w", err)}
	case config.Width <= 0 || config.Height <= 0:
		return config, &Error{Corrupt, fmt.Errorf("%s of %d x %d pixels", format, config.Width, config.Height)}
	case config.Width > maxPixels/config.Height:
		return config, &Error{TooBig, fmt.Errorf("%s of %d x %d pixels: more than %d", format, config.Width, config.Height, maxPixels)}
	}
	return config, nil
}

// decodeGray decodes a picture to grey levels, transparent parts as on white
// paper.
func decodeGray(data []byte, maxPixels int) (*image.Gray, error) {
	config, err := checkHeader(data, maxPixels)
	if err != nil {
		return nil, err
	}
	img, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, &Error{Corrupt, fmt.Errorf("decode %s: %w", format, err)}
	}
	if b := img.Bounds(); b.Dx() <= 0 || b.Dy() <= 0 || b.Dx() > maxPixels/b.Dy() {
		return nil, &Error{Corrupt, fmt.Errorf("decode %s: header says %d x %d pixels, data %d x %d", format, config.Width, config.Height, b.Dx(), b.Dy())}
	}
	return toGray(img), nil
}

func toGray(img image.Image) *image.Gray {
	b := img.Bounds()
	gray := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	switch src := img.(type) {
	case *image.Gray:
		for y := range b.Dy() {
			copy(gray.Pix[y*gray.Stride:], src.Pix[y*src.Stride:y*src.Stride+b.Dx()])
		}
	case *image.YCbCr: // JPEG: the luma plane is the grey picture
		for y := range b.Dy() {
			copy(gray.Pix[y*gray.Stride:(y+1)*gray.Stride], src.Y[y*src.YStride:])
		}
	case *image.Paletted:
		var levels [256]byte
		for i, c := range src.Palette {
			if i < len(levels) {
				levels[i] = luma(c.RGBA())
			}
		}
		for y := range b.Dy() {
			row := src.Pix[y*src.Stride : y*src.Stride+b.Dx()]
			for x, i := range row {
				gray.Pix[y*gray.Stride+x] = levels[i]
			}
		}
	case *image.RGBA:
		for y := range b.Dy() {
			row := src.Pix[y*src.Stride : y*src.Stride+4*b.Dx()]
			for x := range b.Dx() {
				p := row[4*x : 4*x+4 : 4*x+4]
				gray.Pix[y*gray.Stride+x] = luma(uint32(p[0])*0x101, uint32(p[1])*0x101, uint32(p[2])*0x101, uint32(p[3])*0x101)
			}
		}
	default:
		var c color.Color
		for y := range b.Dy() {
			for x := range b.Dx() {
				c = img.At(b.Min.X+x, b.Min.Y+y)
				gray.Pix[y*gray.Stride+x] = luma(c.RGBA())
			}
		}
	}
	return gray
}

// luma is the grey level (BT.601) of premultiplied 16-bit colour on white.
func luma(r, g, b, a uint32) byte {
	y := (19595*r + 38470*g + 7471*b + 1<<15) >> 16
	return byte(min(y+0xffff-a, 0xffff) >> 8)
}
