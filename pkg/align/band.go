package align

import (
	"cmp"
	"slices"
	"sort"
)

// band limits the cells of a lattice: row i holds lo[i] ≤ j ≤ hi[i]. Neither
// end falls from row to row, so that the band holds whole ways from 0,0 to the
// last cell.
type band struct{ lo, hi []int }

// maxCells bounds the cells of the coarse pass (8 bytes each).
const maxCells = 8 << 20

// wide returns the whole matrix when it is small enough, else a band around
// the guide of the anchors.
func (m *model) wide() band {
	n, t := len(m.source.length), len(m.target.length)
	b := band{make([]int, n+1), make([]int, n+1)}
	radius := t
	if (n+1)*(t+1) > maxCells {
		radius = max(100, maxCells/(n+1)/2)
	}
	at := m.guide()
	for i := range b.lo {
		j := at(i)
		b.lo[i], b.hi[i] = max(0, j-radius), min(t, j+radius)
	}
	b.close(t)
	return b
}

// close makes the band hold both ends, no row empty and all rows connected.
func (b band) close(t int) {
	last := len(b.lo) - 1
	b.lo[0], b.hi[last] = 0, t
	for i := last - 1; i >= 0; i-- {
		b.lo[i] = min(b.lo[i], b.lo[i+1])
	}
	for i := 0; i <= last; i++ {
		b.hi[i] = max(b.hi[i], b.lo[min(i+1, last)])
		if i > 0 {
			b.hi[i] = max(b.hi[i], b.hi[i-1])
		}
	}
}

// layout returns where the rows lie when the cells are stored in one slice
// (cell i, j is at offset[i]+j) and the number of cells.
func (b band) layout() (offset []int, cells int) {
	offset = make([]int, len(b.lo))
	for i := range offset {
		offset[i] = cells - b.lo[i]
		cells += b.hi[i] - b.lo[i] + 1
	}
	return offset, cells
}

// width returns the most cells of a row.
func (b band) width() int {
	width := 0
	for i := range b.lo {
		width = max(width, b.hi[i]-b.lo[i]+1)
	}
	return width
}

// holds tells whether cell i, j is in the band.
func (b band) holds(i, j int) bool {
	return i >= 0 && i < len(b.lo) && j >= b.lo[i] && j <= b.hi[i]
}

// guide returns a function from a source position to the target position
// expected there: a line through the longest chain of anchors that each side has
// once, and through both ends.
func (m *model) guide() func(i int) int {
	n, t := len(m.source.length), len(m.target.length)
	type point struct{ i, j int }
	first := func(s *side) (at, times []int) {
		at, times = make([]int, len(m.corpus.anchors)), make([]int, len(m.corpus.anchors))
		for i := range s.length {
			for _, k := range s.anchors.at(i) {
				at[k] = i
				times[k]++
			}
		}
		return at, times
	}
	si, sn := first(m.source)
	ti, tn := first(m.target)
	var points []point
	for k := range m.corpus.anchors {
		if sn[k] == 1 && tn[k] == 1 {
			points = append(points, point{si[k], ti[k]})
		}
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Or(cmp.Compare(a.i, b.i), cmp.Compare(b.j, a.j)) })
	// Longest increasing subsequence in j: tails[k] is the end of the best
	// chain of k+1 points.
	var tails []int
	before := make([]int, len(points))
	for x, p := range points {
		k := sort.Search(len(tails), func(k int) bool { return points[tails[k]].j >= p.j })
		before[x] = -1
		if k > 0 {
			before[x] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, x)
		} else {
			tails[k] = x
		}
	}
	chain := []point{{n, t}}
	if len(tails) > 0 {
		for x := tails[len(tails)-1]; x >= 0; x = before[x] {
			chain = append(chain, points[x])
		}
	}
	chain = append(chain, point{0, 0})
	slices.Reverse(chain)
	return func(i int) int {
		k := sort.Search(len(chain), func(k int) bool { return chain[k].i >= i })
		if k == 0 {
			return chain[0].j
		}
		a, b := chain[k-1], chain[min(k, len(chain)-1)]
		if b.i == a.i {
			return b.j
		}
		return a.j + (b.j-a.j)*(i-a.i)/(b.i-a.i)
	}
}

// keep returns the band of the cells that are good, with the margin and what
// lies between them.
func (b band) keep(offset []int, good func(cell int) bool) band {
	last := len(b.lo) - 1
	out := band{make([]int, last+1), make([]int, last+1)}
	for i := range out.lo {
		lo, hi := b.hi[i], b.lo[i]
		for j := b.lo[i]; j <= b.hi[i]; j++ {
			if good(offset[i] + j) {
				lo, hi = min(lo, j), max(hi, j)
			}
		}
		out.lo[i], out.hi[i] = max(b.lo[i], lo-margin), min(b.hi[i], hi+margin)
	}
	out.close(b.hi[last])
	return out
}
