// Package align finds which sentences of two documents translate each other,
// without a dictionary or a model of either language.
//
//	result, err := align.Align(ctx, english, somali, align.Options{})
//	for _, bead := range result.Beads {
//		fmt.Println(bead.Source, bead.Target, bead.Score) // [0 1] [0] 0.97
//	}
//
// # Model
//
// A bead is a group of neighbouring source sentences and the target sentences
// that translate them; beads follow each other in both documents. Its score is
// a sum of log-likelihood ratios, translation against chance, in nats:
//
//   - shape: a prior for 1-1, gaps (1-0, 0-1) and merges, as in Gale and Church
//     (A Program for Aligning Sentences in Bilingual Corpora, 1993);
//   - length: the log ratio of the lengths is normal with a variance that falls
//     with length, as theirs is in characters; its cost is capped, so that one
//     odd sentence cannot bend the way of all others;
//   - anchors: numbers in the digits of any script, and beginnings of
//     Latin-script words (names, loans), weighted by how rarely chance would
//     put them on both sides (Varga et al., Parallel corpora for medium density
//     languages, 2005, use shared tokens alike); a number that only one side
//     has speaks against the bead;
//   - counted signs: commas and capitals, of which translations have about as
//     many; how nearly, each document teaches;
//   - words: pairs that keep standing in the same beads of this document
//     (competitive linking, Melamed 2000) are anchors in the next pass, and one
//     of them without the other speaks against a bead.
//
// Instead of the single best way the forward and backward sums over all ways
// give the probability of each bead, which is its confidence, and the beads
// returned have the highest expected number of right sentences. The ratio of
// lengths, the priors of shapes and the word pairs are estimated anew from those
// probabilities in each document, as in expectation maximisation.
//
// # Work and memory
//
// A coarse pass over all cells (at most 8 million, for longer
// documents a band around a chain of anchors) leaves a narrow band for the
// full model.
package align

import (
	"context"
	"fmt"
	"sync"
)

// Bead is a group of neighbouring sentences of each side that translate each
// other. Either side may be empty: a gap.
type Bead struct {
	Source, Target []int   // indexes, ascending
	Score          float64 // confidence that this is exactly a bead, 0 to 1
}

// Result is an alignment.
type Result struct {
	// Beads are in order, and hold every sentence of both sides once.
	Beads []Bead
	// Health tells from 0 to 1 how surely the documents are whole
	// translations of each other: see [HealthThreshold].
	Health float64
	// Evidence is what Health is made of.
	Evidence Evidence
}

// HealthThreshold is the health below which two documents are not to be taken
// for translations of each other, and their beads not to be used: strangers, parts
// in another order, a text shifted by a sentence, much missing, a mere copy. At
// it 96 to 99 % of such pairs are found and 1 to 3 % of good ones lost, of
// free translations 6 %; in documents of less than 18 sentences one cannot be so sure.
const HealthThreshold = 0.5

// MaxSentences is the most sentences one side may have.
const MaxSentences = 200_000

// Align aligns the sentences of two documents. Any input is answered: an empty
// side makes gaps. It fails only when ctx ends or a side has more than
// MaxSentences sentences.
func Align(ctx context.Context, source, target []string, o Options) (Result, error) {
	if n := max(len(source), len(target)); n > MaxSentences {
		return Result{}, fmt.Errorf("align: %d sentences on one side, at most %d", n, MaxSentences)
	}
	if len(source) == 0 || len(target) == 0 {
		return Result{Beads: gaps(len(source), len(target))}, ctx.Err()
	}
	m := models.Get().(*model)
	if o.Parameters == nil {
		o.Parameters = Standard()
	}
	result, err := m.align(ctx, source, target, o)
	if err != nil {
		return Result{}, fmt.Errorf("align: %w", err)
	}
	if m.similarity = nil; m.small() {
		models.Put(m)
	}
	return result, nil
}

// models are those to use again: most of the cost of a short document would be
// fresh memory.
var models = sync.Pool{New: func() any { return new(model) }}

func (m *model) align(ctx context.Context, source, target []string, o Options) (Result, error) {
	m.load(source, target, o)
	b, err := m.narrow(ctx, m.wide())
	if err != nil {
		return Result{}, err
	}
	l := &m.lattice
	if !m.small() {
		// A long document is mostly memory, of which the coarse pass has the
		// most: the fine one goes on with it.
		l.beads = m.coarse.forward
		m.coarse = coarse{}
	}
	l.load(m, b)
	for pass := 0; pass < m.Passes; pass++ {
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		m.adapt(l)
		l.load(m, l.narrow())
	}
	beads := l.decode(m.Width)
	e := m.evidence(beads)
	return Result{Beads: beads, Health: e.health(min(len(source), len(target))), Evidence: e}, nil
}

// gaps is the alignment with nothing.
func gaps(n, m int) []Bead {
	beads := make([]Bead, 0, n+m)
	for i := range n {
		beads = append(beads, Bead{Source: []int{i}, Score: 1})
	}
	for j := range m {
		beads = append(beads, Bead{Target: []int{j}, Score: 1})
	}
	return beads
}
