package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// digitise makes of a printed page what a flatbed scanner delivers: turned a
// little, soft at the edges, grey paper that darkens to one side, sensor noise.
func digitise(printed *image.Gray, degrees float64, random *rand.Rand) *image.Gray {
	const (
		paper = 242.0 // grey of the paper, of 255
		ink   = 40.0  // grey of the ink
		shade = 14.0  // how much darker the far edge is
		noise = 5.0   // standard deviation
	)
	width, height := printed.Rect.Dx(), printed.Rect.Dy()
	out := image.NewGray(printed.Rect)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	// The centre lies between pixels, so even a straight page is interpolated: its edges soften.
	cx, cy := float64(width)/2+0.5, float64(height)/2+0.5
	for y := range height {
		dy := float64(y) - float64(height)/2
		for x := range width {
			dx := float64(x) - float64(width)/2
			v := sample(printed, cx+dx*cos+dy*sin, cy-dx*sin+dy*cos)
			v = ink + v/255*(paper-ink)
			v -= shade * float64(x) / float64(width)
			v += random.NormFloat64() * noise
			out.Pix[y*out.Stride+x] = uint8(min(max(v, 0), 255))
		}
	}
	return out
}

// sample is the bilinear interpolation at a point; outside is white paper.
func sample(img *image.Gray, x, y float64) float64 {
	left, top := math.Floor(x), math.Floor(y)
	i, j := int(left), int(top)
	if i < 0 || j < 0 || i+1 >= img.Rect.Dx() || j+1 >= img.Rect.Dy() {
		return 255
	}
	right, bottom := x-left, y-top
	above := img.Pix[j*img.Stride+i:]
	below := img.Pix[(j+1)*img.Stride+i:]
	return (1-bottom)*((1-right)*float64(above[0])+right*float64(above[1])) +
		bottom*((1-right)*float64(below[0])+right*float64(below[1]))
}

// quarterTurn turns a page clockwise.
func quarterTurn(img *image.Gray) *image.Gray {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, height, width))
	for y := range height {
		for x := range width {
			out.Pix[x*out.Stride+height-1-y] = img.Pix[y*img.Stride+x]
		}
	}
	return out
}
