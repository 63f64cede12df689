package text

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quality judges from 0 to 1 whether a piece of text looks like a whole, clean
// sentence rather than a table row, a page number or recognition noise. It is
// the product of four factors, each 1 for ordinary prose:
//
//   - letters: the share of letters among the visible characters;
//   - length: a sentence has some words, and not hundreds;
//   - variety: it does not repeat one character or word over and over;
//   - order: few words mix scripts, digits into letters or capitals into the
//     middle, few are single letters, and no character is unreadable.
//
// It knows nothing of grammar: it is a filter, to be set by what the reader of
// the data needs.
func Quality(sentence string) float64 {
	m := measure(sentence)
	if m.visible == 0 {
		return 0
	}
	visible := float64(m.visible)
	letters := ramp(float64(m.letters)/visible, 0.3, 0.6)
	// Scripts without spaces have words of about four characters.
	words := math.Max(float64(m.words), float64(m.spaceless)/4)
	length := ramp(words, 0, 4) * ramp(400-words, 0, 300)
	run := ramp(12-float64(m.run), 0, 8)
	variety := run * ramp(float64(m.distinct)/math.Max(1, float64(m.words)), 0.1, 0.4)
	order := ramp(1-3*float64(m.odd)/math.Max(1, words), 0, 1) * ramp(1-10*float64(m.broken)/visible, 0, 1)
	return letters * length * variety * order
}

// ramp rises from 0 at low to 1 at high.
func ramp(x, low, high float64) float64 {
	return math.Min(1, math.Max(0, (x-low)/(high-low)))
}

type measures struct {
	visible, letters int // characters
	spaceless        int // letters of scripts without spaces
	broken           int // unreadable characters: U+FFFD, controls, private use
	words, distinct  int
	odd              int // words that look like noise
	run              int // longest run of one character
}

func measure(sentence string) (m measures) {
	var last rune
	run := 0
	for _, r := range sentence {
		if unicode.IsSpace(r) {
			continue
		}
		m.visible++
		switch {
		case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Co):
			m.broken++
		case unicode.IsLetter(r) || unicode.IsMark(r):
			m.letters++
			if spaceless(r) {
				m.spaceless++
			}
		}
		if r == last {
			run++
		} else {
			last, run = r, 1
		}
		m.run = max(m.run, run)
	}
	seen := map[string]bool{}
	single := 0
	for word := range strings.FieldsFuncSeq(sentence, func(r rune) bool { return unicode.IsSpace(r) || r == '፡' }) {
		word = strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
		if word == "" {
			continue
		}
		m.words++
		seen[strings.ToLower(word)] = true
		switch oddness(word) {
		case odd:
			m.odd++
		case alone:
			single++
		}
	}
	m.distinct = len(seen)
	// Some single letters are words (`a`, `y`, `e`); many are noise.
	m.odd += max(0, single-m.words/5-1)
	return m
}

const (
	plain = iota
	odd
	alone // a single letter of a script with longer words
)

func oddness(word string) int {
	upperInside, digitInside, scripts := 0, false, map[bool]bool{}
	lower, n := 0, 0
	previous := rune(0)
	for _, r := range word {
		n++
		switch {
		case unicode.IsDigit(r):
			digitInside = digitInside || unicode.IsLower(previous)
		case unicode.IsLetter(r):
			scripts[unicode.Is(unicode.Latin, r)] = true
			if unicode.IsLower(r) {
				lower++
			}
			if unicode.IsUpper(r) && unicode.IsLower(previous) {
				upperInside++
			}
		}
		previous = r
	}
	switch {
	case n == 1 && lower == 1:
		return alone
	case len(scripts) > 1 && !strings.ContainsAny(word, "-/'’"), upperInside > 1, digitInside && lower > 2 && !strings.ContainsAny(word, "-/'’"):
		return odd
	}
	return plain
}
