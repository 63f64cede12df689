package align

import "math"

// shape is the number of source and target sentences of a bead.
type shape struct{ source, target int }

// shapes are the beads there are; the coarse pass knows the first ones only.
var shapes = [...]shape{
	{1, 1}, {1, 0}, {0, 1}, {1, 2}, {2, 1},
	{2, 2}, {1, 3}, {3, 1}, {2, 3}, {3, 2}, {1, 4}, {4, 1}, {3, 3}, {1, 5}, {5, 1},
}

const (
	widest = 5 // sentences on one side of a bead

	sourceGap, targetGap = 1, 2 // in shapes
)

func (s shape) gap() bool { return s.source == 0 || s.target == 0 }

// prior returns the prior of a shape.
func (c *Parameters) prior(s shape) float64 {
	few, many := min(s.source, s.target), max(s.source, s.target)
	switch {
	case few == 0:
		return c.Gap
	case many == 1:
		return 0
	case few == 1:
		return [...]float64{c.Merge2, c.Merge3, c.Merge4, c.Merge4 + c.Wider}[many-2]
	case many == 2:
		return c.Cross2
	case few == 2:
		return c.Cross3
	}
	return c.Cross3 + c.Wider
}

// model scores the beads of one document pair.
type model struct {
	*Parameters
	corpus         corpus
	source, target *side // of corpus
	similarity     Similarity
	priors         [len(shapes)]float32
	ratio          float32 // log of target length over source length
	shrink         float32 // exp(-ratio)
	learner        learner
	coarse         coarse
	lattice        lattice
	cap            float32 // most that a length costs
	// By length of a bead in source characters: one over twice the variance
	// of the log ratio, and the log density where it is exact, against chance.
	precision, sharpness [longest + 1]float32
	tallies              [tallies]tally
}

// longest is the length of a bead beyond which the log ratio is not expected
// to spread any less, in characters.
const longest = 1023

// load makes the model of two documents.
func (m *model) load(source, target []string, o Options) {
	c := o.Parameters
	m.Parameters, m.cap, m.similarity = c, float32(c.LengthCap), o.Similarity
	m.corpus.load(source, target, o.Lexicon, c)
	m.source, m.target = &m.corpus.sides[0], &m.corpus.sides[1]
	var total [2]float64
	for k := range m.corpus.sides {
		s := &m.corpus.sides[k]
		s.measure()
		s.adopt(m.corpus.anchors, nil)
		for _, l := range s.length {
			total[k] += float64(l)
		}
	}
	m.setRatio(math.Log(total[1] / total[0]))
	for k := range m.tallies {
		m.tallies[k].count(m.source, m.target, k, m.ratio)
	}
	m.count(0)
	for k, s := range shapes {
		m.priors[k] = float32(c.prior(s))
	}
	for l := range m.precision {
		variance := c.Spread0*c.Spread0 + c.Spread1/max(1, float64(l))
		m.precision[l] = float32(0.5 / variance)
		m.sharpness[l] = float32(0.5 * math.Log(c.Strangers*c.Strangers/variance))
	}
}

// count weighs the counted signs of a bead, which are this document's alike by
// their deviations seen in so many beads.
func (m *model) count(beads float64) {
	for k := range m.tallies {
		t, spread := &m.tallies[k], m.TallySpread
		t.weigh((t.squares+m.Prudence*spread*spread)/(beads+m.Prudence), m.Tally, m.TallyCap)
	}
}

// meaning is the evidence of the similarity of two runs of sentences.
func (m *model) meaning(i, n, j, t int) float32 {
	z := m.similarity(i, n, j, t)
	if math.IsNaN(z) {
		return 0
	}
	// Each sentence has its say: else two beads would gain twice what one
	// bead with the same sentences does.
	size := float64(n+t) / 2
	return float32(max(-m.SimilarityCap, min(m.SimilarityCap, m.Similarity*size*(z-m.SimilarityZero))))
}

// counted is the evidence of the signs that runs from i and j have.
func (m *model) counted(source *[tallies][]uint8, i int, target *[tallies][]uint8, j int) float32 {
	return m.tallies[commas].evidence[source[commas][i]][target[commas][j]] +
		m.tallies[capitals].evidence[source[capitals][i]][target[capitals][j]]
}

func (m *model) setRatio(ratio float64) {
	m.ratio, m.shrink = float32(ratio), float32(math.Exp(-ratio))
}

// fit is the evidence of the lengths of two runs and of their logarithms.
func (m *model) fit(source, sourceLog, target, targetLog float32) float32 {
	deviation := targetLog - sourceLog - m.ratio
	l := uint(0.5 * (source + target*m.shrink))
	if l > longest {
		l = longest
	}
	return m.sharpness[l] - min(m.cap, deviation*deviation*m.precision[l])
}

// value is the evidence of an anchor that both sides of a bead have. Both
// counted it as missing.
func (a *anchor) value() float32 { return a.weight + 2*a.missing }

// small tells whether the model's memory is worth keeping.
func (m *model) small() bool {
	return cap(m.coarse.forward) <= coarseCache && cap(m.lattice.ways) <= coarseCache/len(shapes) && cap(m.corpus.table.entries) <= coarseCache/8
}
