package pdf

import (
	"cmp"
	"math"
	"slices"
)

// Limits on what is a figure.
const (
	minSide  = 36.0  // points: half an inch
	minShare = 0.008 // of the page's area
	maxShare = 0.85
	maxRatio = 9.0 // of the sides; beyond it is a rule or a banner
)

// cluster is a set of pictures and shapes that stand close together.
type cluster struct {
	box      Rect
	pictures []int
	shapes   []shape
	labels   int
}

// figures finds a page's pictures and drawings: what stands close together is
// one, with the short texts in and around it. Logos that come back on other
// pages, backgrounds and rules are none.
func (l *layout) figures() []Figure {
	var out []Figure
	for _, k := range l.gather(l.clusters()) {
		if f, ok := l.figure(k); ok {
			out = append(out, f)
		}
	}
	out = l.joinPanels(dropInner(out))
	slices.SortStableFunc(out, func(a, b Figure) int {
		return cmp.Or(cmp.Compare(math.Round(a.Box.Y0/20), math.Round(b.Box.Y0/20)), cmp.Compare(a.Box.X0, b.Box.X0))
	})
	return out
}

// clusters groups what may be parts of figures.
func (l *layout) clusters() []cluster {
	c := l.content
	var atoms []cluster
	for i, p := range c.pictures {
		box := p.seen
		if l.rep.logo(p, c.width*c.height) || min(p.width, p.height) < 2 || box.Width() < 1 || box.Height() < 1 {
			continue // logos
		}
		if box.area() > maxShare*c.width*c.height && textOver(box, l.level) > 0.08 {
			continue // a background
		}
		atoms = append(atoms, cluster{box: box, pictures: []int{i}})
	}
	for _, s := range c.shapes {
		if !l.ornament(s) {
			atoms = append(atoms, cluster{box: s.box, shapes: []shape{s}})
		}
	}
	cutToFrames(atoms)
	const reach = 6 // points between parts of a figure
	out := join(atoms, reach, c.width, c.height)
	for range 4 {
		for i := range out {
			l.addLabels(&out[i])
		}
		n := len(out)
		if out = join(out, 3, c.width, c.height); len(out) == n {
			break
		}
	}
	return out
}

// gather joins the parts of a figure that stand above its caption, one over the
// other or side by side, with no running text between them.
func (l *layout) gather(all []cluster) []cluster {
	for _, w := range l.captions {
		if w.kind == ofTable {
			continue
		}
		at := -1 // the cluster right above the caption
		for i, k := range all {
			gap := w.box.Y0 - k.box.Y1
			if min(k.box.Width(), k.box.Height()) >= 12 && gap > -1.5*w.size && gap < maxCaptionGap*w.size && l.sameColumn(k.box, w.box) && !l.parted(k.box, w.box) && (at < 0 || k.box.area() > all[at].box.area()) {
				at = i
			}
		}
		for i := 0; at >= 0 && i < len(all); {
			if k := all[i]; i == at || !l.belongs(k, all[at].box, w) {
				i++
				continue
			}
			k := all[i]
			all[at].box = all[at].box.union(k.box)
			all[at].pictures = append(all[at].pictures, k.pictures...)
			all[at].shapes = append(all[at].shapes, k.shapes...)
			all[at].labels += k.labels
			if all = slices.Delete(all, i, i+1); i < at {
				at--
			}
			i = 0
		}
	}
	return all
}

