package pdf

import (
	"cmp"
	_ "embed"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed captionwords.txt
var captionWordList string

// captionKind is what a caption says it is the caption of.
type captionKind int

const (
	noCaption captionKind = iota
	ofFigure
	ofTable
	ofMap
)

// captionWords are the words of the list, in lower case.
type captionWords struct {
	before, after map[string]captionKind // before and after their number
	longest       int                    // of them, in letters
	number        *regexp.Regexp         // what follows a word before its number
}

var wordsOfCaptions = sync.OnceValue(func() captionWords {
	w := captionWords{before: map[string]captionKind{}, after: map[string]captionKind{}}
	var infix []string
	for line := range strings.Lines(captionWordList) {
		code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if code == "" || code == "#" {
			continue
		}
		for i, part := range strings.Split(rest, "|") {
			for _, word := range strings.Fields(part) {
				word = strings.ReplaceAll(word, "_", " ")
				if code == "num" {
					infix = append(infix, regexp.QuoteMeta(word))
					continue
				}
				words := w.before
				if word[0] == '~' {
					word, words = word[1:], w.after
				}
				word = strings.ToLower(word)
				if _, known := words[word]; !known {
					words[word] = ofFigure + captionKind(i)
				}
				w.longest = max(w.longest, runeCount(word))
			}
		}
	}
	slices.SortStableFunc(infix, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	const number = `(?:[A-Z]{1,2}[-.]?)?[\p{Nd}\p{No}፩-፼]+(?:\s?[-.–/:]\s?[\p{Nd}\p{No}]+)*[a-z]?(?:\b|$|[^\pL])|[IVXLC]{1,6}(?:[.:\s)\]–—-]|$)|[A-Z]?[一二三四五六七八九十]+`
	w.number = regexp.MustCompile(`^(?:(?:\s*\.?\s*|\s+(?i:` + strings.Join(infix, "|") + `)\s*)[(]?(?:` + number + `)|\s*[:：–—]|\.\s)`)
	return w
})

var (
	captionNumber = regexp.MustCompile(`^\p{Nd}+(?:[.-]\p{Nd}+)*\.?\s*`)
	captionBreak  = regexp.MustCompile(`^(?:[\s.:–—]|$)`)
)

// captionStart tells whether text begins like a caption (a caption word, then a
// number or punctuation), of what, and how long that beginning is in bytes.
func captionStart(text string) (captionKind, int) {
	w := wordsOfCaptions()
	start := len(text) - len(strings.TrimLeft(strings.TrimLeft(text, "[(<【〔「〈«"), " "))
	if kind, n := longestWord(w.before, w.longest, w.number, text[start:]); kind != noCaption {
		return kind, start + n
	}
	if m := captionNumber.FindStringIndex(text[start:]); m != nil {
		if kind, n := longestWord(w.after, w.longest, captionBreak, text[start+m[1]:]); kind != noCaption {
			return kind, start + m[1] + n
		}
	}
	return noCaption, 0
}

// longestWord finds the longest of the words that text begins with and that the
// pattern goes on from; case does not count.
func longestWord(words map[string]captionKind, longest int, rest *regexp.Regexp, text string) (kind captionKind, length int) {
	var lower []rune
	for i, r := range text {
		lower = append(lower, unicode.ToLower(r))
		if len(lower) > longest {
			break
		}
		known, ok := words[string(lower)]
		if !ok {
			continue
		}
		end := i + utf8.RuneLen(r)
		if m := rest.FindStringIndex(text[end:]); m != nil {
			kind, length = known, end+m[1]
		}
	}
	return kind, length
}

// A subject is a figure or table that may have a caption.
type subject struct {
	box      Rect
	table    bool
	captions []string
}

// caption finds the captions of a page's figures and tables among its blocks.
// One block is the caption of one subject: the pairs are taken from the best
// down. What makes a pair good is the distance, the words that the block begins
// with, and a look of its own: smaller, slanted or bold type, centred under the
// picture.
func (l *layout) caption() {
	var subjects []*subject
	for _, f := range l.page.Figures {
		subjects = append(subjects, &subject{box: f.Box})
	}
	for _, t := range l.page.Tables {
		subjects = append(subjects, &subject{box: t.Box, table: true})
	}
	l.side = l.sideOfCaptions()
	type pair struct {
		subject, block int
		score          float64
	}
	var pairs []pair
	for i, s := range subjects {
		for j, b := range l.page.Blocks {
			if score := l.captionScore(s, b); score > 0 {
				pairs = append(pairs, pair{i, j, score})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	taken := map[int]bool{}
	for _, p := range pairs {
		s, b := subjects[p.subject], &l.page.Blocks[p.block]
		if taken[p.block] || len(s.captions) > 0 {
			continue
		}
		taken[p.block] = true
		s.captions = append(s.captions, b.Text)
		b.Kind = Caption
	}
	for _, p := range pairs { // other candidates
		if s := subjects[p.subject]; !taken[p.block] && len(s.captions) < 3 {
			s.captions = append(s.captions, l.page.Blocks[p.block].Text)
		}
	}
	for i, s := range subjects {
		if i < len(l.page.Figures) {
			l.page.Figures[i].Captions = s.captions
			if len(s.captions) > 0 {
				if kind, _ := captionStart(s.captions[0]); kind == ofMap {
					l.page.Figures[i].Kind = Map
				}
			}
		} else {
			l.page.Tables[i-len(l.page.Figures)].Captions = s.captions
		}
	}
}

// captionScore rates a block as the caption of a subject: 0 is none, more is
// better.
func (l *layout) captionScore(s *subject, b Block) float64 {
	n := runeCount(b.Text)
	if b.Kind == Table || n > 700 || n < 2 || !strings.ContainsFunc(b.Text, unicode.IsLetter) || l.distrusted(b) {
		return 0
	}
	em := max(b.FontSize, 6)
	beside := min(s.box.X1, b.Box.X1) - max(s.box.X0, b.Box.X0)
	below, above := b.Box.Y0-s.box.Y1, s.box.Y0-b.Box.Y1
	gap := max(below, above)
	kind, length := captionStart(b.Text)
	if kind != noCaption && !l.sameColumn(s.box, b.Box) {
		// Beside the picture.
		left, right := s.box.X0-b.Box.X1, b.Box.X0-s.box.X1
		if s.table || max(left, right) > 3*em || min(s.box.Y1, b.Box.Y1)-max(s.box.Y0, b.Box.Y0) < 0.8*b.Box.Height() || !l.ownLook(b.FontSize, b.style) {
			return 0
		}
		return 6 - max(left, right)/em*0.5
	}
	if kind == noCaption && beside < 0.3*min(s.box.Width(), b.Box.Width()) || gap < -1.6*em {
		return 0
	}
	distance := max(gap, 0) / em
	if kind != noCaption {
		if distance > maxCaptionGap || l.between(s.box, b.Box) {
			return 0
		}
		score := 12 - distance
		if beside <= 0 {
			score -= 4 // it only stands in the same column
		}
		if s.table != (kind == ofTable) {
			score -= 6
		}
		// `Figure 7 shows …` is a sentence of the text.
		if rest := b.Text[length:]; !l.ownLook(b.FontSize, b.style) && !punctuated(b.Text[:length], rest) {
			score -= 5
			if lower := strings.TrimLeft(rest, " "); lower != "" && unicode.IsLower([]rune(lower)[0]) {
				return 0
			}
		}
		if s.table == (above >= below) {
			score++ // tables have theirs above, figures below
		}
		if !s.table && (l.side == allBelow && below > above || l.side == allAbove && above > below) {
			score += 4
		}
		return score
	}
	// No word says so: a picture's own line of another look right below it.
	if s.table || distance > 1.6 || n > 300 || b.Kind == Heading && below < 0 || b.Kind == ListItem || below < above {
		return 0
	}
	centre := math.Abs(s.box.X0 + s.box.X1 - b.Box.X0 - b.Box.X1)
	switch {
	case l.goesOnBelow(b), b.Box.Width() > 2.5*s.box.Width():
		return 0
	case b.Box.Width() > 1.15*s.box.Width() && centre > 8: // wider than the picture, and not in the middle
		return 0
	case !l.ownLook(b.FontSize, b.style) && (centre > 0.06*s.box.Width() || b.Box.Width() > 0.85*s.box.Width()):
		return 0
	}
	return 3 - distance
}

// captionSide is where a page's captions of figures stand.
type captionSide int

const (
	anySide captionSide = iota
	allBelow
	allAbove
)

// sideOfCaptions compares the outermost figures with the outermost captions: a
// caption in the middle of two figures belongs to the same side as the others.
func (l *layout) sideOfCaptions() captionSide {
	var figures, captions Rect
	for _, f := range l.page.Figures {
		figures = figures.union(f.Box)
	}
	for _, b := range l.page.Blocks {
		if kind, length := captionStart(b.Text); kind != noCaption && kind != ofTable && (l.ownLook(b.FontSize, b.style) || punctuated(b.Text[:length], b.Text[length:])) {
			captions = captions.union(b.Box)
		}
	}
	switch {
	case len(l.page.Figures) < 2 || captions.empty():
		return anySide
	case captions.Y0 > figures.Y0 && captions.Y1 > figures.Y1:
		return allBelow
	case captions.Y0 < figures.Y0 && captions.Y1 < figures.Y1:
		return allAbove
	}
	return anySide
}

// punctuated tells that a caption's number ends with punctuation or a wide
// space.
func punctuated(start, rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return rest == "" || strings.ContainsAny(start[len(start)-1:], ".:)]") || strings.ContainsRune(".:：)]–—-፦|】〕」〉>።", []rune(rest)[0])
}

// ownLook tells another size or style than that of the body.
func (l *layout) ownLook(size float64, style blockStyle) bool {
	return size < 0.96*l.body || style.slanted != l.slanted || style.boldStart && !l.bold
}

// goesOnBelow tells that a block of the same look follows close below: it is
// running text.
func (l *layout) goesOnBelow(b Block) bool {
	return slices.ContainsFunc(l.page.Blocks, func(o Block) bool {
		gap := o.Box.Y0 - b.Box.Y1
		return o.Kind != Table && gap > -1 && gap < 0.9*b.FontSize && math.Abs(o.FontSize-b.FontSize) < 0.3 && o.style.slanted == b.style.slanted &&
			min(o.Box.X1, b.Box.X1)-max(o.Box.X0, b.Box.X0) > 0.5*b.Box.Width()
	})
}

// between tells that other text stands between a subject and its caption.
func (l *layout) between(subject, caption Rect) bool {
	from, to := subject.Y1, caption.Y0
	if caption.Y0 < subject.Y0 {
		from, to = caption.Y1, subject.Y0
	}
	x0, x1 := max(subject.X0, caption.X0), min(subject.X1, caption.X1)
	return slices.ContainsFunc(l.page.Blocks, func(b Block) bool {
		middle := (b.Box.Y0 + b.Box.Y1) / 2
		return middle > from && middle < to && b.Box.X0 < x1 && b.Box.X1 > x0 && runeCount(b.Text) > 30
	})
}
