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

const (
	// wholeCells is how large the whole matrix may be to be looked at; of
	// larger documents a band is.
	wholeCells = 1 << 20
	// coarseCells bounds the cells of the coarse pass (4 bytes each).
	coarseCells = 30 << 20
	// fineCells bounds those of the lattice (80 bytes each).
	fineCells = 3 << 20
	// reach is the least width of the band on either side of the guide.
	reach = 30
	// drift is what it widens with each sentence away from the next anchor.
	drift = 0.15
)

// wide returns the whole matrix when it is small enough, else a band around a
// chain of anchors that is the wider the farther apart they are and the more
// they disagree.
func (m *model) wide() band {
	n, t := len(m.source.length), len(m.target.length)
	b := band{make([]int, n+1), make([]int, n+1)}
	if (n+1)*(t+1) <= wholeCells {
		for i := range b.hi {
			b.hi[i] = t
		}
		return b
	}
	chain := m.chain()
	for scale := 1.0; ; scale /= 2 {
		b.follow(chain, scale)
		b.close(t)
		if _, cells := b.layout(); cells <= coarseCells || scale < 1e-3 {
			return b
		}
	}
}

// follow sets the rows to what a way through the chain may pass: between two
// points it may keep to the slope of one sentence a sentence from either of
// them, or to the line between them.
func (b band) follow(chain []point, scale float64) {
	t := chain[len(chain)-1].j
	for k := 1; k < len(chain); k++ {
		from, to := chain[k-1], chain[k]
		for i := from.i; i <= to.i; i++ {
			line := from.j
			if to.i > from.i {
				line += (to.j - from.j) * (i - from.i) / (to.i - from.i)
			}
			lo := line - int(scale*float64(line-min(line, from.j+i-from.i, to.j-to.i+i)))
			hi := line + int(scale*float64(max(line, from.j+i-from.i, to.j-to.i+i)-line))
			radius := reach + int(scale*drift*float64(min(i-from.i, to.i-i)))
			lo, hi = max(0, lo-radius, from.j-reach), min(t, hi+radius, to.j+reach)
			if i == from.i && k > 1 { // the end of the part before
				lo, hi = min(lo, b.lo[i]), max(hi, b.hi[i])
			}
			b.lo[i], b.hi[i] = lo, hi
		}
	}
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

// thin leaves at most radius cells on either side of the middle of each row.
func (b band) thin(radius, t int) {
	for i := range b.lo {
		middle := (b.lo[i] + b.hi[i]) / 2
		b.lo[i], b.hi[i] = max(b.lo[i], middle-radius), min(b.hi[i], middle+radius)
	}
	b.close(t)
}

// width returns the most cells of a row.
func (b band) width() int {
	width := 0
	for i := range b.lo {
		width = max(width, b.hi[i]-b.lo[i]+1)
	}
	return width
}

// point is a cell that an anchor speaks for.
type point struct{ i, j int }

// chain returns the longest chain of anchors that each side has once, without
// those that lie apart from their neighbours, and with both ends.
func (m *model) chain() []point {
	n, t := len(m.source.length), len(m.target.length)
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
	var found []point
	if len(tails) > 0 {
		for x := tails[len(tails)-1]; x >= 0; x = before[x] {
			found = append(found, points[x])
		}
	}
	slices.Reverse(found)
	chain := []point{{0, 0}}
	for k, p := range found {
		if !stray(found, k) {
			chain = append(chain, p)
		}
	}
	return append(chain, point{n, t})
}

// stray tells whether a point of a chain lies apart from the median of those
// around it.
func stray(chain []point, k int) bool {
	const around = 4
	near := chain[max(0, k-around):min(len(chain), k+around+1)]
	var offsets [2*around + 1]int
	for x, p := range near {
		offsets[x] = p.j - p.i
	}
	slices.Sort(offsets[:len(near)])
	median := offsets[len(near)/2]
	length := near[len(near)-1].i - near[0].i
	return max(chain[k].j-chain[k].i-median, median-chain[k].j+chain[k].i) > reach+length/2
}
