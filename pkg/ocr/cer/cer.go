// Package cer measures recognised text against the truth.
//
//	rate := cer.Rate(truth, page.Text())          // 0.012: 1.2 % of the characters are wrong
//	lines := cer.Lines(truth, []string{"All humau", "beings"})
//	// {Errors:1 Length:9} {Errors:0 Length:6}
//
// Both sides are normalised first: NFC, typographic quotes and dashes made
// plain, marks of zero width dropped, the Ethiopic wordspace made a space,
// white space folded.
package cer

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

var plain = strings.NewReplacer(
	"\u2018", "'", "\u2019", "'", "\u02bc", "'", "\u201c", `"`, "\u201d", `"`, "\u2013", "-", "\u2014", "-", "\u1361", " ", "\f", " ",
	"\u200b", "", "\u200c", "", "\u200d", "", "\u200e", "", "\u200f", "", "\ufeff", "",
)

// Normalize makes texts alike that differ only in what nobody counts.
func Normalize(text string) string {
	return strings.Join(strings.Fields(plain.Replace(norm.NFC.String(text))), " ")
}

// Count is a number of wrong characters among so many.
type Count struct {
	Errors int
	Length int
}

// Rate is the share of wrong characters; it may pass 1.
func (c Count) Rate() float64 { return float64(c.Errors) / float64(max(c.Length, 1)) }

// Rate returns the character error rate of a text: the Levenshtein distance
// to the truth by the truth's length.
func Rate(truth, text string) float64 {
	a, b := []rune(Normalize(truth)), []rune(Normalize(text))
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, cost)
		}
	}
	return Count{row[len(b)], len(a)}.Rate()
}

// Steps of an alignment.
const (
	both  = iota // a character of each side
	truth        // one of the truth's only
	read         // one of the text's only
)

// Lines aligns the lines of a page with the truth and counts the errors of
// each; a character that no line has belongs to the line before it. Length is
// that of the truth under the line, or of the line where that is longer.
func Lines(text string, lines []string) []Count {
	var b []rune
	var owner []int
	for i, line := range lines {
		if len(b) > 0 {
			b, owner = append(b, ' '), append(owner, i)
		}
		for _, r := range Normalize(line) {
			b, owner = append(b, r), append(owner, i)
		}
	}
	counts := make([]Count, len(lines))
	if len(b) == 0 {
		return counts
	}
	a := []rune(Normalize(text))
	steps := align(a, b)
	lengths := make([]int, len(lines))
	i, j := 0, 0
	for _, step := range steps {
		line := owner[min(j, len(b)-1)]
		switch step {
		case both:
			if a[i] != b[j] {
				counts[line].Errors++
			}
			counts[line].Length++
			lengths[line]++
			i, j = i+1, j+1
		case truth:
			line = owner[max(j-1, 0)]
			counts[line].Errors++
			counts[line].Length++
			i++
		case read:
			counts[line].Errors++
			lengths[line]++
			j++
		}
	}
	for i := range counts {
		counts[i].Length = max(counts[i].Length, lengths[i])
	}
	return counts
}

// align returns the steps of a shortest edit from a to b.
func align(a, b []rune) []byte {
	width := len(b) + 1
	steps := make([]byte, (len(a)+1)*width)
	row := make([]int, width)
	for j := range row {
		row[j], steps[j] = j, read
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		steps[(i+1)*width] = truth
		for j, y := range b {
			cost, step := diagonal, byte(both)
			if x != y {
				cost++
			}
			if row[j+1]+1 < cost {
				cost, step = row[j+1]+1, truth
			}
			if row[j]+1 < cost {
				cost, step = row[j]+1, read
			}
			diagonal = row[j+1]
			row[j+1] = cost
			steps[(i+1)*width+j+1] = step
		}
	}
	var back []byte
	for i, j := len(a), len(b); i > 0 || j > 0; {
		step := steps[i*width+j]
		back = append(back, step)
		if step != read {
			i--
		}
		if step != truth {
			j--
		}
	}
	slices.Reverse(back)
	return back
}
