package align

import "context"

// coarse runs the best-way recursion over beads of at most three sentences,
// forwards and backwards, to find the cells worth a second look.
type coarse struct {
	*model
	band
	offset  []int
	forward []float32 // best way to a cell, less base of its row
	base    []float64
	cache   bool      // scores are kept, they are few
	cached  []float32 // scores by cell
	filled  []bool    // rows of cached
	rows    [3]beadRow
	shared  [2]anchorRow
	where   lists // by anchor: the target sentences that have it
}

// beadRow holds the scores of the beads that end in row i of cells.
type beadRow struct {
	i             int
	one, two, sum []float32 // 1-1; 1-2; 2-1
}

// anchorRow holds what source sentence i shares with each target sentence.
type anchorRow struct {
	i      int
	values []float32
}

const (
	coarseCache = 1 << 20 // cells
	none        = float32(-1e30)
)

// slacks are what the ways through a cell may lose against the best, in nats,
// for the cell to survive; the first is used unless it leaves too many cells.
var slacks = [...]float32{12, 5, 2, 0.5}

// margin is how many more cells are kept on each side of a row.
const margin = 1

// narrow returns the cells of b worth a second look.
func (m *model) narrow(ctx context.Context, b band) (band, error) {
	n, t := len(m.source.length), len(m.target.length)
	c := &m.coarse
	c.model, c.band, c.base = m, b, grown(c.base, n+1)
	c.base[0] = 0
	c.where.inverse(&m.target.anchors, len(m.corpus.anchors))
	var cells int
	c.offset, cells = b.layout()
	c.forward = grown(c.forward, cells)
	c.filled = grown(c.filled, n+1)
	clear(c.filled)
	if c.cache = cells <= coarseCache; c.cache {
		c.cached = grown(c.cached, 3*cells)
	}
	for k := range c.rows {
		c.rows[k] = beadRow{i: -1}
	}
	for k := range c.shared {
		c.shared[k] = anchorRow{-1, grown(c.shared[k].values, t)}
		clear(c.shared[k].values)
	}
	gap := m.priors[1]
	for i := 0; i <= n; i++ {
		if i%64 == 0 && ctx.Err() != nil {
			return band{}, ctx.Err()
		}
		c.forwardRow(i, gap)
	}
	best := float64(c.forward[cells-1]) + c.base[n]
	// One band for each slack, to take the widest that is not too large.
	var outs [len(slacks)]band
	for k := range outs {
		outs[k] = band{make([]int, n+1), make([]int, n+1)}
	}
	var behind [3][]float32 // of rows i, i+1, i+2
	var base [3]float64
	for k := range behind {
		behind[k] = make([]float32, 0, b.width())
	}
	for i := n; i >= 0; i-- {
		if i%64 == 0 && ctx.Err() != nil {
			return band{}, ctx.Err()
		}
		behind[0], behind[1], behind[2] = behind[2], behind[0], behind[1]
		base[0], base[1], base[2] = base[2], base[0], base[1]
		behind[0] = behind[0][:b.hi[i]-b.lo[i]+1]
		base[0] = c.backwardRow(i, gap, behind, base)
		var first, last [len(slacks)]int
		for k := range slacks {
			first[k], last[k] = b.hi[i], b.lo[i]
		}
		total := float32(best - c.base[i] - base[0])
		forward := c.forward[c.offset[i]+b.lo[i]:]
		for x, backward := range behind[0] {
			lost := total - forward[x] - backward
			for k := 0; k < len(slacks) && lost <= slacks[k]; k++ {
				j := b.lo[i] + x
				first[k], last[k] = min(first[k], j), max(last[k], j)
			}
		}
		for k, out := range outs {
			out.lo[i], out.hi[i] = max(b.lo[i], first[k]-margin), min(b.hi[i], last[k]+margin)
		}
	}
	for _, out := range outs {
		out.close(t)
		if _, cells := out.layout(); cells <= fineCells {
			return out, nil
		}
	}
	out := outs[len(outs)-1]
	out.thin(fineCells/(n+1)/2, t)
	return out, nil
}

// forwardRow fills row i of forward.
func (c *coarse) forwardRow(i int, gap float32) {
	lo, hi := c.lo[i], c.hi[i]
	row := c.forward[c.offset[i]+lo : c.offset[i]+hi+1]
	for x := range row {
		row[x] = none
	}
	if i == 0 {
		row[0] = 0
	} else {
		beads := c.beads(i)
		up := c.forward[c.offset[i-1]+c.lo[i-1] : c.offset[i-1]+c.hi[i-1]+1]
		shift := float32(c.base[i-1] - c.base[i])
		first := c.lo[i-1]
		for j := lo; j <= min(hi, c.hi[i-1]); j++ {
			row[j-lo] = up[j-first] + gap + shift
		}
		for j := max(lo, first+1); j <= min(hi, c.hi[i-1]+1); j++ {
			row[j-lo] = max(row[j-lo], up[j-1-first]+beads.one[j-lo]+shift)
		}
		for j := max(lo, first+2); j <= min(hi, c.hi[i-1]+2); j++ {
			row[j-lo] = max(row[j-lo], up[j-2-first]+beads.two[j-lo]+shift)
		}
		if i > 1 {
			up := c.forward[c.offset[i-2]+c.lo[i-2] : c.offset[i-2]+c.hi[i-2]+1]
			shift := float32(c.base[i-2] - c.base[i])
			first := c.lo[i-2]
			for j := max(lo, first+1); j <= min(hi, c.hi[i-2]+1); j++ {
				row[j-lo] = max(row[j-lo], up[j-1-first]+beads.sum[j-lo]+shift)
			}
		}
	}
	best := row[0]
	for x := 1; x < len(row); x++ {
		row[x] = max(row[x], row[x-1]+gap)
		best = max(best, row[x])
	}
	if i+1 < len(c.base) {
		c.base[i+1] = c.base[i] + float64(best)
	}
}

