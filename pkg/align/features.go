package align

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vislang/pkg/text"
)

// sentence is what the model sees of one sentence.
type sentence struct {
	length float64 // letters and digits, at least 1
	tokens []int32 // distinct shared tokens, ascending
	alone  float64 // weight of the numbers that no sentence of the other side has
}

// token is a number or the beginning of a Latin-script word that both sides
// have.
type token struct {
	weight  float64 // evidence of sharing it, nats
	missing float64 // evidence against when only one side has it, nats; numbers only
}

// prefix is how many letters of a Latin-script word must agree: names take
// other endings in other languages (Afrika, Afrique, Africa differ after
// four).
const prefix = 4

// maxTokens bounds the tokens read of one sentence, for lines that are none.
const maxTokens = 512

// words returns the anchors of a sentence, folded: numbers as `#123`, Latin
// words cut to their prefix, and its length.
func words(line string) (anchors []string, length int) {
	folded := text.Fold(ethiopicNumbers(strings.ToValidUTF8(line, " ")))
	word, number := 0, 0 // bytes of the word or number being read
	latin := true
	flush := func(end int) {
		if number > 0 {
			anchors = append(anchors, "#"+strings.TrimLeft(folded[end-number:end-1], "0")+folded[end-1:end])
		}
		if word > 0 && latin {
			if cut := folded[end-word : end]; utf8.RuneCountInString(cut) >= prefix {
				anchors = append(anchors, firstRunes(cut, prefix))
			}
		}
		word, number, latin = 0, 0, true
	}
	for i, r := range folded {
		switch {
		case '0' <= r && r <= '9':
			if word > 0 {
				flush(i)
			}
			number++
			length++
		case unicode.IsLetter(r) || unicode.IsMark(r) && word > 0:
			if number > 0 {
				flush(i)
			}
			latin = latin && (r < 0x80 || unicode.In(r, unicode.Latin, unicode.Mn))
			word += utf8.RuneLen(r)
			if unicode.IsLetter(r) {
				length++
			}
		default:
			flush(i)
			if r == '?' || r == '؟' || r == '፧' || r == ';' && false {
				anchors = append(anchors, "?")
			}
			if r == '(' {
				anchors = append(anchors, "(")
			}
		}
	}
	flush(len(folded))
	slices.Sort(anchors)
	anchors = slices.Compact(anchors)
	if len(anchors) > maxTokens {
		anchors = anchors[:maxTokens]
	}
	return anchors, max(1, length)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// ethiopicNumbers writes the numerals ፩ to ፼ as ASCII digits.
func ethiopicNumbers(s string) string {
	if !strings.ContainsFunc(s, isEthiopicNumeral) {
		return s
	}
	var out strings.Builder
	total, group, open := 0, 0, false
	flush := func() {
		if open {
			out.WriteString(itoa(total + group))
		}
		total, group, open = 0, 0, false
	}
	for _, r := range s {
		switch {
		case r >= '፩' && r <= '፱':
			group += int(r-'፩') + 1
			open = true
		case r >= '፲' && r <= '፺':
			group += (int(r-'፲') + 1) * 10
			open = true
		case r == '፻':
			total += max(1, group) * 100
			group, open = 0, true
		case r == '፼':
			total = max(1, total+group) * 10000
			group, open = 0, true
		default:
			flush()
			out.WriteRune(r)
		}
		if total > 1e9 {
			flush()
		}
	}
	flush()
	return out.String()
}

func isEthiopicNumeral(r rune) bool { return r >= '፩' && r <= '፼' }

// corpus are the two sides as the model sees them.
type corpus struct {
	source, target []sentence
	tokens         []token
}

func read(source, target []string, p *params) *corpus {
	c := &corpus{}
	var anchors [2][][]string
	frequency := [2]map[string]int{{}, {}}
	for side, lines := range [][]string{source, target} {
		list := make([]sentence, len(lines))
		anchors[side] = make([][]string, len(lines))
		for i, line := range lines {
			a, length := words(line)
			list[i].length = float64(length)
			anchors[side][i] = a
			for _, t := range a {
				frequency[side][t]++
			}
		}
		if side == 0 {
			c.source = list
		} else {
			c.target = list
		}
	}
	ids := map[string]int32{}
	for t, fs := range frequency[0] {
		if ft := frequency[1][t]; ft > 0 {
			if k := p.token(t, fs, ft, len(source), len(target)); k.weight > 0 {
				ids[t] = 0
			}
		}
	}
	sorted := make([]string, 0, len(ids))
	for t := range ids {
		sorted = append(sorted, t)
	}
	slices.Sort(sorted)
	for i, t := range sorted {
		ids[t] = int32(i)
		c.tokens = append(c.tokens, p.token(t, frequency[0][t], frequency[1][t], len(source), len(target)))
	}
	for side, list := range [][]sentence{c.source, c.target} {
		for i := range list {
			for _, t := range anchors[side][i] {
				if id, ok := ids[t]; ok {
					list[i].tokens = append(list[i].tokens, id)
				} else if t[0] == '#' && frequency[1-side][t] == 0 {
					list[i].alone += p.alone * p.numberSize(t)
				}
			}
		}
	}
	return c
}

// numberSize is how telling a number's absence is: small ones are often
// written in words.
func (p *params) numberSize(t string) float64 {
	if len(t) <= 2 {
		return p.small
	}
	return 1
}

func (p *params) token(t string, fs, ft, ns, nt int) token {
	rarity := 0.5 * math.Log(float64(ns)*float64(nt)/(float64(fs)*float64(ft)))
	agreement := math.Sqrt(float64(min(fs, ft)) / float64(max(fs, ft)))
	var k token
	switch {
	case t == "?":
		k = token{weight: p.question * rarity * agreement, missing: p.noQuestion}
	case t == "(":
		k = token{weight: p.bracket * rarity * agreement, missing: p.noBracket}
	case t[0] == '#':
		k = token{weight: p.number * rarity, missing: p.missing * p.numberSize(t)}
		if len(t) <= 2 {
			k.weight *= p.smallWeight
		}
	default:
		k = token{weight: p.word * rarity * agreement}
	}
	k.weight = min(k.weight, p.most)
	return k
}

func itoa(n int) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}
