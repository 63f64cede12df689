package pdf

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed letterpairs.txt
var letterPairs string // made by letterpairs/pairs.py

// pairModel is how likely letters follow each other in the languages of a
// script: text whose font has wrong Unicode values, letters for other letters,
// is unlike all of them. After W. A. Gale's and others' use of letter n-grams
// to tell text from noise, here as the mean over languages, so that one that
// is not among them is no noise.
type pairModel struct {
	limit  float64             // a mean below it is no language
	scores map[[2]rune]float64 // logarithm of the share of a pair
}

const (
	pairFloor = -11.5 // of pairs that are not listed
	pairStep  = 0.5
	fewPairs  = 200 // fewer say nothing
)

var pairModels = sync.OnceValue(func() map[string]*pairModel {
	models := map[string]*pairModel{}
	var m *pairModel
	for line := range strings.Lines(letterPairs) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		level, err := strconv.Atoi(name)
		if err != nil {
			m = &pairModel{scores: map[[2]rune]float64{}}
			m.limit, _ = strconv.ParseFloat(rest, 64)
			models[name] = m
			continue
		}
		letters := []rune(rest)
		for i := 0; i+1 < len(letters); i += 2 {
			m.scores[[2]rune(letters[i:i+2])] = -pairStep * float64(level)
		}
	}
	return models
})

// pairTally counts the pairs of a text by script.
type pairTally map[string]*pairCount

type pairCount struct {
	n   int
	sum float64
}

func (c *pairCount) mean() float64 { return c.sum / float64(max(1, c.n)) }

// add counts the pairs of a word, its edges as underscores.
func (t pairTally) add(word string) {
	models := pairModels()
	last := '_'
	var lastScript string
	step := func(r rune, script string) {
		of := script
		if of == "" {
			of = lastScript
		}
		if m := models[of]; m != nil && (script == "" || lastScript == "" || script == lastScript) {
			score, known := m.scores[[2]rune{last, r}]
			if !known {
				score = pairFloor
			}
			c := t[of]
			if c == nil {
				c = &pairCount{}
				t[of] = c
			}
			c.n++
			c.sum += score
		}
		last, lastScript = r, script
	}
	for _, r := range norm.NFD.String(strings.ToLower(word)) {
		switch {
		case unicode.IsMark(r) && r < 0x400:
		case unicode.IsLetter(r) || unicode.IsMark(r):
			if script := pairScript(r); script != "" {
				step(r, script)
			} else {
				last, lastScript = r, "" // a letter that no model knows
			}
		case last != '_':
			step('_', "")
		}
	}
	if last != '_' {
		step('_', "")
	}
}

// pairScript names the script of a letter as in letterpairs.txt.
func pairScript(r rune) string {
	switch {
	case r >= 0x41 && r < 0x250, r >= 0x1E00 && r < 0x1F00:
		return "Latn"
	case r >= 0x370 && r < 0x400:
		return "Grek"
	case r >= 0x400 && r < 0x530:
		return "Cyrl"
	case r >= 0x590 && r < 0x600:
		return "Hebr"
	case r >= 0x600 && r < 0x700:
		return "Arab"
	case r >= 0x900 && r < 0x980:
		return "Deva"
	case r >= 0x980 && r < 0xA00:
		return "Beng"
	case r >= 0x1000 && r < 0x10A0:
		return "Mymr"
	case r >= 0x1200 && r < 0x1380:
		return "Ethi"
	}
	return ""
}

// noLanguage names the script that most pairs are of when they are unlike all
// its languages, with the mean of their logarithms.
func (t pairTally) noLanguage() (script string, mean float64) {
	script, c := t.most()
	if c == nil || c.n < fewPairs || c.mean() >= pairModels()[script].limit {
		return "", 0
	}
	return script, c.mean()
}

// readsWell tells that the letters follow each other as in a language, with
// room to spare.
func (t pairTally) readsWell() bool {
	script, c := t.most()
	return c != nil && c.n >= fewPairs/2 && c.mean() > pairModels()[script].limit+0.4
}

func (t pairTally) most() (script string, count *pairCount) {
	for _, name := range []string{"Latn", "Arab", "Beng", "Cyrl", "Deva", "Ethi", "Grek", "Hebr", "Mymr"} {
		if c := t[name]; c != nil && (count == nil || c.n > count.n) {
			script, count = name, c
		}
	}
	return script, count
}

func pairsOf(runs []run) pairTally {
	t := pairTally{}
	for _, r := range runs {
		for _, word := range strings.Fields(r.text) {
			t.add(word)
		}
	}
	return t
}