// belongs tells that a cluster is a part of the figure over a caption.
func (l *layout) belongs(k cluster, figure Rect, caption captionLine) bool {
	if max(k.box.Width(), k.box.Height()) < 12 || k.box.Y1 > caption.box.Y0+caption.size {
		return false
	}
	panels := 100.0 // points between them, for the names of axes
	if len(k.pictures) == 0 && len(k.shapes) < 3 {
		panels = 30 // the parts of one drawing
	}
	both := figure.union(k.box)
	beside := min(figure.X1, k.box.X1)-max(figure.X0, k.box.X0) <= 0
	switch {
	case beside && (max(figure.X0-k.box.X1, k.box.X0-figure.X1) > panels || !spanning(caption.box, figure, k.box)):
		return false
	case !beside && max(figure.Y0-k.box.Y1, k.box.Y0-figure.Y1) > panels:
		return false
	}
	return !l.parted(both, caption.box) && !slices.ContainsFunc(l.captions, func(w captionLine) bool {
		return w.box != caption.box && (contains(both, w.box) || w.kind != ofTable && w.box.Y1 < k.box.Y0 && k.box.Y0-w.box.Y1 < 2*w.size && l.sameColumn(w.box, k.box))
	})
}

// parted tells that running text or a table stands in a box or between it and
// what is below.
func (l *layout) parted(box, below Rect) bool {
	box.Y1 = max(box.Y1, below.Y0-1)
	return l.proseIn(box) || slices.ContainsFunc(l.tables, func(t *table) bool { return overlapping(t.box, box) })
}

// cutToFrames cuts pictures to the frame that they stand in: the clear edge of
// a shadow may reach far beyond it.
func cutToFrames(atoms []cluster) {
	var frames []Rect
	for _, a := range atoms {
		for _, s := range a.shapes {
			if s.kind != rule && s.stroked && min(s.box.Width(), s.box.Height()) > minSide {
				frames = append(frames, s.box)
			}
		}
	}
	for i, a := range atoms {
		if len(a.pictures) == 0 {
			continue
		}
		for _, f := range frames {
			if contains(f, a.box) && f.area() > a.box.area() && a.box.intersect(f).area() > 0.6*a.box.area() {
				atoms[i].box = atoms[i].box.intersect(f)
			}
		}
	}
}

// ornament tells shapes that are no part of a figure: white areas, backgrounds,
// long rules, underlines, parts of tables, and what other pages have at the
// same place.
func (l *layout) ornament(s shape) bool {
	c, b := l.content, s.box
	w, h := b.Width(), b.Height()
	switch {
	case s.white, l.rep.repeated(s):
		return true
	case w > 0.8*c.width && h > 0.8*c.height, w*h > 0.35*c.width*c.height && !s.stroked:
		return true
	case s.kind == rule && max(w/c.width, h/c.height) > 0.7 && l.alike(s) < gridLines:
		return true
	case w > 0.95*c.width && (b.Y0 < 2 || b.Y1 > c.height-2), h > 0.95*c.height && (b.X0 < 2 || b.X1 > c.width-2):
		return true // bars at the page's edge
	}
	for _, table := range l.tables {
		t := table.box
		if b.X0 > t.X0-4 && b.X1 < t.X1+4 && b.Y0 > t.Y0-4 && b.Y1 < t.Y1+4 {
			return true
		}
	}
	if s.kind == rule && w > h {
		for _, r := range l.level {
			if gap := b.Y0 - r.baseline; gap > -1 && gap < 0.35*r.size && min(b.X1, r.box.X1)-max(b.X0, r.box.X0) > 0.8*w {
				return true // an underline
			}
		}
	}
	return false
}

// gridLines is how many lines of the same extent are the grid of a chart.
const gridLines = 5

// alike counts the level rules that begin and end where one does.
func (l *layout) alike(s shape) int {
	if l.extents == nil {
		l.extents = map[[2]int]int{}
		for _, s := range l.content.shapes {
			if s.kind == rule && s.box.Width() > s.box.Height() {
				l.extents[extent2(s.box)]++
			}
		}
	}
	return l.extents[extent2(s.box)]
}

func extent2(b Rect) [2]int { return [2]int{int(math.Round(b.X0 / 2)), int(math.Round(b.X1 / 2))} }

