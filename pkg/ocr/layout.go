package ocr

import (
	"image"
	"math"
)

// overview is what a quick look at the shrunk page tells.
type overview struct {
	blank      bool
	dark       bool    // light text on a dark page
	inverted   bool    // some areas are light on dark
	skew       float64 // degrees clockwise that straighten lines that run across
	skewDown   float64 // the same for lines that run down
	sideways   float64 // sharpness of lines that run down over lines that run across
	shrink     float64 // factor that brings upright letters to the size that is read best
	shrinkDown float64 // the same for lines that run down
	joined     bool    // letters hang together, if lines run across
	joinedDown bool    // the same for lines that run down
	rows       []int   // ink by row of the shrunk page
	columns    []int
	factor     int // how much the page was shrunk
}

// overviewSide is the longer side of the shrunk page in pixels: a line of
// small print still has white between it and the next.
const overviewSide = 1100

// maxSkew is the largest skew that is looked for, in degrees.
const maxSkew = 6

// look finds skew and direction of the text lines by projection profiles
// (Postl 1986): with the right angle, ink piles up in lines and the profile
// has the steepest steps.
func look(img *image.Gray) overview {
	o := overview{factor: max(1, max(img.Rect.Dx(), img.Rect.Dy())/overviewSide)}
	small := reduce(img, o.factor)
	w, h := small.Rect.Dx(), small.Rect.Dy()
	threshold, contrast := otsu(small)
	if contrast < 24 {
		o.blank = true
		return o
	}
	squares := inkSquares(small, threshold)
	ink, mixed := 0, 0
	for _, n := range squares.ink {
		ink += n
		if n > mostly && n < square*square {
			mixed++
		}
	}
	o.dark = ink > len(small.Pix)*6/10
	o.inverted = !o.dark && mixed > len(squares.ink)/500
	o.rows, o.columns = make([]int, h), make([]int, w)
	var points []image.Point
	inked := make([]bool, w*h)
	for y := range h {
		for x, p := range small.Pix[y*small.Stride : y*small.Stride+w] {
			// Black margins and shadows are no text.
			if (p < threshold) != o.dark && (o.dark || squares.at(x, y) <= mostly) {
				o.rows[y]++
				o.columns[x]++
				points = append(points, image.Pt(x, y))
				inked[y*w+x] = true
			}
		}
	}
	if len(points) < 20 {
		o.blank = true
		return o
	}
	height, width := textSize(inked, w, h)
	o.joined, o.joinedDown = joined(height, width), joined(width, height)
	o.shrink = shrinkFactor(height*o.factor, width*o.factor)
	o.shrinkDown = shrinkFactor(width*o.factor, height*o.factor)
	across, acrossScore := profileAngle(points, w, h)
	for i, p := range points {
		points[i] = image.Pt(p.Y, -p.X+w-1) // turned by 270 degrees
	}
	down, downScore := profileAngle(points, h, w)
	o.skew, o.skewDown = across, down
	o.sideways = downScore / max(acrossScore, 1e-9)
	return o
}

// profileAngle returns the angle in degrees clockwise that makes lines across
// lie straight, and how sharp they are then. An angle that is hardly better
// than none is none.
func profileAngle(points []image.Point, w, h int) (angle, score float64) {
	straight := sharpness(points, w, h, 0)
	angle, score = 0, straight
	try := func(a float64) {
		if s := sharpness(points, w, h, a); s > score {
			angle, score = a, s
		}
	}
	for a := -maxSkew; a <= maxSkew; a++ {
		try(float64(a))
		try(float64(a) + 0.5)
	}
	middle := angle
	for i := -4; i <= 4; i++ {
		try(middle + float64(i)/10)
	}
	if score < 1.05*straight {
		return 0, straight
	}
	return angle, score
}

// sharpness is the energy of the steps of the row profile after a turn by a
// small angle, which shearing stands in for.
func sharpness(points []image.Point, w, h int, degrees float64) float64 {
	tan := int(math.Round(math.Tan(degrees*math.Pi/180) * (1 << 12)))
	margin := int(math.Abs(float64(tan)*float64(w)))>>12 + 1
	profile := make([]int, h+2*margin+1)
	for _, p := range points {
		profile[p.Y+margin+(p.X*tan)>>12]++
	}
	var energy float64
	for i := 1; i < len(profile); i++ {
		d := float64(profile[i] - profile[i-1])
		energy += d * d
	}
	return energy
}

// otsu returns the threshold that splits the grey levels best (Otsu 1979),
// and how far apart the means of the two sides are.
func otsu(img *image.Gray) (threshold byte, contrast float64) {
	var histogram [256]int
	total := 0
	for _, p := range img.Pix {
		histogram[p]++
		total += int(p)
	}
	var best float64
	below, sum := 0, 0
	for level, n := range histogram[:255] {
		below += n
		sum += level * n
		above := len(img.Pix) - below
		if below == 0 || above == 0 {
			continue
		}
		distance := float64(total-sum)/float64(above) - float64(sum)/float64(below)
		if between := float64(below) * float64(above) * distance * distance; between > best {
			best, threshold, contrast = between, byte(level+1), distance
		}
	}
	return threshold, contrast
}

// square is the side of the squares in which ink is counted, in pixels of the
// shrunk page: larger than the strokes of any letter. One with more than
// mostly dark pixels holds no dark text, but text set light on dark if it is
// not all dark, or a part of a photograph.
const (
	square = 12
	mostly = square * square * 6 / 10
)

// inkCount counts the dark pixels of squares, row by row.
type inkCount struct {
	ink    []int
	across int
}

func inkSquares(img *image.Gray, threshold byte) inkCount {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	c := inkCount{across: (w + square - 1) / square}
	c.ink = make([]int, c.across*((h+square-1)/square))
	for y := range h {
		row := c.ink[y/square*c.across:]
		for x, p := range img.Pix[y*img.Stride : y*img.Stride+w] {
			if p < threshold {
				row[x/square]++
			}
		}
	}
	return c
}

func (c inkCount) at(x, y int) int { return c.ink[y/square*c.across+x/square] }

// strips returns two parts of a profile, the one with the most ink and the one
// with the most outside it: from and to in pixels of the whole page, each
// about share of its length.
func strips(profile []int, factor, length int, share float64) [2][2]int {
	n := min(len(profile), max(1, int(share*float64(len(profile)))))
	var found [2][2]int
	taken := -2 * n // where the first begins
	for k := range found {
		best, at := -1, 0
		sum := 0
		for i, v := range profile {
			sum += v
			if i >= n {
				sum -= profile[i-n]
			}
			if start := i - n + 1; start >= 0 && sum > best && (start >= taken+n || start+n <= taken) {
				best, at = sum, start
			}
		}
		if best < 0 { // the page is too short for two
			at = taken
		}
		from, to := quietest(profile, at, n/3), quietest(profile, at+n, n/3)
		found[k] = [2]int{from * factor, min(length, to*factor)}
		taken = at
	}
	return found
}

// quietest returns the place near to at where a cut goes through the least ink:
// the white between two lines rather than the middle of one.
func quietest(profile []int, at, reach int) int {
	cut := func(i int) int {
		if i <= 0 || i >= len(profile) {
			return 0
		}
		return profile[i]
	}
	best := at
	for d := 1; d <= reach; d++ {
		for _, i := range []int{at - d, at + d} {
			if i >= 0 && i <= len(profile) && cut(i) < cut(best) {
				best = i
			}
		}
	}
	return best
}