// backwardRow fills row i of the best ways to the end and returns its base.
func (c *coarse) backwardRow(i int, gap float32, behind [3][]float32, bases [3]float64) float64 {
	lo, hi := c.lo[i], c.hi[i]
	row := behind[0]
	for x := range row {
		row[x] = none
	}
	last := len(c.lo) - 1
	base := 0.0
	if i == last {
		row[hi-lo] = 0
	} else {
		down, first, end := behind[1], c.lo[i+1], c.hi[i+1]
		top := none
		for _, x := range down {
			top = max(top, x)
		}
		base = bases[1] + float64(top)
		shift := float32(bases[1] - base)
		beads := c.beads(i + 1)
		for j := max(lo, first); j <= min(hi, end); j++ {
			row[j-lo] = down[j-first] + gap + shift
		}
		for j := max(lo, first-1); j <= min(hi, end-1); j++ {
			row[j-lo] = max(row[j-lo], down[j+1-first]+beads.one[j+1-first]+shift)
		}
		for j := max(lo, first-2); j <= min(hi, end-2); j++ {
			row[j-lo] = max(row[j-lo], down[j+2-first]+beads.two[j+2-first]+shift)
		}
		if i+2 <= last {
			down, first, end := behind[2], c.lo[i+2], c.hi[i+2]
			shift := float32(bases[2] - base)
			beads := c.beads(i + 2)
			for j := max(lo, first-1); j <= min(hi, end-1); j++ {
				row[j-lo] = max(row[j-lo], down[j+1-first]+beads.sum[j+1-first]+shift)
			}
		}
	}
	for x := len(row) - 2; x >= 0; x-- {
		row[x] = max(row[x], row[x+1]+gap)
	}
	return base
}

// beads returns the scores of the beads that end in row i ≥ 1, by cell of the
// row.
func (c *coarse) beads(i int) *beadRow {
	r := &c.rows[i%len(c.rows)]
	if r.i == i {
		return r
	}
	r.i = i
	lo, hi := c.lo[i], c.hi[i]
	width := hi - lo + 1
	if c.cache {
		at := 3 * (c.offset[i] + lo)
		r.one, r.two, r.sum = c.cached[at:at+width], c.cached[at+width:at+2*width], c.cached[at+2*width:at+3*width]
		if c.filled[i] {
			return r
		}
		c.filled[i] = true
	} else {
		r.one, r.two, r.sum = grown(r.one, width), grown(r.two, width), grown(r.sum, width)
	}
	c.fill(r)
	return r
}

func (c *coarse) fill(r *beadRow) {
	i, lo := r.i, c.lo[r.i]
	s, t := c.source, c.target
	here := c.anchorsOf(i - 1)
	var before []float32
	if i > 1 {
		before = c.anchorsOf(i - 2)
	}
	p1, p2 := c.priors[0], c.priors[3]
	length, log, missing := s.lengths[0][i-1], s.logs[0][i-1], s.missing[0][i-1]
	var length2, log2, missing2 float32
	if before != nil {
		length2, log2, missing2 = s.lengths[1][i-2], s.logs[1][i-2], s.missing[1][i-2]
	}
	for x := range r.one {
		j := lo + x // target sentences used up
		r.one[x], r.two[x], r.sum[x] = none, none, none
		if j == 0 {
			continue
		}
		tl, tg, tm := t.lengths[0][j-1], t.logs[0][j-1], t.missing[0][j-1]
		r.one[x] = p1 + here[j-1] - missing - tm + c.fit(length, log, tl, tg) + c.counted(&s.counts[0], i-1, &t.counts[0], j-1)
		if before != nil {
			r.sum[x] = p2 + here[j-1] + before[j-1] - missing2 - tm + c.fit(length2, log2, tl, tg) + c.counted(&s.counts[1], i-2, &t.counts[0], j-1)
		}
		if j > 1 {
			r.two[x] = p2 + here[j-1] + here[j-2] - missing - t.missing[1][j-2] + c.fit(length, log, t.lengths[1][j-2], t.logs[1][j-2]) + c.counted(&s.counts[0], i-1, &t.counts[1], j-2)
		}
	}
}

// anchorsOf returns what source sentence i shares with the target sentences of
// the rows of cells around it.
func (c *coarse) anchorsOf(i int) []float32 {
	r := &c.shared[i%len(c.shared)]
	if r.i == i {
		return r.values
	}
	if r.i >= 0 {
		clear(r.values[c.scope(r.i, false):c.scope(r.i, true)])
	}
	r.i = i
	lo, hi := c.scope(i, false), c.scope(i, true)
	for _, a := range c.source.anchors.at(i) {
		value := c.corpus.anchors[a].value()
		list := c.where.at(int(a))
		for x := lowerBound(list, int32(lo)); x < len(list) && int(list[x]) < hi; x++ {
			r.values[list[x]] += value
		}
	}
	return r.values
}

// scope returns the first target sentence that beads with source sentence i
// can have, or the one after the last.
func (c *coarse) scope(i int, end bool) int {
	if end {
		return c.hi[min(i+2, len(c.hi)-1)]
	}
	return max(0, c.lo[i]-2)
}

func lowerBound(list []int32, x int32) int {
	lo, hi := 0, len(list)
	for lo < hi {
		mid := (lo + hi) / 2
		if list[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
