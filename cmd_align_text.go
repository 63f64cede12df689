package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/bidi"

	"vislang/pkg/align"
)

// writeSideBySide writes the beads for a terminal of so many columns: the
// confidence, the source, the target. Lines are wrapped by what characters
// take on the screen, and isolated, so that a text from right to left does not
// reorder what stands beside it.
func writeSideBySide(out io.Writer, result align.Result, source, target []string, width int) error {
	const frame = len("0.97  ") + len(" | ")
	column := max(16, (width-frame)/2)
	for _, b := range result.Beads {
		left, right := newCell(joined(source, b.Source), column), newCell(joined(target, b.Target), column)
		for n := range max(len(left.lines), len(right.lines)) {
			score := "      "
			if n == 0 {
				score = fmt.Sprintf("%.2f  ", b.Score)
			}
			if _, err := fmt.Fprintf(out, "%s%s │ %s\n", score, left.line(n, true), strings.TrimRight(right.line(n, false), " ")); err != nil {
				return err
			}
		}
	}
	verdict := "translations of each other"
	if result.Health < align.HealthThreshold {
		verdict = "hardly whole translations of each other"
	}
	_, err := fmt.Fprintf(out, "\nhealth %.2f: %s\n", result.Health, verdict)
	return err
}

// cell is one side of a bead, wrapped.
type cell struct {
	lines     []string
	width     int
	rightward bool // it is written from right to left
}

func newCell(text string, width int) cell {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' ' // it would move the cursor or turn what follows
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return cell{wrap(text, width), width, fromRight(text)}
}

// line returns the n-th line, filled up to the width of the cell.
func (c cell) line(n int, fill bool) string {
	if n >= len(c.lines) {
		if fill {
			return strings.Repeat(" ", c.width)
		}
		return ""
	}
	const leftToRight, rightToLeft, end = "\u2066", "\u2067", "\u2069"
	space := strings.Repeat(" ", max(0, c.width-uniseg.StringWidth(c.lines[n])))
	if c.rightward {
		return space + rightToLeft + c.lines[n] + end
	}
	return leftToRight + c.lines[n] + end + space
}

// fromRight tells whether most letters are of scripts written from right to left.
func fromRight(text string) bool {
	n := 0
	for _, r := range text {
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.R, bidi.AL:
			n++
		case bidi.L:
			n--
		}
	}
	return n > 0
}

// wrap cuts a text into lines of at most width columns, between words where it
// can. A text longer than a screen is cut short.
func wrap(text string, width int) []string {
	const most = 40 // lines
	var lines []string
	var line strings.Builder
	used := 0
	flush := func() {
		if used > 0 {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
	}
	for word := range strings.FieldsSeq(text) {
		if len(lines) >= most {
			line.WriteString(" …")
			used += 2
			break
		}
		w := uniseg.StringWidth(word)
		if used > 0 && used+1+w > width {
			flush()
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		for state := -1; word != "" && len(lines) < most; {
			var cluster string
			var columns int
			cluster, word, columns, state = uniseg.FirstGraphemeClusterInString(word, state)
			if used > 0 && used+columns > width {
				flush()
			}
			line.WriteString(cluster)
			used += columns
		}
	}
	flush()
	return lines
}
