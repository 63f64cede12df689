package align

import "math"

// health is the product of three shares from 0 to 1 that fall when the two
// sides do not belong together: the share of sentences that found a
// counterpart, the mean confidence of those beads, and the correlation of the
// logarithms of their lengths.
func (m *model) health(beads []Bead) float64 {
	var covered, sure, all float64 // sentences
	var n, sx, sy, sxx, syy, sxy float64
	for _, b := range beads {
		size := float64(len(b.Source) + len(b.Target))
		all += size
		if len(b.Source) == 0 || len(b.Target) == 0 {
			continue
		}
		covered += size
		sure += size * b.Score
		x := float64(m.source.logs[len(b.Source)-1][b.Source[0]])
		y := float64(m.target.logs[len(b.Target)-1][b.Target[0]])
		n, sx, sy, sxx, syy, sxy = n+1, sx+x, sy+y, sxx+x*x, syy+y*y, sxy+x*y
	}
	if covered == 0 {
		return 0
	}
	correlation := 1.0 // of one bead, or lines of one length: nothing speaks against it
	if d := (n*sxx - sx*sx) * (n*syy - sy*sy); d > 1e-9 {
		correlation = max(0, (n*sxy-sx*sy)/math.Sqrt(d))
	}
	return min(1, covered/all*sure/covered*correlation)
}
