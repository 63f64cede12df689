package html

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Example is a page whose content is known, wholly or by some of its phrases.
type Example struct {
	Page []byte
	Body string // all of the content; "" if only phrases are known

	With    []string // phrases of the content
	Without []string // phrases of what surrounds it
	Draft   string   // what another program takes for the content: weak evidence for what the phrases leave open
	Weight  float64  // of a whole Body: 1 if a person marked it, less if not
}

// Trainer makes the model of weights.tsv.
//
//	var t html.Trainer
//	for _, e := range examples {
//		t.Add(e)
//	}
//	weights, err := t.Train()
type Trainer struct {
	pages []trainingPage
}

type trainingPage struct {
	survey  *survey
	known   []label  // by segment
	samples []sample // of those with a weight
	body    string   // if a person marked it
}

// label is what is known of a segment.
type label struct {
	content bool
	weight  float64
}

const (
	draftWeight  = 0.03 // of a segment that only another program judged, to one a person did
	draftsLeft   = 4    // of the segments that another program refused, one in four is used, for time's sake
	phraseWeight = 0.01 // of a segment with a known phrase: as one of a hundredth of the content
	threshold    = -0.2 // log-odds from which a segment is content, set on held-out pages
)

// Add reads an example. One that cannot be parsed is left out.
func (t *Trainer) Add(e Example) error {
	p, err := newPage(e.Page, Options{})
	if err != nil {
		return err
	}
	segments := p.segment()
	page := trainingPage{survey: newSurvey(segments, p.title(segments)), known: make([]label, len(segments))}
	if e.Weight == 1 {
		page.body = e.Body
	}
	truth := e.Body
	if truth == "" {
		truth = e.Draft
	}
	size := 250.0
	for _, s := range match(segments, truth) {
		page.known[s.index].content = true
		size += s.size
	}
	for i, s := range segments {
		l := &page.known[i]
		l.weight = (s.size + 15) / size
		if e.Body != "" {
			l.weight *= e.Weight
			continue
		}
		text := collapse(s.Text)
		holds := func(phrase string) bool { return strings.Contains(text, collapse(phrase)) }
		with, without := slices.ContainsFunc(e.With, holds), slices.ContainsFunc(e.Without, holds)
		if with == without {
			l.weight *= draftWeight
			if !l.content { // there are many
				if i%draftsLeft != 0 {
					l.weight = 0
				}
				l.weight *= draftsLeft
			}
			continue
		}
		l.content, l.weight = with, max(l.weight/2, phraseWeight)
	}
	f := make([]float64, 0, len(featureNames))
	for i, l := range page.known {
		if l.weight > 0 {
			page.samples = append(page.samples, newSample(page.survey.describe(i, f), l))
		}
	}
	t.pages = append(t.pages, page)
	return nil
}

// Train returns the weights of all examples as text.
func (t *Trainer) Train() (string, error) {
	m, err := train(t.pages)
	if err != nil {
		return "", err
	}
	return m.String(), nil
}

// CrossValidate trains on parts of the examples and measures on the rest: the
// mean precision and recall of 4-word shingles over the pages whose content a
// person marked, as the article extraction benchmark defines them.
func (t *Trainer) CrossValidate(folds int) (precision, recall float64, err error) {
	n := 0
	for fold := range folds {
		var kept, held []trainingPage
		for i, p := range t.pages {
			if i%folds == fold {
				held = append(held, p)
			} else {
				kept = append(kept, p)
			}
		}
		m, err := train(kept)
		if err != nil {
			return 0, 0, err
		}
		for _, p := range held {
			if p.body == "" {
				continue
			}
			var text strings.Builder
			for _, s := range choose(p.survey.segments, m.classify(p.survey)) {
				text.WriteString(s.Text + "\n")
			}
			a, b := Overlap(text.String(), p.body)
			precision, recall, n = precision+a, recall+b, n+1
		}
	}
	if n == 0 {
		return 0, 0, errors.New("cross-validate: no page's content is known")
	}
	return precision / float64(n), recall / float64(n), nil
}

var wordPattern = regexp.MustCompile(`[\pL\pN_]+`)

// Overlap is the precision and recall of a text's shingles of four words, as
// the article extraction benchmark counts them.
func Overlap(got, want string) (precision, recall float64) {
	shingles := func(text string) (map[string]int, int) {
		words := wordPattern.FindAllString(text, -1)
		m, n := map[string]int{}, max(1, len(words)-3)
		if len(words) == 0 {
			n = 0
		}
		for i := range n {
			m[strings.Join(words[i:min(len(words), i+4)], " ")]++
		}
		return m, n
	}
	a, na := shingles(got)
	b, nb := shingles(want)
	common := 0
	for s, n := range a {
		common += min(n, b[s])
	}
	return float64(common) / float64(max(1, na)), float64(common) / float64(max(1, nb))
}

