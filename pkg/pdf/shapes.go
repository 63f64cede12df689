package pdf

import "math"

// A shape is something drawn on a page that is neither text nor an image.
type shape struct {
	kind    shapeKind
	box     Rect
	stroked bool // its outline is drawn
	white   bool // it is filled with the paper's colour and nothing else
}

type shapeKind int

const (
	drawing   shapeKind = iota // curves, slanted lines, areas of any form
	rule                       // a horizontal or vertical line
	rectangle                  // an upright rectangle
)

// Limits on what is read of one page's paths. Beyond them a path is known by
// its box alone.
const (
	maxSegments     = 60_000 // of a page
	maxPathSegments = 800    // of a path
	maxClips        = 4000   // clip paths of a page
)

const (
	ruleWidth = 3.0 // points: what is thinner is a line

	segmentLine   = 0
	segmentBezier = 1
	segmentMove   = 2
)

// pathReader reads the paths of one page.
type pathReader struct {
	d        *document
	segments int // read so far
	clips    int
}

// read returns the shapes that a path object paints. A path of upright lines
// and rectangles, as table rules often are, comes apart into them.
func (p *pathReader) read(object uint64, box Rect, m matrix) []shape {
	l := p.d.lib
	if box.Width() < 0 || box.Height() < 0 || !l.ok("FPDFPath_GetDrawMode", object, l.out, l.out+4) {
		return nil
	}
	filled, stroked := l.u32(l.out) != 0, l.u32(l.out+4) != 0
	if !filled && !stroked {
		return nil
	}
	whole := shape{kind: drawing, box: box, stroked: stroked, white: !stroked && p.white(object)}
	n := l.int("FPDFPath_CountSegments", object)
	if n <= 1 || n > maxPathSegments || p.segments > maxSegments {
		return []shape{whole}
	}
	p.segments += n
	parts, upright := p.parts(object, n, p.d.matrix(object).then(m))
	if !upright {
		return []shape{whole}
	}
	var out []shape
	for _, part := range parts {
		s := whole
		s.box = part.intersect(box) // its clip
		if s.box.X1 < s.box.X0 || s.box.Y1 < s.box.Y0 {
			continue
		}
		w, h := s.box.Width(), s.box.Height()
		switch {
		case max(w, h) < ruleWidth: // a dot
		case min(w, h) < ruleWidth:
			s.kind = rule
		default:
			s.kind = rectangle
		}
		out = append(out, s)
	}
	return out
}

func (p *pathReader) white(object uint64) bool {
	l := p.d.lib
	if !l.ok("FPDFPageObj_GetFillColor", object, l.out, l.out+4, l.out+8, l.out+12) {
		return false
	}
	return l.u32(l.out) >= 250 && l.u32(l.out+4) >= 250 && l.u32(l.out+8) >= 250 || l.u32(l.out+12) == 0
}

// parts are the boxes of a path's subpaths; upright says that all its lines
// are horizontal or vertical.
func (p *pathReader) parts(object uint64, n int, m matrix) (parts []Rect, upright bool) {
	l := p.d.lib
	var current Rect
	var lastX, lastY float64
	open := false
	for i := range n {
		segment := l.call("FPDFPath_GetPathSegment", object, uint64(i))
		kind := l.int("FPDFPathSegment_GetType", segment)
		if kind == segmentBezier || !l.ok("FPDFPathSegment_GetPoint", segment, l.out, l.out+4) {
			return nil, false
		}
		x, y := m.apply(l.f32(l.out), l.f32(l.out+4))
		if kind == segmentMove || !open {
			if open {
				parts = append(parts, current)
			}
			current, open = Rect{x, y, x, y}, true
		} else {
			if math.Abs(x-lastX) > 0.3 && math.Abs(y-lastY) > 0.3 {
				return nil, false
			}
			current = Rect{min(current.X0, x), min(current.Y0, y), max(current.X1, x), max(current.Y1, y)}
		}
		lastX, lastY = x, y
	}
	if open {
		parts = append(parts, current)
	}
	return parts, true
}

// clip is the box that an object's clip path leaves to see.
func (p *pathReader) clip(object uint64, m matrix, page Rect) Rect {
	l := p.d.lib
	path := l.call("FPDFPageObj_GetClipPath", object)
	if path == 0 || p.clips > maxClips {
		return page
	}
	p.clips++
	box := page
	for i := range min(8, max(0, l.int("FPDFClipPath_CountPaths", path))) {
		n := l.int("FPDFClipPath_CountPathSegments", path, uint64(i))
		if n < 2 || n > maxPathSegments {
			continue
		}
		var part Rect
		for j := range n {
			segment := l.call("FPDFClipPath_GetPathSegment", path, uint64(i), uint64(j))
			if !l.ok("FPDFPathSegment_GetPoint", segment, l.out, l.out+4) {
				continue
			}
			x, y := m.apply(l.f32(l.out), l.f32(l.out+4))
			if j == 0 {
				part = Rect{x, y, x, y}
			}
			part = Rect{min(part.X0, x), min(part.Y0, y), max(part.X1, x), max(part.Y1, y)}
		}
		box = box.intersect(part)
	}
	return box
}
