package pdf

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// page reads page n and lays it out.
func (s *server) page(n int) (*Page, error) {
	c, err := s.doc.read(n)
	if err != nil {
		return nil, err
	}
	if s.repeats == nil {
		s.repeats = s.doc.findRepeats()
	}
	p := &Page{Number: n, Rotation: c.upright()}
	p.Width, p.Height = c.width, c.height
	runs := c.runs()
	p.Scan = c.scan(runs)
	p.Trust = judge(c, runs, p.Scan)
	if p.Trust.Reason == NoTextLayer {
		if len(c.pictures) == 0 && len(c.paths) == 0 {
			p.Blank = true
		} else if p.Blank, err = s.doc.blank(n); err != nil {
			return nil, err
		}
		if p.Blank {
			p.Trust = Trust{OK: true}
		}
	}
	s.repeats.layout(p, runs)
	for _, b := range p.Blocks {
		if b.Kind == Table {
			t := PageTable{Box: b.Box}
			for line := range strings.Lines(b.Text) {
				t.Rows = append(t.Rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
			}
			p.Tables = append(p.Tables, t)
		}
	}
	if !p.Scan {
		p.Figures = s.repeats.figures(c, runs)
		if p.Trust.OK { // else its words are not to be believed
			caption(p)
		}
	}
	return p, nil
}

func (s *server) render(r rendering) (*Image, error) {
	if r.Figure == nil {
		return s.doc.render(r.Page, nil, r.DPI, r.MaxPixels, r.Gray)
	}
	if r.Figure.Object >= 0 && r.Turn == 0 {
		if img, err := s.doc.jpeg(r.Page, r.Figure.Object, r.MaxPixels); img != nil || err != nil {
			return img, err
		}
	}
	clip := r.Figure.Box
	if r.Turn != 0 {
		width, height, err := s.doc.pageSize(r.Page)
		if err != nil {
			return nil, err
		}
		clip = asDisplayed(clip, r.Turn, width, height)
	}
	return s.doc.render(r.Page, &clip, r.DPI, r.MaxPixels, r.Gray)
}

func (d *document) pageSize(n int) (w, h float64, err error) {
	err = d.withPage(n, func(_ uint64, _ matrix, width, height float64) error {
		w, h = width, height
		return nil
	})
	return w, h, err
}

// scan tells whether the page is one picture (or strips of one) with next to
// no visible text of its own.
func (c *content) scan(runs []run) bool {
	covered := 0.0
	for _, p := range c.pictures {
		covered += p.box.area()
	}
	visible := 0
	for _, r := range runs {
		if !r.invisible {
			visible += runeCount(r.text)
		}
	}
	return covered > 0.8*c.width*c.height && visible <= 40
}

// layout fills in blocks and lines of a page.
func (rep *repeats) layout(p *Page, runs []run) {
	var level, aside []run
	letters, rtl, hidden := 0, 0, 0
	for _, r := range runs {
		if r.invisible {
			hidden++
		}
	}
	sizes := map[float64]int{}
	for _, r := range runs {
		if r.invisible && hidden < len(runs) {
			continue // hidden text beside visible text repeats it, or is no text
		}
		if r.quarters != 0 {
			aside = append(aside, r)
			continue
		}
		level = append(level, r)
		n := runeCount(r.text)
		letters += n
		if r.rtl {
			rtl += n
		}
	}
	level, furniture := rep.split(level, p.Height)
	for _, r := range level {
		sizes[r.size] += runeCount(r.text)
	}
	body := mode(sizes)
	for _, w := range furniture {
		p.Lines = append(p.Lines, Line{w.text, w.box})
	}
	words := hyphenatedWords(runs)
	for _, region := range columns(level, 2*rtl > letters) {
		if len(region) == 0 {
			continue
		}
		for _, r := range rowsOf(region) {
			w := makeRow(r)
			p.Lines = append(p.Lines, Line{w.text, w.box})
		}
		blocks := paragraphs(region, body, words)
		if n := len(p.Blocks); n > 0 && len(blocks) > 0 && flows(p.Blocks[n-1], blocks[0]) {
			p.Blocks[n-1] = flowTogether(p.Blocks[n-1], blocks[0], words)
			blocks = blocks[1:]
		}
		p.Blocks = append(p.Blocks, blocks...)
	}
	// Text at other angles (axis labels, stamps) has no place in the order.
	for _, r := range aside {
		p.Lines = append(p.Lines, Line{r.text, r.box})
		p.Blocks = append(p.Blocks, Block{Kind: Paragraph, Text: r.text, Box: r.box, FontSize: r.size})
	}
	slices.SortStableFunc(p.Lines, func(a, b Line) int { return int(a.Box.Y0 - b.Box.Y0) })
}

// flows tells whether a paragraph goes on at the top of the next column.
func flows(a, b Block) bool {
	first, _ := utf8.DecodeRuneInString(b.Text)
	return a.Kind == Paragraph && b.Kind == Paragraph && !endsSentence(a.Text) && unicode.IsLower(first) &&
		a.FontSize == b.FontSize && b.Box.Y0 < a.Box.Y1
}
