package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// deflated packs size bytes of a repeated text.
func deflated(t testing.TB, text string, size int) string {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	block := bytes.Repeat([]byte(text), 1+(1<<20)/len(text))
	for n := 0; n < size; n += len(block) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// nested has a page that draws a form ten times, which draws the next ten
// times, and so on: practically for ever.
func nested() []byte {
	b := newBuilder()
	form := b.add(stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "0 0 5 5 re f"))
	for range 12 {
		form = b.add(stream(fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>", form), strings.Repeat("/X Do ", 10)))
	}
	b.page(strings.Repeat("/X Do ", 10), "", fmt.Sprintf(">>/XObject<</X %d 0 R", form))
	b.page(text("F1", 12, 50, 700, "Habari"), "", "")
	return b.bytes()
}

// A page that is made to break programs costs its page, or its document, and
// nothing else: the pool goes on.
func TestHostile(t *testing.T) {
	const memory = 256 << 20
	pool := NewPool(Options{MaxMemory: memory, PageTimeout: 10 * time.Second})
	t.Cleanup(func() { pool.Close() })
	packed := newBuilder()
	bomb := packed.add(stream("/Filter/FlateDecode", deflated(t, "0 0 1 rg 1 1 5 5 re f ", 600<<20)))
	packed.page("", "", "")
	packed.objects[packed.pages[0]-1] = strings.Replace(packed.objects[packed.pages[0]-1], "/Contents", fmt.Sprintf("/Contents %d 0 R/Was", bomb), 1)
	packed.page(text("F1", 12, 50, 700, "Habari"), "", "")

	wide := newBuilder()
	picture := wide.add(stream("/Type/XObject/Subtype/Image/Width 40000/Height 40000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", deflated(t, "\x00", 1<<20)))
	wide.page(drawImage("I1", 0, 0, 600, 800), "", withImages(picture))
	wide.page(text("F1", 12, 50, 700, "Habari"), "", "")

	vast := newBuilder()
	vast.page(text("F1", 12, 50, 700, "Habari"), "/UserUnit 1/CropBox[0 0 1000000 1000000]", "")
	vast.page(text("F1", 12, 50, 700, "Habari"), "", "")

	for _, c := range []struct {
		name string
		data []byte
	}{{"a packed content stream", packed.bytes()}, {"a picture of 4.8 GB", wide.bytes()}, {"a vast page", vast.bytes()}, {"nested forms", nested()}} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := pool.Open(context.Background(), c.data)
			if err != nil {
				t.Fatal(err)
			}
			defer doc.Close()
			var e *Error
			if _, err := doc.Page(context.Background(), 1); err != nil && !errors.As(err, &e) {
				t.Errorf("the page's error is not its own: %v", err)
			} else if err != nil {
				t.Logf("page: %s: %v", e.Class(), err)
			}
			if img, err := doc.Render(context.Background(), 1, 300, 4e6); err != nil && !errors.As(err, &e) {
				t.Errorf("the rendering's error is not its own: %v", err)
			} else if err != nil {
				t.Logf("rendering: %s: %v", e.Class(), err)
			} else if img.Width*img.Height > 4e6 {
				t.Errorf("%d by %d pixels", img.Width, img.Height)
			}
			if page := readPage(t, doc, 2); len(page.Blocks) != 1 || page.Blocks[0].Text != "Habari" {
				t.Errorf("the page after it: %+v", page.Blocks)
			}
		})
	}
}

// Object streams of a damaged file are unpacked only so far.
func TestRepairBomb(t *testing.T) {
	objects := "7 0 8 20 <</Type/Page>>          "
	objects += strings.Repeat(" ", 100)
	var file bytes.Buffer
	file.WriteString("%PDF-1.5\n")
	packed := deflated(t, objects, 80<<20)
	for i := range 40 {
		fmt.Fprintf(&file, "%d 0 obj\n<</Type/ObjStm/N 2/First 9/Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n", 10+i, len(packed), packed)
	}
	if out := repair(file.Bytes()); len(out) > 2*maxRepair+file.Len() {
		t.Errorf("%d MB came of %d kB", len(out)>>20, file.Len()>>10)
	}
}

