package align

import (
	"math"
	"slices"
)

// lattice holds the cells of a band: in cell i, j the first i source and j
// target sentences are used up. A way from cell 0, 0 to the last is an
// alignment.
type lattice struct {
	band
	offset []int // of row i: cell i, j is at offset[i]+j
	// beads holds of the beads that begin in each cell, by shape, first the
	// score, then the share of the ways to their end that come by them, then
	// their probability.
	beads  []float32
	ways   []float64 // log of the sum over all ways from the first cell
	nodes  []float32 // probability of the cells
	scorer scorer
	back   []int8
}

// load scores the beads of a band and finds their probabilities.
func (l *lattice) load(m *model, b band) {
	var cells int
	l.band = b
	l.offset, cells = b.layout()
	l.beads, l.ways, l.nodes = grown(l.beads, cells*len(shapes)), grown(l.ways, cells), grown(l.nodes, cells)
	l.fill(m)
	l.forward()
	l.backward()
}

// at returns the beads that begin at i, j.
func (l *lattice) at(i, j int) []float32 {
	cell := l.offset[i] + j
	return l.beads[cell*len(shapes) : (cell+1)*len(shapes)]
}

// narrow returns the band of the cells that are likely to be passed, with a
// margin: the model adapts, but not that much.
func (l *lattice) narrow() band {
	last := len(l.lo) - 1
	out := band{make([]int, last+1), make([]int, last+1)}
	for i := range out.lo {
		lo, hi := l.hi[i], l.lo[i]
		row := l.nodes[l.offset[i]+l.lo[i] : l.offset[i]+l.hi[i]+1]
		for x, p := range row {
			if p >= unlikely {
				lo, hi = min(lo, l.lo[i]+x), max(hi, l.lo[i]+x)
			}
		}
		out.lo[i], out.hi[i] = max(l.lo[i], lo-margin), min(l.hi[i], hi+margin)
	}
	out.close(l.hi[last])
	return out
}

const (
	unlikely   = 1e-5 // probability of a cell that the next pass leaves out
	negligible = 1e-6 // probability that counts as 0
	far        = 16   // nats below the best that count as none
)

// forward turns scores into shares, row by row of the cells where beads end.
func (l *lattice) forward() {
	type step struct {
		bead int // index into beads
		x    float64
	}
	var steps [len(shapes)]step
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			cell := l.offset[i] + j
			if i == 0 && j == 0 {
				l.ways[cell] = 0
				continue
			}
			n, top := 0, math.Inf(-1)
			for k, s := range shapes {
				x, y := i-s.source, j-s.target
				if x < 0 || y < l.lo[x] || y > l.hi[x] {
					continue
				}
				from := l.offset[x] + y
				bead := from*len(shapes) + k
				v := l.ways[from] + float64(l.beads[bead])
				top = max(top, v)
				steps[n] = step{bead, v}
				n++
			}
			sum := 0.0
			for k := range steps[:n] {
				s := &steps[k]
				if s.x -= top; s.x > -far {
					s.x = math.Exp(s.x)
					sum += s.x
				} else {
					s.x = 0
				}
			}
			inverse := 1 / sum
			for _, s := range steps[:n] {
				l.beads[s.bead] = float32(s.x * inverse)
			}
			l.ways[cell] = top + math.Log(sum)
		}
	}
}

// backward turns shares into probabilities: a bead has its share of that of
// the cell where it ends.
func (l *lattice) backward() {
	last := len(l.lo) - 1
	for i := last; i >= 0; i-- {
		for j := l.hi[i]; j >= l.lo[i]; j-- {
			cell := l.offset[i] + j
			if i == last && j == l.hi[last] {
				l.nodes[cell] = 1
				clear(l.beads[cell*len(shapes) : (cell+1)*len(shapes)])
				continue
			}
			beads := l.beads[cell*len(shapes) : (cell+1)*len(shapes)]
			sum := float32(0)
			for k, s := range shapes {
				x, y := i+s.source, j+s.target
				if x > last || y > l.hi[x] || y < l.lo[x] {
					beads[k] = 0
					continue
				}
				p := beads[k] * l.nodes[l.offset[x]+y]
				beads[k] = p
				sum += p
			}
			l.nodes[cell] = sum
		}
	}
}

// each visits the beads with a probability above 0: shape k from source
// sentence i and target sentence j.
func (l *lattice) each(visit func(k, i, j int, probability float32)) {
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			if l.nodes[l.offset[i]+j] < negligible {
				continue
			}
			for k, p := range l.at(i, j) {
				if p > negligible {
					visit(k, i, j, p)
				}
			}
		}
	}
}

// decode returns the way with the most right sentences to be expected: a bead
// gains its probability times its number of sentences to the power of width.
func (l *lattice) decode(width float64) []Bead {
	var gains [len(shapes)]float32
	for k, s := range shapes {
		gains[k] = float32(math.Pow(float64(s.source+s.target)/2, width))
	}
	l.back = grown(l.back, len(l.ways))
	best, back := l.ways, l.back
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			cell := l.offset[i] + j
			if i == 0 && j == 0 {
				best[cell] = 0
				continue
			}
			top := math.Inf(-1)
			for k, s := range shapes {
				x, y := i-s.source, j-s.target
				if x < 0 || y < l.lo[x] || y > l.hi[x] {
					continue
				}
				from := l.offset[x] + y
				if v := best[from] + float64(gains[k]*l.beads[from*len(shapes)+k]); v > top {
					top, back[cell] = v, int8(k)
				}
			}
			best[cell] = top
		}
	}
	beads := make([]Bead, 0, len(l.lo)+len(l.lo)/4)
	for i, j := len(l.lo)-1, l.hi[len(l.lo)-1]; i > 0 || j > 0; {
		k := int(back[l.offset[i]+j])
		i, j = i-shapes[k].source, j-shapes[k].target
		beads = append(beads, Bead{
			Source: run(i, shapes[k].source), Target: run(j, shapes[k].target),
			Score: float64(min(1, l.at(i, j)[k])),
		})
	}
	slices.Reverse(beads)
	return beads
}

// run returns n numbers from first, nil for none.
func run(first, n int) []int {
	if n == 0 {
		return nil
	}
	numbers := make([]int, n)
	for k := range numbers {
		numbers[k] = first + k
	}
	return numbers
}
