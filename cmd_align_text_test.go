package main

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"vislang/pkg/align"
)

func TestSideBySide(t *testing.T) {
	source := []string{"Floods in the \x1b[31mTana\x00 River valley took many houses.", "They left."}
	target := []string{"فيضانات في وادي نهر تانا 2024 أخذت منازل كثيرة."}
	result := align.Result{Health: 0.9, Beads: []align.Bead{
		{Source: []int{0}, Target: []int{0}, Score: 0.97}, {Source: []int{1}, Score: 0.5},
	}}
	var out strings.Builder
	if err := writeSideBySide(&out, result, source, target, 60); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if !strings.HasPrefix(lines[0], "0.97  \u2066Floods in the") {
		t.Errorf("first line %q", lines[0])
	}
	if strings.ContainsAny(out.String(), "\x1b\x00") {
		t.Error("control characters reach the terminal")
	}
	for _, line := range lines[:len(lines)-2] {
		if w := uniseg.StringWidth(line); w > 60 {
			t.Errorf("%d columns: %q", w, line)
		}
		if strings.Count(line, "\u2066")+strings.Count(line, "\u2067") != strings.Count(line, "\u2069") {
			t.Errorf("isolates are not closed: %q", line)
		}
		before, _, _ := strings.Cut(line, "│")
		if w := uniseg.StringWidth(before); w != 6+25+1 {
			t.Errorf("the columns part at %d: %q", w, line)
		}
	}
	if !strings.Contains(out.String(), "\u2067فيضانات") {
		t.Error("the Arabic side is not isolated from right to left")
	}
	if !strings.HasPrefix(lines[len(lines)-1], "health 0.90: translations") {
		t.Errorf("last line %q", lines[len(lines)-1])
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"one two three", []string{"one two", "three"}},
		{"a verylongword", []string{"a", "verylongw", "ord"}},
		{"漢字漢字漢", []string{"漢字漢字", "漢"}},
	} {
		if got := wrap(tt.text, 9); strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
	if lines := wrap(strings.Repeat("x", 1<<20), 20); len(lines) > 42 {
		t.Errorf("a line of a megabyte takes %d lines", len(lines))
	}
}
