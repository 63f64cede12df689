package lang

import (
	"math"
	"strings"
	"unicode/utf8"
)

// trial is a held-out sample with the scores it got.
type trial struct {
	label      string
	letters    int
	candidates []Result // label and score in nats, best first; only the leading ones
	own        float64  // score of the right label
	short      bool
}

const leading = 20

// samples cuts the texts of a fold into pieces of about sampleLetters and of a
// quarter of that.
func (t *Trainer) samples(fold int) []labelledSample {
	var out []labelledSample
	for _, l := range t.texts {
		if l.part%folds != fold {
			continue
		}
		for _, size := range []int{sampleLetters, sampleLetters / 4} {
			for _, piece := range pieces(l.text, size) {
				out = append(out, labelledSample{labelled{l.label, l.part, piece}, size != sampleLetters})
			}
		}
	}
	return out
}

type labelledSample struct {
	labelled
	short bool
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

func (m *Model) try(l labelledSample) trial {
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	candidates, letters, _ := m.score(l.text, s)
	t := trial{label: l.label, letters: letters, own: math.Inf(-1), short: l.short}
	for i, c := range candidates {
		label := m.languages[c.language].label
		if label == l.label {
			t.own = c.score
		}
		if i < leading {
			t.candidates = append(t.candidates, Result{label, c.score})
		}
	}
	return t
}

// fitCalibration chooses the calibration under which the held-out labels are
// most probable.
func fitCalibration(trials []trial) calibration {
	best, bestLoss := calibration{1, 0}, math.Inf(1)
	for scale := 0.5; scale <= 8; scale *= math.Sqrt2 {
		for power := 0.0; power <= 1; power += 0.125 {
			c := calibration{scale, power}
			loss := 0.0
			for _, t := range trials {
				if len(t.candidates) == 0 {
					continue
				}
				loss -= math.Log(t.probability(c, t.own) + 1e-6)
			}
			if loss < bestLoss {
				best, bestLoss = c, loss
			}
		}
	}
	return best
}

// probability of the label with the given score.
func (t trial) probability(c calibration, score float64) float64 {
	temperature := c.temperature(t.letters)
	sum := 0.0
	for _, r := range t.candidates {
		sum += math.Exp((r.Confidence - t.candidates[0].Confidence) / temperature)
	}
	return math.Exp((score-t.candidates[0].Confidence)/temperature) / sum
}

// fitFamiliarity notes how well each language explains its own held-out text.
func (m *Model) fitFamiliarity(trials []trial) {
	type moments struct{ n, sum, squares float64 }
	by := map[string]*moments{}
	for _, t := range trials {
		if t.short || t.letters == 0 || math.IsInf(t.own, 0) {
			continue
		}
		x := t.own / float64(t.letters)
		if by[t.label] == nil {
			by[t.label] = &moments{}
		}
		a := by[t.label]
		a.n, a.sum, a.squares = a.n+1, a.sum+x, a.squares+x*x
	}
	for i := range m.languages {
		a := by[m.languages[i].label]
		if a == nil || a.n < 3 {
			m.languages[i].mean, m.languages[i].deviation = 0, float32(math.Inf(1))
			continue
		}
		mean := a.sum / a.n
		m.languages[i].mean = float32(mean)
		m.languages[i].deviation = float32(math.Sqrt(max(0, a.squares/a.n-mean*mean)))
	}
}

func (m *Model) report(trials []trial) Report {
	r := Report{Languages: len(m.languages), ByLabel: map[string]float64{}}
	type tally struct{ right, all float64 }
	long, short := map[string]*tally{}, map[string]*tally{}
	known, right := 0, 0
	for _, t := range trials {
		if t.letters == 0 {
			continue
		}
		by := long
		if t.short {
			by = short
		}
		if by[t.label] == nil {
			by[t.label] = &tally{}
		}
		by[t.label].all++
		hit := t.candidates[0].Label == t.label
		if hit {
			by[t.label].right++
		}
		if t.short {
			continue
		}
		r.Samples++
		if t.probability(m.fit, t.candidates[0].Confidence) >= certain {
			known++
			if hit {
				right++
			}
		}
	}
	for label, a := range long {
		r.ByLabel[label] = a.right / a.all
		r.Accuracy += a.right / a.all / float64(len(long))
	}
	for _, a := range short {
		r.Short += a.right / a.all / float64(len(short))
	}
	r.Known = float64(known) / float64(max(1, r.Samples))
	r.Precision = float64(right) / float64(max(1, known))
	return r
}
