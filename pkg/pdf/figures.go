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
)

// Limits on what is a figure.
const (
	minSide  = 36.0  // points: half an inch
	minShare = 0.008 // of the page's area
	maxShare = 0.85
	maxRatio = 9.0 // of the sides; beyond it is a rule or a banner
	minPixel = 48
)

// figures are the page's pictures that carry content of their own.
func (rep *repeats) figures(c *content, runs []run) []Figure {
	area := c.width * c.height
	var parts []Figure
	for i, p := range c.pictures {
		if rep.pictures[p.key] >= 2 || min(p.width, p.height) < 2 {
			continue // logos
		}
		dpi := 72 * math.Sqrt(float64(p.width)*float64(p.height)/max(1, p.box.area()))
		parts = append(parts, Figure{Kind: Picture, Box: p.box, Object: i, DPI: int(math.Round(dpi))})
	}
	var out []Figure
	for _, f := range mergeTouching(parts) {
		box := f.Box
		w, h := box.Width(), box.Height()
		switch {
		case min(w, h) < minSide, box.area() < minShare*area, max(w, h) > maxRatio*min(w, h):
			continue
		case box.area() > maxShare*area && textOver(box, runs) > 0.08:
			continue // a background
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Figure) int {
		return cmp.Or(cmp.Compare(math.Round(a.Box.Y0/20), math.Round(b.Box.Y0/20)), cmp.Compare(a.Box.X0, b.Box.X0))
	})
	return out
}

// mergeTouching joins pictures that touch or overlap: writers cut pictures
// into strips and tiles.
func mergeTouching(parts []Figure) []Figure {
	const gap = 1.5
	for merged := true; merged && len(parts) < 2000; {
		merged = false
		for i := 0; i < len(parts); i++ {
			for j := i + 1; j < len(parts); {
				a, b := parts[i].Box, parts[j].Box
				if a.X0 <= b.X1+gap && b.X0 <= a.X1+gap && a.Y0 <= b.Y1+gap && b.Y0 <= a.Y1+gap {
					parts[i].Box = a.union(b)
					parts[i].Object = -1
					parts[i].DPI = max(parts[i].DPI, parts[j].DPI)
					parts = slices.Delete(parts, j, j+1)
					merged = true
				} else {
					j++
				}
			}
		}
	}
	return parts
}

// textOver is the share of a box that text covers.
func textOver(box Rect, runs []run) float64 {
	covered := 0.0
	for _, r := range runs {
		if i := r.box.intersect(box); i.X1 > i.X0 && i.Y1 > i.Y0 {
			covered += i.area()
		}
	}
	return covered / box.area()
}

//go:embed captionwords.txt
var captionWordList string

// captionStart matches the beginning of a caption: a caption word, then a
// number or punctuation.
var captionStart = sync.OnceValue(func() *regexp.Regexp {
	var words []string
	for line := range strings.Lines(captionWordList) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			for _, w := range strings.Fields(line)[1:] {
				words = append(words, regexp.QuoteMeta(w))
			}
		}
	}
	return regexp.MustCompile(`^(?i:` + strings.Join(words, "|") + `)(?:\s*\.?\s*(?:[A-Z]{0,2}[-.]?[\p{Nd}\p{No}፩-፼]|[IVX]{1,5}\b)|\s*[:：–—]|\.\s)`)
})

// caption looks for the captions of a page's figures among its blocks, the
// best first, and marks the blocks.
func caption(p *Page) {
	taken := map[int]bool{}
	for i := range p.Figures {
		f := &p.Figures[i]
		type candidate struct {
			block int
			score float64
			sure  bool
		}
		var found []candidate
		for j, b := range p.Blocks {
			if taken[j] || b.Kind == Table || runeCount(b.Text) > 700 {
				continue
			}
			score, sure := captionScore(f.Box, b)
			if score > 0 {
				found = append(found, candidate{j, score, sure})
			}
		}
		slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
		for k, c := range found[:min(3, len(found))] {
			f.Captions = append(f.Captions, p.Blocks[c.block].Text)
			if k == 0 {
				if c.sure {
					taken[c.block] = true
					p.Blocks[c.block].Kind = Caption
				}
			}
		}
	}
}

// captionScore rates a block as the caption of a figure: 0 is none, more is
// better; sure says that it begins like a caption.
func captionScore(figure Rect, b Block) (score float64, sure bool) {
	side := min(figure.X1, b.Box.X1) - max(figure.X0, b.Box.X0)
	if side < 0.3*min(figure.Width(), b.Box.Width()) {
		return 0, false
	}
	em := max(b.FontSize, 6)
	below, above := b.Box.Y0-figure.Y1, figure.Y0-b.Box.Y1
	gap := max(below, above)
	sure = captionStart().MatchString(b.Text)
	switch {
	case gap < -1.5*em || gap > 5*em: // inside the figure, or far away
		return 0, false
	case sure:
		score = 10
	case gap > 2.2*em || b.Kind == Heading || runeCount(b.Text) > 350 || b.Box.Width() > 1.3*figure.Width():
		return 0, false
	case !strings.ContainsFunc(b.Text, unicode.IsLetter):
		return 0, false
	default:
		score = 3
	}
	if below >= above {
		score++
	}
	return score - max(gap, 0)/em*0.5, sure
}
