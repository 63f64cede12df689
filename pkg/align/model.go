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
	coarseShapes = 5
	widest       = 5 // sentences on one side of a bead
)

func (s shape) gap() bool { return s.source == 0 || s.target == 0 }

// prior returns the prior of a shape.
func (c *constants) prior(s shape) float64 {
	few, many := min(s.source, s.target), max(s.source, s.target)
	switch {
	case few == 0:
		return c.gap
	case many == 1:
		return 0
	case few == 1:
		return [...]float64{c.merge2, c.merge3, c.merge4, c.merge4 + c.wider}[many-2]
	case many == 2:
		return c.cross2
	case few == 2:
		return c.cross3
	}
	return c.cross3 + c.wider
}

// model scores the beads of one document pair.
type model struct {
	*constants
	corpus         *corpus
	source, target spans
	priors         [len(shapes)]float64
	similarity     Similarity
	ratio          float64 // log of target length over source length
	shrink         float64 // exp(-ratio)
	// By length of a bead in source characters: one over twice the variance
	// of the log ratio, and the log density where it is exact, against chance.
	precision, sharpness [longest + 1]float64
}

// longest is the length of a bead beyond which the log ratio is not expected
// to spread any less, in characters.
const longest = 1023

func newModel(corpus *corpus, c *constants) *model {
	m := &model{constants: c, corpus: corpus}
	m.source, m.target = corpus.spans(corpus.source), corpus.spans(corpus.target)
	var ls, lt float64
	for _, s := range corpus.source {
		ls += s.length
	}
	for _, s := range corpus.target {
		lt += s.length
	}
	m.setRatio(math.Log(lt / ls))
	for k, s := range shapes {
		m.priors[k] = c.prior(s)
	}
	for l := range m.precision {
		variance := c.spread0*c.spread0 + c.spread1/max(1, float64(l))
		m.precision[l] = 0.5 / variance
		m.sharpness[l] = 0.5 * math.Log(c.strangers*c.strangers/variance)
	}
	return m
}

// meaning is the evidence of the similarity of two runs of sentences.
func (m *model) meaning(i, n, j, t int) float64 {
	z := m.similarity(i, n, j, t)
	if math.IsNaN(z) {
		return 0
	}
	return max(-m.similarityCap, min(m.similarityCap, m.constants.similarity*(z-m.similarityZero)))
}

func (m *model) setRatio(ratio float64) {
	m.ratio, m.shrink = ratio, math.Exp(-ratio)
}

// score of the bead of shape k that starts at source sentence i and target
// sentence j.
func (m *model) score(k, i, j int) float64 {
	shape := shapes[k]
	if shape.gap() {
		return m.priors[k]
	}
	s, t := &m.source[shape.source-1][i], &m.target[shape.target-1][j]
	return m.priors[k] + m.length(s, t) + m.anchors(s, t)
}

func (m *model) length(s, t *span) float64 {
	deviation := t.log - s.log - m.ratio
	l := min(int(0.5*(s.length+t.length*m.shrink)), longest)
	return m.sharpness[l] - min(m.lengthCap, deviation*deviation*m.precision[l])
}

func (m *model) anchors(s, t *span) float64 {
	sum := -s.missing - t.missing
	if s.signature&t.signature == 0 {
		return sum
	}
	a, b := s.anchors, t.anchors
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			// Both spans counted it as missing.
			k := &m.corpus.anchors[a[0]]
			sum += k.weight + 2*k.missing
			a, b = a[1:], b[1:]
		}
	}
	return sum
}
