package pdf

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"unicode"
	"unicode/utf8"
)

// layout is the work on one page: from runs, pictures and shapes to blocks,
// figures and tables.
type layout struct {
	page    *Page
	content *content
	rep     *repeats

	level    []run // text that stands upright and is no header or footer
	segments []run // the same, what stands close together in a line as one
	prose    []run // of these, running text
	labels   []run // and short texts that are no part of it
	captions []captionLine
	tables   []*table
	extents  map[[2]int]int // of level rules, how many have each
	side     captionSide    // where the captions of figures stand

	body          float64 // size of the running text
	bold, slanted bool    // and its style
}

// captionLine is a line that begins like a caption.
type captionLine struct {
	kind captionKind
	box  Rect
	size float64
}

// layout fills in what the page says and shows.
func (rep *repeats) layout(p *Page, c *content, runs []run) {
	l := &layout{page: p, content: c, rep: rep}
	var aside []run
	l.level, aside = visible(runs)
	level, furniture := rep.split(l.level, p.Height)
	l.level = level
	for _, w := range furniture {
		p.Lines = append(p.Lines, Line{w.text, w.box})
	}
	l.look()
	body := l.level
	if !p.Scan {
		l.classify()
		body, aside = l.takeTables(aside)
		p.Figures = l.figures()
		body, aside = l.takeLabels(body, aside)
	}
	l.blocks(body, aside, hyphenatedWords(runs))
	for _, b := range p.Blocks {
		if b.Kind == Table {
			p.Tables = append(p.Tables, PageTable{Box: b.Box, Rows: b.cells})
		}
	}
	if !p.Scan && (p.Trust.OK || p.Trust.partial) {
		l.caption()
	}
	sortLines(p.Lines)
}

// sortLines puts lines from top to bottom. Those at one height, to the point,
// stay in the order they were read in. Heights are rounded and then compared:
// to call all that differ by less than a point equal would be no order.
func sortLines(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(math.Round(a.Box.Y0), math.Round(b.Box.Y0)) })
}

// visible parts the runs into those that stand upright and those at other
// angles, without hidden text.
func visible(runs []run) (level, aside []run) {
	hidden := 0
	for _, r := range runs {
		if r.invisible {
			hidden++
		}
	}
	for _, r := range runs {
		switch {
		case r.invisible && hidden < len(runs):
			// Hidden text beside visible text repeats it, or is no text.
		case r.quarters != 0:
			aside = append(aside, r)
		default:
			level = append(level, r)
		}
	}
	return level, aside
}

// look finds the size and style of most of the text.
func (l *layout) look() {
	sizes := map[float64]int{}
	letters, bold, slanted := 0, 0, 0
	for _, r := range l.level {
		n := runeCount(r.text)
		sizes[r.size] += n
		letters += n
		if r.bold {
			bold += n
		}
		if r.slanted {
			slanted += n
		}
	}
	l.body, l.bold, l.slanted = mode(sizes), 2*bold > letters, 2*slanted > letters
}

// classify tells running text from labels, and finds the lines that begin like
// captions.
func (l *layout) classify() {
	l.segments = segmentsOf(l.level)
	long := make([]bool, len(l.segments))
	for i, r := range l.segments {
		long[i] = runeCount(r.text) >= 28 || r.box.Width() > 0.24*l.page.Width
	}
	attached := func(r run) bool {
		for i, q := range l.segments {
			step := r.baseline - q.baseline
			if long[i] && step > 0.5*r.size && step < 1.8*r.size && r.size > 0.95*q.size && r.size < 1.05*q.size &&
				r.box.X0 < q.box.X1 && r.box.X1 > q.box.X0 && (r.box.X0 < q.box.X0+3*r.size || r.box.X1 > q.box.X1-3*r.size) {
				return true
			}
		}
		return false
	}
	crowded := len(l.segments) > 4000
	for i, r := range l.segments {
		if kind, length := captionStart(r.text); kind != noCaption && l.captionLike(r, length) {
			l.captions = append(l.captions, l.captionLine(kind, r))
			continue
		}
		if long[i] || crowded || attached(r) {
			l.prose = append(l.prose, r)
		} else if r.size < 1.3*l.body && runeCount(r.text) <= 25 {
			l.labels = append(l.labels, r)
		}
	}
}

// segmentsOf joins the runs of a line that stand close together: a run may be
// no more than a word.
func segmentsOf(runs []run) []run {
	var out []run
	for _, line := range rowsOf(runs) {
		for i := 0; i < len(line); {
			j, end := i+1, line[i].box.X1
			for j < len(line) && line[j].box.X0-end < gutter*line[j].size {
				end = max(end, line[j].box.X1)
				j++
			}
			w := makeRow(line[i:j])
			out = append(out, run{text: w.text, box: w.box, baseline: w.baseline, size: w.size, bold: w.bold, blockStyle: w.blockStyle, rtl: w.rtl})
			i = j
		}
	}
	return out
}

