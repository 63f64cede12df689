package pdf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// A grid is a table whose rulings show its cells. Tables are read in two ways:
// by rulings here, after the lattice method of T. Hassan and R. Baumgartner
// ("Table recognition and understanding from PDF files", ICDAR 2007), and by
// the alignment of their text in columnTable.

// ruling is a horizontal or vertical line at a height or at a place from the
// left, with its extent along the other axis.
type ruling struct{ at, from, to float64 }

func (r ruling) touches(s ruling) bool {
	const reach = 3
	return r.at > s.from-reach && r.at < s.to+reach && s.at > r.from-reach && s.at < r.to+reach
}

// covers tells that the ruling runs along most of the way from a to b.
func (r ruling) covers(a, b float64) bool {
	return min(r.to, b)-max(r.from, a) > 0.5*(b-a)
}

// maxRulings is how many rulings of a direction a page may have to be searched
// for tables: beyond it stand maps and drawings.
const maxRulings = 1500

// rulings are the lines that may part cells: lines, and the edges of
// rectangles with a border; those of areas too if shades is true. Where a table
// has lines the shades of its cells say less: each line of text may have its own.
func rulings(shapes []shape, shades bool) (across, down []ruling) {
	for _, s := range shapes {
		b := s.box
		if s.white && s.kind != rule || s.kind == drawing {
			continue
		}
		switch {
		case s.kind == rectangle:
			if b.Width() < 8 || b.Height() < 6 || !s.stroked && !shades {
				continue
			}
			across = append(across, ruling{b.Y0, b.X0, b.X1}, ruling{b.Y1, b.X0, b.X1})
			down = append(down, ruling{b.X0, b.Y0, b.Y1}, ruling{b.X1, b.Y0, b.Y1})
		case b.Width() >= b.Height():
			across = append(across, ruling{(b.Y0 + b.Y1) / 2, b.X0, b.X1})
		default:
			down = append(down, ruling{(b.X0 + b.X1) / 2, b.Y0, b.Y1})
		}
	}
	return joinRulings(across), joinRulings(down)
}

// joinRulings makes one ruling of those that continue or double each other.
func joinRulings(all []ruling) []ruling {
	const near, gap = 1.6, 3.5
	slices.SortFunc(all, func(a, b ruling) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from)) })
	var out []ruling
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].at-all[i].at < near {
			j++
		}
		level := slices.Clone(all[i:j])
		slices.SortFunc(level, func(a, b ruling) int { return cmp.Compare(a.from, b.from) })
		current := level[0]
		for _, r := range level[1:] {
			if r.from <= current.to+gap {
				current.to = max(current.to, r.to)
			} else {
				out, current = append(out, current), r
			}
		}
		out = append(out, current)
		i = j
	}
	return slices.DeleteFunc(out, func(r ruling) bool { return r.to-r.from < 5 })
}

// grid is a set of rulings that hang together.
type grid struct{ across, down []ruling }

func (g *grid) box() Rect {
	var box Rect
	for _, r := range g.across {
		box = box.union(Rect{r.from, r.at, r.to, r.at + 0.01})
	}
	for _, r := range g.down {
		box = box.union(Rect{r.at, r.from, r.at + 0.01, r.to})
	}
	return box
}

// grids parts the rulings into sets that hang together.
func grids(across, down []ruling) []grid {
	if len(across) > maxRulings || len(down) > maxRulings {
		return nil
	}
	sets := newSets(len(across) + len(down))
	for i, a := range across {
		for j, d := range down {
			if a.touches(d) {
				sets.join(i, len(across)+j)
			}
		}
	}
	var out []grid
	for _, members := range sets.all() {
		var g grid
		for _, i := range members {
			if i < len(across) {
				g.across = append(g.across, across[i])
			} else {
				g.down = append(g.down, down[i-len(across)])
			}
		}
		out = append(out, g)
	}
	return out
}

// edges are the distinct places of rulings, the ends of the crossing ones with
// them: many tables have no outer lines.
func edges(rulings, crossing []ruling) []float64 {
	var at []float64
	for _, r := range rulings {
		at = append(at, r.at)
	}
	first, last := math.Inf(1), math.Inf(-1)
	for _, r := range crossing {
		first, last = min(first, r.from), max(last, r.to)
	}
	slices.Sort(at)
	const outer = 6
	if len(crossing) > 0 && (len(at) == 0 || first < at[0]-outer) {
		at = append([]float64{first}, at...)
	}
	if len(crossing) > 0 && last > at[len(at)-1]+outer {
		at = append(at, last)
	}
	const near = 4
	out := at[:0]
	for i, v := range at {
		if i == 0 || v-out[len(out)-1] > near {
			out = append(out, v)
		}
	}
	return out
}

