package ocr

import (
	"encoding/binary"
	"image"
	"slices"
	"testing"
)

func TestEncodeSPIX(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 9, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(i + 1)
	}
	// Five pixels of a wider picture, so that rows are longer than they look
	// and the last word is not full.
	part := &image.Gray{Pix: img.Pix[1:], Stride: img.Stride, Rect: image.Rect(0, 0, 5, 2)}
	data := encodeSPIX(part)
	var words []uint32
	for i := 4; i < len(data); i += 4 {
		words = append(words, binary.NativeEndian.Uint32(data[i:]))
	}
	want := []uint32{5, 2, 8, 2, 0, 16, 0x02030405, 0x06000000, 0x0b0c0d0e, 0x0f000000}
	if string(data[:4]) != "spix" || !slices.Equal(words, want) {
		t.Errorf("%q %x, want %x", data[:4], words, want)
	}
}
