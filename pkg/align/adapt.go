package align

import "math"

// adapt estimates from the posteriors of a pass what differs by document: the
// ratio of lengths, how often sentences are dropped and merged, and which
// words translate each other.
func (m *model) adapt(l *lattice) {
	var counts [len(shapes)]float64
	all, ratios, weight := 0.0, 0.0, 0.0
	for k := range m.tallies {
		m.tallies[k].squares = 0
	}
	l.each(func(k, i, j int, p float32) {
		probability := float64(p)
		counts[k] += probability
		all += probability
		if shapes[k] != (shape{1, 1}) {
			return
		}
		for k := range m.tallies {
			t := &m.tallies[k]
			t.squares += probability * t.square(int(m.source.count[k][i]), int(m.target.count[k][j]))
		}
		if r := float64(m.target.logs[0][j] - m.source.logs[0][i]); math.Abs(r-float64(m.ratio)) < 1 {
			w := probability * min(float64(m.source.length[i]), 200) // longer pairs vary less
			ratios += w * r
			weight += w
		}
	})
	const steady = 500 // characters: the weight of the old ratio
	m.setRatio((ratios + steady*float64(m.ratio)) / (weight + steady))
	m.count(counts[0])
	// Shapes of the same rarity share what is learned about them.
	var seen, usual [4]float64
	for k, s := range shapes {
		seen[s.rarity()] += counts[k]
		usual[s.rarity()] += s.usual()
	}
	for k, s := range shapes {
		g := s.rarity()
		m.priors[k] = float32(m.prior(s) + math.Log((seen[g]+m.Prudence*usual[g])/((all+m.Prudence)*usual[g])))
	}
	m.learn(l)
}

// rarity groups shapes: gaps, 1-1, merges of two, the rest.
func (s shape) rarity() int {
	switch {
	case s.gap():
		return 0
	case s.source+s.target == 2:
		return 1
	case s.source+s.target == 3:
		return 2
	}
	return 3
}

// usual is the share of beads of this shape in a usual document.
func (s shape) usual() float64 {
	return [...]float64{0.08, 0.72, 0.045, 0.003}[s.rarity()]
}
