package pdf

import (
	"cmp"
	"image"
	"slices"
)

// textLines counts what looks like lines of text in a picture drawn at
// glanceDPI, besides what stands in the known places. It groups connected
// components of the size of letters into lines, after the run-length smearing
// of Wong, Casey and Wahl (Document analysis system, IBM J. Res. Dev. 26, 1982)
// and the docstrum of O'Gorman (IEEE PAMI 15, 1993), with none of their
// precision: what it takes for text is read, and only what is read surely
// counts. Photographs have no even paper, or no letters in line.
func textLines(img *image.Gray, known []image.Rectangle) int {
	ink := inkOf(img, known)
	if ink == nil {
		return 0
	}
	letters, specks := components(ink, img.Rect.Dx(), img.Rect.Dy())
	if len(letters) < 4 || len(letters) > maxLetters || specks > 2*len(letters) {
		return 0
	}
	lines, long := 0, false
	for _, line := range lineUp(letters) {
		if n, ok := isLine(line); ok {
			lines++
			long = long || n >= 6
		}
	}
	if lines == 1 && !long {
		return 0
	}
	return lines
}

// Sizes at glanceDPI, in pixels: letters of 4 to 40 points.
const (
	minLetter  = 4
	maxLetter  = 60
	maxLetters = 20_000 // more is a texture
	minPaper   = 0.35   // share of a picture in its commonest tones
	maxInk     = 0.4
	inkTones   = 50 // of 256 by which ink differs from paper
)

// inkOf marks what differs from the commonest tone, nil when there is no such
// tone or nothing on it.
func inkOf(img *image.Gray, known []image.Rectangle) []bool {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	ink := make([]bool, w*h)
	for _, r := range known {
		r = r.Intersect(img.Rect)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				ink[y*w+x] = true // for the moment: left out
			}
		}
	}
	var tones [32]int
	n := 0
	for y := range h {
		for x, v := range img.Pix[y*img.Stride : y*img.Stride+w] {
			if !ink[y*w+x] {
				tones[v>>3]++
				n++
			}
		}
	}
	best, paper := 0, 0
	for i := range tones[:len(tones)-2] {
		if sum := tones[i] + tones[i+1] + tones[i+2]; sum > best {
			best, paper = sum, 8*i+12
		}
	}
	if n == 0 || float64(best) < minPaper*float64(n) {
		return nil
	}
	marked := 0
	for y := range h {
		for x, v := range img.Pix[y*img.Stride : y*img.Stride+w] {
			i := y*w + x
			if ink[i] = !ink[i] && max(int(v)-paper, paper-int(v)) > inkTones; ink[i] {
				marked++
			}
		}
	}
	if marked == 0 || float64(marked) > maxInk*float64(n) {
		return nil
	}
	return ink
}

// components returns the boxes of what hangs together and has the size of a
// letter, or of a word in a script of joined letters, and the number of what is
// smaller: grain, of which text has little. It clears the ink.
func components(ink []bool, w, h int) (letters []image.Rectangle, specks int) {
	var stack []int
	for start := range ink {
		if !ink[start] {
			continue
		}
		ink[start] = false
		stack = append(stack[:0], start)
		x0, y0, x1, y1 := w, h, 0, 0
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := at%w, at/w
			x0, x1, y0, y1 = min(x0, x), max(x1, x+1), min(y0, y), max(y1, y+1)
			for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
					if i := ny*w + nx; ink[i] {
						ink[i] = false
						stack = append(stack, i)
					}
				}
			}
		}
		switch dx, dy := x1-x0, y1-y0; {
		case max(dx, dy) < minLetter:
			specks++
		case dy >= minLetter && dy <= maxLetter && dx <= 20*dy:
			letters = append(letters, image.Rect(x0, y0, x1, y1))
		}
	}
	return letters, specks
}

// lineUp groups letters that stand beside each other at one height.
func lineUp(letters []image.Rectangle) [][]image.Rectangle {
	slices.SortFunc(letters, func(a, b image.Rectangle) int {
		return cmp.Or(cmp.Compare(a.Min.X, b.Min.X), cmp.Compare(a.Min.Y, b.Min.Y))
	})
	sets := newSets(len(letters))
	for i, a := range letters {
		for j := i + 1; j < len(letters); j++ {
			b := letters[j]
			if b.Min.X-a.Max.X > 3*maxLetter/2 {
				break
			}
			high, low := max(a.Dy(), b.Dy()), min(a.Dy(), b.Dy())
			common := min(a.Max.Y, b.Max.Y) - max(a.Min.Y, b.Min.Y)
			if high <= 3*low && 2*common >= low && 2*(b.Min.X-a.Max.X) <= 3*high {
				sets.join(i, j)
			}
		}
	}
	var out [][]image.Rectangle
	for _, members := range sets.all() {
		line := make([]image.Rectangle, len(members))
		for i, m := range members {
			line[i] = letters[m]
		}
		out = append(out, line)
	}
	return out
}

// isLine tells whether letters make a line, and how many there are.
func isLine(line []image.Rectangle) (letters int, ok bool) {
	heights := make([]int, len(line))
	box := line[0]
	for i, r := range line {
		heights[i] = r.Dy()
		box = box.Union(r)
	}
	slices.Sort(heights)
	middle := heights[len(heights)/2]
	// A line may be askew, by a sixteenth. Joined letters count by their width.
	flat := box.Dy() <= 5*middle/2+box.Dx()/16
	letters = max(len(line), box.Dx()/(2*middle))
	return letters, flat && len(line) >= 2 && letters >= 4 && box.Dx() >= 4*middle
}
