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
// documents declare them, into the same labels.
package lang

import (
	"math"
	"slices"
)

// certain is the probability below which the answer is `und`.
const certain = 0.5

// unfamiliar returns the coverage below which a text is in no language known,
// when the language that explains it best covers its own held-out text so far.
// A language that is not known shares n-grams with its neighbours, too: 0.1 to
// 0.55 in Latin script without a near relative; text of another subject than
// the training text keeps 0.7 to 0.95 of the coverage. Short texts vary more.
func unfamiliar(coverage float64, letters int) float64 {
	return 0.6*coverage - 0.5/math.Sqrt(float64(letters))
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
// explain the text about as well, and never over a clearly better one.
func (m *Model) IdentifyWith(text string, declared ...string) (label string, confidence float64) {
	results, script := m.rank(text, declared)
	if len(results) == 0 || results[0].Confidence < certain {
		return "und_" + script, 0
	}
	return results[0].Label, results[0].Confidence
}

// Rank returns the languages of the text's script with their probabilities,
// best first; nil when the text has no letters or is like no known language.
func (m *Model) Rank(text string) []Result {
	results, _ := m.rank(text, nil)
	return results
}

// Odds before the text is read: how many times more probable a declared
// language is than the others, and one of common.txt than a rarely written one.
const (
	declaredOdds = 50
	commonOdds   = 10
)

// rank returns the languages of the text's script, the most probable first,
// and the script; none when the text has no letters or no language of the
// script explains it.
func (m *Model) rank(text string, declared []string) ([]Result, string) {
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	r := m.read(text, s)
	candidates, script := r.candidates, r.scripts.code()
	if r.letters == 0 || len(candidates) == 0 {
		return nil, script
	}
	temperature := m.fit.temperature(r.letters)
	for i, c := range candidates {
		l := &m.languages[c.language]
		score := c.score / temperature
		if l.common {
			score += math.Log(commonOdds)
		}
		if slices.ContainsFunc(declared, func(tag string) bool { return FromTag(tag) == l.label }) {
			score += math.Log(declaredOdds)
		}
		candidates[i].score = score
	}
	m.sort(candidates)
	best := candidates[0].language
	if m.coverage(best, s) < unfamiliar(float64(m.languages[best].coverage), r.letters) {
		return nil, script
	}
	sum := 0.0
	results := make([]Result, 0, len(candidates))
	for _, c := range candidates {
		p := math.Exp(c.score - candidates[0].score)
		sum += p
		results = append(results, Result{m.languages[c.language].label, p})
	}
	for i := range results {
		results[i].Confidence /= sum
	}
	return results, script
}
