package lang

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"vislang/pkg/fasttext"
)

// outside is a fastText model that an operator brings, such as GlotLID or
// OpenLID, with its labels as ours.
type outside struct {
	model  *fasttext.Model
	labels map[string]string // label of the file to ours
}

// most is how many of its answers are looked at.
const most = 10

// openOutside opens a fastText model. It stays mapped as long as the process
// lives.
func openOutside(path string) (*outside, error) {
	model, err := fasttext.Open(path)
	if err != nil {
		return nil, err
	}
	o := &outside{model, map[string]string{}}
	for _, label := range model.Labels() {
		o.labels[label] = labelOf(strings.TrimPrefix(label, "__label__"))
	}
	return o, nil
}

// labelOf makes a label of what fastText models call languages: `swh_Latn`,
// `sw`, `zh-Hant`.
func labelOf(name string) string {
	if code, script, ok := strings.Cut(name, "_"); ok && len(code) == 3 && len(script) == 4 {
		return name // FromTag would choose a member of a macro-language
	}
	return FromTag(name)
}

// rank gives the languages of the text, best first, none for a text without
// letters. Declared languages and scripts are weighed as in Model.weigh: a
// language of another script than the text's is no answer.
func (o *outside) rank(text string, declared []string) []Result {
	text = norm.NFC.String(text)
	scripts := count(text)
	family := scripts.family()
	if family == noScript {
		return nil
	}
	sums := map[string]float64{} // several labels of a file may be one of ours
	for _, p := range o.model.Predict(text, most) {
		label := o.labels[p.Label]
		if f := familyOf(label); f != noScript && f != family {
			continue
		}
		if slices.ContainsFunc(declared, func(tag string) bool { return FromTag(tag) == label }) {
			p.Probability *= declaredOdds
		}
		sums[label] += p.Probability
	}
	var results []Result
	total := 0.0
	for label, p := range sums {
		results = append(results, Result{label, p})
		total += p
	}
	for i := range results {
		results[i].Confidence /= max(total, certain) // little probability left is no certainty
	}
	slices.SortFunc(results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), strings.Compare(a.Label, b.Label))
	})
	return results
}
