package ocr

import (
	"image"
	"math"
	"testing"
)

func TestTextSize(t *testing.T) {
	// Go Regular's lower-case letters are 0.53 em high.
	for _, em := range []float64{16, 24, 40} {
		img := textImage(1000, 400, em, "some more common names\nnear our crossroads seen\nas we came over once more")
		ink := make([]bool, len(img.Pix))
		for i, p := range img.Pix {
			ink[i] = p < 128
		}
		height, width := textSize(ink, 1000, 400)
		if want := 0.53 * em; math.Abs(float64(height)-want) > 0.06*em+1 || width == 0 || width > int(em) {
			t.Errorf("letters of %v pixels: height %d, want %.0f; width %d", em, height, want, width)
		}
	}
	if h, w := textSize(make([]bool, 100), 10, 10); h != 0 || w != 0 {
		t.Errorf("nothing is %d high, %d wide", h, w)
	}
}

func TestShrinkFactor(t *testing.T) {
	tests := []struct {
		height, width int
		want          float64
	}{
		{0, 0, 1}, {10, 8, 1}, {19, 16, 1}, {27, 24, 18.0 / 27}, {72, 60, 0.25},
		{28, 70, 1}, {42, 93, 28.0 / 42},
	}
	for _, test := range tests {
		if got := shrinkFactor(test.height, test.width); got != test.want {
			t.Errorf("%d x %d: %v, want %v", test.height, test.width, got, test.want)
		}
	}
}

func TestShrink(t *testing.T) {
	src := image.NewGray(image.Rect(0, 0, 300, 200))
	sum := 0
	for i := range src.Pix {
		src.Pix[i] = byte(i * i >> 7)
		sum += int(src.Pix[i])
	}
	for _, factor := range []float64{0.99, 2.0 / 3, 0.5, 0.37, 0.01} {
		got := shrink(src, factor)
		if w, h := int(math.Round(300*factor)), int(math.Round(200*factor)); got.Rect != image.Rect(0, 0, w, h) {
			t.Fatalf("factor %v: %v", factor, got.Rect)
		}
		total := 0
		for _, p := range got.Pix {
			total += int(p)
		}
		if before, after := float64(sum)/float64(len(src.Pix)), float64(total)/float64(len(got.Pix)); math.Abs(before-after) > 1 {
			t.Errorf("factor %v: mean %v becomes %v", factor, before, after)
		}
	}
	white := textImage(300, 200, 20, "")
	for _, p := range shrink(white, 0.61).Pix {
		if p != 255 {
			t.Fatalf("white becomes %d", p)
		}
	}
	if shrink(src, 1) != src {
		t.Error("a factor of 1 makes a copy")
	}
}

func TestRecognizeLargePrint(t *testing.T) {
	page, err := newTestPool(t, Options{}).Recognize(t.Context(), encodePNG(textImage(2400, 400, 100, "Boxes are those of the page")), english)
	if err != nil || len(page.Lines()) != 1 {
		t.Fatal(err, page)
	}
	line := page.Lines()[0]
	// The baseline is at 300; the tallest letter is 0.73 em high.
	if box := line.Box; line.Text != "Boxes are those of the page" || box.X < 245 || box.X > 265 || box.Y < 215 || box.Y > 240 || box.Y+box.Height < 300 || box.Y+box.Height > 335 {
		t.Errorf("%+v", line)
	}
	if page.Width != 2400 || page.Height != 400 {
		t.Errorf("%d x %d", page.Width, page.Height)
	}
}

// dropping is an engine that loses a line of a page, as Tesseract's layout
// analysis does.
type dropping struct {
	engine
	line int
}

func (d dropping) recognize(j job) (*Page, error) {
	page, err := d.engine.recognize(j)
	if err == nil && !j.block {
		n := 0
		for b := range page.Blocks {
			for p := range page.Blocks[b].Paragraphs {
				par := &page.Blocks[b].Paragraphs[p]
				if i := d.line - n; i >= 0 && i < len(par.Lines) {
					par.Lines = append(par.Lines[:i:i], par.Lines[i+1:]...)
					return page, nil
				}
				n += len(par.Lines)
			}
		}
	}
	return page, err
}

func TestLostLinesAreFound(t *testing.T) {
	c, err := openCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	for lost := 1; lost < 7; lost++ { // the first and the last lie beside no hole
		page, err := recognizeOnce(dropping{newLibrary(c.dir), lost}, c, request{Models: []string{"eng"}, MaxPixels: 1e7}, encodePNG(passageImage()))
		if err != nil {
			t.Fatal(err)
		}
		if flat(page.Text()) != flat(passage) {
			t.Errorf("without line %d: %q", lost, page.Text())
		}
	}
}

// recognizeOnce reads a page as a child does.
func recognizeOnce(e engine, c *catalog, req request, data []byte) (*Page, error) {
	r, err := newReader(e, c, req, data)
	if err != nil {
		return nil, err
	}
	return r.answer(req)
}
