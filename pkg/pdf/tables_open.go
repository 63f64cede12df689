package pdf

import (
	"cmp"
	"math"
	"slices"
)

// openTables finds tables that have horizontal rulings alone, at least three
// of the same extent (or two and a caption): the body of the rulings is read
// by the alignment of its text.
func (c *content) openTables(across []ruling, runs []run, captioned func(Rect) bool) []*table {
	slices.SortFunc(across, func(a, b ruling) int { return cmp.Compare(a.at, b.at) })
	used := make([]bool, len(across))
	var out []*table
	for i, a := range across {
		if used[i] || a.to-a.from < 60 {
			continue
		}
		group := []int{i}
		for j := i + 1; j < len(across); j++ {
			if b := across[j]; !used[j] && math.Abs(a.from-b.from) < 5 && math.Abs(a.to-b.to) < 5 {
				group = append(group, j)
			}
		}
		// The longest part of the group that is a table: text between its
		// rulings that belongs to the page ends it.
		for n := len(group); n >= 2; n-- {
			box := Rect{a.from, a.at, a.to, across[group[n-1]].at}
			if box.Height() < 15 || n == 2 && !captioned(box) {
				continue
			}
			if t := columnTable(inside(box, runs), box, n > 3); t != nil {
				out = append(out, t)
				for _, k := range group[:n] {
					used[k] = true
				}
				break
			}
		}
	}
	return out
}

// inside are the level runs whose middle lies in a box.
func inside(box Rect, runs []run) []run {
	var out []run
	for _, r := range runs {
		if r.quarters == 0 && r.table == nil && contains(box, r.box) {
			out = append(out, r)
		}
	}
	return out
}

// contains tells that the middle of a box lies in another.
func contains(outer, inner Rect) bool {
	x, y := (inner.X0+inner.X1)/2, (inner.Y0+inner.Y1)/2
	return x > outer.X0-1 && x < outer.X1+1 && y > outer.Y0-1 && y < outer.Y1+1
}

// columnTable reads a table by what its rows leave free: its columns are parted
// by strips that no row crosses but headings over several columns. Nil if the
// runs are no table.
func columnTable(runs []run, box Rect, sure bool) *table {
	rows := rowsWithin(runs, 0.45)
	if len(rows) < 2 {
		return nil
	}
	borders := columnBorders(rows)
	if len(borders) == 0 {
		return nil
	}
	all := boxAround(runs)
	xs := slices.Concat([]float64{min(box.X0, all.X0) - 1}, borders, []float64{max(box.X1, all.X1) + 1})
	t := &table{box: box}
	full, words := 0, 0
	var last row // the last cell of the line before
	for _, runs := range rows {
		cells := make([][]run, len(xs)-1)
		for _, r := range runs {
			if j := interval(xs, (r.box.X0+r.box.X1)/2); j >= 0 {
				cells[j] = append(cells[j], r)
			}
		}
		line := make([]string, len(cells))
		n := 0
		var w row
		for j := range cells {
			if len(cells[j]) > 0 {
				n++
				w = makeRow(cells[j])
				line[j] = t.cell([]row{w})
				words += runeCount(line[j])
			}
		}
		if n > 1 {
			full++
		}
		if above := len(t.rows) - 1; above >= 0 && goesOn(t.rows[above], line, last, w) {
			for j := range line {
				if line[j] != "" {
					t.rows[above][j] += " " + line[j]
				}
			}
		} else {
			t.rows = append(t.rows, line)
		}
		last = w
	}
	t.tidy()
	if len(t.rows) < 2 || len(t.rows[0]) < 2 || 2*full < len(rows) || t.filled < 4 || !sure && words > 40*t.filled {
		return nil
	}
	return t
}

// goesOn tells that a line continues the cells of the row above: it stands
// close below, begins no row of its own, and only goes on with what is there.
func goesOn(above, line []string, last, w row) bool {
	if line[0] != "" || w.baseline-last.baseline > 1.35*w.size {
		return false
	}
	for j := range line {
		if line[j] != "" && above[j] == "" {
			return false
		}
	}
	return true
}

// columnBorders are the middles of the strips that stay free in the rows of
// two cells or more.
func columnBorders(rows [][]run) []float64 {
	type span struct{ from, to float64 }
	var spans []span
	size, several := 0.0, 0
	for _, runs := range rows {
		var cells []span
		for _, r := range runs {
			size = max(size, r.size)
			if n := len(cells); n > 0 && r.box.X0-cells[n-1].to < 0.7*r.size {
				cells[n-1].to = max(cells[n-1].to, r.box.X1)
			} else {
				cells = append(cells, span{r.box.X0, r.box.X1})
			}
		}
		if len(cells) > 1 {
			several++
			spans = append(spans, cells...)
		}
	}
	if several < 2 {
		return nil
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	// A few rows may cross a strip: what heads several columns.
	cross := func(x float64) int {
		n := 0
		for _, s := range spans {
			if s.from < x && s.to > x {
				n++
			}
		}
		return n
	}
	allowed := several / 6
	var out []float64
	from, open := 0.0, false
	first, last := spans[0].from, spans[0].to
	for _, s := range spans {
		last = max(last, s.to)
	}
	const step = 1.0
	for x := first + step; x < last; x += step {
		free := cross(x) <= allowed
		switch {
		case free && !open:
			from, open = x, true
		case !free && open:
			open = false
			if x-from > 0.5*size {
				out = append(out, (from+x)/2)
			}
		}
	}
	return out
}

// shaded are the areas of tables whose rows have shades instead of lines: bands
// of the same extent one below the other, with a white row between them or not.
func shaded(shapes []shape) []Rect {
	var bands []Rect
	for _, s := range shapes {
		if s.kind == rectangle && !s.stroked && !s.white && s.box.Height() < 60 && s.box.Width() > 8 {
			bands = append(bands, s.box)
		}
	}
	if len(bands) > maxRulings {
		return nil
	}
	// Cells of one row.
	slices.SortFunc(bands, func(a, b Rect) int {
		return cmp.Or(cmp.Compare(math.Round(a.Y0), math.Round(b.Y0)), cmp.Compare(a.X0, b.X0))
	})
	var rows []Rect
	for _, b := range bands {
		if n := len(rows); n > 0 && math.Abs(rows[n-1].Y0-b.Y0) < 1.5 && math.Abs(rows[n-1].Y1-b.Y1) < 1.5 && b.X0 < rows[n-1].X1+3 {
			rows[n-1] = rows[n-1].union(b)
		} else {
			rows = append(rows, b)
		}
	}
	var out []Rect
	for i, r := range rows {
		if i > 0 && r.Width() == 0 {
			continue
		}
		area, last, n := r, r, 1
		for j := i + 1; j < len(rows); j++ {
			next := rows[j]
			if math.Abs(next.X0-r.X0) < 5 && math.Abs(next.X1-r.X1) < 5 && next.Y0-last.Y1 < 1.4*max(next.Height(), last.Height()) {
				area, last = area.union(next), next
				rows[j] = Rect{}
				n++
			}
		}
		if n > 1 && r.Width() > 60 {
			area.Y1 += 1.1 * last.Height() // a last row without a shade
			out = append(out, area)
		}
	}
	return out
}
