package pdf

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// row is one line of a region, made of runs.
type row struct {
	text     string
	cells    []string // text between wide gaps
	starts   []float64
	box      Rect
	baseline float64
	size     float64
	bold     bool
	blockStyle
	rtl  bool
	runs []run
}

func makeRow(runs []run) row {
	var w row
	w.runs = runs
	letters, rtl, bold, slanted := 0, 0, 0, 0
	sizes := map[float64]int{}
	for _, r := range runs {
		n := runeCount(r.text)
		letters += n
		for _, c := range r.text {
			if isRTL(c) {
				rtl++
			} else if unicode.IsLetter(c) {
				rtl--
			}
		}
		if r.bold {
			bold += n
		}
		if r.slanted {
			slanted += n
		}
		sizes[r.size] += n
		w.box = w.box.union(r.box)
	}
	w.size, w.baseline = mode(sizes), runs[0].baseline
	w.rtl, w.bold, w.slanted = rtl > 0, 2*bold > letters, 2*slanted > letters
	w.boldStart = runs[0].boldStart
	if w.rtl {
		w.boldStart = runs[len(runs)-1].boldStart
		var chars []char
		for _, r := range runs {
			chars = append(chars, r.chars...)
			w.starts = append(w.starts, r.box.X1)
		}
		w.cells = rightToLeftCells(chars, w.size)
		w.text = strings.Join(w.cells, " ")
		return w
	}
	var cell strings.Builder
	for i, r := range runs {
		if i == 0 {
			w.starts = append(w.starts, r.box.X0)
		} else {
			gap := max(r.box.X0-runs[i-1].box.X1, runs[i-1].box.X0-r.box.X1)
			switch {
			case gap > 1.5*w.size:
				w.cells = append(w.cells, cell.String())
				w.starts = append(w.starts, r.box.X0)
				cell.Reset()
			case gap > 0.15*w.size:
				cell.WriteByte(' ')
			}
		}
		cell.WriteString(r.text)
	}
	w.cells = append(w.cells, cell.String())
	w.text = strings.Join(w.cells, " ")
	return w
}

// paragraphs makes blocks of one region's runs.
func paragraphs(region []run, body float64, words map[string]bool) []Block {
	type place struct {
		table *table
		above int // rows of text that stand above it
	}
	var tables []place
	var rows []row
	var margin Rect
	for _, r := range rowsOf(region) {
		for _, q := range r {
			if q.table != nil {
				tables = append(tables, place{q.table, len(rows)})
			}
		}
		if r = withoutTables(r); len(r) > 0 {
			w := makeRow(r)
			rows = append(rows, w)
			margin = margin.union(w.box)
		}
	}
	leading := typicalLeading(rows)
	var out []Block
	done := 0
	for _, p := range tables {
		out = append(out, rowBlocks(rows[done:p.above], leading, margin, body, words)...)
		out = append(out, p.table.block())
		done = p.above
	}
	return append(out, rowBlocks(rows[done:], leading, margin, body, words)...)
}

// rowBlocks makes blocks of rows that follow each other.
func rowBlocks(rows []row, leading float64, margin Rect, body float64, words map[string]bool) []Block {
	var out []Block
	for i := 0; i < len(rows); {
		if parts := captionCells(rows[i]); parts != nil {
			for _, w := range parts {
				out = append(out, textBlock([]row{w}, body, words))
			}
			i++
			continue
		}
		if n := tableRows(rows[i:]); n > 0 {
			out = append(out, tableBlock(rows[i:i+n]))
			i += n
			continue
		}
		j := i + 1
		for j < len(rows) && tableRows(rows[j:]) == 0 && captionCells(rows[j]) == nil && continues(rows[i:j], rows[j], leading, margin) {
			j++
		}
		out = append(out, textBlock(rows[i:j], body, words))
		i = j
	}
	return out
}