// captionLike tells the beginning of a caption from a sentence that begins with
// the name of a figure.
func (l *layout) captionLike(r run, length int) bool {
	return l.ownLook(r.size, r.blockStyle) || punctuated(r.text[:length], r.text[length:])
}

// captionLine takes in what stands in the same line.
func (l *layout) captionLine(kind captionKind, r run) captionLine {
	w := captionLine{kind, r.box, r.size}
	for _, q := range l.segments {
		shift := q.baseline - r.baseline
		if q.box.X0-w.box.X1 < 3*r.size && w.box.X0-q.box.X1 < 3*r.size && shift < 0.3*r.size && shift > -0.3*r.size && (q.box.X0 > w.box.X0) != r.rtl {
			w.box = w.box.union(q.box)
		}
	}
	return w
}

// takeTables puts runs that stand for tables in the place of the tables' text.
func (l *layout) takeTables(aside []run) (body, rest []run) {
	c := l.content
	loose := l.ruledTables(aside, false)
	for _, box := range shaded(c.shapes) {
		if runs := inside(box, l.level); l.free(box) && len(runs) > 0 {
			box.Y1 = min(box.Y1, max(box.Y0, boxAround(runs).Y1+2))
			if t := columnTable(runs, box, true); t != nil && !l.drawn(t) {
				l.tables = append(l.tables, t)
			}
		}
	}
	l.ruledTables(aside, true)
	l.tables = append(l.tables, c.openTables(loose, l.level, func(box Rect) bool { return l.captioned(box, ofTable) })...)
	l.tables = outermost(l.tables)
	taken := func(r run) bool {
		return slices.ContainsFunc(l.tables, func(t *table) bool { return contains(t.box, r.box) })
	}
	body = slices.DeleteFunc(slices.Clone(l.level), taken)
	l.labels = slices.DeleteFunc(l.labels, taken)
	for _, t := range l.tables {
		body = append(body, t.run(l.body))
		for _, runs := range rowsOf(inside(t.box, l.level)) {
			w := makeRow(runs)
			l.page.Lines = append(l.page.Lines, Line{w.text, w.box})
		}
	}
	return body, l.setAside(aside, taken)
}

// setAside leaves out the runs that do not belong into the reading order: they
// are lines of the page and no more.
func (l *layout) setAside(runs []run, out func(run) bool) (rest []run) {
	for _, r := range runs {
		if out(r) {
			l.page.Lines = append(l.page.Lines, Line{r.text, r.box})
		} else {
			rest = append(rest, r)
		}
	}
	return rest
}

// free tells that no table was found yet where the box is.
func (l *layout) free(box Rect) bool {
	return !slices.ContainsFunc(l.tables, func(t *table) bool { return overlapping(t.box, box) })
}

// ruledTables adds the tables that rulings show, those made by shades of cells
// with them or not, and returns the rulings that are left.
func (l *layout) ruledTables(aside []run, shades bool) (loose []ruling) {
	c := l.content
	across, down := rulings(c.shapes, shades)
	for _, g := range grids(across, down) {
		if len(g.down) == 0 {
			loose = append(loose, g.across...)
			continue
		}
		box := g.box()
		if box.Width() > 0.97*c.width && box.Height() > 0.97*c.height || !l.free(box) {
			continue
		}
		in := inside(box, l.level)
		for _, r := range aside {
			if contains(box, r.box) {
				in = append(in, r)
			}
		}
		if t := c.tableOf(g, in); t != nil && !l.drawn(t) && !l.framed(t) {
			l.tables = append(l.tables, t)
		} else if len(g.down) <= 2 {
			loose = append(loose, g.across...)
		}
	}
	return loose
}

// drawn tells that a grid is part of a drawing: curves and slanted lines stand
// all over it.
func (l *layout) drawn(t *table) bool {
	n, area := 0, 0.0
	for _, s := range l.content.shapes {
		if s.kind == drawing && !s.white && contains(t.box, s.box) && s.box.area() > 40 {
			n++
			area += s.box.area()
		}
	}
	return n > 3 && (area > 0.3*t.box.area() || n > t.filled)
}

// framed tells a figure made of boxes from a table: its caption says so, and
// there are few cells or many areas.
func (l *layout) framed(t *table) bool {
	areas := 0
	for _, s := range l.content.shapes {
		if s.kind != rule && !s.white && contains(t.box, s.box) {
			areas++
		}
	}
	return (t.filled <= 8 || areas >= 10) && l.captioned(t.box, ofFigure) && !l.captioned(t.box, ofTable)
}

