package pdf

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// run is text on one baseline without a wide gap.
type run struct {
	text     string
	box      Rect
	baseline float64
	size     float64
	bold     bool
	blockStyle
	rtl       bool
	invisible bool
	chars     []char
	quarters  int    // direction of writing in quarter turns clockwise, -1 for slanted text
	table     *table // what the run stands for instead of text
}

// gutter is the gap, in ems, that ends a run. A column gutter is about as
// wide; words of a justified line that lie further apart are joined again
// when the line proves to be one.
const gutter = 0.9

// runs cuts the characters into runs, in the file's order. The page must stand
// upright by then: they are made once.
func (c *content) runs() []run {
	if c.made == nil {
		c.made = c.makeRuns()
	}
	return c.made
}

func (c *content) makeRuns() []run {
	var out []run
	var current []char // with generated spaces
	flush := func() {
		if r, ok := c.makeRun(current); ok {
			out = append(out, r)
		}
		current = current[:0]
	}
	var last char
	has := false
	for _, ch := range c.chars {
		switch {
		case ch.r == '\r' || ch.r == '\n':
			flush()
			has = false
			continue
		case ch.r == 0:
			continue
		case ch.generated || unicode.IsSpace(ch.r):
			if has {
				current = append(current, ch)
			}
			continue
		}
		if has && c.apart(last, ch) {
			flush()
		} else if has && c.stated {
			current = c.trueSpace(current, last, ch)
		}
		current = append(current, ch)
		last, has = ch, true
	}
	flush()
	return out
}

// apart tells whether two characters that follow each other in the file
// belong to different runs.
func (c *content) apart(a, b char) bool {
	s, t := c.styles[a.style], c.styles[b.style]
	if s.dx*t.dx+s.dy*t.dy < 0.98 || s.invisible != t.invisible {
		return true
	}
	size := max(s.size, t.size, 1)
	// Along and across the direction of writing.
	across := math.Abs((b.x-a.x)*-s.dy + (b.y-a.y)*s.dx)
	if across > 0.45*size {
		return true
	}
	a0, a1 := along(a.box, s)
	b0, b1 := along(b.box, s)
	return max(b0-a1, a0-b1) > gutter*size
}

// trueSpace takes back a space that PDFium made up because it does not know the
// extent of an ActualText.
func (c *content) trueSpace(chars []char, a, b char) []char {
	if n := len(chars); n > 0 && chars[n-1].generated {
		s := c.styles[b.style]
		_, a1 := along(a.box, s)
		b0, _ := along(b.box, s)
		if b0-a1 < 0.12*s.size {
			return chars[:n-1]
		}
	}
	return chars
}

// along is the extent of a box along a writing direction.
func along(r Rect, s style) (float64, float64) {
	w := math.Abs(s.dx)*r.Width() + math.Abs(s.dy)*r.Height()
	mid := s.dx*(r.X0+r.X1)/2 + s.dy*(r.Y0+r.Y1)/2
	return mid - w/2, mid + w/2
}

