package pdf

import "math"

// matrix maps (x, y) to (a·x + c·y + e, b·x + d·y + f).
type matrix struct{ a, b, c, d, e, f float64 }

func (m matrix) apply(x, y float64) (float64, float64) {
	return m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f
}

func (m matrix) linear(x, y float64) (float64, float64) { return m.a*x + m.c*y, m.b*x + m.d*y }

// then is the transformation m followed by n.
func (m matrix) then(n matrix) matrix {
	a, b := n.linear(m.a, m.b)
	c, d := n.linear(m.c, m.d)
	e, f := n.apply(m.e, m.f)
	return matrix{a, b, c, d, e, f}
}

// rect is the box around the image of a box given by two opposite corners.
func (m matrix) rect(x0, y0, x1, y1 float64) Rect {
	ax, ay := m.apply(x0, y0)
	bx, by := m.apply(x1, y0)
	cx, cy := m.apply(x0, y1)
	dx, dy := m.apply(x1, y1)
	return Rect{min(ax, bx, cx, dx), min(ay, by, cy, dy), max(ax, bx, cx, dx), max(ay, by, cy, dy)}
}

func hypot(x, y float64) float64 { return math.Hypot(x, y) }

func unit(x, y float64) (float64, float64) {
	if n := hypot(x, y); n > 0 {
		return x / n, y / n
	}
	return 1, 0
}

// Width is the box's extent along x.
func (r Rect) Width() float64 { return r.X1 - r.X0 }

// Height is the box's extent along y.
func (r Rect) Height() float64 { return r.Y1 - r.Y0 }

func (r Rect) area() float64 { return max(0, r.Width()) * max(0, r.Height()) }

func (r Rect) empty() bool { return r.X1 <= r.X0 && r.Y1 <= r.Y0 }

func (r Rect) union(s Rect) Rect {
	if r.empty() {
		return s
	}
	if s.empty() {
		return r
	}
	return Rect{min(r.X0, s.X0), min(r.Y0, s.Y0), max(r.X1, s.X1), max(r.Y1, s.Y1)}
}

func (r Rect) intersect(s Rect) Rect {
	return Rect{max(r.X0, s.X0), max(r.Y0, s.Y0), min(r.X1, s.X1), min(r.Y1, s.Y1)}
}

// turn maps boxes and points of a page so that text which ran at the given
// number of quarter turns clockwise becomes upright. The page is width by
// height points.
func turn(quarters int, width, height float64) matrix {
	switch quarters & 3 {
	case 1: // text runs down: turn the page anticlockwise
		return matrix{0, -1, 1, 0, 0, width}
	case 2:
		return matrix{-1, 0, 0, -1, width, height}
	case 3: // text runs up: turn the page clockwise
		return matrix{0, 1, -1, 0, height, 0}
	}
	return matrix{1, 0, 0, 1, 0, 0}
}
