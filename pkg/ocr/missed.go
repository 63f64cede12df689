package ocr

import (
	"image"
	"slices"
)

// Tesseract's layout analysis drops a line now and then, mostly where marks
// above and below the letters (Yoruba, Arabic) fill the space between lines.
// The hole that it leaves is full of ink.

const (
	// holeInk is the least ink of a hole, as a share of its neighbours': a
	// short line has little, stray marks less.
	holeInk = 0.15
	// holeLines is the largest height of a hole in lines; a picture is more.
	holeLines = 6
	// holeSure is the least confidence of a line found in a hole.
	holeSure = 0.6
)

// hole is a space between two lines of a paragraph's or column's run.
type hole struct {
	block, paragraph, line int // of the line above
	box                    image.Rectangle
}

// fillHoles reads the holes between lines of a page in the picture it was
// read from and puts what it finds in its place.
func (r *reader) fillHoles(page *Page, img *image.Gray, j job) error {
	holes := findHoles(page, img)
	// From the end, so that the places of the others stay.
	slices.Reverse(holes)
	for _, h := range holes {
		j.image, j.block = image.NewGray(image.Rectangle{Max: h.box.Size()}), true
		for y := range h.box.Dy() {
			copy(j.image.Pix[y*j.image.Stride:(y+1)*j.image.Stride], img.Pix[(h.box.Min.Y+y)*img.Stride+h.box.Min.X:])
		}
		found, err := r.engine.recognize(j)
		if err != nil {
			return err
		}
		found.place(func(x, y int) (int, int) { return x + h.box.Min.X, y + h.box.Min.Y })
		lines := slices.DeleteFunc(found.Lines(), func(l Line) bool {
			return l.Confidence < holeSure || len([]rune(l.Text)) < 3
		})
		paragraph := &page.Blocks[h.block].Paragraphs[h.paragraph]
		paragraph.Lines = slices.Insert(paragraph.Lines, h.line+1, lines...)
	}
	page.score()
	return nil
}

// findHoles finds the spaces with ink between each line and the next in
// reading order below it.
func findHoles(page *Page, img *image.Gray) []hole {
	threshold, _ := otsu(img)
	ink := func(r image.Rectangle) (n int) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for _, p := range img.Pix[y*img.Stride+r.Min.X : y*img.Stride+r.Max.X] {
				if p < threshold {
					n++
				}
			}
		}
		return n
	}
	var holes []hole
	var last hole
	var above image.Rectangle
	for b, block := range page.Blocks {
		for p, paragraph := range block.Paragraphs {
			for l, line := range paragraph.Lines {
				box := line.Box.rectangle().Intersect(img.Rect)
				height := min(above.Dy(), box.Dy())
				gap := image.Rect(min(above.Min.X, box.Min.X)-height, above.Max.Y, max(above.Max.X, box.Max.X)+height, box.Min.Y).Intersect(img.Rect)
				overlap := min(above.Max.X, box.Max.X) - max(above.Min.X, box.Min.X)
				if above.Max.Y < box.Min.Y && 2*overlap > min(above.Dx(), box.Dx()) && 2*gap.Dy() > height && gap.Dy() < holeLines*height &&
					float64(ink(gap)) > holeInk*float64(min(ink(above), ink(box))) {
					last.box = gap
					holes = append(holes, last)
				}
				above, last = box, hole{block: b, paragraph: p, line: l}
			}
		}
	}
	return holes
}

func (b Box) rectangle() image.Rectangle { return image.Rect(b.X, b.Y, b.X+b.Width, b.Y+b.Height) }
