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
	cx, cy := float64(width)/2, float64(height)/2
	for y := range height {
		dy := float64(y) - cy
		for x := range width {
			dx := float64(x) - cx
			v := sample(printed, cx+dx*cos+dy*sin, cy-dx*sin+dy*cos)
			v = ink + v/255*(paper-ink)
			v -= shade * float64(x) / float64(width)
			v += random.NormFloat64() * noise
			out.Pix[y*out.Stride+x] = uint8(min(max(v, 0), 255))
		}
	}
	return out
}

// sample is the mean over the square of one and a half pixels around a point, which is
// both the interpolation of the turn and the softness of the lens. Outside is white.
func sample(img *image.Gray, x, y float64) float64 {
	const reach = 0.75
	var sum, weight float64
	for j := int(math.Floor(y - reach)); j <= int(math.Floor(y+reach))+1; j++ {
		wy := reach + 0.5 - math.Abs(float64(j)-y)
		if wy <= 0 {
			continue
		}
		for i := int(math.Floor(x - reach)); i <= int(math.Floor(x+reach))+1; i++ {
			wx := reach + 0.5 - math.Abs(float64(i)-x)
			if wx <= 0 {
				continue
			}
			v := 255.0
			if image.Pt(i, j).In(img.Rect) {
				v = float64(img.Pix[j*img.Stride+i])
			}
			sum += v * wx * wy
			weight += wx * wy
		}
	}
	return sum / weight
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