// barsOf counts the bars of a bar chart: areas of one width that stand on one
// line and have several heights.
func barsOf(shapes []shape) int {
	type stand struct{ bottom, width int }
	heights := map[stand]map[int]bool{}
	counts := map[stand]int{}
	best := 0
	for _, s := range shapes {
		if s.kind != rectangle || s.white || s.box.Width() < 3 {
			continue
		}
		at := stand{int(math.Round(s.box.Y1 / 2)), int(math.Round(s.box.Width() / 2))}
		if heights[at] == nil {
			heights[at] = map[int]bool{}
		}
		heights[at][int(math.Round(s.box.Height()/2))] = true
		if counts[at]++; len(heights[at]) >= 3 {
			best = max(best, counts[at])
		}
	}
	return best
}

// ticksOf counts the marks of axes: short rules.
func ticksOf(shapes []shape) int {
	n := 0
	for _, s := range shapes {
		if s.kind == rule && max(s.box.Width(), s.box.Height()) < 12 {
			n++
		}
	}
	return n
}

// addLabels widens a drawing by the short texts at its edges: the names of
// axes, the legend.
func (l *layout) addLabels(k *cluster) {
	if len(k.shapes) < 3 || min(k.box.Width(), k.box.Height()) < 12 {
		return
	}
	for _, r := range l.labels {
		reach := 0.9 * r.size
		if runeCount(r.text) <= 8 {
			reach = 1.6 * r.size // what stands at the marks of an axis
		}
		if inner := (Rect{k.box.X0 - reach, k.box.Y0 - reach, k.box.X1 + reach, k.box.Y1 + reach}).intersect(r.box); inner.area() > 0 && !holds(k.box, r.box) {
			k.box = k.box.union(r.box)
			k.labels++
		}
	}
}

func holds(outer, inner Rect) bool {
	return inner.X0 >= outer.X0 && inner.X1 <= outer.X1 && inner.Y0 >= outer.Y0 && inner.Y1 <= outer.Y1
}

// figure decides whether a cluster is a figure.
func (l *layout) figure(k cluster) (Figure, bool) {
	c := l.content
	box := k.box.intersect(Rect{0, 0, c.width, c.height})
	w, h, page := box.Width(), box.Height(), c.width*c.height
	f := Figure{Kind: Chart, Box: box, Object: -1, captioned: l.captioned(box, ofFigure)}
	ratio := maxRatio
	if f.captioned {
		ratio *= 2
	}
	if min(w, h) < minSide || box.area() < minShare*page || max(w, h) > ratio*min(w, h) {
		return Figure{}, false
	}
	pictured, largest := 0.0, 0.0
	for _, i := range k.pictures {
		p := c.pictures[i]
		pictured += p.seen.area()
		f.DPI = max(f.DPI, int(math.Round(72*math.Sqrt(float64(p.width)*float64(p.height)/max(1, p.box.area())))))
		if a := p.seen.area(); a > largest {
			largest = a
			if f.Object = -1; a > 0.9*box.area() && a > 0.95*p.box.area() && len(k.pictures) == 1 {
				f.Object = i
			}
		}
	}
	text := textOver(box, l.prose)
	if pictured > 0.3*box.area() {
		f.Kind = Picture
		// A photograph behind text is an ornament; so is a shade.
		return f, f.captioned && text < 0.5 || text < 0.08
	}
	if c.outlined {
		return Figure{}, false // letters drawn as paths
	}
	drawn, boxes, inner, frame := 0, 0, 0, false
	for _, s := range k.shapes {
		switch {
		case s.kind == drawing:
			drawn++
		case s.kind == rectangle && s.box.area() > 0.8*box.area():
			frame = true
		default:
			boxes++
			// The shade and edges of a listing, line by line, reach from side to side.
			if s.box.X0 > box.X0+3 && s.box.X1 < box.X1-3 {
				inner++
			}
		}
	}
	parts := drawn + boxes + 2*len(k.pictures)
	if f.captioned {
		return f, frame || parts >= 3
	}
	const edge = 2
	if bleeds := box.X0 < edge || box.Y0 < edge || box.X1 > c.width-edge || box.Y1 > c.height-edge; bleeds || text > 0.15 {
		return Figure{}, false // the art of a letterhead, a box of text
	}
	// Without a caption it must be rich, and not only rules and boxes.
	sign := drawn < 8 && text > 0.05 // a warning sign beside its text
	labels := k.labels + l.labelsIn(box)
	bars, grid := barsOf(k.shapes), 0
	for _, s := range k.shapes {
		if s.kind == rule && s.box.Width() > 0.5*box.Width() {
			grid = max(grid, l.alike(s))
		}
	}
	if ticks := ticksOf(k.shapes); ticks >= 8 && labels >= 6 && drawn >= 1 {
		return f, true
	}
	if labels >= 4 && (bars >= 4 || grid >= gridLines && (bars >= 3 || drawn >= 1)) {
		return f, true
	}
	return f, parts >= 8 && (drawn >= 4 && !sign || pictured > 0.1*box.area() || inner >= 12 && labels >= 4)
}