func overlapping(a, b Rect) bool {
	i := a.intersect(b)
	return i.X1-i.X0 > 1 && i.Y1-i.Y0 > 1
}

// outermost leaves out tables inside others.
func outermost(all []*table) []*table {
	return slices.DeleteFunc(slices.Clone(all), func(t *table) bool {
		return slices.ContainsFunc(all, func(o *table) bool {
			return o != t && o.box.area() > t.box.area() && contains(o.box, t.box)
		})
	})
}

// takeLabels takes the texts inside drawings and figures with a caption out of
// the reading order; they stay among the lines.
func (l *layout) takeLabels(body, aside []run) (_, _ []run) {
	label := func(r run) bool {
		return r.table == nil && slices.ContainsFunc(l.page.Figures, func(f Figure) bool {
			return (f.captioned || f.Kind == Chart) && contains(f.Box, r.box)
		})
	}
	caption := func(r run) bool {
		return slices.ContainsFunc(l.captions, func(w captionLine) bool { return contains(w.box, r.box) })
	}
	return l.setAside(body, func(r run) bool { return label(r) && !caption(r) }), l.setAside(aside, label)
}

// blocks puts the text into reading order.
func (l *layout) blocks(body, aside []run, words map[string]bool) {
	p := l.page
	letters, rtl := 0, 0
	for _, r := range body {
		n := runeCount(r.text)
		letters += n
		if r.rtl {
			rtl += n
		}
	}
	var footnotes []Block
	for _, region := range columns(body, 2*rtl > letters) {
		if len(region) == 0 {
			continue
		}
		for _, r := range rowsOf(withoutTables(region)) {
			w := makeRow(r)
			p.Lines = append(p.Lines, Line{w.text, w.box})
		}
		blocks, notes := l.footnotes(paragraphs(region, l.body, words))
		footnotes = append(footnotes, notes...)
		if n := len(p.Blocks); n > 0 && len(blocks) > 0 && flows(p.Blocks[n-1], blocks[0]) {
			p.Blocks[n-1] = flowTogether(p.Blocks[n-1], blocks[0], words)
			blocks = blocks[1:]
		}
		p.Blocks = append(p.Blocks, blocks...)
	}
	p.Blocks = append(p.Blocks, footnotes...)
	// Text at other angles (axis labels, stamps) has no place in the order.
	for _, r := range aside {
		p.Lines = append(p.Lines, Line{r.text, r.box})
		p.Blocks = append(p.Blocks, Block{Kind: Paragraph, Text: r.text, Box: r.box, FontSize: r.size})
	}
}

var footnoteMarker = regexp.MustCompile(`^(?:[\p{Nd}፩-፼]{1,3}[.)]?\s|[\p{Nd}፩-፼]{1,3}[.)]|[*†‡§]|[¹²³⁴⁵⁶⁷⁸⁹])`)

// footnotes parts the blocks of a column from the footnotes at its end: the text
// goes on in the next column. They are smaller and begin with a mark.
func (l *layout) footnotes(blocks []Block) (body, notes []Block) {
	at := len(blocks)
	for i := len(blocks) - 1; i >= 0; i-- {
		b := blocks[i]
		if b.Kind == Table || b.Kind == Heading || b.FontSize > 0.9*l.body || b.Box.Y0 < 0.4*l.page.Height {
			break
		}
		if footnoteMarker.MatchString(b.Text) {
			at = i
		}
	}
	return blocks[:at], blocks[at:]
}

func withoutTables(runs []run) []run {
	return slices.DeleteFunc(slices.Clone(runs), func(r run) bool { return r.table != nil })
}

// flows tells whether a paragraph goes on at the top of the next column.
func flows(a, b Block) bool {
	first, _ := utf8.DecodeRuneInString(b.Text)
	return a.Kind == Paragraph && b.Kind == Paragraph && !endsSentence(a.Text) && unicode.IsLetter(first) && !unicode.IsUpper(first) &&
		a.FontSize == b.FontSize && b.Box.Y0 < a.Box.Y1
}

// distrusted tells a block of a page whose text layer is not trusted as a
// whole, but which may itself be sound: all its characters have a meaning.
func (l *layout) distrusted(b Block) bool {
	if l.page.Trust.OK {
		return false
	}
	for _, r := range l.level {
		if contains(b.Box, r.box) && slices.ContainsFunc(r.chars, func(ch char) bool { return meaningless(ch) }) {
			return true
		}
	}
	return !judgeText([]run{{text: b.Text}}).OK
}
