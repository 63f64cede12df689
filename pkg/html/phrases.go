package html

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// phrases.tsv lists what short blocks say that belong to no text; its head
// explains it.
//
//go:embed phrases.tsv
var phrasesTSV string

// Kinds of phrases.
const (
	act       = 1 << iota // asks the reader to do something
	more                  // leads to other pages
	credit                // names the source of a picture
	published             // dates and signs the text
)

// maxPhrased is the size in bytes of the blocks whose phrases count.
const maxPhrased = 400

type phrase struct {
	text  string
	start bool // only at the start of the block
	kind  int
}

// phrases are the phrases by their first character.
var phrases = func() map[rune][]phrase {
	kinds := []string{"act", "more", "credit", "time"}
	m := map[rune][]phrase{}
	for line := range strings.Lines(phrasesTSV) {
		kind, text, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		text, start := strings.CutPrefix(text, "^")
		first, _ := utf8.DecodeRuneInString(text)
		m[first] = append(m[first], phrase{text, start, 1 << slices.Index(kinds, kind)})
	}
	return m
}()

// phrasesIn says which kinds of phrases a short text holds.
func phrasesIn(text string) (kinds int) {
	if len(text) > maxPhrased {
		return 0
	}
	text = strings.ToLower(text)
	word := false // inside a word
	for i, r := range text {
		if !word {
			for _, p := range phrases[r] {
				if (i == 0 || !p.start) && strings.HasPrefix(text[i:], p.text) {
					kinds |= p.kind
				}
			}
		}
		word = unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return kinds
}
