// Package text cuts text into sentences, joins broken lines, folds spellings
// for comparison and judges the quality of a sentence.
//
//	for _, s := range text.Sentences("Dr. Ali arrived. It rained 1.5 mm.", "eng_Latn") {
//		fmt.Println(s.Start, s.Text)
//	}
//	// 0 Dr. Ali arrived.
//	// 17 It rained 1.5 mm.
//
// Everything works on UTF-8 strings and never fails; invalid bytes count as
// symbols.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence is a piece of a text: Text is the text's bytes from Start to before
// End, without white space around it.
type Sentence struct {
	Text       string
	Start, End int // bytes
}

// Sentences cuts text into sentences. Language is a label such as `swh_Latn`
// or an ISO 639-3 code; it chooses abbreviations and the few rules that differ
// and may be empty.
//
// A sentence ends after a full stop of its script (። ፡፡ ፧ ፨ ؟ ۔ । ॥ ။ ។ 。！？ …),
// with the quotes and brackets that close after it, and at an empty line. A
// Latin full stop ends it unless it belongs to an abbreviation, an initial, a
// number or the marker of a list item (`3.`, `Article 1.`), or a lower-case
// letter follows. Thai and Lao have no full stop: there a space between two
// letters ends a piece, which may be less than a sentence.
func Sentences(text, language string) []Sentence {
	s := splitter{text: text, rules: rulesFor(language)}
	s.run()
	return s.out
}

type splitter struct {
	text  string
	rules *rules
	start int // of the sentence at hand
	out   []Sentence
}

func (s *splitter) run() {
	for i := 0; i < len(s.text); {
		r, size := utf8.DecodeRuneInString(s.text[i:])
		next := i + size
		switch kind := stopOf(r); {
		case r == '\n':
			end := skipSpace(s.text, i)
			if strings.Count(s.text[i:end], "\n") > 1 {
				s.cut(i)
			}
			next = end
		case kind == noStop:
			if r == ' ' && s.spaceEnds(i) {
				s.cut(i)
			}
		default:
			next = s.stops(next)
			if s.ends(i, next, kind) {
				s.cut(next)
			}
		}
		i = next
	}
	s.cut(len(s.text))
}

// cut ends the sentence at hand before end.
func (s *splitter) cut(end int) {
	piece := s.text[s.start:end]
	left := strings.TrimLeftFunc(piece, unicode.IsSpace)
	trimmed := strings.TrimRightFunc(left, unicode.IsSpace)
	if trimmed != "" {
		start := s.start + len(piece) - len(left)
		s.out = append(s.out, Sentence{trimmed, start, start + len(trimmed)})
	}
	s.start = end
}

// Kinds of sentence-ending characters.
type stop int

const (
	noStop stop = iota
	period      // the ambiguous full stop
	mark        // ends a sentence if white space follows
	full        // ends a sentence by itself
)

func stopOf(r rune) stop {
	switch r {
	case '.', '…':
		return period
	case '!', '?', '‽', '‼', '⁇', '⁈', '⁉':
		return mark
	case '።', '፧', '፨', '؟', '۔', '؞', '।', '॥', '။', '។', '៕', '。', '！', '？', '｡', '．', '։', '᠃', '᠉', '߹', '᱾', '᱿', '꯫', '꘎', '꘏', '᭟', '꧉', '܀', '܁', '܂':
		return full
	case '፡': // twice it is a full stop; stops() sees to that
		return period
	case '།', '༎':
		return mark
	}
	return noStop
}

// stops returns the end of the stops and closing characters that start at i.
func (s *splitter) stops(i int) int {
	for i < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[i:])
		if stopOf(r) == noStop && !closes(r) {
			break
		}
		i += size
	}
	// French sets a space before the closing mark: `« C’est vrai. »`.
	after := skipSpace(s.text, i)
	if strings.HasPrefix(s.text[after:], "»") && strings.Count(s.text[s.start:i], "«") > strings.Count(s.text[s.start:i], "»") {
		return after + len("»")
	}
	return i
}

// closes tells whether r closes a quotation or bracket.
func closes(r rune) bool {
	switch r {
	case '"', '\'', '”', '’', '»', '›':
		return true
	case '“': // closes in German
		return true
	}
	return unicode.Is(unicode.Pe, r) || unicode.Is(unicode.Pf, r)
}

// ends tells whether the stop at i, whose run of stops and closing characters
// reaches to next, ends the sentence.
func (s *splitter) ends(i, next int, kind stop) bool {
	run := s.text[i:next]
	if strings.HasPrefix(run, "፡") {
		return strings.HasPrefix(run, "፡፡")
	}
	for _, r := range run {
		if k := stopOf(r); k != noStop && r != '፡' {
			kind = max(kind, k)
		}
	}
	if next == len(s.text) {
		return true
	}
	if kind == full {
		// `၁။ လက်ဆေးပါ။`: the marker of a list item has the stop of its script.
		before := ""
		if i-s.start <= 12 {
			before = strings.TrimSpace(s.text[s.start:i])
		}
		return before == "" || !isNumber(before)
	}
	after := skipSpace(s.text, next)
	if after == next { // something follows at once
		return false
	}
	if isBracketed(s.text[after:]) {
		return true
	}
	follow := s.follow(after)
	if kind == mark {
		return !unicode.IsLower(follow)
	}
	if unicode.IsLower(follow) {
		return false
	}
	if strings.HasPrefix(run, "..") || strings.HasPrefix(run, "…") {
		return true
	}
	return !s.rules.belongs(s.text[s.start:i], run, s.text[after:])
}

// isBracketed tells whether text starts with the marker of a list item and its
// bracket: `a)`, `iv)`, `12)`.
func isBracketed(text string) bool {
	i := strings.IndexByte(text[:min(len(text), 5)], ')')
	if i < 1 {
		return false
	}
	marker := strings.TrimPrefix(text[:i], "(")
	return marker != "" && (isNumber(marker) || isRoman(marker) || len(marker) == 1 && marker[0] >= 'a' && marker[0] <= 'z')
}

// follow returns the first letter or digit at or after i, looking past opening
// quotes and brackets.
func (s *splitter) follow(i int) rune {
	for _, r := range s.text[i:] {
		if opens(r) {
			continue
		}
		return r
	}
	return 0
}

func opens(r rune) bool {
	switch r {
	case '"', '\'', '“', '‘', '«', '‹', '„', '¿', '¡':
		return true
	}
	return unicode.Is(unicode.Ps, r) || unicode.Is(unicode.Pi, r)
}

// spaceEnds tells whether the space at i stands between two Thai or Lao
// letters.
func (s *splitter) spaceEnds(i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s.text[:i])
	after, _ := utf8.DecodeRuneInString(s.text[i+1:])
	return unicode.In(before, unicode.Thai, unicode.Lao) && unicode.In(after, unicode.Thai, unicode.Lao)
}

func skipSpace(text string, i int) int {
	return i + len(text[i:]) - len(strings.TrimLeftFunc(text[i:], unicode.IsSpace))
}
