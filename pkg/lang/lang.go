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
func (m *Model) rank(text string, declared []string) (results []Result, script string) {
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	candidates, letters, scripts := m.score(text, s)
	script = scripts.code()
	if letters == 0 || len(candidates) == 0 {
		return nil, script
	}
	temperature := m.fit.temperature(letters)
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
	sum := 0.0
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
