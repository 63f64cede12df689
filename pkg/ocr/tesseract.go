package ocr

import (
	"bytes"
	"fmt"
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

// encodePGM writes the picture in the one format that costs nothing to read.
func encodePGM(img *image.Gray) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var b bytes.Buffer
	b.Grow(w*h + 32)
	fmt.Fprintf(&b, "P5\n%d %d\n255\n", w, h)
	for y := range h {
		b.Write(img.Pix[y*img.Stride : y*img.Stride+w])
	}
	return b.Bytes()
}
