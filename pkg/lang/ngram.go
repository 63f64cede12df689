package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// order is the length of the longest n-gram in characters.
const order = 4

// pad stands before and after each word.
const pad = '_'

// words appends to buffer the characters of the words of a normalised text
// (NFC) that are written in a script of the family, lower case, each word
// between two pads: `_haki_ya_`. Digits, punctuation and symbols end a word,
// as does U+1361, the Ethiopic word space; addresses (`https://…`, `a@b.c`)
// and words of other scripts are left out.
func words(text string, family script, buffer []rune) []rune {
	for token := range strings.FieldsSeq(text) {
		buffer = tokenWords(token, family, buffer)
	}
	return buffer
}

// tokenWords is words for a piece of text without white space.
func tokenWords(token string, family script, buffer []rune) []rune {
	if isAddress(token) {
		return buffer
	}
	return appendWords(append(buffer, pad), token, family)
}

func isAddress(token string) bool {
	return strings.Contains(token, "://") || strings.HasPrefix(token, "www.") || strings.IndexByte(token, '@') > 0
}

func appendWords(out []rune, token string, family script) []rune {
	inside := false // a word of the wanted script is open
	for i, r := range token {
		c := class(r)
		switch {
		case c == mark: // U+0640 is a mere stretch of the line
			if inside && r != '\u0640' {
				out = append(out, apostrophe(r))
			}
			continue
		case c != separator && script(c&^letter).family() == family:
			out = append(out, unicode.ToLower(r))
			inside = true
			continue
		case isApostrophe(r) && inside && i+utf8.RuneLen(r) < len(token):
			// Between letters an apostrophe is a letter in many orthographies.
			if next, _ := utf8.DecodeRuneInString(token[i+utf8.RuneLen(r):]); class(next) != separator {
				out = append(out, '\'')
				continue
			}
		}
		if inside {
			out = append(out, pad)
			inside = false
		}
	}
	if inside {
		out = append(out, pad)
	}
	return out
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '‘' || r == '`' || r == '´' }

// apostrophe makes the letters that stand for an apostrophe one.
func apostrophe(r rune) rune {
	switch r {
	case 'ʼ', 'ʻ', 'ʹ', 'ˈ':
		return '\''
	}
	return r
}

// gram is an n-gram of up to four characters, 16 bits each, the last lowest.
// Characters beyond the basic plane are folded into the range of surrogates,
// which no valid text holds.
type gram uint64

func (g gram) push(r rune) gram {
	if r >= 0x10000 {
		r = 0xd800 | r&0x7ff
	}
	return g<<16 | gram(r)
}

// grams calls visit for every n-gram of 1 to 4 characters of the padded words:
// none spans two words, and pads alone are none.
func grams(letters []rune, visit func(n int, g gram)) {
	var window gram
	length := 0 // characters in the window
	for _, r := range letters {
		if r == pad && length == 1 {
			continue // a pad after a pad
		}
		window = window.push(r)
		length = min(length+1, order)
		for n := 1; n <= length; n++ {
			if n == 1 && r == pad {
				continue
			}
			visit(n, window&(1<<(16*n)-1))
		}
		if r == pad {
			window, length = gram(0).push(pad), 1
		}
	}
}
