package docalign

import (
	"context"
	"math"
	"slices"

	"vislang/pkg/align"
	"vislang/pkg/lexicon"
)

// Pair is two documents that are translations of each other, by their
// indexes.
type Pair struct {
	Source, Target int
	Score          float64 // nats
	Margin         float64 // by which Score exceeds that of the best other partner of either
	Evidence       Evidence
}

// Accept is the least score of a pair.
const Accept = -4

// Sure is the least score of a pair that a lexicon can be made of.
const Sure = 8

// Hopeless is the score of two sketches below which the sentence aligner need
// not be asked.
const Hopeless = -12

// reranked is how many candidates of a document the sentence aligner sees.
const reranked = 12

// Match pairs documents of one language with those of another. It works on
// all of them in memory; a stream makes the same steps one by one.
func Match(ctx context.Context, source, target []Document) ([]Pair, error) {
	m := newMatcher(source, target)
	m.meet()
	if err := m.align(ctx, nil); err != nil {
		return nil, err
	}
	words := lexicon.Open(memory{}, "")
	for _, p := range Decide(m.pairs) {
		if p.Score >= Sure {
			words.Learn(Lesson(source[p.Source].Lines, target[p.Target].Lines, m.results[p.key()]))
		}
	}
	if words.Seen() > 0 {
		if err := m.align(ctx, words); err != nil {
			return nil, err
		}
	}
	return Decide(m.pairs), nil
}

type matcher struct {
	documents   [2][]Document
	sketches    [2][]Sketch
	frequencies Frequencies
	ratio       float64 // log of target letters by source letters
	pairs       []Pair  // candidates
	results     map[[2]int]align.Result
}

func (p *Pair) key() [2]int { return [2]int{p.Source, p.Target} }

func newMatcher(source, target []Document) *matcher {
	m := &matcher{documents: [2][]Document{source, target}, frequencies: NewFrequencies(memory{}), results: map[[2]int]align.Result{}}
	var letters [2]float64
	for side, documents := range m.documents {
		for _, d := range documents {
			s := NewSketch(d)
			m.frequencies.Add(&s)
			m.sketches[side] = append(m.sketches[side], s)
			letters[side] += float64(1+s.Letters) / float64(len(documents))
		}
	}
	m.ratio = math.Log(letters[1] / letters[0])
	return m
}

// meet finds the candidates through their bands and compares sketches.
func (m *matcher) meet() {
	x := NewIndex()
	n := len(m.documents[0])
	var best [][]Pair // by document, sources first
	for side, documents := range m.documents {
		for i, d := range documents {
			s := &m.sketches[side][i]
			var pairs []Pair
			for _, other := range x.Add(int32(side*n+i), d.Language, Bands(d, s)) {
				p := Pair{Source: int(other), Target: i}
				p.Evidence = Compare(&m.sketches[0][other], s, m.frequencies, m.ratio)
				pairs = append(pairs, p)
			}
			best = append(best, pairs)
		}
	}
	for _, pairs := range best {
		slices.SortStableFunc(pairs, func(a, b Pair) int {
			switch d := b.Evidence.Score() - a.Evidence.Score(); {
			case d > 0:
				return 1
			case d < 0:
				return -1
			}
			return 0
		})
		m.pairs = append(m.pairs, pairs[:min(len(pairs), reranked)]...)
	}
}

func (m *matcher) align(ctx context.Context, words *lexicon.Lexicon) error {
	for i := range m.pairs {
		p := &m.pairs[i]
		result, err := p.Evidence.Align(ctx, m.documents[0][p.Source].Lines, m.documents[1][p.Target].Lines, words)
		if err != nil {
			return err
		}
		m.results[p.key()] = result
		p.Score = p.Evidence.Score()
	}
	return nil
}

// Lesson returns the sentence pairs of an alignment that a lexicon can learn
// from.
func Lesson(source, target []string, result align.Result) []lexicon.Pair {
	var pairs []lexicon.Pair
	for _, b := range result.Beads {
		if len(b.Source) > 0 && len(b.Target) > 0 && b.Score >= 0.5 {
			pairs = append(pairs, lexicon.Pair{Source: wordsOf(source, b.Source), Target: wordsOf(target, b.Target), Weight: b.Score})
		}
	}
	return pairs
}

func wordsOf(lines []string, run []int) []string {
	words := align.Words(lines[run[0]])
	for _, i := range run[1:] {
		words = append(words, align.Words(lines[i])...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// Decide returns the candidates in which each document is the other's best,
// with a score of Accept or more, by source.
func Decide(candidates []Pair) []Pair {
	type side struct{ best, second int } // one more than the index, 0 for none
	sides := [2]map[int]*side{{}, {}}
	for i, p := range candidates {
		for k, id := range p.key() {
			s := sides[k][id]
			if s == nil {
				s = &side{}
				sides[k][id] = s
			}
			switch {
			case s.best == 0 || p.Score > candidates[s.best-1].Score:
				s.best, s.second = i+1, s.best
			case s.second == 0 || p.Score > candidates[s.second-1].Score:
				s.second = i + 1
			}
		}
	}
	var pairs []Pair
	for i, p := range candidates {
		a, b := sides[0][p.Source], sides[1][p.Target]
		if a.best != i+1 || b.best != i+1 || p.Score < Accept {
			continue
		}
		p.Margin = math.Inf(1)
		for _, s := range []*side{a, b} {
			if s.second > 0 {
				p.Margin = min(p.Margin, p.Score-candidates[s.second-1].Score)
			}
		}
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return a.Source - b.Source })
	return pairs
}
