package docalign

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-unidecode"

	"vislang/pkg/text"
)

// eachSign calls yield for each sign of a line, as often as it stands there: a
// number (`#3450`) or the sounds of a name (`~tnsn`).
func eachSign(line string, yield func(sign string)) {
	runes := []rune(line)
	for i := 0; i < len(runes); {
		switch r := runes[i]; {
		case unicode.IsDigit(r):
			end := i
			for end < len(runes) && numeric(runes, end) {
				end++
			}
			number(runes[i:end], yield)
			i = end
		case unicode.IsLetter(r):
			end := i
			for end < len(runes) && (unicode.IsLetter(runes[end]) || unicode.IsMark(runes[end])) {
				end++
			}
			name(string(runes[i:end]), yield)
			i = end
		default:
			i++
		}
	}
}

// numeric tells whether runes[i] goes on with a number: a digit, or a mark
// between two digits that groups them or starts the decimals.
func numeric(runes []rune, i int) bool {
	if unicode.IsDigit(runes[i]) {
		return true
	}
	switch runes[i] {
	case '.', ',', '٫', '٬', '\u00a0', '\u202f', '\'':
		return i+1 < len(runes) && unicode.IsDigit(runes[i+1])
	}
	return false
}

// number yields the digits of a number without its marks, which mean other
// things in other languages: 3,450 and 3.450 are both 3450. One digit alone is
// spelt out too often to be a sign.
func number(runes []rune, yield func(string)) {
	sign := []byte{'#'}
	for _, r := range runes {
		if unicode.IsDigit(r) {
			sign = utf8.AppendRune(sign, text.Digit(r))
		}
	}
	if len(sign) > 2 {
		yield(string(sign))
	}
}

// name yields the sounds of a word that may be a name: a capitalised one, or
// any of a script without capitals.
func name(word string, yield func(string)) {
	first, _ := utf8.DecodeRuneInString(word)
	if unicode.IsLower(first) {
		return
	}
	if s := sounds(word); len(s) >= 3 {
		yield("~" + s[:min(len(s), maxSounds)])
	}
}

// maxSounds cuts off endings, which other languages have others of.
const maxSounds = 5

// sounds reduces a word of any script to its consonants in Latin letters, so
// that Tanzania and ታንዛኒያ are both `tnsn`; letters that transcriptions confuse
// become one.
func sounds(word string) string {
	if isASCII(word) {
		word = strings.ToLower(word)
	} else {
		word = strings.ToLower(unidecode.Unidecode(word))
	}
	out := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		c := word[i]
		next := byte(0)
		if i+1 < len(word) {
			next = word[i+1]
		}
		switch c {
		case 'a', 'e', 'i', 'o', 'u', 'y', 'h', '\'', '`':
			if len(out) == 0 && c != 'h' && c != '\'' && c != '`' {
				out = append(out, 'a')
			}
			continue
		case 'c':
			c = 'k'
			if next == 'e' || next == 'i' || next == 'y' {
				c = 's'
			}
		case 'q':
			c = 'k'
		case 'x':
			c = 's'
		case 'z':
			c = 's'
		case 'p':
			if next == 'h' {
				c = 'f'
			}
		case 'w':
			c = 'v'
		case 'j':
			c = 'g'
		}
		if c < 'a' || c > 'z' || len(out) > 0 && out[len(out)-1] == c {
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
