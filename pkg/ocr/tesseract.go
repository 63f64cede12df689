package ocr

import (
	"encoding/binary"
	"image"
	"strconv"
)

// Page segmentation modes of Tesseract.
const (
	segmentPage  = 3
	segmentBlock = 6
)

// tesseractVariables are the settings of Tesseract for a job.
func tesseractVariables(j job) [][2]string {
	mode, invert := segmentPage, "0"
	if j.block {
		mode = segmentBlock
	}
	if j.inverted {
		invert = "1" // trying every doubtful line inverted costs 14 % of all time
	}
	return [][2]string{
		{"tessedit_pageseg_mode", strconv.Itoa(mode)},
		{"user_defined_dpi", strconv.Itoa(j.dpi)},
		{"tessedit_do_invert", invert},
	}
}

// encodeSPIX writes the picture as Leptonica has it in memory (its spixio.c):
// seven words, then the rows, four pixels a word, the first in the highest
// byte. Reading it is one copy; of a PGM Leptonica reads byte by byte, which
// took 7 % of a page's time.
func encodeSPIX(img *image.Gray) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	perRow := (w + 3) / 4
	order := binary.NativeEndian
	b := append(make([]byte, 0, 28+4*perRow*h), "spix"...)
	for _, v := range []int{w, h, 8, perRow, 0, 4 * perRow * h} { // 8 bits a pixel, no colour map
		b = order.AppendUint32(b, uint32(v))
	}
	for y := range h {
		row := img.Pix[y*img.Stride : y*img.Stride+w]
		for ; len(row) >= 4; row = row[4:] {
			b = order.AppendUint32(b, binary.BigEndian.Uint32(row))
		}
		if len(row) > 0 {
			var last [4]byte
			copy(last[:], row)
			b = order.AppendUint32(b, binary.BigEndian.Uint32(last[:]))
		}
	}
	return b
}
