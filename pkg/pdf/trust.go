package pdf

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"
)

// Reasons not to use a page's text layer.
const (
	NoTextLayer        = "no_text_layer"
	UntrustedTextLayer = "untrusted_text_layer"
)

// Trust is the verdict on a page's text layer. A text layer says which glyphs
// to draw; that it also says what they mean is not certain.
type Trust struct {
	OK     bool
	Reason string // NoTextLayer or UntrustedTextLayer; "" when OK
	Detail string // what was found, for people
	// Measures are what the verdict was made by. A count that is 0 is left out.
	Measures []Measure

	partial bool // parts of the text may be sound
}

func untrusted(format string, args ...any) Trust {
	return Trust{Reason: UntrustedTextLayer, Detail: fmt.Sprintf(format, args...)}
}

// Limits of the tests, as shares. They are far above what sound pages show
// (well below 1 %) and far below what broken ones do (10 % and more).
const (
	maxUnmapped    = 0.05 // characters without a meaning
	maxMisplaced   = 0.04 // vowel signs where no vowel sign can stand
	maxMidFinal    = 0.25 // final forms within words
	minReadable    = 0.55 // letters and digits
	maxGibberish   = 0.25 // words that mix case and symbols inside
	maxJoined      = 0.35 // letters in words without end
	fewCharacters  = 12   // less is no text layer when the page shows more
	enoughToDecide = 20   // occurrences before a share means anything
)

func judge(c *content, runs []run, scan bool) Trust {
	ink, unmapped, bitmap, lost, hidden, legacy := 0, 0, 0, 0, 0, 0
	font := ""
	legacyOf, texFonts := make([]string, len(c.styles)), make([]bool, len(c.styles))
	fonts, tex := map[string]string{}, map[string]bool{} // pages have thousands of styles
	for i, s := range c.styles {
		name, known := fonts[s.font]
		if !known {
			name = legacyFont(s.font)
			fonts[s.font], tex[s.font] = name, texFont.MatchString(s.font)
		}
		legacyOf[i], texFonts[i] = name, tex[s.font]
	}
	for _, ch := range c.chars {
		if ch.generated || unicode.IsSpace(ch.r) {
			continue
		}
		ink++
		s := c.styles[ch.style]
		if meaningless(ch) {
			unmapped++
		}
		if ch.unmapped && s.font == "" {
			bitmap++
		}
		if ch.unmapped = ch.unmapped && !texFonts[ch.style]; meaningless(ch) {
			lost++
		}
		if s.invisible {
			hidden++
		}
		if name := legacyOf[ch.style]; name != "" && ch.r < 0x250 {
			legacy, font = legacy+1, name
		}
	}
	covered := scan || len(c.pictures)+len(c.shapes) > 0
	switch {
	case ink == 0, ink < fewCharacters && scan:
		return Trust{Reason: NoTextLayer, Detail: fmt.Sprintf("%d characters", ink)}
	case hidden == ink && covered:
		return untrusted("invisible text over a picture: the result of someone else's OCR")
	case scan:
		return Trust{Reason: NoTextLayer, Detail: fmt.Sprintf("a scan with a label of %d characters", ink)}
	case share(lost, ink) > maxUnmapped, share(bitmap, ink) > maxUnmapped && !pairsOf(runs).readsWell():
		t := untrusted("%d of %d characters have no Unicode value", unmapped, ink)
		t.partial = true
		return t
	case share(legacy, ink) > 0.2:
		return untrusted("font %s stands for another script with Latin letters", font)
	}
	return judgeText(runs)
}

