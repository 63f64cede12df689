package lang

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// folds is the number of parts that held-out measurements split the text into.
const folds = 5

// smoothing is the strength a of the Dirichlet prior, by n-gram length.
var smoothing = [whole]float64{5, 10, 10, 10, 10}

// Trainer gathers texts of known languages and makes a Model of them.
//
//	var t lang.Trainer
//	t.Add("swh_Latn", 1, "Watu wote wamezaliwa huru …")
//	model, report, err := t.Train()
type Trainer struct {
	texts []labelled
}

type labelled struct {
	label string
	part  int
	text  string
}

// Add gives a text in the language of label. Part numbers pieces of content
// that are held out together, such as the article of a declaration that all
// languages translate. What has a negative part is never held out.
func (t *Trainer) Add(label string, part int, text string) {
	t.texts = append(t.texts, labelled{label, part, text})
}

// Train measures by cross-validation, fits the calibration of confidences to
// those measurements, and returns the model of all texts. The same texts in
// the same order give the same model.
func (t *Trainer) Train() (*Model, Report, error) {
	if len(t.texts) == 0 {
		return nil, Report{}, fmt.Errorf("train a language model: no texts")
	}
	var trials []trial
	for fold := range folds {
		model, err := t.build(func(l labelled) bool { return l.part%folds != fold })
		if err != nil {
			return nil, Report{}, err
		}
		for _, s := range t.samples(fold) {
			if model.Knows(s.label) {
				trials = append(trials, model.try(s))
			}
		}
	}
	model, err := t.build(func(labelled) bool { return true })
	if err != nil {
		return nil, Report{}, err
	}
	model.fit = fitCalibration(trials)
	model.fitCoverage(trials)
	return model, model.report(trials), nil
}

// build makes a model of the texts that keep lets through.
func (t *Trainer) build(keep func(labelled) bool) (*Model, error) {
	m := newModel()
	numbers := map[string]int{}
	for _, l := range t.texts {
		if _, ok := numbers[l.label]; !ok && keep(l) {
			numbers[l.label] = 0
			m.languages = append(m.languages, language{label: l.label, family: familyOf(l.label)})
		}
	}
	slices.SortFunc(m.languages, func(a, b language) int {
		return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.label, b.label))
	})
	counts := make([]map[gram]int, len(m.languages))
	for i, l := range m.languages {
		numbers[l.label] = i
		counts[i] = map[gram]int{}
	}
	var letters []rune
	for _, l := range t.texts {
		if !keep(l) {
			continue
		}
		i := numbers[l.label]
		text := norm.NFC.String(l.text)
		if scripts := count(text); scripts.family() != m.languages[i].family {
			continue // a heading in another script
		}
		shortest := m.languages[i].family.shortest()
		eachWord(text, func(start, end int, family script, address bool) {
			if family != m.languages[i].family || address {
				return
			}
			letters = appendWord(letters[:0], text[start:end])
			grams(letters, func(n int, g gram) {
				if n >= shortest {
					counts[i][g]++
				}
			})
		})
	}
	if len(counts) > math.MaxUint16 {
		return nil, fmt.Errorf("train a language model: %d languages, at most %d", len(counts), math.MaxUint16)
	}
	m.count(counts)
	return m, nil
}

// familyOf returns the script family of a label.
func familyOf(label string) script {
	_, code, _ := strings.Cut(label, "_")
	switch code {
	case "Jpan", "Hans", "Hant":
		return han
	case "Kore":
		code = "Hang"
	}
	for i := range scripts {
		if scripts[i].code == code {
			return script(i).family()
		}
	}
	return noScript
}

// length returns the number of characters of an n-gram.
func (g gram) length() int {
	switch {
	case g>>48 == wholeTag:
		return whole
	case g>>48 != 0:
		return 4
	case g>>32 != 0:
		return 3
	case g>>16 != 0:
		return 2
	}
	return 1
}

// count turns counts by language into the weights of the model.
func (m *Model) count(counts []map[gram]int) {
	totals := make([][whole]float64, len(counts))
	var members [maxScripts]float64
	for i, c := range counts {
		for g, n := range c {
			totals[i][g.length()-1] += float64(n)
		}
		members[m.languages[i].family]++
	}
	// The average probability of each n-gram over the languages of a script.
	type entry struct {
		language uint16
		count    int
	}
	entries := map[gram][]entry{}
	for i, c := range counts {
		for g, n := range c {
			entries[g] = append(entries[g], entry{uint16(i), n})
		}
	}
	sorted := slices.Sorted(maps.Keys(entries))
	for i := range m.languages {
		for n := m.languages[i].family.shortest() - 1; n < len(smoothing); n++ {
			m.languages[i].miss[n] = float32(math.Log(smoothing[n] / (totals[i][n] + smoothing[n])))
		}
	}
	rows := make([]row, 0, len(sorted))
	for _, g := range sorted {
		list := entries[g]
		slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.language, b.language) })
		n := g.length() - 1
		if n >= order-1 && len(list) == 1 && list[0].count == 1 {
			continue // seen once: it tells little, and tables that fit caches are fast
		}
		var average [maxScripts]float64
		for _, e := range list {
			f := m.languages[e.language].family
			average[f] += float64(e.count) / totals[e.language][n] / members[f]
		}
		var postings []posting
		for _, e := range list {
			b := average[m.languages[e.language].family]
			// log of P/b minus miss, that is log(1 + count/(a·b)).
			w := math.Round(math.Log1p(float64(e.count)/(smoothing[n]*b)) / step)
			if w > 0 {
				postings = append(postings, posting{e.language, uint8(min(w, 255))})
			}
		}
		if len(postings) > 0 {
			rows = append(rows, row{g, postings})
		}
	}
	m.index(rows)
}