// Ten thousand pages open at once, and any of them can be read.
func TestManyPages(t *testing.T) {
	b := newBuilder()
	const pages = 10_000
	content := b.add(stream("", text("F1", 12, 50, 700, "Habari")))
	for range pages {
		b.pages = append(b.pages, b.add(fmt.Sprintf("<</Type/Page/Parent %d 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F1 %d 0 R>>>>>>", pagesObject, content, fontObject)))
	}
	doc := open(t, newTestPool(t), b.bytes())
	if doc.Info().Pages != pages {
		t.Fatalf("%d pages", doc.Info().Pages)
	}
	for _, n := range []int{1, pages / 2, pages} {
		if page := readPage(t, doc, n); len(page.Lines) != 1 {
			t.Errorf("page %d: %+v", n, page.Lines)
		}
	}
}

// FuzzLayout lays out pages of any runs, shapes and pictures: six bytes make
// one of them.
func FuzzLayout(f *testing.F) {
	f.Add([]byte("Figure 1. 12 34 56 Table 2 00 11 22 33 44 55 66 77 88 99"))
	f.Add(bytes.Repeat([]byte{1, 40, 40, 9, 1, 7, 2, 40, 40, 1, 9, 7, 0, 41, 41, 3, 3, 'a'}, 30))
	words := []string{"Habari za leo", "Figure 1", "Table 2: x", "چھ", "ኢትዮ", "1,200", "شكل 3", "a line of text that is long enough to be prose", "-", "•", "ပုံ ၁"}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &content{width: 600, height: 800, styles: []style{{size: 10, dx: 1}, {size: 14, dx: 1, bold: true}, {size: 8, dy: 1, slanted: true}}}
		for ; len(data) >= 6; data = data[6:] {
			x, y, w, h := 2.4*float64(data[1]), 3.2*float64(data[2]), 2.4*float64(data[3]), 3.2*float64(data[4])
			box := Rect{x, y, x + w, y + h}
			switch data[0] % 4 {
			case 0:
				pen := x
				for _, r := range words[int(data[5])%len(words)] {
					c.chars = append(c.chars, char{r: r, x: pen, y: y, box: Rect{pen, y - 8, pen + 5, y + 2}, style: int(data[3]) % 3})
					pen += 5
				}
			case 1:
				c.shapes = append(c.shapes, shape{kind: shapeKind(data[5] % 3), box: box, stroked: data[5]&4 > 0, white: data[5]&8 > 0})
			case 2:
				c.shapes = append(c.shapes, shape{kind: rule, box: Rect{x, y, x + w, y}, stroked: true}, shape{kind: rule, box: Rect{x, y, x, y + h}, stroked: true})
			case 3:
				c.pictures = append(c.pictures, picture{box: box, seen: box, width: 100, height: 100, key: fmt.Sprint(data[5])})
			}
		}
		rep := &repeats{}
		runs := c.runs()
		p := &Page{Number: 1, Width: c.width, Height: c.height}
		p.Scan = c.scan(runs)
		p.Trust = judge(c, runs, p.Scan)
		rep.layout(p, c, runs)
		for _, table := range p.Tables {
			for _, r := range table.Rows {
				if len(r) != len(table.Rows[0]) {
					t.Fatalf("rows of %d and %d cells: %q", len(table.Rows[0]), len(r), table.Rows)
				}
			}
		}
		for _, f := range p.Figures {
			if f.Box.X1 <= f.Box.X0 || f.Box.Y1 <= f.Box.Y0 || f.Box.X1 > 600 || f.Box.Y1 > 800 {
				t.Fatalf("a figure at %v", f.Box)
			}
		}
	})
}

// Object streams share what may be unpacked of a file, those without objects too.
func TestUnpackObjectsTakesFromBudget(t *testing.T) {
	bomb := deflated(t, " ", 1) // it comes by the block of 1 MiB and a byte
	budget := 3 << 19
	for _, want := range []int{1<<19 - 1, 0, 0} {
		for id := range unpackObjects([]byte("/Filter/FlateDecode/N 0/First 0"), []byte(bomb), &budget) {
			t.Errorf("object %d", id)
		}
		if budget != want {
			t.Errorf("%d bytes left, want %d", budget, want)
		}
	}
}
