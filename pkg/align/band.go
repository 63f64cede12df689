package align

import (
	"cmp"
	"context"
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
	n, t := len(m.corpus.source), len(m.corpus.target)
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

// holds tells whether cell i, j is in the band.
func (b band) holds(i, j int) bool {
	return i >= 0 && i < len(b.lo) && j >= b.lo[i] && j <= b.hi[i]
}

// guide returns a function from a source position to the target position
// expected there: a line through the longest chain of anchors that each side has
// once, and through both ends.
func (m *model) guide() func(i int) int {
	n, t := len(m.corpus.source), len(m.corpus.target)
	type point struct{ i, j int }
	first := func(side []sentence) (at, times []int) {
		at, times = make([]int, len(m.corpus.anchors)), make([]int, len(m.corpus.anchors))
		for i, s := range side {
			for _, k := range s.anchors {
				at[k] = i
				times[k]++
			}
		}
		return at, times
	}
	si, sn := first(m.corpus.source)
	ti, tn := first(m.corpus.target)
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

// Cells survive a pass when the ways through them lose at most slack nats
// against the best; margin more on each side are kept.
const (
	slack  = 20
	margin = 2
)

// narrow returns the cells of b worth a second look. It runs the best-way
// recursion forwards and backwards over beads of at most three sentences.
func (m *model) narrow(ctx context.Context, b band) (band, error) {
	n, t := len(m.corpus.source), len(m.corpus.target)
	offset, cells := b.layout()
	forward, backward := make([]float32, cells), make([]float32, cells)
	const none = float32(-1e30)
	for i := 0; i <= n; i++ {
		if i%64 == 0 && ctx.Err() != nil {
			return band{}, ctx.Err()
		}
		for j := b.lo[i]; j <= b.hi[i]; j++ {
			best := none
			if i == 0 && j == 0 {
				best = 0
			}
			for k, s := range shapes[:coarseShapes] {
				if x, y := i-s.source, j-s.target; b.holds(x, y) {
					best = max(best, forward[offset[x]+y]+float32(m.score(k, x, y)))
				}
			}
			forward[offset[i]+j] = best
		}
	}
	for i := n; i >= 0; i-- {
		if i%64 == 0 && ctx.Err() != nil {
			return band{}, ctx.Err()
		}
		for j := b.hi[i]; j >= b.lo[i]; j-- {
			best := none
			if i == n && j == t {
				best = 0
			}
			for k, s := range shapes[:coarseShapes] {
				if x, y := i+s.source, j+s.target; b.holds(x, y) {
					best = max(best, backward[offset[x]+y]+float32(m.score(k, i, j)))
				}
			}
			backward[offset[i]+j] = best
		}
	}
	best := forward[offset[n]+t]
	return b.keep(offset, func(cell int) bool { return forward[cell]+backward[cell] >= best-slack }), nil
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
