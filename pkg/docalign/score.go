package docalign

import (
	"context"
	"math"

	"vislang/pkg/align"
	"vislang/pkg/lexicon"
)

// Evidence is what speaks for two documents being translations, in nats;
// below 0 it speaks against it.
type Evidence struct {
	Signs   float64 `json:"signs"`   // numbers and names shared and not shared
	Lengths float64 `json:"lengths"` // letters and lines, at most 0
	Health  float64 `json:"health"`  // of the sentence alignment
	Words   float64 `json:"words"`   // known translations found and missing; 0 without a lexicon
}

// Score is the sum.
func (e Evidence) Score() float64 { return e.Signs + e.Lengths + e.Health + e.Words }

// Healthy tells whether the sentences could be aligned well enough to be used.
func (e Evidence) Healthy() bool {
	return e.Health >= healthWeight*(align.HealthThreshold-healthZero)
}

// Weights of the evidence, chosen on TICO-19 with English (Amharic, French,
// Hausa, Somali, Swahili).
const (
	nameWeight     = 0.7
	missing        = 0.5 // a number of the collection that one document lacks
	letterSpread   = 0.2 // standard deviations of log ratios
	lineSpread     = 0.15
	questionSpread = 0.5
	lengthCap      = 8
	healthWeight   = 20
	healthZero     = 0.4 // health that says nothing
	wordWeight     = 0.25
	wordCap        = 12
	sure           = 0.9 // no translation is more probable
)

// Compare is the evidence of the sketches alone.
func Compare(a, b *Sketch, f Frequencies, ratio float64) Evidence {
	var e Evidence
	e.Signs = compareSigns(a, b, f)
	e.Lengths = -deviation(math.Log(float64(1+b.Letters)/float64(1+a.Letters))-ratio, letterSpread) -
		deviation(math.Log(float64(1+b.Lines)/float64(1+a.Lines)), lineSpread) -
		deviation(math.Log(float64(2+b.Questions)/float64(2+a.Questions)), questionSpread)
	return e
}

func deviation(d, spread float64) float64 { return min(lengthCap, d*d/(2*spread*spread)) }

func compareSigns(a, b *Sketch, f Frequencies) float64 {
	sum := 0.0
	lacks := func(s Sign, other string) {
		if s.Number && f.of(other, s.Hash) > 0 {
			sum -= missing
		}
	}
	x, y := a.Signs, b.Signs
	for len(x) > 0 || len(y) > 0 {
		switch {
		case len(y) == 0 || len(x) > 0 && x[0].Hash < y[0].Hash:
			lacks(x[0], b.Language)
			x = x[1:]
		case len(x) == 0 || y[0].Hash < x[0].Hash:
			lacks(y[0], a.Language)
			y = y[1:]
		default:
			w, even := f.rarity(a.Language, b.Language, x[0].Hash)
			if !x[0].Number {
				w *= nameWeight * even
			}
			sum += w * math.Log2(1+float64(min(x[0].Times, y[0].Times)))
			x, y = x[1:], y[1:]
		}
	}
	return sum
}

// Align adds the evidence of the sentence aligner. Words may be nil; it is the
// lexicon from the language of source to that of target.
func (e *Evidence) Align(ctx context.Context, source, target []string, words *lexicon.Lexicon) (align.Result, error) {
	var o align.Options
	if words != nil {
		o.Lexicon = words
		e.Words = compareWords(source, target, words)
	}
	result, err := align.Align(ctx, source, target, o)
	e.Health = healthWeight * (result.Health - healthZero)
	return result, err
}

// compareWords asks for each word of the source that has known translations
// whether the target has them, against how often it would have them by chance.
func compareWords(source, target []string, words *lexicon.Lexicon) float64 {
	have := map[string]bool{}
	for _, line := range target {
		for _, w := range align.Words(line) {
			have[w] = true
		}
	}
	asked := map[string]bool{}
	sum := 0.0
	for _, line := range source {
		for _, w := range align.Words(line) {
			if asked[w] {
				continue
			}
			asked[w] = true
			for _, t := range words.Translations(w) {
				p := min(sure, t.Probability)
				// In some of so many sentences by chance.
				chance := 1 - math.Pow(1-min(0.99, words.Share(t.Word)), float64(len(target)))
				if have[t.Word] {
					sum += math.Log((p + (1-p)*chance) / max(chance, 1e-3))
				} else {
					sum += math.Log(1 - p)
				}
			}
		}
	}
	return max(-wordCap, min(wordCap, wordWeight*sum))
}
