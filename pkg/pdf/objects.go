package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image/color"
	"image/jpeg"
	"math"
)

// spans are the parts of a page that state their text themselves (ActualText,
// ISO 32000-1, 14.9.4). PDFium gives that text the place of the part's first
// object alone.
type spans struct {
	of    map[uint64]int // text object to index in boxes + 1
	boxes []Rect
}

// readObjects walks the page's objects for pictures, shapes and spans, into
// forms too.
func (d *document) readObjects(page uint64, m matrix, c *content) *spans {
	s := &spans{of: map[uint64]int{}}
	marks := map[uint64]int{}
	paths := pathReader{d: d}
	whole := Rect{0, 0, c.width, c.height}
	d.walk(page, m, func(object uint64, kind int, m matrix) {
		box := d.bounds(object, m).intersect(whole)
		switch kind {
		case objectText:
			mark := d.actualText(object)
			if mark == 0 {
				return
			}
			if marks[mark] == 0 {
				s.boxes = append(s.boxes, box)
				marks[mark] = len(s.boxes)
			}
			s.boxes[marks[mark]-1] = s.boxes[marks[mark]-1].union(box)
			s.of[object] = marks[mark]
		case objectImage:
			if p, ok := d.readPicture(object, box); ok {
				p.seen = box.intersect(paths.clip(object, m, whole))
				c.pictures = append(c.pictures, p)
			}
		case objectPath:
			c.shapes = append(c.shapes, paths.read(object, box.intersect(paths.clip(object, m, whole)), m)...)
		case objectShading:
			if box = box.intersect(paths.clip(object, m, whole)); box.Width() > 0 && box.Height() > 0 {
				c.shapes = append(c.shapes, shape{box: box})
			}
		}
	})
	return s
}

// actualText returns the mark of an object that states its text, 0 if it has
// none. Objects of one marked part have the same mark.
func (d *document) actualText(object uint64) uint64 {
	l := d.lib
	for i := range max(0, l.int("FPDFPageObj_CountMarks", object)) {
		mark := l.call("FPDFPageObj_GetMark", object, uint64(i))
		if mark != 0 && l.int("FPDFPageObjMark_GetParamValueType", mark, l.actualText) == valueString {
			return mark
		}
	}
	return 0
}

// walk visits the page's objects; m maps an object's space to the display.
func (d *document) walk(page uint64, m matrix, visit func(object uint64, kind int, m matrix)) {
	l := d.lib
	budget := maxObjects
	for i := range max(0, l.int("FPDFPage_CountObjects", page)) {
		d.visit(l.call("FPDFPage_GetObject", page, uint64(i)), m, 0, &budget, visit)
	}
}

func (d *document) visit(object uint64, m matrix, depth int, budget *int, f func(uint64, int, matrix)) {
	l := d.lib
	if *budget--; object == 0 || *budget < 0 || depth > maxDepth {
		return
	}
	kind := l.int("FPDFPageObj_GetType", object)
	if kind != objectForm {
		f(object, kind, m)
		return
	}
	m = d.matrix(object).then(m)
	for i := range max(0, l.int("FPDFFormObj_CountObjects", object)) {
		d.visit(l.call("FPDFFormObj_GetObject", object, uint64(i)), m, depth+1, budget, f)
	}
}

// matrix is the transformation of an image or form object.
func (d *document) matrix(object uint64) matrix {
	l := d.lib
	if !l.ok("FPDFPageObj_GetMatrix", object, l.out) {
		return matrix{1, 0, 0, 1, 0, 0}
	}
	return matrix{l.f32(l.out), l.f32(l.out + 4), l.f32(l.out + 8), l.f32(l.out + 12), l.f32(l.out + 16), l.f32(l.out + 20)}
}

func (d *document) readPicture(object uint64, box Rect) (picture, bool) {
	l := d.lib
	if box.X1 <= box.X0 || box.Y1 <= box.Y0 || !l.ok("FPDFImageObj_GetImagePixelSize", object, l.out, l.out+4) {
		return picture{}, false
	}
	p := picture{box: box, width: int(l.u32(l.out)), height: int(l.u32(l.out + 4))}
	p.key = d.imageKey(object, p.width, p.height)
	return p, true
}

// jpeg returns the n-th picture of a page as the JPEG that the file holds, nil
// when it holds something else or shows it turned or mirrored.
func (d *document) jpeg(n, picture, maxPixels int) (img *Image, err error) {
	err = d.withPage(n, func(page uint64, m matrix, width, height float64) error {
		at := 0
		d.walk(page, m, func(object uint64, kind int, m matrix) {
			if kind != objectImage {
				return
			}
			box := d.bounds(object, m).intersect(Rect{0, 0, width, height})
			if _, ok := d.readPicture(object, box); !ok {
				return
			}
			if at == picture {
				img = d.readJPEG(object, d.matrix(object).then(m), maxPixels)
			}
			at++
		})
		return nil
	})
	return img, err
}

func (d *document) readJPEG(object uint64, m matrix, maxPixels int) *Image {
	l := d.lib
	// Upright on the display: x to the right, the image's y upwards.
	if m.a <= 0 || m.d >= 0 || math.Abs(m.b)+math.Abs(m.c) > 0.01*(m.a-m.d) {
		return nil
	}
	if l.int("FPDFImageObj_GetImageFilterCount", object) != 1 {
		return nil
	}
	size := l.int("FPDFImageObj_GetImageFilter", object, 0, l.out, 32)
	if size > 32 || string(bytes.TrimRight(l.bytes(l.out, max(0, size)), "\x00")) != "DCTDecode" {
		return nil
	}
	if size = l.int("FPDFImageObj_GetImageDataRaw", object, 0, 0); size <= 0 || size > 64<<20 {
		return nil
	}
	p := l.malloc(size)
	defer l.free(p)
	l.call("FPDFImageObj_GetImageDataRaw", object, p, uint64(size))
	data := bytes.Clone(l.bytes(p, size))
	// Four inks: few programs show them right.
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.ColorModel == color.CMYKModel || config.Width*config.Height > maxPixels {
		return nil
	}
	return &Image{Data: data, MediaType: "image/jpeg", Width: config.Width, Height: config.Height}
}

func (d *document) bounds(object uint64, m matrix) Rect {
	l := d.lib
	if !l.ok("FPDFPageObj_GetBounds", object, l.out, l.out+4, l.out+8, l.out+12) { // left, bottom, right, top
		return Rect{}
	}
	return m.rect(l.f32(l.out), l.f32(l.out+4), l.f32(l.out+8), l.f32(l.out+12))
}

// imageKey identifies an image by its size and the start of its stream, so
// that a logo on every page is known again without decoding it.
func (d *document) imageKey(object uint64, width, height int) string {
	l := d.lib
	size := l.int("FPDFImageObj_GetImageDataRaw", object, 0, 0)
	if size <= 0 || size > 64<<20 {
		return fmt.Sprintf("%dx%d:%d", width, height, size)
	}
	p := l.malloc(size)
	defer l.free(p)
	l.call("FPDFImageObj_GetImageDataRaw", object, p, uint64(size))
	sum := sha256.Sum256(l.bytes(p, size))
	return fmt.Sprintf("%dx%d:%x", width, height, sum[:8])
}