// meaningless tells characters whose font does not say what they mean.
func meaningless(ch char) bool {
	return ch.unmapped || ch.r == 0xFFFD || unicode.Is(unicode.Co, ch.r) || unicode.IsControl(ch.r) && ch.r != 2
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// judgeText tests what the text says against what writing allows.
func judgeText(runs []run) Trust {
	var t tally
	for _, r := range runs {
		for _, word := range strings.Fields(r.text) {
			t.add([]rune(word))
		}
		for _, word := range strings.FieldsFunc(r.text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
			t.length(word)
		}
	}
	script, mean := pairsOf(runs).noLanguage()
	switch {
	case t.signs >= enoughToDecide && share(t.misplaced, t.signs) > maxMisplaced:
		return untrusted("%d of %d vowel signs stand where none can: glyph order", t.misplaced, t.signs)
	case t.finals >= 5 && share(t.midFinal, t.finals) > maxMidFinal:
		return untrusted("%d of %d final letters stand within words: visual order", t.midFinal, t.finals)
	case t.triples >= 3 && share(t.triples, t.arabicWords) > 0.005:
		return untrusted("%d of %d Arabic words hold a letter three times running: a font's wrong Unicode values", t.triples, t.arabicWords)
	case t.arabicWords >= enoughToDecide && share(t.arabicLetters, t.arabicWords) < 2.2:
		return untrusted("Arabic words of %.1f letters: the words are broken up", share(t.arabicLetters, t.arabicWords))
	case t.swapped*2 > t.ink && t.ink >= 4:
		return untrusted("the font's Unicode values have their bytes swapped")
	case t.ink >= 100 && share(t.readable, t.ink) < minReadable, t.ink >= 4 && share(t.readable, t.ink) < minReadable/2:
		return untrusted("only %d of %d characters are letters or digits", t.readable, t.ink)
	case t.latinWords >= 40 && share(t.gibberish, t.latinWords) > maxGibberish:
		return untrusted("%d of %d words mix case and symbols: another script's font", t.gibberish, t.latinWords)
	case t.spaced >= 200 && share(t.joined, t.spaced) > maxJoined:
		return untrusted("%d of %d letters are in words of more than %d: spaces are missing", t.joined, t.spaced, longWord)
	case script != "":
		return untrusted("letters of %s follow each other as in no language (%.1f): wrong Unicode values", script, mean)
	}
	return Trust{OK: true}
}

// tally counts what the tests need.
type tally struct {
	ink, readable              int
	swapped                    int // characters that are Latin when their bytes are swapped
	signs, misplaced           int // Indic and Burmese
	finals, midFinal           int // Arabic and Hebrew
	arabicWords, arabicLetters int
	triples                    int // Arabic words with a letter three times running
	latinWords, gibberish      int
	spaced, joined             int // letters of scripts with spaces; in words too long to be one
}

// longWord is a length that words of scripts with spaces do not have.
const longWord = 30

// length counts the letters of a word of a script that parts words by spaces.
func (t *tally) length(word string) {
	switch first := []rune(word)[0]; pairScript(first) {
	case "Latn", "Cyrl", "Grek", "Ethi", "Arab", "Hebr":
		n := runeCount(word)
		if t.spaced += n; n > longWord {
			t.joined += n
		}
	}
}

func (t *tally) add(word []rune) {
	arabic, latin, triple := 0, 0, false
	for i, r := range word {
		t.ink++
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || isLeader(r) {
			t.readable++
		}
		if swapped := r >> 8; r < 0x10000 && r&0xFF == 0 && swapped > ' ' && swapped < 0x7F {
			t.swapped++
		}
		previous := rune(' ')
		if i > 0 {
			previous = word[i-1]
		}
		switch {
		case isBrahmicSign(r):
			t.signs++
			if misplaced(previous, r) {
				t.misplaced++
			}
		case isRTL(r):
			arabic++
			triple = triple || i > 1 && r == previous && r == word[i-2]
			if strings.ContainsRune(finalForms, r) {
				t.finals++
				if i+1 < len(word) && isRTL(word[i+1]) {
					t.midFinal++
				}
			}
		case r < 0x250 && unicode.IsLetter(r):
			latin++
		}
	}
	if arabic > 0 {
		t.arabicWords++
		t.arabicLetters += arabic
		if triple {
			t.triples++
		}
	}
	if latin >= 3 {
		t.latinWords++
		if gibberish(word) {
			t.gibberish++
		}
	}
}

// finalForms are letters that end a word: teh marbuta, yeh barree and noon
// ghunna, and the final letters of Hebrew.
const finalForms = "ةےۓں" + "ךםןףץ"

// isLeader tells the dots and rules of tables of contents and forms.
func isLeader(r rune) bool { return strings.ContainsRune(".…_·-–", r) }

// isBrahmicSign tells dependent vowel signs and viramas of the scripts from
// Devanagari to Myanmar, which follow a consonant.
func isBrahmicSign(r rune) bool {
	return r >= 0x0900 && r <= 0x0DFF && unicode.IsMark(r) || r >= 0x102B && r <= 0x1032 || r >= 0x1039 && r <= 0x103E
}

// misplaced tells whether a sign cannot stand after the character before it.
func misplaced(previous, r rune) bool {
	if r >= 0x1000 && r <= 0x109F {
		consonant := previous >= 0x1000 && previous <= 0x102A || previous == 0x103F || previous >= 0x104C && previous <= 0x104F || previous == 0x25CC
		medial := previous >= 0x1039 && previous <= 0x103E
		if r == 0x1031 { // vowel sign E is drawn first and stored last
			return !consonant && !medial
		}
		return !consonant && !unicode.IsMark(previous)
	}
	if !unicode.IsLetter(previous) && !unicode.IsMark(previous) {
		return true
	}
	// Two vowel signs on one consonant; modifiers and nuktas may follow one.
	return isVowelSign(r) && isVowelSign(previous)
}

// isVowelSign tells dependent vowel signs: in each Indic block of 128 code
// points they lie at 3E to 4C.
func isVowelSign(r rune) bool {
	return r >= 0x0900 && r <= 0x0D7F && r&0x7F >= 0x3E && r&0x7F <= 0x4C && unicode.IsMark(r)
}

// gibberish tells words such as `g]kfn;s` that come of fonts which draw
// another script's letters at the places of ASCII.
func gibberish(word []rune) bool {
	for i := 1; i+1 < len(word); i++ {
		a, r, b := word[i-1], word[i], word[i+1]
		if unicode.IsLetter(a) && unicode.IsLetter(b) && strings.ContainsRune(`[]{}\;<>=+|~^$*"!?§¤¦`, r) {
			return true
		}
		if unicode.IsLower(a) && unicode.IsUpper(r) && unicode.IsLower(b) && len(word) < 9 {
			return true
		}
	}
	return false
}

//go:embed legacyfonts.txt
var legacyFonts string

// legacyFont returns the listed name that the font's name begins with.
func legacyFont(font string) string {
	if font == "" {
		return ""
	}
	if i := strings.IndexByte(font, '+'); i == 6 {
		font = font[7:] // subset tag
	}
	font = squash(font)
	for line := range strings.Lines(legacyFonts) {
		name := strings.TrimSpace(line)
		if name != "" && name[0] != '#' && strings.HasPrefix(font, squash(name)) {
			return name
		}
	}
	return ""
}

// squash keeps letters and digits, in lower case.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
