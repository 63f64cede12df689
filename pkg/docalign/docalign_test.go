package docalign

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSignsAreTheSameInAllScripts(t *testing.T) {
	tests := []struct{ line, same string }{
		{"3,450 families", "familles : 3.450"},
		{"in 2019", "٢٠١٩"},
		{"Tanzania", "ታንዛኒያ"},
		{"Mogadishu", "মোগাদিশু"},
	}
	read := func(line string) (signs []string) {
		eachSign(line, func(s string) { signs = append(signs, s) })
		return signs
	}
	for _, tt := range tests {
		a, b := read(tt.line), read(tt.same)
		if len(a) == 0 || !slices.Contains(b, a[0]) {
			t.Errorf("%s has %q, %s has %q", tt.line, a, tt.same, b)
		}
	}
	for _, line := range []string{"few small words", "7 and 3", "a\x00b \xff", ""} {
		if got := read(line); len(got) > 0 {
			t.Errorf("%q has the signs %q", line, got)
		}
	}
}

func TestAddressShape(t *testing.T) {
	same := [][]string{
		{"https://example.org/en/report-4.html", "https://example.org/sw/report-4.html", "https://www.example.org/fr/report-4.html"},
		{"https://example.org/report_en.pdf", "https://example.org/report_am.pdf"},
		{"https://example.org/a?id=4&lang=en", "https://example.org/a?lang=so&id=4"},
		{"https://en.example.org/x", "https://fr.example.org/x"},
		{"file:///corpus/a.en.txt", "file:///corpus/a.so.txt"},
	}
	for _, addresses := range same {
		for _, a := range addresses[1:] {
			if x, y := addressShape(addresses[0]), addressShape(a); x == "" || x != y {
				t.Errorf("%s is %q, %s is %q", addresses[0], x, a, y)
			}
		}
	}
	for _, a := range []string{"https://example.org/report.html", "https://example.org/", "", "::", "https://example.org/2024/04/new"} {
		if got := addressShape(a); got != "" {
			t.Errorf("%s, which names no language, is %q", a, got)
		}
	}
}

// report makes the same made-up report in two languages: numbers and names
// agree, words do not.
func report(n int) (english, other Document) {
	en := strings.Fields("the water reached many villages near a school and people left their homes")
	sw := strings.Fields("maji yalifika vijiji vingi karibu na shule watu wakaacha nyumba zao huko leo tena")
	places := strings.Fields("Garissa Hola Madogo Bura Masalani Kipini Lamu Witu Galole Wenje Mbalambala Modogashe")
	line := func(words []string, i int, sign string) string {
		var b strings.Builder
		for k := range 5 + (n*7+i*5)%9 {
			b.WriteString(words[(n*3+i*i+k*k)%len(words)] + " ")
		}
		return b.String() + sign + "."
	}
	for i := range 8 {
		sign := ""
		switch i % 4 {
		case 0:
			sign = fmt.Sprint((n*7919 + i*104729) % 9973)
		case 1:
			sign = places[(n+i)%len(places)]
		}
		english.Lines = append(english.Lines, line(en, i, sign))
		other.Lines = append(other.Lines, line(sw, i, sign))
	}
	english.Language, other.Language = "eng_Latn", "swh_Latn"
	return english, other
}

func TestMatch(t *testing.T) {
	var source, target []Document
	for n := range 30 {
		en, sw := report(n)
		if n != 3 {
			source = append(source, en)
		}
		if n != 7 {
			target = append([]Document{sw}, target...) // in another order
		}
	}
	pairs, err := Match(t.Context(), source, target)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, p := range pairs {
		n := p.Source // its number among the reports
		if n >= 3 {
			n++
		}
		m := 28 - p.Target
		if m >= 7 {
			m++
		}
		if n == m {
			right++
		} else {
			t.Logf("report %d with %d: %+v", n, m, p)
		}
	}
	if right < 27 || len(pairs) > right+1 {
		t.Errorf("%d pairs of which %d are right, of 28", len(pairs), right)
	}
	again, err := Match(t.Context(), source, target)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(pairs) {
		t.Errorf("another run finds other pairs: %v", err)
	}
}

func TestMatchOfNothing(t *testing.T) {
	for _, documents := range [][]Document{nil, {{}}, {{Lines: []string{"", "\x00"}}}} {
		if pairs, err := Match(t.Context(), documents, documents); err != nil || len(pairs) != 0 {
			t.Errorf("%d empty documents: %v, %v", len(documents), pairs, err)
		}
	}
}

func TestACrowdedBandIsGivenUp(t *testing.T) {
	var m Meeting[int32]
	for id := int32(1); id <= crowd; id++ {
		if got := m.Join(Member[int32]{id, 1}); len(got) != 0 {
			t.Fatalf("document %d met %d of its own language", id, len(got))
		}
	}
	if got := m.Join(Member[int32]{100, 2}); len(got) != crowd {
		t.Errorf("a document of another language met %d, want %d", len(got), crowd)
	}
	m.Join(Member[int32]{101, 1})
	if got := m.Join(Member[int32]{102, 2}); len(got) != 0 || len(m.Members) != 0 {
		t.Errorf("a crowd gave %d candidates and keeps %d members", len(got), len(m.Members))
	}
}

func TestDecideTakesMutualBest(t *testing.T) {
	candidates := []Pair{
		{Source: 0, Target: 0, Score: 9}, {Source: 0, Target: 1, Score: 8},
		{Source: 1, Target: 0, Score: 7}, {Source: 1, Target: 1, Score: 3},
		{Source: 2, Target: 2, Score: Accept - 1},
	}
	got := Decide(candidates)
	if len(got) != 1 || got[0].Source != 0 || got[0].Target != 0 || got[0].Margin != 1 {
		t.Errorf("got %+v", got)
	}
}
