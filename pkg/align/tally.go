package align

import "math"

// Signs that are counted, since translations have about as many of them.
const (
	commas   = iota // and what else parts a sentence: colons, semicolons
	capitals        // words that begin with one
	tallies
)

// most is how many of one kind are told apart.
const most = 15

// sizes is how many lengths of sentences are told apart, by half octaves.
const sizes = 24

// tally weighs how many signs of a kind the sides of a bead have. The square
// roots of their numbers differ by a normal deviate in translations, whatever
// the number; against it stands the chance of sentences of the same length to
// differ as much, which is that of this document's own: length is weighed by
// itself. In a document where the numbers tell nothing of each other the deviation
// learned is that of chance, and the evidence none.
type tally struct {
	root     [2][most + 1]float64        // by number, scaled
	shares   [sizes][2][most + 1]float64 // of sentences with so many, by length
	evidence [most + 1][most + 1]float32
	squares  float64 // of deviations seen
}

// count takes the numbers of both sides.
func (t *tally) count(source, target *side, kind int, ratio float32) {
	*t = tally{}
	var mean [2]float64
	for k, s := range [2]*side{source, target} {
		each := 1 / float64(len(s.length))
		for i, n := range s.count[kind] {
			size := s.logs[0][i] - (float32(k)-0.5)*ratio
			t.shares[max(0, min(sizes-1, int(size*2/math.Ln2)))][k][n] += each
			mean[k] += float64(n) * each
		}
	}
	// One language has more of them than the other.
	scale := math.Pow((mean[1]+0.2)/(mean[0]+0.2), 0.25)
	for n := range most + 1 {
		root := math.Sqrt(float64(n) + 0.375)
		t.root[0][n], t.root[1][n] = root*scale, root/scale
	}
}

// weigh sets the evidence: factor times that of a deviation, at most limit
// against a bead.
func (t *tally) weigh(variance, factor, limit float64) {
	var like [most + 1][most + 1]float64 // logarithm
	var density [most + 1][most + 1]float64
	for a := range like {
		for b := range like[a] {
			like[a][b] = -t.square(a, b) / (2 * variance)
			density[a][b] = math.Exp(like[a][b])
		}
	}
	chance, pairs := 0.0, 0.0
	for k := range t.shares {
		for a, x := range t.shares[k][0] {
			if x == 0 {
				continue
			}
			for b, y := range t.shares[k][1] {
				chance += x * y * density[a][b]
				pairs += x * y
			}
		}
	}
	base := math.Log((chance + 1e-6) / (pairs + 1e-6))
	for a := range t.evidence {
		for b := range t.evidence[a] {
			t.evidence[a][b] = float32(max(-limit, factor*(like[a][b]-base)))
		}
	}
}

func (t *tally) square(a, b int) float64 {
	d := t.root[0][a] - t.root[1][b]
	return d * d
}
