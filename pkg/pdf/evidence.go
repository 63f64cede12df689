package pdf

import (
	"strings"
	"unicode"
)

// Measure is a count or share that a text layer was judged by.
type Measure struct {
	Name  string // such as misplaced_signs
	Value float64
}

// measure counts what speaks for and against the text layer of a page: what
// judge looks at, of sound pages too, so that its limits can be questioned with
// the numbers of real documents.
func measure(c *content, runs []run) []Measure {
	characters, unmapped, invisible := 0, 0, 0
	for _, ch := range c.chars {
		if ch.generated || unicode.IsSpace(ch.r) {
			continue
		}
		characters++
		if meaningless(ch) {
			unmapped++
		}
		if c.styles[ch.style].invisible {
			invisible++
		}
	}
	var t tally
	for _, r := range runs {
		for _, word := range strings.Fields(r.text) {
			t.add([]rune(word))
		}
	}
	pictured := 0.0
	for _, p := range c.pictures {
		pictured += p.seen.area()
	}
	var out []Measure
	add := func(name string, value float64) {
		if value > 0 {
			out = append(out, Measure{name, value})
		}
	}
	count := func(name string, n int) { add(name, float64(n)) }
	count("characters", characters)
	count("unmapped", unmapped)
	count("invisible", invisible)
	count("unreadable", t.ink-t.readable)
	count("vowel_signs", t.signs)
	count("misplaced_signs", t.misplaced)
	count("final_letters", t.finals)
	count("final_letters_inside", t.midFinal)
	count("arabic_words", t.arabicWords)
	count("arabic_letters", t.arabicLetters)
	count("arabic_triples", t.triples)
	count("latin_words", t.latinWords)
	count("gibberish_words", t.gibberish)
	count("pictures", len(c.pictures))
	add("pictured", min(1, float64(int(100*pictured/(c.width*c.height)+0.5))/100))
	return out
}
