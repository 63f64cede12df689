package media

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // register the headers that Size reads
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise

	_ "golang.org/x/image/bmp"  // likewise
	_ "golang.org/x/image/tiff" // likewise
	_ "golang.org/x/image/webp" // likewise
)

// Size returns a picture's width and height in pixels from its header, without
// decoding it.
func Size(data []byte) (width, height int, err error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, &Error{ClassCorrupt, fmt.Errorf("read the picture's header: %w", err)}
	}
	if c.Width <= 0 || c.Height <= 0 {
		return 0, 0, &Error{ClassCorrupt, fmt.Errorf("the picture has no area: %d by %d pixels", c.Width, c.Height)}
	}
	return c.Width, c.Height, nil
}

// DecodeCost returns about how many bytes it takes to decode a picture, told
// from its header: a file of a few kilobytes can unpack to gigabytes.
func DecodeCost(data []byte) (int64, error) {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, &Error{ClassCorrupt, fmt.Errorf("read the picture's header: %w", err)}
	}
	pixel := int64(4)
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		pixel = 8
	case color.Gray16Model:
		pixel = 2
	case color.GrayModel:
		pixel = 1
	case color.YCbCrModel:
		pixel = 3
	}
	if _, ok := c.ColorModel.(color.Palette); ok {
		pixel = 1
	}
	if format == "jpeg" && progressive(data) {
		pixel *= 5 // the coefficients of all components are kept as well
	}
	return int64(c.Width) * int64(c.Height) * pixel, nil
}

// progressive tells a progressive JPEG by its frame header (ITU-T T.81, B.1.1.3).
func progressive(data []byte) bool {
	for i := 2; i+4 <= len(data) && data[i] == 0xFF; {
		marker := data[i+1]
		switch {
		case marker == 0xFF: // fill
			i++
			continue
		case marker == 0xC2:
			return true
		case marker == 0xC0, marker == 0xC1, marker == 0xDA:
			return false
		}
		i += 2 + int(data[i+2])<<8 + int(data[i+3])
	}
	return false
}
