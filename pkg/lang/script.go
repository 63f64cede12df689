package lang

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// script is an index into scripts.
type script uint8

const (
	noScript script = 0
	han      script = 7 // Hiragana, Katakana and Bopomofo follow it
	lastHan  script = han + 3
)

// maxScripts is more than there are scripts.
const maxScripts = 128

// scripts are the writing systems known: ISO 15924 code and characters.
var scripts = [...]struct {
	code  string
	table *unicode.RangeTable
}{
	{"Zyyy", nil},
	{"Latn", unicode.Latin},
	{"Ethi", unicode.Ethiopic},
	{"Arab", unicode.Arabic},
	{"Cyrl", unicode.Cyrillic},
	{"Deva", unicode.Devanagari},
	{"Beng", unicode.Bengali},
	{"Hani", unicode.Han},
	{"Hira", unicode.Hiragana},
	{"Kana", unicode.Katakana},
	{"Bopo", unicode.Bopomofo},
	{"Hang", unicode.Hangul},
	{"Grek", unicode.Greek},
	{"Hebr", unicode.Hebrew},
	{"Armn", unicode.Armenian},
	{"Geor", unicode.Georgian},
	{"Mymr", unicode.Myanmar},
	{"Khmr", unicode.Khmer},
	{"Thai", unicode.Thai},
	{"Laoo", unicode.Lao},
	{"Tibt", unicode.Tibetan},
	{"Sinh", unicode.Sinhala},
	{"Taml", unicode.Tamil},
	{"Telu", unicode.Telugu},
	{"Knda", unicode.Kannada},
	{"Mlym", unicode.Malayalam},
	{"Gujr", unicode.Gujarati},
	{"Guru", unicode.Gurmukhi},
	{"Orya", unicode.Oriya},
	{"Thaa", unicode.Thaana},
	{"Syrc", unicode.Syriac},
	{"Mong", unicode.Mongolian},
	{"Tfng", unicode.Tifinagh},
	{"Nkoo", unicode.Nko},
	{"Adlm", unicode.Adlam},
	{"Vaii", unicode.Vai},
	{"Bamu", unicode.Bamum},
	{"Osge", unicode.Osage},
	{"Cher", unicode.Cherokee},
	{"Cans", unicode.Canadian_Aboriginal},
	{"Yiii", unicode.Yi},
	{"Java", unicode.Javanese},
	{"Bali", unicode.Balinese},
	{"Sund", unicode.Sundanese},
	{"Bugi", unicode.Buginese},
	{"Tglg", unicode.Tagalog},
	{"Lana", unicode.Tai_Tham},
	{"Tale", unicode.Tai_Le},
	{"Talu", unicode.New_Tai_Lue},
	{"Tavt", unicode.Tai_Viet},
	{"Cakm", unicode.Chakma},
	{"Cham", unicode.Cham},
	{"Kali", unicode.Kayah_Li},
	{"Olck", unicode.Ol_Chiki},
	{"Mtei", unicode.Meetei_Mayek},
	{"Sylo", unicode.Syloti_Nagri},
	{"Limb", unicode.Limbu},
	{"Lepc", unicode.Lepcha},
	{"Gran", unicode.Grantha},
	{"Mend", unicode.Mende_Kikakui},
	{"Rohg", unicode.Hanifi_Rohingya},
	{"Copt", unicode.Coptic},
	{"Lisu", unicode.Lisu},
	{"Plrd", unicode.Miao},
	{"Hmng", unicode.Pahawh_Hmong},
	{"Batk", unicode.Batak},
}

// classes tells script and role of every character of the basic plane.
// It is filled once at start and only read afterwards.
var classes = classify()

// Roles of a character in a word.
const (
	separator = 0x00 // ends a word: spaces, digits, punctuation, symbols
	letter    = 0x80 // starts or continues a word
	mark      = 0xff // continues a word, belongs to any script
)

func classify() *[0x10000]uint8 {
	var table [0x10000]uint8
	for i, w := range scripts {
		if w.table == nil {
			continue
		}
		for _, part := range w.table.R16 {
			for r := rune(part.Lo); r <= rune(part.Hi); r += rune(part.Stride) {
				if unicode.IsLetter(r) || unicode.IsMark(r) {
					table[r] = letter | uint8(i)
				}
			}
		}
	}
	for r := rune(0x80); r < 0x10000; r++ {
		if table[r] == separator && (unicode.IsLetter(r) || unicode.IsMark(r)) {
			table[r] = mark
		}
	}
	table['\u0640'] = mark // Arabic tatweel; dropped by appendWord
	return &table
}

// class returns the role and script of a character.
func class(r rune) uint8 {
	if r < 0x10000 {
		return classes[r]
	}
	if !unicode.IsLetter(r) && !unicode.IsMark(r) {
		return separator
	}
	for i, w := range scripts {
		if w.table != nil && unicode.Is(w.table, r) {
			return letter | uint8(i)
		}
	}
	return mark
}

// family is the script whose languages share characters with s: Han stands
// for the scripts of Japanese too, every other script is its own.
func (s script) family() script {
	if s >= han && s <= lastHan {
		return han
	}
	return s
}

// dense tells whether single characters say much: syllables and Chinese
// characters rather than letters.
func (s script) dense() bool {
	switch scripts[s].code {
	case "Ethi", "Hani", "Hang", "Yiii", "Cans", "Cher", "Vaii", "Bamu", "Mend":
		return true
	}
	return false
}

// shortest is the length of the shortest n-grams looked at. Single letters
// tell alphabetic languages apart no better than what they stand in does.
func (s script) shortest() int {
	if s.dense() {
		return 1
	}
	return 2
}

// telling is the length of the n-grams whose coverage tells a known language
// from an unknown one: long enough to differ, short enough to recur.
func (s script) telling() int { return s.shortest() + 1 }

// census counts the UTF-8 bytes of each script in a text. Bytes rather than
// characters: so a few Latin names do not outweigh a syllabary, which needs
// fewer characters to say the same.
type census [maxScripts]int

func count(text string) (c census) {
	for _, r := range text {
		if k := class(r); k != separator && k != mark {
			c[k&^letter] += utf8.RuneLen(r)
		}
	}
	return c
}

// family returns the family with the most bytes, noScript without letters.
func (c *census) family() script {
	var sums census
	best := noScript
	for i, n := range c[:len(scripts)] {
		f := script(i).family()
		sums[f] += n
		if sums[f] > sums[best] {
			best = f
		}
	}
	return best
}

// code returns the ISO 15924 code of the script with the most bytes.
func (c *census) code() string {
	family := c.family()
	if family != han {
		return scripts[family].code
	}
	kana := c[han+1] + c[han+2]
	switch {
	case kana*20 > c[han]: // Japanese prose is about half kana
		return "Jpan"
	case c[han] == 0:
		return "Bopo"
	}
	return "Hani"
}

// Script returns the ISO 15924 code of the script that most of the text is
// written in: `Latn`, `Ethi`; `Jpan` for Chinese characters among kana, `Zyyy`
// for text without letters.
func Script(text string) string {
	c := count(norm.NFC.String(text))
	return c.code()
}
