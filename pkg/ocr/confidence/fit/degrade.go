package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// A degradation makes a clean page look like one that was printed, copied,
// scanned or photographed.
type degradation struct {
	name  string
	apply func(*image.Gray, *rand.Rand) []byte
}

func degradations() []degradation {
	return []degradation{
		{"clean", func(img *image.Gray, _ *rand.Rand) []byte { return encodePNG(img) }},
		{"scan", func(img *image.Gray, r *rand.Rand) []byte {
			return encodeJPEG(noise(levels(blur(img, 2), 40, 225), r, 14), 45)
		}},
		{"fax", func(img *image.Gray, r *rand.Rand) []byte {
			return encodePNG(threshold(noise(scale(img, 0.55), r, 30), 150))
		}},
		{"faint", func(img *image.Gray, r *rand.Rand) []byte {
			return encodePNG(noise(levels(tilt(img, 0.8), 150, 235), r, 10))
		}},
		{"small", func(img *image.Gray, r *rand.Rand) []byte { return encodeJPEG(scale(img, 0.4), 60) }},
		{"blurred", func(img *image.Gray, r *rand.Rand) []byte {
			return encodeJPEG(noise(blur(blur(img, 3), 3), r, 6), 70)
		}},
	}
}

func encodePNG(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // into memory
	}
	return b.Bytes()
}

func encodeJPEG(img image.Image, quality int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// each makes a picture of which every pixel is made of one.
func each(img *image.Gray, f func(byte) byte) *image.Gray {
	out := image.NewGray(img.Rect)
	for i, p := range img.Pix {
		out.Pix[i] = f(p)
	}
	return out
}

// levels maps black and white to other greys.
func levels(img *image.Gray, black, white int) *image.Gray {
	return each(img, func(p byte) byte { return byte(black + int(p)*(white-black)/255) })
}

func threshold(img *image.Gray, at byte) *image.Gray {
	return each(img, func(p byte) byte {
		if p < at {
			return 0
		}
		return 255
	})
}

func noise(img *image.Gray, r *rand.Rand, deviation float64) *image.Gray {
	return each(img, func(p byte) byte {
		return byte(min(max(float64(p)+r.NormFloat64()*deviation, 0), 255))
	})
}

// blur averages squares of 2n+1 pixels, by rows, then by columns.
func blur(img *image.Gray, n int) *image.Gray {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	pass := func(src *image.Gray, count, length, step, stride int) *image.Gray {
		out := image.NewGray(src.Rect)
		for c := range count {
			sum, inside := 0, 0
			for i := -n; i < length; i++ {
				if i+n < length {
					sum += int(src.Pix[c*stride+(i+n)*step])
					inside++
				}
				if i-n-1 >= 0 {
					sum -= int(src.Pix[c*stride+(i-n-1)*step])
					inside--
				}
				if i >= 0 {
					out.Pix[c*stride+i*step] = byte(sum / inside)
				}
			}
		}
		return out
	}
	return pass(pass(img, h, w, 1, img.Stride), w, h, img.Stride, 1)
}

func scale(img *image.Gray, factor float64) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, int(float64(img.Rect.Dx())*factor), int(float64(img.Rect.Dy())*factor)))
	draw.CatmullRom.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}

// tilt turns a page by some degrees around its corner.
func tilt(img *image.Gray, degrees float64) *image.Gray {
	out := image.NewGray(img.Rect)
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	draw.BiLinear.Transform(out, f64.Aff3{cos, -sin, sin * float64(img.Rect.Dy()) / 2, sin, cos, -sin * float64(img.Rect.Dx()) / 2}, img, img.Rect, draw.Over, nil)
	return out
}
