// Package lang identifies the language of a text and names languages.
//
//	model, err := lang.LoadDefault()
//	label, confidence := model.Identify("Kila mtu ana haki ya kuishi")
//	// swh_Latn 0.99
//
// A label is an ISO 639-3 code, an underscore and an ISO 15924 script code. A
// text too short or too unlike any language of its script is `und_Latn` (with
// its own script), one without letters `und_Zyyy`; it is never a guess.
//
// The model is made by the train command in this folder from the Universal
// Declaration of Human Rights, see Trainer. FromTag turns BCP 47 tags, as
// documents declare them, into the same labels. Load takes fastText models, too
// (GlotLID, OpenLID, lid.176; see package fasttext), which know more languages.
package lang

import (
	"math"
	"slices"
	"strings"
)

// certain is the probability below which the answer is `und`.
const certain = 0.5

// unfamiliar returns the coverage below which a text is in no language known,
// when the language that explains it best covers its own held-out text so far.
// A language that is not known shares n-grams with its neighbours, too: 0.1 to
// 0.55 in Latin script without a near relative; text of another subject than
// the training text keeps 0.7 to 0.95 of the coverage. Short texts vary more.
func unfamiliar(coverage float64, letters int) float64 {
	return 0.5*coverage - 0.5/math.Sqrt(float64(letters))
}

// Result is a language with the model's confidence in it.
type Result struct {
	Label      string
	Confidence float64 // 0 to 1: how probable it is that Label is right; 0 for `und_…`
}

// Identify returns the label of the language that text is written in and the
// confidence in it, 0 to 1. The confidence of `und_…` is 0.
func (m *Model) Identify(text string) (label string, confidence float64) {
	return m.IdentifyWith(text)
}

// IdentifyWith is Identify for a text with declared languages (BCP 47 tags or
// labels): evidence, not truth. A declared language wins over others that
// explain the text about as well, and over variants of itself (variants.txt),
// never over a clearly better one.
func (m *Model) IdentifyWith(text string, declared ...string) (label string, confidence float64) {
	if m.outside != nil {
		if ranked := m.outside.rank(text, declared); len(ranked) > 0 && ranked[0].Confidence >= certain {
			return ranked[0].Label, ranked[0].Confidence
		}
		return "und_" + Script(text), 0
	}
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	r := m.weigh(text, declared, s)
	if r.best < 0 {
		return "und_" + r.scripts.code(), 0
	}
	sum := 0.0
	for _, c := range r.candidates {
		sum += probability(c.score - r.candidates[r.best].score)
	}
	if 1/sum < certain {
		return "und_" + r.scripts.code(), 0
	}
	return m.languages[r.candidates[r.best].language].label, 1 / sum
}

// Rank returns the languages of the text's script with their probabilities,
// best first; nil when the text has no letters or is like no known language.
func (m *Model) Rank(text string, declared ...string) []Result {
	if m.outside != nil {
		return m.outside.rank(text, declared)
	}
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	r := m.weigh(text, declared, s)
	if r.best < 0 {
		return nil
	}
	results := make([]Result, len(r.candidates))
	sum := 0.0
	top := r.candidates[r.best].score
	m.sort(r.candidates)
	for i, c := range r.candidates {
		results[i] = Result{m.languages[c.language].label, probability(c.score - top)}
		sum += results[i].Confidence
	}
	for i := range results {
		results[i].Confidence /= sum
	}
	return results
}

// probability is exp(x) for x ≤ 0, and 0 where it does not count.
func probability(x float64) float64 {
	if x < -20 {
		return 0
	}
	return math.Exp(x)
}

// Odds before the text is read: how many times more probable a declared
// language is than the others, and one of common.txt than a rarely written one.
const (
	declaredOdds = 50
	commonOdds   = 10
)

// weigh reads the text and turns the scores of its candidates into the logs of
// their odds. Best is -1 when the text has no letters or no language of its
// script explains it.
func (m *Model) weigh(text string, declared []string, s *scratch) reading {
	r := m.read(text, s)
	r.best = -1
	if r.letters == 0 || len(r.candidates) == 0 {
		return r
	}
	labels := make([]string, len(declared))
	for i, tag := range declared {
		labels[i] = FromTag(tag)
	}
	temperature := m.fit.temperature(r.letters)
	japanese := r.scripts.code() == "Jpan"
	best, rivals := 0, 0
	for i := range r.candidates {
		c := &r.candidates[i]
		l := &m.languages[c.language]
		c.score /= temperature
		if l.family == han && strings.HasSuffix(l.label, "_Jpan") != japanese {
			c.score = math.Inf(-1) // kana decide
			continue
		}
		rivals++
		if l.common {
			c.score += math.Log(commonOdds)
		}
		if slices.Contains(labels, l.label) {
			c.score += math.Log(declaredOdds)
		}
		if c.score > r.candidates[best].score || rivals == 1 {
			best = i
		}
	}
	best = m.origin(r.candidates, best, labels)
	need := unfamiliar(float64(m.languages[r.candidates[best].language].coverage), r.letters)
	if rivals == 1 {
		need /= 3 // the script itself speaks for its only language
	}
	if rivals > 0 && r.coverage(best) >= need {
		r.best = best
	}
	return r
}

// origin lets a declared language win over the best candidate when both are
// variants of one written language. It changes places with it.
func (m *Model) origin(candidates []candidate, best int, declared []string) int {
	label := m.languages[candidates[best].language].label
	set, ok := variants[label]
	if !ok || slices.Contains(declared, label) {
		return best
	}
	for i := range candidates {
		other := m.languages[candidates[i].language].label
		if variants[other] == set && slices.Contains(declared, other) {
			candidates[i].score, candidates[best].score = candidates[best].score, candidates[i].score
			return i
		}
	}
	return best
}
