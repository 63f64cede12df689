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

import "math"

// certain is the probability below which the answer is `und`.
const certain = 0.5

// familiar is how many standard deviations a text's score may lie below that
// of the language's own held-out text before the answer is `und`.
const familiar = 6

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

// declaredOdds is how many times more probable a declared language is than
// others before the text is read.
const declaredOdds = 50

func (m *Model) rank(text string, declared []string) (results []Result, script string) {
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	candidates, letters, scripts := m.score(text, s)
	if len(candidates) == 0 || letters == 0 {
		return nil, scripts.code()
	}
	temperature := m.fit.temperature(letters)
	results = make([]Result, 0, len(candidates))
	sum := 0.0
	wanted := map[string]bool{}
	for _, tag := range declared {
		wanted[FromTag(tag)] = true
	}
	for _, c := range candidates {
		p := math.Exp((c.score - candidates[0].score) / temperature)
		if wanted[m.languages[c.language].label] {
			p *= declaredOdds
		}
		sum += p
		results = append(results, Result{m.languages[c.language].label, p})
	}
	for i := range results {
		results[i].Confidence /= sum
	}
	return results, scripts.code()
}
