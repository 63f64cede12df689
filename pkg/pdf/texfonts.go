package pdf

import "regexp"

// TeX's bitmap and old Type 1 fonts have no Unicode values: PDFium hands out
// the character codes, which are ASCII but for ligatures and dashes (D. Knuth,
// "Computer Modern Typefaces", 1986; the Cork encoding, TUGboat 11, 1990).
var (
	texCodes = map[rune]rune{
		0x0B: 'ﬀ', 0x0C: 'ﬁ', 0x0D: 'ﬂ', 0x0E: 'ﬃ', 0x0F: 'ﬄ', // Computer Modern
		0x15: '–', 0x16: '—', 0x1B: 'ﬀ', 0x1C: 'ﬁ', 0x1D: 'ﬂ', 0x1E: 'ﬃ', 0x1F: 'ﬄ', // Cork
	}
	texFont  = regexp.MustCompile(`^(?:(?:[A-Z]{6}\+)?(?:CM|SF|EC|TC|LM|EU|MS[AB]M|LASY|LCIRCLE|LINE)[A-Z]*\d*)?$`) // a bitmap font has no name
	mathFont = regexp.MustCompile(`(?i)^(?:[A-Z]{6}\+)?(?:cm(?:sy|mi|ex|bsy|mib)|ms[ab]m|symbol|wasy|stmary)`)
)

// texLetter is what an unmapped code stands for in a text font of TeX, the code
// itself if it is none of them.
func texLetter(code rune, font string) rune {
	if r, ok := texCodes[code]; ok && !mathFont.MatchString(font) {
		return r
	}
	return code
}