// tableOf reads the table that a grid's rulings show; nil if they show none.
func (c *content) tableOf(g grid, runs []run) *table {
	if len(g.down) == 0 || len(g.across) == 0 {
		return nil
	}
	xs, ys := edges(g.down, g.across), edges(g.across, g.down)
	rows, columns := len(ys)-1, len(xs)-1
	if rows < 1 || columns < 2 || rows*columns > 20_000 {
		return nil
	}
	// Cells without a ruling between them are one.
	cells := newSets(rows * columns)
	for i := range rows {
		for j := range columns {
			if j+1 < columns && !crossed(g.down, xs[j+1], ys[i], ys[i+1]) {
				cells.join(i*columns+j, i*columns+j+1)
			}
			if i+1 < rows && !crossed(g.across, ys[i+1], xs[j], xs[j+1]) {
				cells.join(i*columns+j, (i+1)*columns+j)
			}
		}
	}
	content := make([][]run, rows*columns)
	for _, r := range c.splitAt(runs, g.down) {
		x, y := (r.box.X0+r.box.X1)/2, (r.box.Y0+r.box.Y1)/2
		i, j := interval(ys, y), interval(xs, x)
		if i >= 0 && j >= 0 {
			at := cells.root(i*columns + j)
			content[at] = append(content[at], r)
		}
	}
	t := &table{box: Rect{xs[0], ys[0], xs[columns], ys[rows]}}
	filled, groups := 0, 0
	for i := range rows {
		line := make([][]run, columns)
		for j := range columns {
			if at := i*columns + j; cells.root(at) == at {
				groups++
				if len(content[at]) > 0 {
					filled++
				}
				line[j] = content[at]
			}
		}
		t.add(line, xs)
	}
	t.tidy()
	if filled < 4 || 10*filled < 3*groups || len(t.rows) < 2 || len(t.rows[0]) < 2 || t.prose() || t.wordless() {
		return nil
	}
	return t
}

// crossed tells whether a ruling at the place runs along most of from to to.
func crossed(rulings []ruling, at, from, to float64) bool {
	for _, r := range rulings {
		if math.Abs(r.at-at) <= 4 && r.covers(from, to) {
			return true
		}
	}
	return false
}

// interval is the index of the interval that v lies in, -1 if in none.
func interval(edges []float64, v float64) int {
	i, _ := slices.BinarySearch(edges, v)
	if i == 0 || i == len(edges) {
		return -1
	}
	return i - 1
}

// splitAt cuts runs at the vertical rulings that pass through them: cells may
// stand close together.
func (c *content) splitAt(runs []run, down []ruling) []run {
	var out []run
	for _, r := range runs {
		if r.quarters != 0 {
			out = append(out, r)
			continue
		}
		middle := (r.box.Y0 + r.box.Y1) / 2
		var cuts []float64
		for _, d := range down {
			if d.at > r.box.X0+1 && d.at < r.box.X1-1 && d.from < middle && d.to > middle {
				cuts = append(cuts, d.at)
			}
		}
		if len(cuts) == 0 {
			out = append(out, r)
			continue
		}
		parts := make([][]char, len(cuts)+1)
		for _, ch := range r.chars {
			at, _ := slices.BinarySearch(cuts, center(ch))
			parts[at] = append(parts[at], ch)
		}
		for _, chars := range parts {
			if part, ok := c.makeRun(chars); ok {
				out = append(out, part)
			}
		}
	}
	return out
}

// table is a table found on a page.
type table struct {
	box    Rect
	rows   [][]string
	size   float64 // of its text
	wide   int     // cells of running text
	filled int     // cells with text
	rtl    int     // cells that run from right to left, less the others
}

// add appends a row of cells. Cells that all hold the same lines, none of them
// filled, are as many rows: their table has no rulings between them.
func (t *table) add(cells [][]run, xs []float64) {
	lines := make([][]row, len(cells))
	most := 0
	short := true
	for j, runs := range cells {
		lines[j] = cellLines(runs)
		most = max(most, len(lines[j]))
		for _, w := range lines[j] {
			short = short && (j+1 >= len(xs) || w.box.Width() < 0.75*(xs[len(xs)-1]-xs[0])/float64(len(cells)) || w.box.Width() < 0.75*(xs[j+1]-xs[j]))
		}
	}
	if baselines := sharedLines(lines, most); most > 1 && short && baselines != nil {
		for _, y := range baselines {
			line := make([]string, len(cells))
			for j := range lines {
				for _, w := range lines[j] {
					if math.Abs(w.baseline-y) < 0.4*w.size {
						line[j] = t.cell([]row{w})
					}
				}
			}
			t.rows = append(t.rows, line)
		}
		// A cell beside several lines, such as a group's name, is in none.
		for j := range lines {
			if len(lines[j]) == 1 && !slices.ContainsFunc(baselines, func(y float64) bool { return math.Abs(lines[j][0].baseline-y) < 0.4*lines[j][0].size }) {
				t.rows[len(t.rows)-len(baselines)][j] = t.cell(lines[j])
			}
		}
		return
	}
	line := make([]string, len(cells))
	for j := range cells {
		line[j] = t.cell(lines[j])
	}
	t.rows = append(t.rows, line)
}

