package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold makes spellings comparable; its result is for matching only, not for
// people. It decomposes compatibility characters (NFKC), lowers case, drops the
// accents of Latin, Greek and Cyrillic, Arabic and Hebrew vowel points and the
// Arabic stretch, makes one letter of Ethiopic homophones (ሐ ኀ ኸ → ሀ, ሠ → ሰ,
// ዐ → አ, ፀ → ጸ) and of Arabic, Persian and Urdu variants of a letter, turns the
// digits of all scripts into ASCII, dashes and quotes into their ASCII kin, and
// white space into single spaces.
func Fold(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	space := false
	base := rune(0) // the last letter: its script decides what happens to marks
	for _, r := range norm.NFKD.String(text) {
		if unicode.IsSpace(r) || r == '፡' {
			space = out.Len() > 0
			continue
		}
		if unicode.Is(unicode.Mn, r) {
			if unaccented(base) || unaccented(r) {
				continue
			}
		} else {
			base = r
		}
		if unicode.Is(unicode.Cf, r) || r == '\u0640' {
			continue
		}
		if space {
			out.WriteByte(' ')
			space = false
		}
		out.WriteRune(foldRune(r))
	}
	return norm.NFC.String(out.String())
}

// unaccented tells whether the marks of r's script are dropped.
func unaccented(r rune) bool {
	return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew)
}

func foldRune(r rune) rune {
	switch {
	case r < 0x80:
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	case unicode.Is(unicode.Nd, r):
		return Digit(r)
	case r >= 0x1200 && r < 0x1380:
		return foldEthiopic(r)
	case r >= 0x0600 && r < 0x0780:
		return foldArabic(r)
	case unicode.Is(unicode.Pd, r):
		return '-'
	}
	switch r {
	case '‘', '’', 'ʼ', 'ʻ', '‹', '›':
		return '\''
	case '“', '”', '„', '«', '»':
		return '"'
	case 'ı':
		return 'i'
	case 'ɓ':
		return 'b'
	case 'ɗ':
		return 'd'
	case 'ƙ':
		return 'k'
	case 'ƴ':
		return 'y'
	case 'Ɓ':
		return 'b'
	case 'Ɗ':
		return 'd'
	case 'Ƙ':
		return 'k'
	case 'Ƴ':
		return 'y'
	}
	return unicode.ToLower(r)
}

// Digit returns the ASCII digit for a decimal digit of any script, and any
// other character as it is.
func Digit(r rune) rune {
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return r
	}
	// Unicode keeps the ten digits of a script in a row, so that every range
	// of Nd starts with a zero.
	for _, part := range unicode.Nd.R16 {
		if r >= rune(part.Lo) && r <= rune(part.Hi) {
			return '0' + (r-rune(part.Lo))%10
		}
	}
	for _, part := range unicode.Nd.R32 {
		if r >= rune(part.Lo) && r <= rune(part.Hi) {
			return '0' + (r-rune(part.Lo))%10
		}
	}
	return r
}

// foldEthiopic maps the rows of homophones (seven or eight vowels each), and
// the first and fourth vowel of ሀ and አ, which sound alike.
func foldEthiopic(r rune) rune {
	row, vowel := r&^7, r&7
	switch row {
	case 0x1210, 0x1280, 0x12b8: // ሐ ኀ ኸ
		row = 0x1200 // ሀ
	case 0x1220: // ሠ
		row = 0x1230 // ሰ
	case 0x12d0: // ዐ
		row = 0x12a0 // አ
	case 0x1340: // ፀ
		row = 0x1338 // ጸ
	}
	if vowel == 3 && (row == 0x1200 || row == 0x12a0) {
		vowel = 0
	}
	return row | vowel
}

func foldArabic(r rune) rune {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى', 'ی', 'ې', 'ے', 'ئ':
		return 'ي'
	case 'ک', 'ڪ':
		return 'ك'
	case 'ة', 'ۀ', 'ہ', 'ھ', 'ە':
		return 'ه'
	case 'ؤ':
		return 'و'
	}
	return r
}
