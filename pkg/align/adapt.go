package align

import "math"

// adapt re-estimates from the posteriors what differs by document.
func (m *model) adapt(l *lattice) {
	var counts [16]float64
	var sum, weight float64
	all := 0.0
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			for k, s := range shapes {
				q := l.posterior(k, i, j)
				if q == 0 {
					continue
				}
				counts[k] += q
				all += q
				if k == 0 {
					a, b := &m.source[0][i-s.source], &m.target[0][j-s.target]
					r := b.log - a.log
					if math.Abs(r-m.ratio) < 1 {
						w := q * math.Min(a.length, 200)
						sum += w * r
						weight += w
					}
				}
			}
		}
	}
	if weight > 0 {
		m.setRatio((sum + 500*m.ratio) / (weight + 500))
	}
	for k, s := range shapes {
		// groups: gaps, merges of two, wider
		n := 0.0
		g := 0.0
		for k2, s2 := range shapes {
			if group(s2) == group(s) {
				n += counts[k2]
				g += baseline(s2)
			}
		}
		m.priors[k] = m.p.prior(s) + math.Log((n+m.p.kappa*g)/((all+m.p.kappa)*g))
	}
}

func group(s shape) int {
	switch {
	case s.source == 0 || s.target == 0:
		return 0
	case s.source+s.target == 2:
		return 1
	case s.source+s.target == 3:
		return 2
	}
	return 3
}

func baseline(s shape) float64 {
	switch group(s) {
	case 0:
		return 0.08
	case 1:
		return 0.72
	case 2:
		return 0.045
	}
	return 0.03 / 10
}
