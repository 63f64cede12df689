package ocr

import (
	"vislang/pkg/lang"
	"vislang/pkg/ocr/confidence"
)

// calibrate turns the engine's confidences of a page into probabilities.
func calibrate(page *Page, declared []string) {
	scale, unknown := confidence.Default(), confidence.Unknown(LabelOf(page, declared))
	var sum float64
	var characters int
	page.eachLine(func(l *Line) {
		line := LineOf(page, *l, unknown)
		for i, w := range l.Words {
			l.Words[i].Confidence = scale.Word(WordOf(*l, w, unknown))
		}
		l.Confidence = scale.Line(line) // after the words, which go by the engine's
		sum += l.Confidence * float64(line.Characters)
		characters += line.Characters
	})
	if characters > 0 {
		page.Confidence = sum / float64(characters)
	}
}

// LabelOf is the language that a page was identified to be in, or that it
// declares.
func LabelOf(page *Page, declared []string) string {
	if page.Language != "" || len(declared) == 0 {
		return page.Language
	}
	return lang.FromTag(declared[0])
}

// LineOf is what the confidence of a line is made from, of a page with the
// engine's own confidences.
func LineOf(page *Page, l Line, unknown float64) confidence.Line {
	c := confidence.Line{Mean: l.Confidence, Weakest: 1, Page: page.Confidence, Unknown: unknown}
	for _, w := range l.Words {
		c.Weakest = min(c.Weakest, w.Confidence)
		c.Characters += len([]rune(w.Text))
	}
	return c
}

// WordOf is what the confidence of a word is made from.
func WordOf(l Line, w Word, unknown float64) confidence.Word {
	return confidence.Word{Confidence: w.Confidence, Line: l.Confidence, Characters: len([]rune(w.Text)), Unknown: unknown}
}