func (c *content) makeRun(chars []char) (run, bool) {
	// With its outer spaces, which tell words apart in a line of several runs.
	r := run{chars: slices.Clone(chars)}
	for len(chars) > 0 && isSpace(chars[len(chars)-1]) {
		chars = chars[:len(chars)-1]
	}
	if len(chars) == 0 {
		return run{}, false
	}
	bold, slanted, ink := 0, 0, 0
	sizes := map[float64]int{}
	var baselines []float64
	for _, ch := range chars {
		if isSpace(ch) {
			continue
		}
		s := c.styles[ch.style]
		r.box = r.box.union(ch.box)
		sizes[math.Round(s.size*10)/10]++
		baselines = append(baselines, ch.y)
		ink++
		if s.bold {
			bold++
		}
		if s.slanted {
			slanted++
		}
		r.invisible = s.invisible
		r.quarters = quarters(s)
	}
	if ink == 0 {
		return run{}, false
	}
	r.bold, r.slanted = 2*bold > ink, 2*slanted > ink
	r.boldStart = c.styles[chars[0].style].bold
	r.size = max(1, mode(sizes))
	slices.Sort(baselines)
	r.baseline = baselines[len(baselines)/2]
	r.rtl = rightToLeft(chars)
	if r.quarters == 0 { // else where it stands says nothing
		if r.rtl {
			r.text = strings.Join(rightToLeftCells(r.chars, r.size), " ")
			return r, r.text != ""
		}
		if steps(chars) < 0 { // a number in text from right to left
			chars = slices.Clone(chars)
			slices.Reverse(chars)
		}
	}
	var b strings.Builder
	for _, ch := range chars {
		if isSpace(ch) {
			b.WriteByte(' ')
		} else {
			b.WriteRune(ch.r)
		}
	}
	r.text = cleanText(b.String())
	return r, r.text != ""
}

func isSpace(ch char) bool { return ch.generated || unicode.IsSpace(ch.r) }

// quarters is the direction of writing in quarter turns clockwise.
func quarters(s style) int {
	switch {
	case s.dx > 0.97:
		return 0
	case s.dy > 0.97:
		return 1
	case s.dx < -0.97:
		return 2
	case s.dy < -0.97:
		return 3
	}
	return -1
}

func mode(counts map[float64]int) float64 {
	best, n := 0.0, 0
	for v, k := range counts {
		if k > n || k == n && v > best {
			best, n = v, k
		}
	}
	return best
}

// cleanText makes text of the file usable: presentation forms and ligatures
// become letters, PDFium's mark for a hyphen at a line's end a hyphen, and
// runs of white space one space.
func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == 0x02 || r == 0xFFFE: // how PDFium marks a hyphen that ends a line
			return '\u00AD'
		case r == '\u00A0' || r == '\t':
			return ' '
		case r >= 0x80 && r < 0xA0:
			return '•' // no letter: a bullet or box of a symbol font
		case r < ' ' || r == 0xFEFF || r == 0x7F || r == 0x0640:
			return -1 // the last is the tatweel, which only widens a word
		}
		return r
	}, s)
	if strings.ContainsFunc(s, isCompatibility) {
		var b strings.Builder
		for _, r := range s {
			if isCompatibility(r) {
				b.WriteString(norm.NFKC.String(string(r)))
			} else {
				b.WriteRune(r)
			}
		}
		s = b.String()
	}
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}

// isCompatibility tells Latin ligatures and the presentation forms of Arabic
// and Hebrew.
func isCompatibility(r rune) bool {
	return r >= 0xFB00 && r <= 0xFDFF && r != 0xFD3E && r != 0xFD3F || r >= 0xFE70 && r <= 0xFEFC
}

// isRTL tells letters that are written from right to left.
func isRTL(r rune) bool {
	return r >= 0x0590 && r <= 0x08FF && unicode.IsLetter(r) || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC ||
		r >= 0x07C0 && r <= 0x07FF || r >= 0x1E900 && r <= 0x1E95F
}

func rightToLeft(chars []char) bool {
	rtl, ltr := 0, 0
	for _, ch := range chars {
		if isRTL(ch.r) {
			rtl++
		} else if unicode.IsLetter(ch.r) {
			ltr++
		}
	}
	return rtl > ltr
}

// steps is the number of steps to the right less those to the left from one
// character to the next.
func steps(chars []char) int {
	n := 0
	var last *char
	for i := range chars {
		if isSpace(chars[i]) {
			continue
		}
		if last != nil {
			switch d := center(chars[i]) - center(*last); {
			case d < -0.1:
				n--
			case d > 0.1:
				n++
			}
		}
		last = &chars[i]
	}
	return n
}

func center(ch char) float64 { return (ch.box.X0 + ch.box.X1) / 2 }

func runeCount(s string) int { return utf8.RuneCountInString(s) }
