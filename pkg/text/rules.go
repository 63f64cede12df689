package text

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

// abbreviations.tsv lists abbreviations by language; its head explains it.
//
//go:embed abbreviations.tsv
var abbreviationsTSV string

// rules are what decides whether a full stop belongs to the word before it.
type rules struct {
	titles   map[string]bool // a sentence never ends after these
	others   map[string]bool // a sentence may end after these
	starters map[string]bool // words that start sentences
	ordinals bool            // `3.` is an ordinal number
}

// general are the rules of all languages, byLanguage those of one with them.
var general, byLanguage = loadRules(abbreviationsTSV)

func rulesFor(language string) *rules {
	code, _, _ := strings.Cut(language, "_")
	if r, ok := byLanguage[code]; ok {
		return r
	}
	return general
}

func loadRules(tsv string) (*rules, map[string]*rules) {
	empty := func() *rules {
		return &rules{titles: map[string]bool{}, others: map[string]bool{}, starters: map[string]bool{}}
	}
	all, by := empty(), map[string]*rules{}
	for pass := range 2 { // the general lines first: they belong to every language
		for line := range strings.Lines(tsv) {
			fields := strings.Split(strings.TrimSpace(line), "\t")
			if strings.HasPrefix(line, "#") || len(fields) < 2 || (fields[0] == "*") != (pass == 0) {
				continue
			}
			r := all
			if fields[0] != "*" {
				if by[fields[0]] == nil {
					by[fields[0]] = empty()
					by[fields[0]].add(all)
				}
				r = by[fields[0]]
			}
			words := map[string]bool{}
			if len(fields) > 2 {
				for word := range strings.FieldsSeq(fields[2]) {
					words[word] = true
				}
			}
			switch fields[1] {
			case "title":
				r.add(&rules{titles: words})
			case "other":
				r.add(&rules{others: words})
			case "start":
				r.add(&rules{starters: words})
			case "ordinals":
				r.ordinals = true
			}
		}
	}
	return all, by
}

func (r *rules) add(from *rules) {
	for word := range from.titles {
		r.titles[word] = true
	}
	for word := range from.others {
		r.others[word] = true
	}
	for word := range from.starters {
		r.starters[word] = true
	}
}

// belongs tells whether a full stop is part of the word before it, so that no
// sentence ends there. Before is the sentence so far without the stop, run the
// stop and what closes after it, after what follows the white space.
func (r *rules) belongs(before, run, after string) bool {
	word := lastWord(before)
	if word == "" {
		return strings.TrimSpace(before) == "" // a stop at the start of the sentence ends nothing
	}
	closed := len(run) > 1 // a bracket or quote closes: `(etc.)`
	next := firstWord(after)
	lower := strings.ToLower(word)
	switch {
	case isMarker(before, word):
		return true
	case closed:
		return r.titles[lower]
	case r.titles[lower]:
		return true
	case r.others[lower]:
		return !r.starters[next] && !isUpperWord(next)
	case isNumber(word):
		// An ordinal: `am 3. Oktober`. Years and larger numbers are none.
		return r.ordinals && len(word) <= 2
	case isInitials(word):
		return !r.starters[next]
	}
	return false
}

// lastWord returns the last word of s, without opening brackets and quotes:
// letters, digits, inner stops, hyphens and slashes.
func lastWord(s string) string {
	i := strings.LastIndexFunc(s, func(c rune) bool {
		return unicode.IsSpace(c) || opens(c) || c == '—' || c == '–' || c == '፡'
	})
	if i < 0 {
		return s
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return s[i+size:]
}

// firstWord returns the first word of s without opening brackets and quotes.
func firstWord(s string) string {
	s = strings.TrimLeftFunc(s, opens)
	if i := strings.IndexFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) }); i >= 0 {
		return s[:i]
	}
	return s
}

func isUpperWord(word string) bool {
	c, _ := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(c)
}

func isNumber(word string) bool {
	for _, c := range word {
		if !unicode.IsDigit(c) && c != ',' && c != '.' {
			return false
		}
	}
	return true
}

// isInitials tells whether word is one letter or letters with stops between:
// `J`, `U.N`, `እ.ኤ.አ`.
func isInitials(word string) bool {
	single := true // a letter may follow
	for _, c := range word {
		switch {
		case c == '.' || c == '-':
			single = true
		case unicode.IsMark(c):
		case unicode.IsLetter(c) && single:
			single = false
		default:
			return false
		}
	}
	return true
}

// isMarker tells whether the sentence so far is nothing but the marker of a
// list item or section: `3`, `a`, `IV`, `1.2`, `Article 1`, `Kifungu cha 1`.
func isMarker(before, word string) bool {
	if len(before) > 200 { // no marker is; and a long text is not read again at every stop
		return false
	}
	before = strings.TrimSpace(strings.TrimLeftFunc(strings.TrimSpace(before), opens))
	if before == word {
		return isNumber(word) || isInitials(word) || isRoman(word) && len(word) <= 5
	}
	if utf8.RuneCountInString(before) > 24 || !isNumber(word) && !isRoman(word) || len(word) > 3 {
		return false
	}
	first := firstWord(before)
	c, _ := utf8.DecodeRuneInString(first)
	return first != "" && !unicode.IsLower(c) && strings.Count(before, " ") <= 2
}

func isRoman(word string) bool {
	return strings.Trim(word, "IVXLC") == "" || strings.Trim(word, "ivxlc") == ""
}
