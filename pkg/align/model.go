package align

import "math"

// shape is the number of source and target sentences of a bead.
type shape struct{ source, target int }

var shapes = []shape{
	{1, 1}, {1, 0}, {0, 1}, {1, 2}, {2, 1}, {2, 2}, {1, 3}, {3, 1}, {2, 3}, {3, 2}, {1, 4}, {4, 1}, {3, 3}, {1, 5}, {5, 1},
}

const widest = 5

// coarse is how many shapes the coarse pass knows.
const coarse = 5

// params are the constants of the cost model.
type params struct {
	gap                                    float64
	merge2, merge3, merge4, cross2, cross3 float64 // priors of bead shapes against 1-1
	s0, s1, cap, null                      float64 // length term
	number, word, question, bracket, most  float64
	missing, alone, small, smallWeight     float64
	noQuestion, noBracket                  float64
	temperature                            float64
	gamma                                  float64 // decoding
	em                                     int
	kappa                                  float64
}

var defaults = params{
	gap: -2.2, merge2: -2.5, merge3: -4.5, merge4: -6, cross2: -4.5, cross3: -6.5,
	s0: 0.12, s1: 2.2, cap: 6, null: 0.8,
	number: 1, word: 0.6, question: 0.7, bracket: 0.3, most: 5,
	missing: 1, alone: 0.5, small: 0.4, smallWeight: 0.6, noQuestion: 0.5, noBracket: 0.2,
	temperature: 1, gamma: 1, em: 2, kappa: 30,
}

func (p *params) prior(s shape) float64 {
	a, b := min(s.source, s.target), max(s.source, s.target)
	switch {
	case a == 0:
		return p.gap
	case a == 1 && b == 1:
		return 0
	case a == 1 && b == 2:
		return p.merge2
	case a == 1 && b == 3:
		return p.merge3
	case a == 1 && b == 4:
		return p.merge4
	case a == 1:
		return p.merge4 - 1.5
	case a == 2 && b == 2:
		return p.cross2
	case a == 2:
		return p.cross3
	}
	return p.cross3 - 1
}

// span is a run of sentences of one side.
type span struct {
	length  float64
	log     float64
	tokens  []int32
	sign    uint64
	missing float64
}

// spans[k][i] is the run of k+1 sentences from i.
func (c *corpus) spans(side []sentence) [widest][]span {
	var out [widest][]span
	for k := range out {
		if len(side) <= k {
			break
		}
		out[k] = make([]span, len(side)-k)
		for i := range out[k] {
			s := &out[k][i]
			if k == 0 {
				s.length = side[i].length
				s.tokens = side[i].tokens
				s.missing = side[i].alone
				for _, t := range s.tokens {
					s.missing += c.tokens[t].missing
					s.sign |= 1 << (uint(t) % 64)
				}
			} else {
				a, b := &out[k-1][i], &out[0][i+k]
				s.length = a.length + b.length
				s.sign = a.sign | b.sign
				s.tokens = union(a.tokens, b.tokens)
				s.missing = a.missing + b.missing
				if len(s.tokens) < len(a.tokens)+len(b.tokens) {
					s.missing = 0
					for _, t := range s.tokens {
						s.missing += c.tokens[t].missing
					}
					for x := i; x <= i+k; x++ {
						s.missing += side[x].alone
					}
				}
			}
			s.log = math.Log(s.length)
		}
	}
	return out
}

func union(a, b []int32) []int32 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// model scores beads of one document pair.
type model struct {
	p              *params
	c              *corpus
	source, target [widest][]span
	priors         []float64
	ratio          float64              // log of target length over source length
	shrink         float64              // exp(-ratio)
	precision      [longest + 1]float64 // by length: 1 over twice the variance of the log ratio
	sharpness      [longest + 1]float64 // by length: log density at no deviation against the null
}

func newModel(c *corpus, p *params) *model {
	m := &model{p: p, c: c, source: c.spans(c.source), target: c.spans(c.target)}
	m.tabulate()
	var ls, lt float64
	for _, s := range c.source {
		ls += s.length
	}
	for _, s := range c.target {
		lt += s.length
	}
	m.setRatio(math.Log(lt / ls))
	for _, s := range shapes {
		m.priors = append(m.priors, p.prior(s))
	}
	return m
}

func (m *model) setRatio(ratio float64) {
	m.ratio, m.shrink = ratio, math.Exp(-ratio)
}

// score of the bead of the given shape that starts at i, j: nats by which the
// sentences are likelier as a translation than apart.
func (m *model) score(k, i, j int) float64 {
	sh := shapes[k]
	if sh.source == 0 || sh.target == 0 {
		return m.priors[k]
	}
	s, t := &m.source[sh.source-1][i], &m.target[sh.target-1][j]
	return m.priors[k] + m.length(s, t) + m.anchors(s, t)
}

func (m *model) length(s, t *span) float64 {
	r := t.log - s.log - m.ratio
	// The mean length in source characters.
	l := min(int(0.5*(s.length+t.length*m.shrink)), longest)
	return m.sharpness[l] - min(m.p.cap, r*r*m.precision[l])
}

// longest is the length of a bead beyond which its relative spread is not
// expected to fall any more, in characters.
const longest = 1023

// tabulate prepares the terms of length that depend on the length only.
func (m *model) tabulate() {
	for l := range m.precision {
		v := m.p.s0*m.p.s0 + m.p.s1*m.p.s1/max(1, float64(l))
		m.precision[l] = 0.5 / v
		m.sharpness[l] = 0.5 * math.Log(m.p.null*m.p.null/v)
	}
}

func (m *model) anchors(s, t *span) float64 {
	sum := -s.missing - t.missing
	if s.sign&t.sign == 0 {
		return sum
	}
	a, b := s.tokens, t.tokens
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			k := &m.c.tokens[a[0]]
			sum += k.weight + 2*k.missing
			a, b = a[1:], b[1:]
		}
	}
	return sum
}