func (l *layout) labelsIn(box Rect) int {
	n := 0
	for _, r := range l.labels {
		if contains(box, r.box) {
			n++
		}
	}
	return n
}

// captioned tells that a line above or below the box begins like a caption,
// with nothing but space between.
func (l *layout) captioned(box Rect, kind captionKind) bool {
	return slices.ContainsFunc(l.captions, func(w captionLine) bool {
		if (w.kind == ofTable) != (kind == ofTable) || !l.sameColumn(w.box, box) {
			return false
		}
		gap := max(w.box.Y0-box.Y1, box.Y0-w.box.Y1)
		return gap > -1.5*w.size && (gap < 2*w.size || gap < maxCaptionGap*w.size && !l.textBetween(box, w.box))
	})
}

// maxCaptionGap is how far a caption may stand from what it is the caption of,
// in units of its size.
const maxCaptionGap = 11

// sameColumn tells that two boxes stand above each other: they overlap along
// the line, or running text spans both.
func (l *layout) sameColumn(a, b Rect) bool {
	if min(a.X1, b.X1)-max(a.X0, b.X0) > 0.3*min(a.Width(), b.Width()) {
		return true
	}
	both := a.union(b)
	return slices.ContainsFunc(l.prose, func(r run) bool {
		return r.box.X0 < both.X0+3 && r.box.X1 > (both.X0+both.X1)/2 && r.box.X1 > max(a.X0, b.X0)+0.3*min(a.Width(), b.Width())
	})
}

// textBetween tells that text stands between two boxes one above the other.
func (l *layout) textBetween(a, b Rect) bool {
	from, to := a.Y1, b.Y0
	if b.Y0 < a.Y0 {
		from, to = b.Y1, a.Y0
	}
	x0, x1 := min(a.X0, b.X0), max(a.X1, b.X1)
	return slices.ContainsFunc(l.level, func(r run) bool {
		middle := (r.box.Y0 + r.box.Y1) / 2
		return middle > from && middle < to && r.box.X0 < x1 && r.box.X1 > x0
	})
}

// dropInner leaves out figures inside others.
func dropInner(all []Figure) []Figure {
	return slices.DeleteFunc(slices.Clone(all), func(f Figure) bool {
		return slices.ContainsFunc(all, func(g Figure) bool {
			return g.Box.area() > f.Box.area() && f.Box.intersect(g.Box).area() > 0.8*f.Box.area()
		})
	})
}

