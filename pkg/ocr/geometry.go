package ocr

import (
	"image"
	"math"
)

// turn turns a picture clockwise by 0, 90, 180 or 270 degrees.
func turn(src *image.Gray, degrees int) *image.Gray {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	switch degrees {
	case 90, 270:
		dst := image.NewGray(image.Rect(0, 0, h, w))
		// Blocks keep both sides in the cache.
		const n = 32
		for y0 := 0; y0 < h; y0 += n {
			for x0 := 0; x0 < w; x0 += n {
				for y := y0; y < min(y0+n, h); y++ {
					for x := x0; x < min(x0+n, w); x++ {
						p := src.Pix[y*src.Stride+x]
						if degrees == 90 {
							dst.Pix[x*dst.Stride+h-1-y] = p
						} else {
							dst.Pix[(w-1-x)*dst.Stride+y] = p
						}
					}
				}
			}
		}
		return dst
	case 180:
		dst := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			row, out := src.Pix[y*src.Stride:y*src.Stride+w], dst.Pix[(h-1-y)*dst.Stride:]
			for x, p := range row {
				out[w-1-x] = p
			}
		}
		return dst
	default:
		return src
	}
}

// straighten turns a picture clockwise around its centre by a small angle in
// degrees, bilinearly, white coming in from outside. The canvas grows by
// margin pixels on each side, so that no corner is cut off.
func straighten(src *image.Gray, degrees float64) (dst *image.Gray, marginX, marginY int) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	marginX = int(math.Ceil((float64(w)*cos + float64(h)*math.Abs(sin) - float64(w)) / 2))
	marginY = int(math.Ceil((float64(h)*cos + float64(w)*math.Abs(sin) - float64(h)) / 2))
	marginX, marginY = max(marginX, 0), max(marginY, 0)
	dst = image.NewGray(image.Rect(0, 0, w+2*marginX, h+2*marginY))
	cx, cy := float64(w-1)/2, float64(h-1)/2
	const one = 1 << 16
	stepX, stepY := int(math.Round(cos*one)), int(math.Round(-sin*one))
	for y := range dst.Rect.Dy() {
		dy := float64(y-marginY) - cy
		dx := float64(-marginX) - cx
		// The source of a pixel is the pixel turned back.
		fx := int(math.Round((cos*dx + sin*dy + cx) * one))
		fy := int(math.Round((-sin*dx + cos*dy + cy) * one))
		row := dst.Pix[y*dst.Stride : y*dst.Stride+dst.Rect.Dx()]
		for x := range row {
			ix, iy := fx>>16, fy>>16
			if ix < 0 || iy < 0 || ix >= w-1 || iy >= h-1 {
				row[x] = 255
			} else {
				ax, ay := (fx&(one-1))>>8, (fy&(one-1))>>8
				p := src.Pix[iy*src.Stride+ix:]
				q := src.Pix[(iy+1)*src.Stride+ix:]
				top := int(p[0])*(256-ax) + int(p[1])*ax
				bottom := int(q[0])*(256-ax) + int(q[1])*ax
				row[x] = byte((top*(256-ay) + bottom*ay) >> 16)
			}
			fx += stepX
			fy += stepY
		}
	}
	return dst, marginX, marginY
}

// crop copies rows y0 to y1 (exclusive).
func crop(src *image.Gray, y0, y1 int) *image.Gray {
	dst := image.NewGray(image.Rect(0, 0, src.Rect.Dx(), y1-y0))
	for y := y0; y < y1; y++ {
		copy(dst.Pix[(y-y0)*dst.Stride:], src.Pix[y*src.Stride:y*src.Stride+src.Rect.Dx()])
	}
	return dst
}

// reduce shrinks a picture by a whole factor, averaging.
func reduce(src *image.Gray, factor int) *image.Gray {
	if factor <= 1 {
		return src
	}
	w, h := max(src.Rect.Dx()/factor, 1), max(src.Rect.Dy()/factor, 1)
	dst := image.NewGray(image.Rect(0, 0, w, h))
	sums := make([]int, w)
	fw, fh := min(factor, src.Rect.Dx()), min(factor, src.Rect.Dy())
	for y := range h {
		clear(sums)
		for sy := y * factor; sy < y*factor+fh; sy++ {
			row := src.Pix[sy*src.Stride : sy*src.Stride+src.Rect.Dx()]
			for x := range w {
				s := 0
				for _, p := range row[x*factor : x*factor+fw] {
					s += int(p)
				}
				sums[x] += s
			}
		}
		for x, s := range sums {
			dst.Pix[y*dst.Stride+x] = byte(s / (fw * fh))
		}
	}
	return dst
}

// shrink makes a picture smaller by any factor, averaging the pixels that fall
// on one, each by its share.
func shrink(src *image.Gray, factor float64) *image.Gray {
	if factor >= 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dw, dh := max(1, int(math.Round(float64(w)*factor))), max(1, int(math.Round(float64(h)*factor)))
	dst := image.NewGray(image.Rect(0, 0, dw, dh))
	columns, rows := shares(w, dw), shares(h, dh)
	sums := make([]uint32, w) // of the rows that make one, in 1024ths
	for y := range dh {
		clear(sums)
		for _, r := range rows[y] {
			for x, p := range src.Pix[r.at*src.Stride:][:len(sums)] {
				sums[x] += uint32(p) * r.share
			}
		}
		out := dst.Pix[y*dst.Stride:][:dw]
		for x, parts := range columns {
			s := uint32(1 << 19)
			for _, c := range parts {
				s += sums[c.at] * c.share
			}
			out[x] = byte(s >> 20)
		}
	}
	return dst
}

// part is a pixel and its share in 1024ths of a larger one.
type part struct {
	at    int
	share uint32
}

// shares splits n pixels over fewer; the shares of each sum up to 1024.
func shares(n, fewer int) [][]part {
	all := make([][]part, fewer)
	size := float64(n) / float64(fewer)
	for i := range all {
		from, to := float64(i)*size, min(float64(i+1)*size, float64(n))
		left := uint32(1024)
		for at := int(from); at < n && float64(at) < to-1e-9; at++ {
			covered := min(float64(at+1), to) - max(float64(at), from)
			share := min(uint32(math.Round(covered/size*1024)), left)
			all[i] = append(all[i], part{at, share})
			left -= share
		}
		all[i][len(all[i])-1].share += left
	}
	return all
}

// invert makes black white.
func invert(img *image.Gray) {
	for i, p := range img.Pix {
		img.Pix[i] = 255 - p
	}
}
