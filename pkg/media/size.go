package media

import (
	"bytes"
	"fmt"
	"image"
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