// joinPanels makes one figure of panels that stand side by side over one
// caption.
func (l *layout) joinPanels(all []Figure) []Figure {
	for i := 0; i < len(all); i++ {
		for j := i + 1; j < len(all); j++ {
			a, b := all[i].Box, all[j].Box
			gap := max(a.X0-b.X1, b.X0-a.X1)
			high := min(a.Y1, b.Y1) - max(a.Y0, b.Y0)
			if gap > 90 || high < 0.6*max(a.Height(), b.Height()) {
				continue
			}
			both := a.union(b)
			if captions := l.captionsOf(both); len(captions) != 1 || !spanning(captions[0].box, a, b) || l.proseIn(both) {
				continue
			}
			all[i] = Figure{Kind: all[i].Kind, Box: both, Object: -1, DPI: max(all[i].DPI, all[j].DPI), captioned: true}
			all = slices.Delete(all, j, j+1)
			j = i
		}
	}
	return all
}

func (l *layout) proseIn(box Rect) bool {
	return slices.ContainsFunc(l.prose, func(r run) bool { return contains(box, r.box) })
}

// captionsOf are the captions of figures right below or above a box.
func (l *layout) captionsOf(box Rect) []captionLine {
	var out []captionLine
	for _, w := range l.captions {
		below, above := w.box.Y0-box.Y1, box.Y0-w.box.Y1
		if gap := max(below, above); w.kind != ofTable && gap > -1.5*w.size && gap < 4*w.size && min(box.X1, w.box.X1) > max(box.X0, w.box.X0) {
			out = append(out, w)
		}
	}
	return out
}

// spanning tells that the caption below two panels stands in the middle of both
// rather than under one of them.
func spanning(caption, a, b Rect) bool {
	both, middle := a.union(b), (caption.X0+caption.X1)/2
	off := func(r Rect) float64 { return math.Abs((r.X0+r.X1)/2 - middle) }
	return off(both) < off(a) && off(both) < off(b) ||
		caption.X0 < a.X1 && caption.X1 > b.X0 && a.X1 < b.X0 || caption.X0 < b.X1 && caption.X1 > a.X0 && b.X1 < a.X0
}

// textOver is the share of a box that text covers.
func textOver(box Rect, runs []run) float64 {
	covered := 0.0
	for _, r := range runs {
		covered += r.box.intersect(box).area()
	}
	return covered / max(1, box.area())
}

// join unites clusters that come closer to each other than reach, on a raster
// of the page: pages may hold tens of thousands of shapes.
func join(parts []cluster, reach, width, height float64) []cluster {
	if len(parts) < 2 {
		return parts
	}
	cell := max(2, max(width, height)/700)
	columns, rows := int(width/cell)+2, int(height/cell)+2
	owner := make([]int32, columns*rows) // part that marked a cell first, plus 1
	sets := newSets(len(parts))
	budget := 60_000_000 // cells to mark; a page beyond it is a drawing as a whole
	clamp := func(v float64, n int) int { return max(0, min(n-1, int(v/cell))) }
	for i, p := range parts {
		b := p.box
		x0, x1 := clamp(b.X0-reach/2, columns), clamp(b.X1+reach/2, columns)
		y0, y1 := clamp(b.Y0-reach/2, rows), clamp(b.Y1+reach/2, rows)
		if budget -= (x1 - x0 + 1) * (y1 - y0 + 1); budget < 0 {
			sets.join(i, 0)
			continue
		}
		for y := y0; y <= y1; y++ {
			line := owner[y*columns : (y+1)*columns]
			for x := x0; x <= x1; x++ {
				if line[x] == 0 {
					line[x] = int32(i + 1)
				} else if int(line[x]-1) != i {
					sets.join(i, int(line[x]-1))
				}
			}
		}
	}
	var out []cluster
	for _, members := range sets.all() {
		k := parts[members[0]]
		for _, i := range members[1:] {
			k.box = k.box.union(parts[i].box)
			k.pictures = append(k.pictures, parts[i].pictures...)
			k.shapes = append(k.shapes, parts[i].shapes...)
			k.labels += parts[i].labels
		}
		out = append(out, k)
	}
	return out
}
