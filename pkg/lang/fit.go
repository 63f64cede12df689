package lang

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Report says how a model does on text it was not trained on: a fifth of the
// parts at a time is left out of training, cut into samples and identified.
// Priors of common languages play no role.
type Report struct {
	Languages int
	Samples   int                // of about 100 characters
	Accuracy  float64            // share of them whose best label is right, macro-averaged over languages
	ByLabel   map[string]float64 // the same by language
	Sizes     map[string]int     // how many samples each language has
	Written   float64            // Accuracy if variants of one written language (variants.txt) count as one
	Confused  map[string]string  // the wrong label each language gets most often
	Short     float64            // Accuracy on samples of 25 characters
	Known     float64            // share of the samples that get a label, not `und`
	Precision float64            // share of right ones among those
}

// sizes are the lengths of held-out samples in characters, and how many
// samples are passed over for each one taken.
var sizes = []struct{ characters, every int }{{100, 1}, {25, 3}, {8, 12}}

// sample is held-out text.
type sample struct {
	label string
	text  string
	size  int // characters, about
}

// trial is a sample with the scores it got.
type trial struct {
	sample
	letters  int
	leaders  []Result // label and score in nats, best first
	own      float64  // score of the right label
	coverage float64  // of the right label, 0 to 1
}

// leaders is how many candidates a trial keeps; the others hardly count.
const leaders = 20

// samples cuts the texts of a fold into samples of the three sizes.
func (t *Trainer) samples(fold int) (out []sample) {
	for _, size := range sizes {
		n := 0
		for _, l := range t.texts {
			if l.part%folds != fold {
				continue
			}
			for _, piece := range pieces(l.text, size.characters) {
				if n++; n%size.every == 0 {
					out = append(out, sample{l.label, piece, size.characters})
				}
			}
		}
	}
	return out
}

// pieces cuts text at spaces into pieces of about size characters; a shorter
// rest is left out.
func pieces(text string, size int) (out []string) {
	for utf8.RuneCountInString(text) >= size {
		end, n := len(text), 0
		for i := range text {
			if n++; n > size {
				end = i
				break
			}
		}
		cut := end
		if i := strings.LastIndexByte(text[:end], ' '); i > end/2 {
			cut = i
		}
		out = append(out, text[:cut])
		text = strings.TrimLeft(text[cut:], " ")
	}
	return out
}

func (m *Model) try(held sample) trial {
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	r := m.open(held.text, s)
	m.add(held.text, &r, 0, 1, s)
	f := &m.families[r.family]
	f.score(&r, 1, s)
	t := trial{sample: held, letters: r.letters, own: math.Inf(-1)}
	for i, score := range r.scores {
		label := m.languages[f.first+i].label
		t.leaders = append(t.leaders, Result{label, float64(score)})
		if label == held.label {
			t.own, t.coverage = float64(score), r.sums.coverage(i, r.family.telling())
		}
	}
	slices.SortStableFunc(t.leaders, func(a, b Result) int { return cmp.Compare(b.Confidence, a.Confidence) })
	t.leaders = slices.Clone(t.leaders[:min(leaders, len(t.leaders))])
	return t
}

// usable tells whether the sample has letters of the right script.
func (t *trial) usable() bool { return t.letters > 0 && !math.IsInf(t.own, -1) }

// probability of the label with the given score.
func (t *trial) probability(c calibration, score float64) float64 {
	temperature := c.temperature(t.letters)
	sum := 0.0
	for _, r := range t.leaders {
		sum += math.Exp((r.Confidence - t.leaders[0].Confidence) / temperature)
	}
	return math.Exp((score-t.leaders[0].Confidence)/temperature) / sum
}

// fitCalibration chooses the calibration under which the held-out labels are
// most probable.
func fitCalibration(trials []trial) calibration {
	best, bestLoss := calibration{1, 0}, math.Inf(1)
	for scale := 0.5; scale <= 8; scale *= math.Sqrt2 {
		for power := 0.0; power <= 1; power += 0.125 {
			c := calibration{scale, power}
			loss := 0.0
			for i := range trials {
				if t := &trials[i]; t.usable() {
					loss -= math.Log(t.probability(c, t.own) + 1e-6)
				}
			}
			if loss < bestLoss {
				best, bestLoss = c, loss
			}
		}
	}
	return best
}

// fitCoverage notes how far each language covers its own held-out text.
func (m *Model) fitCoverage(trials []trial) {
	sum, n := map[string]float64{}, map[string]float64{}
	for i := range trials {
		if t := &trials[i]; t.usable() && t.size == sizes[0].characters {
			sum[t.label] += t.coverage
			n[t.label]++
		}
	}
	for i := range m.languages {
		if l := &m.languages[i]; n[l.label] > 0 {
			l.coverage = float32(sum[l.label] / n[l.label])
		}
	}
}

func (m *Model) report(trials []trial) Report {
	r := Report{Languages: len(m.languages), ByLabel: map[string]float64{}, Confused: map[string]string{}}
	type tally struct {
		right, all float64
		wrong      map[string]int
	}
	tallies := map[int]map[string]*tally{}
	known, right := 0, 0
	for i := range trials {
		t := &trials[i]
		if !t.usable() {
			continue
		}
		if tallies[t.size] == nil {
			tallies[t.size] = map[string]*tally{}
		}
		a := tallies[t.size][t.label]
		if a == nil {
			a = &tally{wrong: map[string]int{}}
			tallies[t.size][t.label] = a
		}
		a.all++
		hit := t.leaders[0].Label == t.label
		if hit {
			a.right++
		} else {
			a.wrong[t.leaders[0].Label]++
		}
		if t.size != sizes[0].characters {
			continue
		}
		r.Samples++
		if t.probability(m.fit, t.leaders[0].Confidence) >= certain {
			known++
			if hit {
				right++
			}
		}
	}
	r.Sizes = map[string]int{}
	labels := float64(len(tallies[sizes[0].characters]))
	for label, a := range tallies[sizes[0].characters] {
		r.Sizes[label] = int(a.all)
		r.ByLabel[label] = a.right / a.all
		r.Accuracy += a.right / a.all / labels
		written := a.right
		for wrong, n := range a.wrong {
			if set, ok := variants[label]; ok && variants[wrong] == set {
				written += float64(n)
			}
			if most := r.Confused[label]; n > a.wrong[most] || n == a.wrong[most] && wrong < most {
				r.Confused[label] = wrong
			}
		}
		r.Written += written / a.all / labels
	}
	for _, a := range tallies[sizes[1].characters] {
		r.Short += a.right / a.all / float64(len(tallies[sizes[1].characters]))
	}
	r.Known = float64(known) / float64(max(1, r.Samples))
	r.Precision = float64(right) / float64(max(1, known))
	return r
}
