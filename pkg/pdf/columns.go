package pdf

import (
	"cmp"
	"math"
	"slices"
)

// columns cuts a page's runs into regions in reading order. It is an XY-cut
// that starts from gutters rather than from the widest gap: a gutter is a
// strip that stays empty beside at least a few rows on both sides, and the
// runs that cross it (titles, wide tables) end the zone it divides. So a
// paragraph gap at the same height in two columns does not mix them up.
// After G. Nagy and S. Seth, "Hierarchical representation of optically scanned
// documents", ICPR 1984.
func columns(runs []run, rtl bool) [][]run { return cutColumns(runs, rtl, 0) }

func cutColumns(runs []run, rtl bool, depth int) [][]run {
	if len(runs) < 4 || depth > 12 {
		return [][]run{runs}
	}
	z, ok := widestZone(runs)
	if !ok {
		return [][]run{runs}
	}
	first, second := z.left, z.right
	if rtl {
		first, second = second, first
	}
	var out [][]run
	for _, part := range [][]run{z.above, first, second, z.below} {
		if len(part) > 0 {
			out = append(out, cutColumns(part, rtl, depth+1)...)
		}
	}
	return out
}

// zone is a part of a region that a gutter divides.
type zone struct {
	above, left, right, below []run
	rows                      float64 // height of the zone
}

func widestZone(runs []run) (zone, bool) {
	var best zone
	rows := rowsOf(runs)
	for _, x := range gutterCandidates(runs) {
		if z, ok := zoneAt(rows, x); ok && z.rows > best.rows {
			best = z
		}
	}
	return best, best.rows > 0
}

// gutterCandidates are the places where few runs cross, by a histogram of the
// height of text over each point of the width.
func gutterCandidates(runs []run) []float64 {
	box := Rect{}
	total := 0.0
	for _, r := range runs {
		box = box.union(r.box)
		total += r.box.Height()
	}
	const step = 2 // points
	n := int(math.Ceil(box.Width()/step)) + 1
	if n < 8 || n > 1<<16 {
		return nil
	}
	cover := make([]float64, n)
	for _, r := range runs {
		for i := int((r.box.X0 - box.X0) / step); i <= int((r.box.X1-box.X0)/step) && i < n; i++ {
			cover[i] += r.box.Height()
		}
	}
	// A valley is lower than half of what stands on both its sides.
	var out []float64
	highest := slices.Max(cover)
	for i := 1; i < n-1; {
		if cover[i] > 0.5*highest {
			i++
			continue
		}
		j := i
		low := i
		for j < n-1 && cover[j] <= 0.5*highest {
			if cover[j] < cover[low] {
				low = j
			}
			j++
		}
		// The middle of the lowest part of the valley.
		end := low
		for end+1 < j && cover[end+1] <= cover[low] {
			end++
		}
		if i > 1 && j < n-1 || cover[low] < 0.5*highest {
			out = append(out, box.X0+step*(float64(low+end)/2+0.5))
		}
		i = j + 1
	}
	if len(out) > 12 {
		out = out[:12]
	}
	return out
}

// zoneAt finds the highest zone that a gutter at x divides. It consists of
// whole rows: parts of rows would show gaps where there are none.
func zoneAt(rows [][]run, x float64) (zone, bool) {
	crosses := func(r run) bool { return r.box.X0 < x-1 && r.box.X1 > x+1 }
	var best zone
	found := false
	for i := 0; i < len(rows); {
		if slices.ContainsFunc(rows[i], crosses) {
			i++
			continue
		}
		j := i
		for j < len(rows) && !slices.ContainsFunc(rows[j], crosses) {
			j++
		}
		if z, ok := divide(rows, i, j, x); ok && z.rows > best.rows {
			best, found = z, true
		}
		i = j
	}
	return best, found
}

func divide(rows [][]run, i, j int, x float64) (zone, bool) {
	z := zone{above: slices.Concat(rows[:i]...), below: slices.Concat(rows[j:]...)}
	right, left := math.Inf(1), math.Inf(-1)
	sizes, n := 0.0, 0
	for _, r := range slices.Concat(rows[i:j]...) {
		if r.box.X0+r.box.X1 < 2*x {
			z.left = append(z.left, r)
			left = max(left, r.box.X1)
		} else {
			z.right = append(z.right, r)
			right = min(right, r.box.X0)
		}
		sizes += r.size
		n++
	}
	em := sizes / float64(max(1, n))
	if right-left < 0.7*em || !prose(z.left) || !prose(z.right) {
		return z, false
	}
	a, b := boxAround(z.left), boxAround(z.right)
	// The sides stand beside each other.
	beside := min(a.Y1, b.Y1) - max(a.Y0, b.Y0)
	if beside < 1.5*em {
		return z, false
	}
	z.rows = beside
	return z, true
}

// prose tells the text of a column from the cells of a table: its rows are long
// or mostly fill its width.
func prose(runs []run) bool {
	box := boxAround(runs)
	rows := rowsOf(runs)
	if len(rows) < 2 {
		return false
	}
	full, letters := 0, 0
	for _, row := range rows {
		width := 0.0
		for _, r := range row {
			width += r.box.Width()
			letters += runeCount(r.text)
		}
		if width > 0.6*box.Width() {
			full++
		}
	}
	return letters >= 28*len(rows) || letters >= 14*len(rows) && 2*full >= len(rows)
}

// boxAround is the box around runs.
func boxAround(runs []run) Rect {
	var box Rect
	for _, r := range runs {
		box = box.union(r.box)
	}
	return box
}

// rowsOf groups runs that stand on a common baseline, from top to bottom, each
// row from left to right.
func rowsOf(runs []run) [][]run { return rowsWithin(runs, 0.25) }

// rowsWithin is rowsOf where baselines may differ by a share of the size.
func rowsWithin(runs []run, share float64) [][]run {
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b run) int { return cmp.Compare(a.baseline, b.baseline) })
	var rows [][]run
	var box Rect
	for _, r := range sorted {
		if n := len(rows); n > 0 {
			last := rows[n-1][0]
			shift := r.baseline - last.baseline
			overlap := min(box.Y1, r.box.Y1) - max(box.Y0, r.box.Y0)
			// A raised or lowered mark overlaps most of the row beside it.
			if shift < share*max(last.size, r.size) || shift < 0.5*max(last.size, r.size) && r.size < 0.85*last.size && overlap > 0.5*r.box.Height() {
				rows[n-1] = append(rows[n-1], r)
				box = box.union(r.box)
				continue
			}
		}
		rows = append(rows, []run{r})
		box = r.box
	}
	for _, row := range rows {
		slices.SortStableFunc(row, func(a, b run) int { return cmp.Compare(a.box.X0, b.box.X0) })
	}
	return rows
}
