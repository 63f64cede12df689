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
	offset   []int     // of row i: cell i, j is at offset[i]+j
	scores   []float32 // by cell and shape: the bead that ends there
	forward  []float64 // log of the sum over all ways from the first cell
	backward []float64 // … to the last cell
	total    float64   // … over all ways
}

var never = math.Inf(-1)

// newLattice scores the beads of a band and sums over its ways.
func (m *model) newLattice(b band) *lattice {
	offset, cells := b.layout()
	l := &lattice{
		band: b, offset: offset,
		scores:  make([]float32, cells*len(shapes)),
		forward: make([]float64, cells), backward: make([]float64, cells),
	}
	l.fill(m)
	l.run()
	return l
}

// narrow returns the band of the cells that are likely to be passed, with a
// margin: the model adapts, but not that much.
func (l *lattice) narrow() band {
	return l.keep(l.offset, func(cell int) bool {
		return l.forward[cell]+l.backward[cell] >= l.total-slack
	})
}

// fill scores every bead of the band.
func (l *lattice) fill(m *model) {
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			scores := l.at(i, j)
			for k, s := range shapes {
				scores[k] = float32(never)
				if a, b := i-s.source, j-s.target; l.holds(a, b) {
					score := m.score(k, a, b)
					if m.similarity != nil && !s.gap() {
						score += m.meaning(a, s.source, b, s.target)
					}
					scores[k] = float32(score)
				}
			}
		}
	}
}

// at returns the scores of the beads that end at i, j.
func (l *lattice) at(i, j int) []float32 {
	cell := l.offset[i] + j
	return l.scores[cell*len(shapes) : (cell+1)*len(shapes)]
}

// run computes forward, backward and total.
func (l *lattice) run() {
	var terms [len(shapes)]float64
	last := len(l.lo) - 1
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			cell := l.offset[i] + j
			if i == 0 && j == 0 {
				l.forward[cell] = 0
				continue
			}
			n := 0
			for k, score := range l.at(i, j) {
				if x := float64(score); x != never {
					terms[n] = x + l.forward[l.offset[i-shapes[k].source]+j-shapes[k].target]
					n++
				}
			}
			l.forward[cell] = logSum(terms[:n])
		}
	}
	for i := last; i >= 0; i-- {
		for j := l.hi[i]; j >= l.lo[i]; j-- {
			cell := l.offset[i] + j
			if i == last && j == l.hi[last] {
				l.backward[cell] = 0
				continue
			}
			n := 0
			for k, s := range shapes {
				if a, b := i+s.source, j+s.target; l.holds(a, b) {
					terms[n] = l.backward[l.offset[a]+b] + float64(l.at(a, b)[k])
					n++
				}
			}
			l.backward[cell] = logSum(terms[:n])
		}
	}
	l.total = l.forward[len(l.forward)-1]
}

// logSum returns log Σ exp(terms); terms e⁻²⁰ below the largest do not count.
func logSum(terms []float64) float64 {
	top := never
	for _, x := range terms {
		top = max(top, x)
	}
	if top == never {
		return never
	}
	sum := 0.0
	for _, x := range terms {
		if x > top-20 {
			sum += math.Exp(x - top)
		}
	}
	return top + math.Log(sum)
}

// posterior is the probability of the bead of shape k that ends at i, j.
func (l *lattice) posterior(k, i, j int) float64 {
	x := float64(l.at(i, j)[k])
	if x == never {
		return 0
	}
	x += l.forward[l.offset[i-shapes[k].source]+j-shapes[k].target] + l.backward[l.offset[i]+j] - l.total
	if !(x > negligible) {
		return 0
	}
	return min(1, math.Exp(x))
}

// negligible is the log of a probability that counts as 0.
const negligible = -15

// each visits the beads with a probability above 0: shape k from source
// sentence i and target sentence j.
func (l *lattice) each(visit func(k, i, j int, probability float64)) {
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			if cell := l.offset[i] + j; l.forward[cell]+l.backward[cell]-l.total < negligible {
				continue
			}
			for k, s := range shapes {
				if probability := l.posterior(k, i, j); probability > 0 {
					visit(k, i-s.source, j-s.target, probability)
				}
			}
		}
	}
}

// decode returns the way with the most right sentences to be expected: a bead
// gains its probability times its number of sentences to the power of width.
func (l *lattice) decode(width float64) []Bead {
	var gains [len(shapes)]float64
	for k, s := range shapes {
		gains[k] = math.Pow(float64(s.source+s.target)/2, width)
	}
	best, back := make([]float64, len(l.forward)), make([]int8, len(l.forward))
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			cell := l.offset[i] + j
			if i == 0 && j == 0 {
				continue
			}
			best[cell] = never
			for k, score := range l.at(i, j) {
				if float64(score) == never {
					continue
				}
				x := best[l.offset[i-shapes[k].source]+j-shapes[k].target] + gains[k]*l.posterior(k, i, j)
				if x > best[cell] {
					best[cell], back[cell] = x, int8(k)
				}
			}
		}
	}
	var beads []Bead
	for i, j := len(l.lo)-1, l.hi[len(l.lo)-1]; i > 0 || j > 0; {
		k := int(back[l.offset[i]+j])
		bead := Bead{Score: l.posterior(k, i, j)}
		for range shapes[k].source {
			i--
			bead.Source = append(bead.Source, i)
		}
		for range shapes[k].target {
			j--
			bead.Target = append(bead.Target, j)
		}
		slices.Reverse(bead.Source)
		slices.Reverse(bead.Target)
		beads = append(beads, bead)
	}
	slices.Reverse(beads)
	return beads
}