// sharedLines are the baselines that at least two cells share, nil if cells of
// several lines do not agree.
func sharedLines(cells [][]row, most int) []float64 {
	var baselines []float64
	agree := 0
	for _, lines := range cells {
		if len(lines) != most {
			if len(lines) > 1 {
				return nil
			}
			continue
		}
		if baselines == nil {
			for _, w := range lines {
				baselines = append(baselines, w.baseline)
			}
		}
		for k, w := range lines {
			if math.Abs(w.baseline-baselines[k]) > 0.4*w.size {
				return nil
			}
		}
		agree++
	}
	if agree < 2 {
		return nil
	}
	return baselines
}

// cellLines are the lines of a cell; those of sideways text are one each.
func cellLines(runs []run) []row {
	var level []run
	var out []row
	for _, r := range runs {
		if r.quarters == 0 {
			level = append(level, r)
			continue
		}
		out = append(out, row{text: r.text, box: r.box, size: r.size, baseline: r.baseline})
	}
	for _, r := range rowsOf(level) {
		out = append(out, makeRow(r))
	}
	return out
}

func (t *table) cell(lines []row) string {
	var b strings.Builder
	for _, w := range lines {
		joinLine(&b, w.text, nil)
		t.size = w.size
		if w.rtl {
			t.rtl += 2
		}
	}
	if len(lines) > 0 {
		t.filled++
		t.rtl--
	}
	text := strings.TrimSuffix(strings.NewReplacer("\t", " ", "\n", " ").Replace(b.String()), "\u00AD")
	if len(lines) > 5 && runeCount(text) > 300 {
		t.wide++
	}
	return text
}

// tidy drops rows and columns without text and puts the columns of a table
// that runs from right to left in their order.
func (t *table) tidy() {
	t.rows = slices.DeleteFunc(t.rows, func(r []string) bool { return !slices.ContainsFunc(r, func(s string) bool { return s != "" }) })
	if len(t.rows) == 0 {
		return
	}
	for j := len(t.rows[0]) - 1; j >= 0; j-- {
		if !slices.ContainsFunc(t.rows, func(r []string) bool { return r[j] != "" }) {
			for i := range t.rows {
				t.rows[i] = slices.Delete(t.rows[i], j, j+1)
			}
		}
	}
	t.dropBullets()
	if t.rtl > 0 {
		for i := range t.rows {
			slices.Reverse(t.rows[i])
		}
	}
}

// dropBullets takes out a first column of nothing but one sign.
func (t *table) dropBullets() {
	signs := map[string]int{}
	first := 0
	if t.rtl > 0 {
		first = len(t.rows[0]) - 1
	}
	for _, r := range t.rows {
		if r[first] != "" {
			signs[r[first]]++
		}
	}
	for sign, n := range signs {
		if len(signs) > 1 || n < 3 || runeCount(sign) > 1 {
			return
		}
	}
	for i := range t.rows {
		t.rows[i] = slices.Delete(t.rows[i], first, first+1)
	}
}

// prose tells boxes and columns of running text from a table.
func (t *table) prose() bool { return 2*t.wide > t.filled }

// wordless tells that most cells hold neither letters nor digits: staves of
// music are rulings with signs.
func (t *table) wordless() bool {
	words, cells := 0, 0
	for _, row := range t.rows {
		for _, cell := range row {
			if cell != "" {
				cells++
			}
			if strings.ContainsFunc(cell, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
				words++
			}
		}
	}
	return 2*words < cells
}

func (t *table) block() Block {
	lines := make([]string, len(t.rows))
	for i, r := range t.rows {
		lines[i] = strings.Join(r, "\t")
	}
	return Block{Kind: Table, Text: strings.Join(lines, "\n"), Box: t.box, FontSize: t.size, cells: t.rows}
}

// run stands for the table among a page's runs, so that it finds its place in
// the reading order.
func (t *table) run(body float64) run {
	return run{text: t.block().Text, box: t.box, baseline: t.box.Y0 + body, size: body, table: t}
}

// sets are disjoint sets of numbers (R. Tarjan, "Efficiency of a good but not
// linear set union algorithm", 1975). A set's root is its lowest member.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) root(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

func (s sets) join(i, j int) {
	i, j = s.root(i), s.root(j)
	s[max(i, j)] = min(i, j)
}

// all are the members of every set, by their lowest.
func (s sets) all() [][]int {
	at := make([]int, len(s)) // by root
	var out [][]int
	for i := range s {
		root := s.root(i)
		if root == i {
			at[i] = len(out)
			out = append(out, nil)
		}
		out[at[root]] = append(out[at[root]], i)
	}
	return out
}
