package pdf

import (
	"crypto/sha256"
	"fmt"
)

// readObjects walks the page's objects for pictures and paths, into forms too.
func (d *document) readObjects(page uint64, m matrix, c *content) {
	l := d.lib
	budget := maxObjects
	for i := range max(0, l.int("FPDFPage_CountObjects", page)) {
		d.readObject(l.call("FPDFPage_GetObject", page, uint64(i)), m, c, 0, &budget)
	}
}

func (d *document) readObject(object uint64, m matrix, c *content, depth int, budget *int) {
	l := d.lib
	if *budget--; object == 0 || *budget < 0 || depth > maxDepth {
		return
	}
	switch l.int("FPDFPageObj_GetType", object) {
	case objectImage:
		p := picture{box: d.bounds(object, m).intersect(Rect{0, 0, c.width, c.height})}
		if p.box.area() <= 0 || !l.ok("FPDFImageObj_GetImagePixelSize", object, l.out, l.out+4) {
			return
		}
		p.width, p.height = int(l.u32(l.out)), int(l.u32(l.out+4))
		p.key = d.imageKey(object, p.width, p.height)
		c.pictures = append(c.pictures, p)
	case objectPath:
		if box := d.bounds(object, m).intersect(Rect{0, 0, c.width, c.height}); box.Width() >= 0 && box.Height() >= 0 {
			c.paths = append(c.paths, box)
		}
	case objectForm:
		if l.ok("FPDFPageObj_GetMatrix", object, l.out) {
			m = matrix{l.f32(l.out), l.f32(l.out + 4), l.f32(l.out + 8), l.f32(l.out + 12), l.f32(l.out + 16), l.f32(l.out + 20)}.then(m)
		}
		for i := range max(0, l.int("FPDFFormObj_CountObjects", object)) {
			d.readObject(l.call("FPDFFormObj_GetObject", object, uint64(i)), m, c, depth+1, budget)
		}
	}
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
