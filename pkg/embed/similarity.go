package embed

import (
	"math"

	"vislang/pkg/align"
)

// Fewer sentences than this on a side have no spread to measure in.
const least = 4

// Similarity returns what align.Options.Similarity asks, from the vectors of
// both sides' sentences: the cosine of two runs, each the mean of its sentences,
// in standard deviations above that of chance pairs of these documents. Each side
// is centred by the mean of its document first, which takes out the language and
// the topic. It is nil when there are too few sentences.
func Similarity(source, target [][]float32) align.Similarity {
	if len(source) < least || len(target) < least {
		return nil
	}
	s, t := sums(source), sums(target)
	mean, deviation := chance(s, t, len(source), len(target))
	if deviation == 0 {
		return nil
	}
	return func(i, n, j, m int) float64 {
		if n == 0 || m == 0 {
			return 0
		}
		return (cosine(s[i], s[i+n], t[j], t[j+m]) - mean) / deviation
	}
}

// sums returns the running sums of centred vectors of unit length, so that a
// run's is a difference of two.
func sums(vectors [][]float32) [][]float64 {
	dimensions := len(vectors[0])
	centre := make([]float64, dimensions)
	for _, v := range vectors {
		for d, x := range v {
			centre[d] += float64(x) / float64(len(vectors))
		}
	}
	out := make([][]float64, 1, len(vectors)+1)
	out[0] = make([]float64, dimensions)
	centred := make([]float64, dimensions)
	for i, v := range vectors {
		norm, whole := 0.0, 0.0
		for d, x := range v {
			centred[d] = float64(x) - centre[d]
			norm += centred[d] * centred[d]
			whole += float64(x) * float64(x)
		}
		scale := 0.0
		if norm > 1e-8*whole { // else it says what all others do
			scale = 1 / math.Sqrt(norm)
		}
		next := make([]float64, dimensions)
		for d := range next {
			next[d] = out[i][d] + scale*centred[d]
		}
		out = append(out, next)
	}
	return out
}

// cosine of the runs between running sums a and b, and c and d.
func cosine(a, b, c, d []float64) float64 {
	var dot, x2, y2 float64
	for k := range a {
		x, y := b[k]-a[k], d[k]-c[k]
		dot += x * y
		x2 += x * x
		y2 += y * y
	}
	if x2 == 0 || y2 == 0 {
		return 0
	}
	return dot / math.Sqrt(x2*y2)
}

// chance returns mean and standard deviation of the cosines of pairs of
// sentences, of which at most some are right, from up to some thousands.
func chance(s, t [][]float64, n, m int) (mean, deviation float64) {
	const most = 20_000
	step := max(1, n*m/most)
	if step > 1 && m%step == 0 {
		step++ // not the same columns in each row
	}
	var sum, squares, count float64
	for k := 0; k < n*m; k += step {
		i, j := k/m, k%m
		c := cosine(s[i], s[i+1], t[j], t[j+1])
		sum += c
		squares += c * c
		count++
	}
	mean = sum / count
	return mean, math.Sqrt(max(0, squares/count-mean*mean))
}