// captionCells are the captions of pictures that stand side by side, if a row
// is made of such.
func captionCells(w row) []row {
	if len(w.cells) < 2 {
		return nil
	}
	var parts []row
	start, end := 0, w.runs[0].box.X1
	for i := 1; i <= len(w.runs); i++ {
		if i < len(w.runs) && w.runs[i].box.X0-end < 1.5*w.size {
			end = max(end, w.runs[i].box.X1)
			continue
		}
		part := makeRow(w.runs[start:i])
		if kind, _ := captionStart(part.text); kind == noCaption {
			return nil
		}
		parts = append(parts, part)
		if start = i; i < len(w.runs) {
			end = w.runs[i].box.X1
		}
	}
	if len(parts) < 2 {
		return nil
	}
	if w.rtl {
		slices.Reverse(parts)
	}
	return parts
}

// typicalLeading is the usual distance of baselines in units of the font size.
func typicalLeading(rows []row) float64 {
	var leads []float64
	for i := 1; i < len(rows); i++ {
		if lead := (rows[i].baseline - rows[i-1].baseline) / rows[i].size; lead > 0.7 && lead < 2.2 {
			leads = append(leads, lead)
		}
	}
	if len(leads) == 0 {
		return 1.2
	}
	slices.Sort(leads)
	// Below the median: gaps between paragraphs must not count as leading.
	return leads[len(leads)*2/5]
}

var listMarker = regexp.MustCompile(`^(?:[•●▪■◦‣∙·◆►➢✓❖–—*\x{F0B7}\x{F0A7}-]\s*|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]\s)\S`)

// continues tells whether w goes on with the paragraph that rows form.
func continues(rows []row, w row, leading float64, margin Rect) bool {
	last, first := rows[len(rows)-1], rows[0]
	size := max(last.size, w.size)
	if w.baseline-last.baseline > (leading*1.25+0.1)*size || math.Abs(last.size-w.size) > 0.12*size {
		return false
	}
	if math.Abs(last.size-w.size) > 0.065*size && runeCount(last.text) > 8 && runeCount(w.text) > 8 {
		return false // a heading that is little larger
	}
	if listMarker.MatchString(w.text) {
		return false
	}
	if kind, _ := captionStart(w.text); kind != noCaption && (w.boldStart && !last.boldStart || w.slanted != last.slanted) {
		return false
	}
	if kind, _ := captionStart(first.text); kind != noCaption && uniform(rows) && last.slanted != w.slanted {
		return false
	}
	if last.bold != w.bold && (len(rows) == 1 || !w.bold) && uniform(rows) {
		return false
	}
	start := func(w row) float64 {
		if w.rtl {
			return margin.X1 - w.box.X1
		}
		return w.box.X0 - margin.X0
	}
	rest := func(w row) float64 { // what is left free at the line's end
		if w.rtl {
			return w.box.X0 - margin.X0
		}
		return margin.X1 - w.box.X1
	}
	indent := start(w) - start(last)
	if listMarker.MatchString(first.text) {
		// The lines of a list item hang under its text.
		return indent > -0.5*size || len(rows) == 1 && indent > -2*size && rest(last) < 4*size
	}
	if indent > 0.8*size && indent < 6*size && start(last) < start(first)+0.5*size {
		return false // first line indent
	}
	if rest(last) > 0.2*margin.Width() && endsSentence(last.text) {
		return false
	}
	return rest(last) < 0.6*margin.Width() || indent > -0.5*size && rest(last) < 0.75*margin.Width()
}

// uniform tells that all rows are bold or none is.
func uniform(rows []row) bool {
	for _, w := range rows {
		if w.bold != rows[0].bold {
			return false
		}
	}
	return true
}

func endsSentence(s string) bool {
	s = strings.TrimRight(s, " \"'”’»)]")
	r, _ := utf8.DecodeLastRuneInString(s)
	return strings.ContainsRune(".!?:;።፧፨؟۔।॥။", r)
}

