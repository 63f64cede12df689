package pdf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A glyph is what one glyph of the file stands for: a letter, or the letters
// of a ligature, with the marks upon it.
type glyph struct {
	text  []rune
	marks []rune
	box   Rect
	kind  direction
}

type direction int

const (
	neutral direction = iota
	rightward
	digit
	leftward
)

// rightToLeftCells puts the characters of a line that runs from right to left
// into reading order by where they stand, cut into cells at wide gaps. The
// file may hold them in either order, and PDFium turns around what it takes
// for visual order, rightly or not; only the places are certain. It is the
// inverse of what the Unicode bidirectional algorithm (UAX #9) does.
func rightToLeftCells(chars []char, size float64) []string {
	glyphs := toGlyphs(chars)
	slices.SortStableFunc(glyphs, func(a, b glyph) int { return cmp.Compare(a.middle(), b.middle()) })
	glyphs = addSpaces(glyphs, size)
	var cells []string
	var b strings.Builder
	for end := len(glyphs); end > 0; {
		g := glyphs[end-1]
		if g.text[0] == '\t' { // a wide gap
			cells = append(cells, cleanText(b.String()))
			b.Reset()
			end--
			continue
		}
		start := rightwardSpan(glyphs[:end])
		for _, g := range glyphs[start:end] {
			b.WriteString(string(g.text))
			b.WriteString(string(g.marks))
		}
		end = start
	}
	cells = append(cells, cleanText(b.String()))
	for i := range cells {
		cells[i] = fixBrackets(cells[i])
	}
	return cells
}

func (g glyph) middle() float64 { return (g.box.X0 + g.box.X1) / 2 }

// toGlyphs groups characters into glyphs; marks join the letter they stand on.
func toGlyphs(chars []char) []glyph {
	var bases, marks []glyph
	for i := 0; i < len(chars); {
		ch := chars[i]
		j := i + 1
		for j < len(chars) && !chars[j].generated && chars[j].x == ch.x && (chars[j].box == ch.box || ch.span > 0 && chars[j].span == ch.span) && ch.box.X1 > ch.box.X0 {
			j++ // a ligature: its letters share one box
		}
		g := glyph{box: ch.box}
		for _, c := range chars[i:j] {
			g.text = append(g.text, c.r)
		}
		i = j
		switch {
		case isSpace(ch):
			// The gap tells; a space's own place may be anywhere.
		case unicode.Is(unicode.Mn, ch.r):
			marks = append(marks, g)
		default:
			g.text = ligature(g.text)
			g.kind = directionOf(ch.r)
			bases = append(bases, g)
		}
	}
	for _, m := range marks {
		best := -1
		for i, b := range bases {
			if best < 0 || math.Abs(b.middle()-m.middle()) < math.Abs(bases[best].middle()-m.middle()) {
				best = i
			}
		}
		if best >= 0 {
			bases[best].marks = append(bases[best].marks, m.text...)
		}
	}
	return bases
}

// ligature restores the order of a ligature's letters where it is certain: an
// alef joins only the letter before it, so a lam and an alef in one glyph are
// always lam first. PDFium turns them around with the rest of a line.
func ligature(text []rune) []rune {
	for i, r := range text {
		if strings.ContainsRune("اأإآٱ", r) {
			if i == 0 && len(text) > 1 {
				slices.Reverse(text)
			}
			break
		}
	}
	return text
}

func directionOf(r rune) direction {
	switch {
	case isRTL(r):
		return leftward
	case unicode.IsDigit(r):
		return digit
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return rightward
	}
	return neutral
}

// addSpaces puts a space where two glyphs stand apart without one, and a tab
// where a table's cells do.
func addSpaces(glyphs []glyph, size float64) []glyph {
	var out []glyph
	for i, g := range glyphs {
		if i > 0 {
			before := glyphs[i-1]
			switch gap := g.box.X0 - before.box.X1; {
			case gap > 1.5*size:
				out = append(out, glyph{text: []rune{'\t'}, box: Rect{before.box.X1, g.box.Y0, g.box.X0, g.box.Y1}})
			case gap > 0.18*size:
				out = append(out, glyph{text: []rune{' '}, box: Rect{before.box.X1, g.box.Y0, g.box.X0, g.box.Y1}})
			}
		}
		out = append(out, g)
	}
	return out
}

// rightwardSpan returns where the part at the end of glyphs begins that is read
// from left to right: words of another script with what lies between them, or
// one number with its separators. It is the last glyph alone if that is
// neither.
func rightwardSpan(glyphs []glyph) int {
	end := len(glyphs)
	start := end - 1
	if glyphs[start].kind == neutral && strings.ContainsRune("%٪°", glyphs[start].text[0]) && start > 0 && glyphs[start-1].kind == digit {
		start--
	}
	if k := glyphs[start].kind; k != rightward && k != digit {
		return end - 1
	}
	words := glyphs[start].kind == rightward
	for i := start - 1; i >= 0; i-- {
		switch g := glyphs[i]; {
		case g.kind == leftward || g.text[0] == '\t':
			return start
		case g.kind == rightward:
			start, words = i, true
		case g.kind == digit:
			if !words && i != start-1 && !(i == start-2 && strings.ContainsRune(".,:/-–٫٬", glyphs[i+1].text[0])) {
				// Two numbers: they follow each other from right to left,
				// unless a word further left takes both in.
				if !wordBefore(glyphs[:i]) {
					return start
				}
			}
			start = i
		}
	}
	return start
}

// wordBefore tells whether a word of another script comes before any letter
// of this one, going left.
func wordBefore(glyphs []glyph) bool {
	for i := len(glyphs) - 1; i >= 0; i-- {
		switch {
		case glyphs[i].kind == rightward:
			return true
		case glyphs[i].kind == leftward || glyphs[i].text[0] == '\t':
			return false
		}
	}
	return false
}

var mirrored = strings.NewReplacer("(", ")", ")", "(", "[", "]", "]", "[", "«", "»", "»", "«", "{", "}", "}", "{")

// fixBrackets mirrors brackets that close before they open: a file may hold
// the glyph's shape where Unicode has its meaning.
func fixBrackets(s string) string {
	depth, wrong, right := 0, 0, 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("([«{", r):
			depth++
			right++
		case strings.ContainsRune(")]»}", r):
			if depth--; depth < 0 {
				depth = 0
				wrong++
			}
		}
	}
	if wrong > 0 && wrong >= right-depth && depth > 0 {
		return mirrored.Replace(s)
	}
	return s
}
