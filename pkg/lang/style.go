package lang

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// style is how a word is written, in scripts with capitals.
type style uint8

const (
	plain   style = iota
	title         // `Kigali`: a name, or the first word of a sentence
	capital       // `UNICEF`, `NGOs`: an acronym, or a heading in capitals
	initial       // `A`: a single capital
)

// styleOf looks at a word's first two letters, and at all only if both are
// capitals: few words go on then.
func styleOf(word string) style {
	first, size := utf8.DecodeRuneInString(word)
	if !unicode.IsUpper(first) {
		return plain
	}
	rest := word[size:]
	if rest == "" {
		return initial
	}
	if second, _ := utf8.DecodeRuneInString(rest); unicode.IsLower(second) {
		return title
	}
	if n := len(rest) - 1; n > 0 && rest[n] == 's' {
		rest = rest[:n]
	}
	for _, r := range rest {
		if unicode.IsLower(r) {
			return title
		}
	}
	return capital
}

const (
	acronymBytes = 6 // of the longest acronyms that are usual (UNICEF, UNESCO), but for `s`
	fewWords     = 4 // from so many words on a text in capitals is a heading
)

// withoutAcronyms leaves out words in capitals, which are the same in all
// languages: where most words are not in capitals all of them, in a few words
// in capitals the short ones. More words in capitals are a heading.
func withoutAcronyms(words []span) []span {
	capitals, others := 0, 0
	for i := range words {
		if words[i].style == capital {
			capitals++
		} else {
			others++
		}
	}
	if capitals == 0 || capitals > others && capitals+others >= fewWords {
		return words
	}
	return slices.DeleteFunc(words, func(w span) bool {
		return w.style == capital && (capitals <= others || w.end-w.start <= acronymBytes+1)
	})
}

// mayBeNames tells whether a text is a few words that all have a capital. Then
// it says half of what it seems to: names look like the language of those who
// bear them, wherever they are written.
func mayBeNames(words []span) bool {
	return len(words) <= fewWords && !slices.ContainsFunc(words, func(w span) bool { return w.style == plain })
}
