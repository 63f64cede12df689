package ocr

import (
	"image"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestEngines is what every engine has to do, whichever it is.
func TestEngines(t *testing.T) {
	for _, name := range Engines() {
		t.Run(name, func(t *testing.T) {
			c, err := openCatalog("")
			if err != nil {
				t.Fatal(err)
			}
			e, err := newEngine(name, c.dir)
			if err != nil {
				t.Fatal(err)
			}
			conform(t, name, e)
		})
	}
}

func conform(t *testing.T, name string, e engine) {
	upright := passageImage()
	read := func(t *testing.T, j job) *Page {
		t.Helper()
		page, err := e.recognize(j)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	eng := []string{"eng"}
	t.Run("version", func(t *testing.T) {
		version, err := e.version()
		if err != nil || !regexp.MustCompile(`^`+name+`( tesseract)? \d+\.\d+`).MatchString(version) {
			t.Errorf("%q, %v", version, err)
		}
		if again, _ := e.version(); again != version {
			t.Errorf("%q, then %q", version, again)
		}
	})
	t.Run("page", func(t *testing.T) {
		page := read(t, job{image: upright, models: eng, dpi: 150})
		if got := flat(page.Text()); got != flat(passage) {
			t.Errorf("text %q", got)
		}
		if n := len(page.Lines()); n != 8 {
			t.Errorf("%d lines", n)
		}
		for _, b := range page.Blocks {
			inside(t, upright.Rect, b.Box)
			for _, par := range b.Paragraphs {
				inside(t, b.Box.rectangle(), par.Box)
				for _, l := range par.Lines {
					inside(t, upright.Rect, l.Box)
					if l.Confidence < 0.8 || l.Confidence > 1 || len(l.Words) != len(strings.Fields(l.Text)) {
						t.Errorf("line %+v", l)
					}
					for _, w := range l.Words {
						inside(t, l.Box.rectangle(), w.Box)
						if w.Confidence < 0.5 || w.Confidence > 1 {
							t.Errorf("word %+v", w)
						}
					}
				}
			}
		}
	})
	t.Run("same again", func(t *testing.T) {
		j := job{image: upright, models: eng, dpi: 150}
		if one, two := read(t, j), read(t, j); one.Text() != two.Text() || one.Confidence != two.Confidence {
			t.Errorf("%q, then %q", one.Text(), two.Text())
		}
	})
	t.Run("block", func(t *testing.T) {
		page := read(t, job{image: crop(upright, 50, 200), models: eng, dpi: 150, block: true})
		if got := flat(page.Text()); !strings.HasPrefix(got, "The health post opened") || len(page.Blocks) != 1 {
			t.Errorf("%d blocks, text %q", len(page.Blocks), got)
		}
	})
	t.Run("blank", func(t *testing.T) {
		if page := read(t, job{image: textImage(300, 200, 20, ""), models: eng, dpi: 150}); len(page.Blocks) != 0 || page.Confidence != 0 {
			t.Errorf("%+v", page)
		}
	})
	t.Run("light on dark", func(t *testing.T) {
		img := textImage(900, 300, 30, "Water was carried from the old well\nuntil the new pump was repaired")
		for y := range 110 { // the first line stands in a dark bar
			for x := range 900 {
				img.Pix[y*img.Stride+x] = 255 - img.Pix[y*img.Stride+x]
			}
		}
		page := read(t, job{image: img, models: eng, dpi: 150, inverted: true})
		if got := flat(page.Text()); !strings.Contains(got, "carried from the old well") {
			t.Errorf("text %q", got)
		}
	})
	t.Run("several models", func(t *testing.T) {
		page := read(t, job{image: textImage(600, 150, 30, "Habari za asubuhi"), models: []string{"swa", "eng"}, dpi: 150})
		if got := flat(page.Text()); got != "Habari za asubuhi" {
			t.Errorf("text %q", got)
		}
	})
	t.Run("missing model", func(t *testing.T) {
		// Tesseract itself would go on with those it has.
		_, err := e.recognize(job{image: upright, models: []string{"eng", "nosuch"}, dpi: 150})
		if ClassOf(err) != NoModel || !strings.Contains(err.Error(), "tesseract-ocr-nosuch") {
			t.Errorf("class %q: %v", ClassOf(err), err)
		}
		if _, err := e.recognize(job{image: upright, dpi: 150}); err == nil {
			t.Error("read without a model")
		}
		if page := read(t, job{image: upright, models: eng, dpi: 150}); flat(page.Text()) != flat(passage) {
			t.Error("reads no more after a missing model")
		}
	})
	t.Run("tiny", func(t *testing.T) {
		for _, side := range []int{1, 2, 3} {
			if page := read(t, job{image: image.NewGray(image.Rect(0, 0, side, side)), models: eng, dpi: 70}); len(page.Lines()) > 0 {
				t.Errorf("%d pixels: %q", side, page.Text())
			}
		}
	})
}

// inside tells of a box that is empty or reaches out of its own by more than
// a pixel.
func inside(t *testing.T, outer image.Rectangle, b Box) {
	t.Helper()
	if r := b.rectangle(); r.Empty() || !r.In(outer.Inset(-1)) {
		t.Errorf("box %v in %v", r, outer)
	}
}

func TestUnknownEngine(t *testing.T) {
	_, err := NewPool(Options{Engines: []string{Tesseract, "abbyy"}})
	if err == nil || !strings.Contains(err.Error(), `"abbyy"; the engines are gosseract, tesseract`) {
		t.Error(err)
	}
}

// TestAbsentProgram takes the command line away.
func TestAbsentProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	e := newCommandLine("")
	if _, err := e.version(); ClassOf(err) != Unavailable || !strings.Contains(err.Error(), exec.ErrNotFound.Error()) {
		t.Error(err)
	}
	if _, err := e.recognize(job{image: passageImage(), models: []string{"eng"}}); ClassOf(err) != Unavailable {
		t.Error(err)
	}
}
