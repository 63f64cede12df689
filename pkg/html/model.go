package html

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// weights.tsv is the trained model: step, feature, weight. The command in
// train makes it and says what from.
//
//go:embed weights.tsv
var weightsTSV string

// trained is the model of weights.tsv.
var trained = sync.OnceValue(func() *model { return mustReadModel(weightsTSV) })

// model tells content from what surrounds it, in two logistic regressions: the
// first sees one segment, the second what the first thought of it, of its
// neighbours and of what the same template made.
type model struct {
	local, context linear
}

// linear is a logistic regression: the logarithm of the odds is
// bias + Σ weight·feature.
type linear struct {
	bias    float64
	weights []float64
}

func (l linear) logOdds(f []float64) float64 {
	z := l.bias
	for i, x := range f {
		z += l.weights[i] * x
	}
	return z
}

// all gives the log-odds of each segment by the first step.
func (l linear) all(p *survey) []float64 {
	f := make([]float64, 0, len(featureNames))
	odds := make([]float64, len(p.segments))
	for i := range odds {
		f = p.describe(i, f)
		odds[i] = l.logOdds(f)
	}
	return odds
}

// contextNames are the names of what describeContext gives, in its order.
var contextNames = strings.Fields("self self-3 self-2 self-1 self+1 self+2 self+3 kind alone kind-share before after around least")

const (
	maxOdds = 5 // log-odds beyond say nothing more to the second step
	around  = 6 // segments on each side
)

// classify gives the log-odds that each segment is content.
func (m *model) classify(p *survey) []float64 {
	odds := m.local.all(p)
	c := p.context(odds)
	f := make([]float64, 0, len(contextNames))
	for i := range odds {
		f = c.describe(i, f)
		odds[i] = m.context.logOdds(f)
	}
	return odds
}

// neighbourhood is what the second step sees.
type neighbourhood struct {
	survey *survey
	odds   []float64        // of the first step, within ±maxOdds
	sums   []float64        // size of content before each segment, by the first step
	kinds  map[uint64]*vote // by kind of region
}

// vote is what the first step thought of segments of one kind.
type vote struct{ odds, weight, content float64 }

func (p *survey) context(odds []float64) *neighbourhood {
	c := &neighbourhood{survey: p, odds: make([]float64, len(odds)), sums: make([]float64, len(odds)+1), kinds: map[uint64]*vote{}}
	for i, z := range odds {
		z = max(-maxOdds, min(maxOdds, z))
		size := p.segments[i].size
		content := size / (1 + math.Exp(-z))
		c.odds[i] = z
		c.sums[i+1] = c.sums[i] + content
		v := c.kinds[p.segmentKind[i]]
		if v == nil {
			v = &vote{}
			c.kinds[p.segmentKind[i]] = v
		}
		v.odds += z * (size + 10)
		v.weight += size + 10
		v.content += content
	}
	return c
}

func (c *neighbourhood) describe(i int, f []float64) []float64 {
	n := len(c.odds)
	f = append(f[:0], c.odds[i])
	for _, d := range []int{-3, -2, -1, 1, 2, 3} {
		z := -float64(maxOdds)
		if j := i + d; j >= 0 && j < n {
			z = c.odds[j]
		}
		f = append(f, z)
	}
	v := c.kinds[c.survey.segmentKind[i]]
	own := c.survey.segments[i].size + 10
	others, alone := 0.0, 1.0
	if rest := v.weight - own; rest > 1 {
		others, alone = (v.odds-c.odds[i]*own)/rest, 0
	}
	total := c.sums[n] + 5
	before, after := c.sums[i]/total, (c.sums[n]-c.sums[i+1])/total
	near := (c.sums[min(n, i+around+1)] - c.sums[max(0, i-around)]) / total
	return append(f, others, alone, v.content/total, before, after, near, min(before, after))
}

// String writes the model as readModel reads it.
func (m *model) String() string {
	var b strings.Builder
	write := func(step string, l linear, names []string) {
		fmt.Fprintf(&b, "%s\tbias\t%.4g\n", step, l.bias)
		for i, w := range l.weights {
			fmt.Fprintf(&b, "%s\t%s\t%.4g\n", step, names[i], w)
		}
	}
	write("local", m.local, featureNames)
	write("context", m.context, contextNames)
	return b.String()
}

func readModel(tsv string) (*model, error) {
	m := &model{linear{weights: make([]float64, len(featureNames))}, linear{weights: make([]float64, len(contextNames))}}
	read := 0
	for line := range strings.Lines(tsv) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("read weights: %q has %d fields, want 3", line, len(fields))
		}
		w, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return nil, fmt.Errorf("read weights: %w", err)
		}
		l, names := &m.local, featureNames
		if fields[0] == "context" {
			l, names = &m.context, contextNames
		}
		if fields[1] == "bias" {
			l.bias = w
			continue
		}
		i := slices.Index(names, fields[1])
		if i < 0 {
			return nil, fmt.Errorf("read weights: unknown feature %q", fields[1])
		}
		l.weights[i] = w
		read++
	}
	if want := len(featureNames) + len(contextNames); read != want {
		return nil, fmt.Errorf("read weights: %d features, want %d", read, want)
	}
	return m, nil
}

func mustReadModel(tsv string) *model {
	m, err := readModel(tsv)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return m
}
