package align

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vislang/pkg/text"
)

// corpus is the two sides as the model sees them.
type corpus struct {
	source, target []sentence
	anchors        []anchor
	found          int // anchors that were found; those after them were learned
	vocabulary     [2]vocabulary
}

// sentence is what the model sees of one sentence.
type sentence struct {
	length  float64 // letters and digits, at least 1
	anchors []int32 // distinct indexes into corpus.anchors, ascending
	found   int     // how many of them were found
	alone   float64 // evidence against, of numbers the other side has nowhere
}

// anchor is a sign that both sides have: a number, the beginning of a
// Latin-script word, a question mark or bracket, or a learned pair of words.
type anchor struct {
	weight  float64 // evidence of sharing it
	missing float64 // evidence against when one side alone has it
}

const (
	// prefix is how many letters of Latin-script words must agree: names and
	// loans take other endings in other languages (Afrika, Afrique, Africa).
	prefix = 4
	// stem is how many letters of a word are taken for the whole when its
	// translation is learned.
	stem = 5
	// maxSigns bounds what is read of one line, for lines that are none.
	maxSigns = 512
)

// signs is what a line shows.
type signs struct {
	anchors []string // distinct: `#` and a number, `?`, `(`, or beginnings of words
	words   []string // distinct beginnings of words of any script
	length  float64
}

func readLine(line string) signs {
	folded := text.Fold(ethiopicNumbers(strings.ToValidUTF8(line, " ")))
	r := lineReader{text: folded}
	for i, c := range folded {
		r.next(i, c)
	}
	r.end(len(folded))
	return signs{distinct(r.anchors), distinct(r.words), float64(max(1, r.letters))}
}

// lineReader cuts a folded line into words and numbers.
type lineReader struct {
	text    string
	anchors []string
	words   []string
	letters int
	start   int  // of the word or number at hand
	kind    rune // 'w' word, 'l' Latin word, 'd' digits, 0 none
}

func (r *lineReader) next(i int, c rune) {
	kind := rune(0)
	switch {
	case '0' <= c && c <= '9':
		kind = 'd'
		r.letters++
	case unicode.IsLetter(c):
		kind = 'w'
		if c < 0x80 || unicode.Is(unicode.Latin, c) {
			kind = 'l'
		}
		r.letters++
	case unicode.IsMark(c) && r.kind != 'd':
		kind = r.kind
	}
	switch {
	case kind == r.kind:
	case kind == 'w' && r.kind == 'l', kind == 'l' && r.kind == 'w':
		r.kind = 'w' // of mixed scripts
	default:
		r.end(i)
		r.start, r.kind = i, kind
	}
	switch c {
	case '?', '؟', '፧':
		r.anchors = append(r.anchors, "?")
	case '(':
		r.anchors = append(r.anchors, "(")
	}
}

// end closes the word or number that reaches to i.
func (r *lineReader) end(i int) {
	word := r.text[r.start:i]
	switch r.kind {
	case 'd':
		r.anchors = append(r.anchors, "#"+strings.TrimLeft(word[:len(word)-1], "0")+word[len(word)-1:])
	case 'w', 'l':
		r.words = append(r.words, beginning(word, stem))
		if r.kind == 'l' && utf8.RuneCountInString(word) >= prefix {
			r.anchors = append(r.anchors, beginning(word, prefix))
		}
	}
	r.kind = 0
}

// beginning returns the first n characters of s.
func beginning(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func distinct(list []string) []string {
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxSigns)]
}

func newCorpus(source, target []string, lexicon Lexicon, c *constants) *corpus {
	var read [2][]signs
	frequency := [2]map[string]int{{}, {}}
	out := &corpus{source: make([]sentence, len(source)), target: make([]sentence, len(target))}
	for side, lines := range [][]string{source, target} {
		words := make([][]string, len(lines))
		for i, line := range lines {
			s := readLine(line)
			read[side] = append(read[side], s)
			words[i] = s.words
			for _, a := range s.anchors {
				frequency[side][a]++
			}
		}
		out.vocabulary[side] = newVocabulary(words)
	}
	ids := map[string]int32{}
	for _, s := range read[0] {
		for _, a := range s.anchors {
			if _, ok := ids[a]; ok || frequency[1][a] == 0 {
				continue
			}
			k := c.anchor(a, float64(frequency[0][a]), float64(frequency[1][a]), float64(len(source))*float64(len(target)))
			if k.weight > 0 {
				ids[a] = int32(len(out.anchors))
				out.anchors = append(out.anchors, k)
			}
		}
	}
	known := out.translations(lexicon, read, c)
	out.found = len(out.anchors)
	for side, list := range [][]sentence{out.source, out.target} {
		for i := range list {
			s := &list[i]
			s.length = read[side][i].length
			for _, a := range read[side][i].anchors {
				if id, ok := ids[a]; ok {
					s.anchors = append(s.anchors, id)
				} else if a[0] == '#' && frequency[1-side][a] == 0 {
					s.alone += c.alone * c.telling(a)
				}
			}
			for _, w := range read[side][i].words {
				s.anchors = append(s.anchors, known[side][w]...)
			}
			slices.Sort(s.anchors)
			s.found = len(s.anchors)
		}
	}
	return out
}

// anchor weighs a sign that fs source and ft target sentences have, of so many
// pairs of sentences.
func (c *constants) anchor(sign string, fs, ft, pairs float64) anchor {
	rarity := 0.5 * math.Log(pairs/(fs*ft))
	// A name is about as frequent on both sides, a chance likeness is not.
	agreement := math.Sqrt(min(fs, ft) / max(fs, ft))
	var a anchor
	switch {
	case sign == "?":
		a = anchor{c.question * rarity * agreement, c.noQuestion}
	case sign == "(":
		a = anchor{c.bracket * rarity * agreement, c.noBracket}
	case sign[0] != '#':
		a = anchor{c.word * rarity * agreement, 0}
	case len(sign) == 2:
		a = anchor{c.number * c.smallNumber * rarity, c.missing * c.telling(sign)}
	default:
		a = anchor{c.number * rarity, c.missing * c.telling(sign)}
	}
	a.weight = min(a.weight, c.anchorCap)
	return a
}

// telling is how much the absence of a number tells, 0 to 1.
func (c *constants) telling(number string) float64 {
	if len(number) == 2 {
		return c.smallMissing
	}
	return 1
}

// translations makes anchors of the pairs of words that the lexicon knows and
// the two sides have. It returns them by word.
func (c *corpus) translations(lexicon Lexicon, read [2][]signs, k *constants) (known [2]map[string][]int32) {
	if lexicon == nil {
		return known
	}
	var frequency [2]map[string]int
	for side := range read {
		frequency[side], known[side] = map[string]int{}, map[string][]int32{}
		for _, s := range read[side] {
			for _, w := range s.words {
				frequency[side][w]++
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(frequency[0])) {
		for _, t := range lexicon.Translations(s) {
			f := frequency[1][t.Word]
			if f == 0 || !(t.Probability > 0) {
				continue
			}
			// What the probability says beyond the chance to meet the word.
			weight := k.lexicon * math.Log(1+min(1, t.Probability)*k.wordsPerLine*float64(len(read[1]))/float64(f))
			id := int32(len(c.anchors))
			c.anchors = append(c.anchors, anchor{weight: min(weight, k.pairCap)})
			known[0][s], known[1][t.Word] = append(known[0][s], id), append(known[1][t.Word], id)
		}
	}
	return known
}
