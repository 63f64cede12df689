package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// JoinLines makes running text of the lines of a page or column: a line ends
// where the paper did, not where a sentence does. A word cut by a hyphen is
// made whole; a hyphen before a capital letter or digit is kept (`COVID-19`).
// Lines of scripts that write no spaces between words are joined without one.
// An empty line separates paragraphs and becomes an empty line.
func JoinLines(lines []string) string {
	var out []byte
	last := "" // the line before, trimmed
	broken := false
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			broken = len(out) > 0
			continue
		}
		switch {
		case len(out) == 0:
		case broken:
			out = append(out, "\n\n"...)
		default:
			kept, glue := join(last, line)
			out = append(out[:len(out)-(len(last)-len(kept))], glue...)
		}
		out = append(out, line...)
		last, broken = line, false
	}
	return string(out)
}

// join returns what to keep of the line before and what to put between.
func join(last, line string) (kept, glue string) {
	end, size := utf8.DecodeLastRuneInString(last)
	stem := last[:len(last)-size]
	before, _ := utf8.DecodeLastRuneInString(stem)
	start, _ := utf8.DecodeRuneInString(line)
	switch {
	case end == '\u00ad': // soft hyphen
		return stem, ""
	case (end == '-' || end == '‐' || end == '¬') && unicode.IsLetter(before):
		if unicode.IsLower(start) {
			return stem, ""
		}
		if unicode.IsUpper(start) || unicode.IsDigit(start) {
			return last, ""
		}
	case spaceless(end) && spaceless(start):
		return last, ""
	}
	return last, " "
}

// spaceless tells whether r belongs to a script that writes words without
// spaces between.
func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan) ||
		strings.ContainsRune("、。，！？「」『』（）", r)
}
