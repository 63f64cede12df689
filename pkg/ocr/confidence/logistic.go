package confidence

import (
	"errors"
	"math"
)

// A Sample is one observation: features and what came of it.
type Sample struct {
	Features []float64
	Right    bool
}

// ridge keeps the weights finite where classes part cleanly.
const ridge = 1.0

// Fit finds the weights of a logistic regression by Newton's method. Weights
// named in atLeastZero and atMostZero are held at 0 if the data would turn
// their sign, as more sureness must never mean less.
func Fit(samples []Sample, atLeastZero, atMostZero []int) ([]float64, error) {
	if len(samples) == 0 {
		return nil, errors.New("nothing to fit")
	}
	held := map[int]bool{}
	for {
		w, err := newton(samples, held)
		if err != nil {
			return nil, err
		}
		worst, by := -1, 0.0
		for _, i := range atLeastZero {
			if -w[i] > by {
				worst, by = i, -w[i]
			}
		}
		for _, i := range atMostZero {
			if w[i] > by {
				worst, by = i, w[i]
			}
		}
		if worst < 0 {
			return w, nil
		}
		held[worst] = true
	}
}

func newton(samples []Sample, held map[int]bool) ([]float64, error) {
	n := len(samples[0].Features)
	w := make([]float64, n)
	for range 50 {
		gradient := make([]float64, n)
		hessian := make([][]float64, n)
		for i := range hessian {
			hessian[i] = make([]float64, n+1)
		}
		for _, s := range samples {
			p := probability(w, s.Features)
			y := 0.0
			if s.Right {
				y = 1
			}
			for i, x := range s.Features {
				gradient[i] += (y - p) * x
				for j, z := range s.Features {
					hessian[i][j] += p * (1 - p) * x * z
				}
			}
		}
		for i := range w {
			if i > 0 { // the constant is free
				gradient[i] -= ridge * w[i]
				hessian[i][i] += ridge
			}
			if held[i] {
				gradient[i] = 0
				clear(hessian[i])
				hessian[i][i] = 1
			}
			hessian[i][n] = gradient[i]
		}
		step, err := solve(hessian)
		if err != nil {
			return nil, err
		}
		var largest float64
		for i := range w {
			if held[i] {
				continue // elimination leaves crumbs
			}
			w[i] += step[i]
			largest = max(largest, math.Abs(step[i]))
		}
		if largest < 1e-8 {
			return w, nil
		}
	}
	return w, nil
}

// solve solves a system of linear equations, the right side in the last
// column, by Gaussian elimination.
func solve(m [][]float64) ([]float64, error) {
	n := len(m)
	for i := range n {
		pivot := i
		for r := i; r < n; r++ {
			if math.Abs(m[r][i]) > math.Abs(m[pivot][i]) {
				pivot = r
			}
		}
		m[i], m[pivot] = m[pivot], m[i]
		if math.Abs(m[i][i]) < 1e-12 {
			return nil, errors.New("features that say nothing")
		}
		for r := range n {
			if r == i {
				continue
			}
			factor := m[r][i] / m[i][i]
			for c := i; c <= n; c++ {
				m[r][c] -= factor * m[i][c]
			}
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = m[i][n] / m[i][i]
	}
	return x, nil
}