func textBlock(rows []row, body float64, words map[string]bool) Block {
	b := Block{Kind: Paragraph, style: rows[0].blockStyle}
	var text strings.Builder
	sizes := map[float64]int{}
	bold := true
	for _, w := range rows {
		joinLine(&text, w.text, words)
		b.Box = b.Box.union(w.box)
		sizes[w.size] += len(w.text)
		bold = bold && w.bold
	}
	b.Text = strings.TrimSuffix(text.String(), "\u00AD")
	b.FontSize = mode(sizes)
	n := runeCount(b.Text)
	letters := strings.IndexFunc(b.Text, unicode.IsLetter) >= 0
	switch {
	case listMarker.MatchString(b.Text) && n < 1500:
		b.Kind = ListItem
		if b.FontSize > 1.15*body && len(rows) <= 2 {
			b.Kind = Heading // `1. Introduction`
		}
	case letters && b.FontSize > 1.15*body && len(rows) <= 4 && n <= 250,
		letters && bold && len(rows) <= 2 && n <= 120 && !strings.ContainsAny(b.Text[len(b.Text)-1:], ".,;"):
		b.Kind = Heading
	}
	return b
}

// joinLine adds a line to a paragraph and undoes a hyphen at the line's end,
// unless the page writes the word with a hyphen elsewhere too.
func joinLine(b *strings.Builder, line string, words map[string]bool) {
	if b.Len() == 0 {
		b.WriteString(line)
		return
	}
	text := b.String()
	hyphen, size := utf8.DecodeLastRuneInString(text)
	next, _ := utf8.DecodeRuneInString(line)
	before, _ := utf8.DecodeLastRuneInString(text[:len(text)-size])
	if !strings.ContainsRune("-\u00AD\u2010", hyphen) || !unicode.IsLetter(before) {
		b.WriteByte(' ')
		b.WriteString(line)
		return
	}
	b.Reset()
	stem := text[:len(text)-size]
	b.WriteString(stem)
	if !unicode.IsLower(next) || words[lastWord(stem)+"-"+firstWord(line)] {
		b.WriteByte('-') // `Addis-Ababa`, `well-known`
	}
	b.WriteString(line)
}

func lastWord(s string) string {
	return strings.ToLower(s[strings.LastIndexFunc(s, func(r rune) bool { return !isWord(r) })+1:])
}

func firstWord(s string) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return !isWord(r) }); i >= 0 {
		s = s[:i]
	}
	return strings.ToLower(s)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || r == '\'' || r == '’' }

var hyphenated = regexp.MustCompile(`[\pL\pM'’]+-[\pL\pM'’]+`)

// hyphenatedWords are the words with a hyphen in the middle of a line.
func hyphenatedWords(runs []run) map[string]bool {
	words := map[string]bool{}
	for _, r := range runs {
		for _, w := range hyphenated.FindAllString(r.text, -1) {
			words[strings.ToLower(w)] = true
		}
	}
	return words
}

// tableRows counts the rows at the start of rows that form a table: at least
// three with two cells or more that begin at common places.
func tableRows(rows []row) int {
	n := 0
	for n < len(rows) && len(rows[n].cells) >= 2 && (n == 0 || aligned(rows[n-1], rows[n]) &&
		rows[n].baseline-rows[n-1].baseline < 4*rows[n].size) {
		n++
	}
	if n < 3 {
		return 0
	}
	return n
}

// aligned tells that two rows share at least half of their cell borders.
func aligned(a, b row) bool {
	common := 0
	for _, x := range a.starts {
		for _, y := range b.starts {
			if math.Abs(x-y) < 0.8*a.size {
				common++
				break
			}
		}
	}
	return len(a.cells) == len(b.cells) || common >= 2 && 2*common >= min(len(a.starts), len(b.starts))
}

func tableBlock(rows []row) Block {
	var runs []run
	var box Rect
	for _, w := range rows {
		runs = append(runs, w.runs...)
		box = box.union(w.box)
	}
	if t := columnTable(runs, box, true); t != nil {
		return t.block()
	}
	b := Block{Kind: Table, Box: box, FontSize: rows[0].size}
	lines := make([]string, len(rows))
	for i, w := range rows {
		b.cells = append(b.cells, w.cells)
		lines[i] = strings.Join(w.cells, "\t")
	}
	b.Text = strings.Join(lines, "\n")
	return b
}

// flowTogether joins a paragraph with its rest in the next column.
func flowTogether(a, b Block, words map[string]bool) Block {
	var text strings.Builder
	joinLine(&text, a.Text, words)
	joinLine(&text, b.Text, words)
	a.Text = text.String()
	return a
}