func train(pages []trainingPage) (*model, error) {
	if len(pages) == 0 {
		return nil, errors.New("train: no pages")
	}
	m := &model{}
	var samples []sample
	f := make([]float64, 0, len(featureNames))
	for _, p := range pages {
		samples = append(samples, p.samples...)
	}
	var err error
	if m.local, err = fit(len(featureNames), samples); err != nil {
		return nil, fmt.Errorf("train the first step: %w", err)
	}
	samples = samples[:0]
	for _, p := range pages {
		c := p.survey.context(m.local.all(p.survey))
		for i, l := range p.known {
			if l.weight > 0 {
				samples = append(samples, newSample(c.describe(i, f), l))
			}
		}
	}
	if m.context, err = fit(len(contextNames), samples); err != nil {
		return nil, fmt.Errorf("train the second step: %w", err)
	}
	return m, nil
}

const (
	ridge      = 3e-5 // strength of the prior, of standardised features, to a total weight of 1
	iterations = 12
)

// A sample is a row of features, without the zeros, of which most are.
type sample struct {
	label
	at     []uint16
	values []float32
}

func newSample(f []float64, l label) sample {
	s := sample{label: l}
	for i, x := range f {
		if x != 0 {
			s.at, s.values = append(s.at, uint16(i)), append(s.values, float32(x))
		}
	}
	return s
}

// fit is a logistic regression with a Gaussian prior, by Newton's method on
// features of equal variance (iteratively reweighted least squares).
func fit(size int, samples []sample) (linear, error) {
	mean, square, total := make([]float64, size), make([]float64, size), 0.0
	for _, s := range samples {
		total += s.weight
		for k, i := range s.at {
			x := float64(s.values[k])
			mean[i] += s.weight * x
			square[i] += s.weight * x * x
		}
	}
	scale := make([]float64, size)
	for i := range size {
		mean[i] /= total
		if variance := square[i]/total - mean[i]*mean[i]; variance > 1e-9 { // else it never changes
			scale[i] = 1 / math.Sqrt(variance)
		}
	}
	n := size + 1 // the last is the bias
	w := make([]float64, n)
	x := make([]float64, n)
	for range iterations {
		gradient, hessian := make([]float64, n), make([]float64, n*n)
		for _, s := range samples {
			z := w[size]
			for k, i := range s.at {
				x[k] = float64(s.values[k]) * scale[i]
				z += w[i] * x[k]
			}
			p := 1 / (1 + math.Exp(-z))
			g := (p - bit(s.content)) * s.weight / total
			h := max(p*(1-p), 1e-4) * s.weight / total
			for k, i := range s.at {
				gradient[i] += g * x[k]
				row, a := hessian[int(i)*n:], h*x[k]
				for l, j := range s.at[:k+1] {
					row[j] += a * x[l]
				}
				hessian[size*n+int(i)] += a
			}
			gradient[size] += g
			hessian[size*n+size] += h
		}
		for i := range size {
			gradient[i] += ridge * w[i]
			hessian[i*n+i] += ridge
		}
		step, err := solve(hessian, gradient)
		if err != nil {
			return linear{}, err
		}
		change := 0.0
		for i := range w {
			w[i] -= step[i]
			change = max(change, math.Abs(step[i]))
		}
		if change < 1e-2 {
			break
		}
	}
	l := linear{bias: w[size], weights: w[:size]}
	for i := range size {
		l.weights[i] *= scale[i]
	}
	return l, nil
}

// solve solves a·x = b for a symmetric positive definite matrix of which the
// lower half is given, by Cholesky decomposition; a is overwritten.
func solve(a, b []float64) ([]float64, error) {
	n := len(b)
	for j := range n {
		for k := range j {
			for i := j; i < n; i++ {
				a[i*n+j] -= a[i*n+k] * a[j*n+k]
			}
		}
		if a[j*n+j] <= 0 {
			return nil, errors.New("the features are not independent")
		}
		d := math.Sqrt(a[j*n+j])
		for i := j; i < n; i++ {
			a[i*n+j] /= d
		}
	}
	x := slices.Clone(b)
	for i := range n {
		for k := range i {
			x[i] -= a[i*n+k] * x[k]
		}
		x[i] /= a[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= a[k*n+i] * x[k]
		}
		x[i] /= a[i*n+i]
	}
	return x, nil
}
