package pdf

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode"
)

// repeats is what comes back on page after page: running headers and footers,
// and logos.
type repeats struct {
	lines    map[string]int // by normalised text and height on the page
	pictures map[string]int // pages by picture, and by picture and its size
	places   map[string]int // the same at the same place
	shapes   map[place]int  // by their place
	pages    int            // that were compared
	kept     map[int]*content
}

// samplePages are the pages that are compared, neighbours among them because
// running headers may change by chapter.
func samplePages(n int) []int {
	if n <= 10 {
		out := make([]int, n)
		for i := range out {
			out[i] = i + 1
		}
		return out
	}
	out := []int{1, 2, 3, 4}
	for _, at := range []float64{0.35, 0.65, 0.9} {
		k := max(5, min(n-1, int(at*float64(n))))
		out = append(out, k, k+1)
	}
	return out
}

// margin is the share of the page's height, at the top and at the bottom,
// where running headers and footers are looked for.
const margin = 0.11

// maxKept is the size, in characters and shapes, up to which a page that was
// compared is kept until it is asked for.
const maxKept = 20_000

// findRepeats compares a sample of the pages. Pages that cannot be read are
// left out: reading them for themselves reports the error.
func (d *document) findRepeats() *repeats {
	rep := &repeats{lines: map[string]int{}, pictures: map[string]int{}, places: map[string]int{}, shapes: map[place]int{}, kept: map[int]*content{}}
	for _, n := range samplePages(d.info.Pages) {
		c, err := d.read(n)
		if err != nil {
			continue
		}
		c.upright()
		if len(c.chars)+len(c.shapes) < maxKept {
			rep.kept[n] = c
		}
		for key := range marginLines(c) {
			rep.lines[key]++
		}
		seen := map[string]bool{}
		for _, p := range c.pictures {
			for _, key := range []string{p.key, p.size()} {
				if !seen[key] {
					rep.pictures[key]++
				}
				seen[key] = true
			}
			if at := p.place(); !seen[at] {
				rep.places[at]++
				seen[at] = true
			}
		}
		for at := range places(c.shapes) {
			rep.shapes[at]++
		}
		rep.pages++
	}
	return rep
}

// place is where a shape stands, to the point.
type place [4]int32

func placeOf(s shape) place {
	at := func(v float64) int32 { return int32(math.Round(v)) }
	return place{at(s.box.X0), at(s.box.Y0), at(s.box.X1), at(s.box.Y1)}
}

func places(shapes []shape) map[place]bool {
	out := make(map[place]bool, len(shapes))
	for _, s := range shapes {
		out[placeOf(s)] = true
	}
	return out
}

// repeated tells a shape that two fifths of the pages have at the same place.
func (rep *repeats) repeated(s shape) bool {
	n := rep.shapes[placeOf(s)]
	return n >= 2 && 5*n >= 2*rep.pages
}

// place identifies a picture and where it stands, about.
func (p picture) place() string {
	at := placeOf(shape{box: Rect{p.box.X0 / 4, p.box.Y0 / 4, p.box.X1 / 4, p.box.Y1 / 4}})
	return fmt.Sprint(p.key, at)
}

// size identifies a picture and how large it is shown, about.
func (p picture) size() string {
	return fmt.Sprintf("%s %.0f %.0f", p.key, p.box.Width()/4, p.box.Height()/4)
}

// logo tells a picture that comes back at its place or on most pages, or a small
// one that comes back as it is. A photograph may be shown twice.
func (rep *repeats) logo(p picture, page float64) bool {
	if n := rep.pictures[p.key]; n >= 3 && 5*n >= 3*rep.pages {
		return true
	}
	return rep.places[p.place()] >= 2 || rep.pictures[p.size()] >= 2 && p.box.area() < 0.05*page
}

func marginLines(c *content) map[string]bool {
	keys := map[string]bool{}
	var inside []run
	for _, r := range c.runs() {
		if r.quarters == 0 && inMargin(r.box, c.height) {
			inside = append(inside, r)
		}
	}
	for _, runs := range rowsOf(inside) {
		keys[lineKey(makeRow(runs))] = true
	}
	return keys
}

func inMargin(box Rect, height float64) bool {
	middle := (box.Y0 + box.Y1) / 2
	return middle < margin*height || middle > (1-margin)*height
}

var numbers = regexp.MustCompile(`#+`)

// lineKey identifies a line whatever number it carries.
func lineKey(w row) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return unicode.ToLower(r)
	}, w.text)
	text = numbers.ReplaceAllString(text, "#")
	return fmt.Sprintf("%s@%d", text, int(math.Round(w.baseline/6)))
}

var pageNumber = regexp.MustCompile(`^[\pP\s|]*(?:\pL{1,12}\.?\s+)?(?:\p{Nd}{1,4}|[ivxlIVXL]{1,6})(?:\s*(?:/|of|de|sur|kati ya|من|von|van)\s*\p{Nd}{1,4})?[\pP\s|]*$`)

// split takes running headers, footers and page numbers out of a page's runs.
func (rep *repeats) split(runs []run, height float64) (rest []run, furniture []row) {
	var inside []run
	for _, r := range runs {
		if inMargin(r.box, height) {
			inside = append(inside, r)
		} else {
			rest = append(rest, r)
		}
	}
	if len(rest) == 0 {
		return runs, nil // a page of a few words is not all header
	}
	body := boxAround(rest)
	for _, runs := range rowsOf(inside) {
		w := makeRow(runs)
		outside := w.box.Y1 < body.Y0+1 || w.box.Y0 > body.Y1-1
		if rep.lines[lineKey(w)] >= 2 || outside && pageNumber.MatchString(w.text) {
			furniture = append(furniture, w)
		} else {
			rest = append(rest, runs...)
		}
	}
	return rest, furniture
}
