package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Features of a word: its n-grams by length, and itself.
const (
	order = 4         // length of the longest n-gram in characters
	whole = order + 1 // what counts as the length of a whole word
)

// pad stands before and after each word.
const pad = '_'

// eachWord calls visit with the words of a text: where they are, the family of
// their script, and whether they are part of an address (`https://…`, `a@b.c`).
// Digits, punctuation and symbols end a word, as do U+1361, the Ethiopic word
// space, and a letter of another family; marks belong to it.
func eachWord(text string, visit func(start, end int, family script, address bool)) {
	if !mayHoldAddress(text) {
		scan(text, 0, false, visit)
		return
	}
	at := 0
	for token := range strings.FieldsSeq(text) {
		at += strings.Index(text[at:], token)
		scan(text[:at+len(token)], at, isAddress(token), visit)
		at += len(token)
	}
}

// mayHoldAddress tells whether a word of a text may be an address.
func mayHoldAddress(text string) bool {
	return strings.IndexByte(text, '@') >= 0 || strings.Contains(text, "://") || strings.Contains(text, "www.")
}

func isAddress(token string) bool {
	return strings.Contains(token, "://") || strings.HasPrefix(token, "www.") || strings.IndexByte(token, '@') > 0
}

func scan(text string, at int, address bool, visit func(start, end int, family script, address bool)) {
	for at < len(text) {
		c, size := classAt(text, at)
		if c == separator || c == mark {
			at += size
			continue
		}
		family := script(c &^ letter).family()
		end := wordEnd(text, at+size, family)
		visit(at, end, family, address)
		at = end
	}
}

// classAt returns the class and the length of the character at a place.
func classAt(text string, at int) (c uint8, size int) {
	if b := text[at]; b < utf8.RuneSelf {
		return classes[b], 1
	}
	r, size := utf8.DecodeRuneInString(text[at:])
	return class(r), size
}

// wordEnd returns where the word ends that text has letters of up to at. An
// apostrophe between letters is a letter in many orthographies.
func wordEnd(text string, at int, family script) int {
	for at < len(text) {
		c, size := classAt(text, at)
		switch {
		case c == mark:
		case c == separator:
			r, _ := utf8.DecodeRuneInString(text[at:])
			if !isApostrophe(r) || at+size >= len(text) {
				return at
			}
			if next, _ := classAt(text, at+size); next == separator {
				return at
			}
		case script(c&^letter).family() != family:
			return at
		}
		at += size
	}
	return at
}

// appendWord appends the characters of a word in normal form (NFC) between two
// pads, lower case: `_haki_`.
func appendWord(out []rune, word string) []rune {
	out = append(out, pad)
	for _, r := range word {
		switch {
		case r == '\u0640': // a mere stretch of the line
		case isApostrophe(r):
			out = append(out, '\'')
		case class(r) == mark:
			out = append(out, apostrophe(r))
		default:
			out = append(out, unicode.ToLower(r))
		}
	}
	return append(out, pad)
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

// wholeTag stands where an n-gram's first character would: a private one, which
// is in no word. The rest is a hash.
const wholeTag = 0xf8ff

// grams calls visit for every n-gram of 1 to 4 characters of the padded words,
// and for every word of three characters or more: none spans two words, and pads
// alone are none. The hash of words is FNV-1a.
func grams(letters []rune, visit func(n int, g gram)) {
	var window gram
	length := 0 // characters in the window
	const offset, prime = 14695981039346656037, 1099511628211
	hash, size := uint64(offset), 0
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
		if r != pad {
			hash = (hash ^ uint64(r)) * prime
			size++
		} else {
			if size > 2 {
				visit(whole, wholeTag<<48|gram(hash>>16))
			}
			hash, size = offset, 0
			window, length = gram(0).push(pad), 1
		}
	}
}
