package cer

import (
	"fmt"
	"math"
	"testing"
)

func TestRate(t *testing.T) {
	tests := []struct {
		truth, text string
		want        float64
	}{
		{"", "", 0},
		{"abcd", "", 1},
		{"", "ab", 2},
		{"abcd", "abxd", 0.25},
		{"abcd", "abd", 0.25},
		{"a\n b", "a b", 0},
		{"ሰው፡ሁሉ", "ሰው ሁሉ", 0},
		{"the “end” – so", `the "end" - so`, 0},
		{"e\u0301", "\u00e9", 0},
		{"می\u200cروم", "میروم", 0},
		{"kitten", "sitting", 0.5},
	}
	for _, test := range tests {
		if got := Rate(test.truth, test.text); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%q, %q: %v, want %v", test.truth, test.text, got, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	tests := []struct {
		truth string
		lines []string
		want  string
	}{
		{"All human beings", []string{"All humau", "beings"}, "[{1 9} {0 7}]"},
		{"All human beings are", []string{"All human", "are"}, "[{7 16} {0 4}]"}, // a line is missing
		{"one two", []string{"one", "||||", "two"}, "[{0 3} {5 5} {0 4}]"},       // and one too many
		{"one", nil, "[]"},
		{"", []string{"one"}, "[{3 3}]"},
	}
	for _, test := range tests {
		got := Lines(test.truth, test.lines)
		if fmt.Sprint(got) != test.want {
			t.Errorf("%q, %q: %v, want %s", test.truth, test.lines, got, test.want)
		}
		errors, length := 0, len([]rune(test.truth))
		for _, c := range got {
			errors += c.Errors
		}
		if len(test.lines) > 0 && errors < length-40 {
			t.Errorf("%q: %d errors", test.truth, errors)
		}
	}
}
