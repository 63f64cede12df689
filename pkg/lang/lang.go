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
	"cmp"
	"fmt"
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

// method is the version of how a text is read. It changes when the same model
// may answer differently.
const method = 7

// Name tells the model, and how it is used, apart from others: what depends on
// its answers can be kept under it.
func (m *Model) Name() string { return fmt.Sprintf("%d-%s", method, m.name) }

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
	r := m.weigh(text, declared, s, true)
	if r.best < 0 {
		return "und_" + r.script, 0
	}
	sum := 0.0
	for _, score := range r.scores {
		sum += probability(score - r.scores[r.best])
	}
	if 1/sum < certain {
		return "und_" + r.script, 0
	}
	return m.languages[m.families[r.family].first+r.best].label, 1 / sum
}

// Rank returns the languages of the text's script with their probabilities,
// best first; nil when the text has no letters or is like no known language.
func (m *Model) Rank(text string, declared ...string) []Result {
	if m.outside != nil {
		return m.outside.rank(text, declared)
	}
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	r := m.weigh(text, declared, s, false)
	if r.best < 0 {
		return nil
	}
	results := make([]Result, len(r.scores))
	sum := 0.0
	for i, score := range r.scores {
		results[i] = Result{m.languages[m.families[r.family].first+i].label, probability(score - r.scores[r.best])}
		sum += results[i].Confidence
	}
	for i := range results {
		results[i].Confidence /= sum
	}
	slices.SortStableFunc(results, func(a, b Result) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return results
}

// probability is exp(x) for x ≤ 0, and 0 where it does not count.
func probability(x float32) float64 {
	if x < -16 {
		return 0
	}
	return math.Exp(float64(x))
}

// Odds before the text is read: how many times more probable a declared
// language is than the others, and one of common.txt than a rarely written one.
const (
	declaredOdds = 50
	commonOdds   = 10
)

// A text is looked at in parts, its words dealt out in turn, so that each part
// is a sample of the whole. What is certain after one is not looked at further.
const (
	partWords = 8  // words of a part, at least
	maxParts  = 12 // of a text
	// sure is the log of the odds against the next language from which a
	// sample is enough.
	sure = 5
)

// weigh reads the text and turns the scores of its candidates into the logs of
// their odds. Best is -1 when the text has no letters or no language of its
// script explains it. In a hurry it stops at the first part that leaves no
// doubt.
func (m *Model) weigh(text string, declared []string, s *scratch, hurry bool) reading {
	r := m.open(text, s)
	r.best = -1
	if len(s.spans) == 0 || m.families[r.family].size == 0 {
		return r
	}
	var labels []string
	for _, tag := range declared {
		labels = append(labels, FromTag(tag))
	}
	parts := 1
	if hurry {
		parts = min(max(1, len(s.spans)/partWords), maxParts)
	}
	for part := range parts {
		m.add(text, &r, part, parts, s)
		if m.judge(&r, labels, part == parts-1, s) {
			break
		}
	}
	return r
}

// judge scores the languages on what has been added and chooses the best, -1 if
// none will do. If this is not the last part, it tells whether more text can
// hardly change that, and chooses only then.
func (m *Model) judge(r *reading, labels []string, last bool, s *scratch) (settled bool) {
	f := &m.families[r.family]
	warmth := 1 / m.fit.temperature(r.sums.seen[0])
	if r.names {
		warmth /= 2
	}
	f.score(r, warmth, s)
	addScaled(s.scores, f.prior, 1)
	rivals := f.size
	if r.family == han || len(labels) > 0 {
		rivals = m.weighMore(r, labels)
	}
	best, second := 0, float32(math.Inf(-1))
	for i, score := range r.scores[1:] {
		if score > r.scores[best] {
			best, second = i+1, r.scores[best]
		} else if score > second {
			second = score
		}
	}
	if !last && r.scores[best] < second+sure {
		return false
	}
	best = m.origin(f, r.scores, best, labels)
	usual := float64(m.languages[f.first+best].coverage)
	need := unfamiliar(usual, r.letters)
	if rivals == 1 {
		need /= 3 // the script itself speaks for its only language
	}
	covered := r.sums.coverage(best, r.family.telling())
	r.best = -1
	if rivals > 0 && covered >= need {
		r.best = best
	}
	return covered >= 0.5*usual
}

// weighMore weighs what few texts have: declared languages, and kana, which
// decide whether Chinese characters are Japanese. It returns how many languages
// are left.
func (m *Model) weighMore(r *reading, labels []string) (rivals int) {
	japanese := r.script == "Jpan"
	first := m.families[r.family].first
	for i := range r.scores {
		l := &m.languages[first+i]
		if l.family == han && strings.HasSuffix(l.label, "_Jpan") != japanese {
			r.scores[i] = float32(math.Inf(-1))
			continue
		}
		rivals++
		if slices.Contains(labels, l.label) {
			r.scores[i] += float32(math.Log(declaredOdds))
		}
	}
	return rivals
}

// origin lets a declared language win over the best one when both are variants
// of one written language. It changes places with it.
func (m *Model) origin(f *family, scores []float32, best int, declared []string) int {
	if len(declared) == 0 {
		return best
	}
	label := m.languages[f.first+best].label
	set, ok := variants[label]
	if !ok || slices.Contains(declared, label) {
		return best
	}
	for i := range scores {
		other := m.languages[f.first+i].label
		if variants[other] == set && slices.Contains(declared, other) {
			scores[i], scores[best] = scores[best], scores[i]
			return i
		}
	}
	return best
}
