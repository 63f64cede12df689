package ocr

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// bombPNG is a PNG whose header claims so many pixels.
func bombPNG(width, height uint32) []byte {
	data := encodePNG(image.NewGray(image.Rect(0, 0, 8, 8)))
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func encodeTIFF(img image.Image) []byte {
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, &tiff.Options{Compression: tiff.Deflate}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestDecodeFormats(t *testing.T) {
	src := textImage(120, 60, 20, "abc")
	formats := map[string]func(*bytes.Buffer) error{
		"png":  func(b *bytes.Buffer) error { return png.Encode(b, src) },
		"tiff": func(b *bytes.Buffer) error { return tiff.Encode(b, src, nil) },
		"bmp":  func(b *bytes.Buffer) error { return bmp.Encode(b, src) },
		"gif":  func(b *bytes.Buffer) error { return gif.Encode(b, src, nil) },
		"jpeg": func(b *bytes.Buffer) error { return jpeg.Encode(b, src, &jpeg.Options{Quality: 100}) },
	}
	for name, encode := range formats {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		got, err := decodeGray(b.Bytes(), 1e6)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range src.Pix {
			if d := int(src.Pix[i]) - int(got.Pix[i]); d > 12 || d < -12 {
				t.Errorf("%s: pixel %d is %d, want %d", name, i, got.Pix[i], src.Pix[i])
				break
			}
		}
	}
}

func TestToGray(t *testing.T) {
	rect := image.Rect(3, 4, 7, 9) // not from 0
	red, clearRed := color.NRGBA{200, 0, 0, 255}, color.NRGBA{200, 0, 0, 0}
	paint := func(img interface {
		image.Image
		Set(x, y int, c color.Color)
	}, c color.Color) image.Image {
		for y := rect.Min.Y; y < rect.Max.Y; y++ {
			for x := rect.Min.X; x < rect.Max.X; x++ {
				img.Set(x, y, c)
			}
		}
		return img
	}
	palette := color.Palette{color.White, red, clearRed}
	ycc := image.NewYCbCr(rect, image.YCbCrSubsampleRatio420)
	for i := range ycc.Y {
		ycc.Y[i] = 60
	}
	tests := []struct {
		name string
		img  image.Image
		want int
	}{
		{"gray", paint(image.NewGray(rect), color.Gray{60}), 60},
		{"gray16", paint(image.NewGray16(rect), color.Gray16{60 * 257}), 60},
		{"rgba", paint(image.NewRGBA(rect), red), 60},
		{"nrgba", paint(image.NewNRGBA(rect), red), 60},
		{"transparent", paint(image.NewNRGBA(rect), clearRed), 255},
		{"transparent rgba", paint(image.NewRGBA(rect), clearRed), 255},
		{"paletted", paint(image.NewPaletted(rect, palette), red), 60},
		{"transparent palette", paint(image.NewPaletted(rect, palette), clearRed), 255},
		{"cmyk", paint(image.NewCMYK(rect), red), 60},
		{"ycbcr", ycc, 60},
		{"part of gray", paint(image.NewGray(image.Rect(0, 0, 20, 20)), color.Gray{60}).(*image.Gray).SubImage(rect), 60},
	}
	for _, test := range tests {
		gray := toGray(test.img)
		if gray.Rect != image.Rect(0, 0, 4, 5) {
			t.Errorf("%s: bounds %v", test.name, gray.Rect)
		}
		for i, p := range gray.Pix {
			if d := int(p) - test.want; d > 1 || d < -1 {
				t.Errorf("%s: pixel %d is %d, want %d", test.name, i, p, test.want)
				break
			}
		}
	}
}

func TestFrames(t *testing.T) {
	one, two := encodeTIFF(textImage(40, 30, 10, "a")), encodeTIFF(textImage(50, 20, 10, "b"))
	order := binary.LittleEndian
	// The second file behind the first: its offsets move.
	shift := uint32(len(one))
	joined := append(bytes.Clone(one), two...)
	second := order.Uint32(two[4:]) + shift
	for i := range uint32(order.Uint16(joined[second:])) {
		entry := joined[second+2+12*i:]
		size := map[uint16]uint32{3: 2, 4: 4, 5: 8}[order.Uint16(entry[2:])] * order.Uint32(entry[4:])
		if tag := order.Uint16(entry); size > 4 || tag == 273 {
			order.PutUint32(entry[8:], order.Uint32(entry[8:])+shift)
		}
	}
	first := order.Uint32(joined[4:])
	link := first + 2 + 12*uint32(order.Uint16(joined[first:]))
	order.PutUint32(joined[link:], second)
	count, frame, err := Frames(joined)
	if err != nil || count != 2 {
		t.Fatal(count, err)
	}
	for n, want := range []image.Point{{40, 30}, {50, 20}} {
		img, err := decodeGray(frame(n), 1e6)
		if err != nil || img.Rect.Max != want {
			t.Errorf("picture %d: %v, %v", n, img, err)
		}
	}
	order.PutUint32(joined[second+2+12*uint32(order.Uint16(joined[second:])):], first)
	if _, _, err := Frames(joined); ClassOf(err) != Corrupt {
		t.Errorf("directories in a circle: %v", err)
	}
	if count, frame, err := Frames([]byte("else")); count != 1 || err != nil || string(frame(0)) != "else" {
		t.Errorf("other file: %d, %v", count, err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(encodeTIFF(textImage(20, 10, 8, "a")))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		count, frame, err := Frames(data)
		if err != nil {
			return
		}
		for n := range min(count, 20) {
			if got := frame(n); len(got) != len(data) {
				t.Fatalf("picture %d has %d bytes, the file %d", n, len(got), len(data))
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	img := textImage(40, 20, 10, "ab")
	f.Add(encodePNG(img))
	f.Add(encodeTIFF(img))
	f.Add(bombPNG(60_000, 60_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := decodeGray(data, 1e5)
		if err == nil && img.Rect.Dx()*img.Rect.Dy() > 1e5 {
			t.Fatalf("%v is more than allowed", img.Rect)
		}
		if err != nil && ClassOf(err) == "" {
			t.Fatalf("no class: %v", err)
		}
	})
}

// FuzzPicture tries what comes from outside before a child sees it: a header
// that is let through never claims more than it may, and the pictures of a
// file are as many as it says.
func FuzzPicture(f *testing.F) {
	f.Add(bombPNG(100_000, 100_000))
	f.Add(encodePNG(textImage(30, 20, 10, "a")))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x00\x00\x04\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 20
		count, frame, err := Frames(data)
		if err != nil {
			if ClassOf(err) != Corrupt {
				t.Errorf("no class: %v", err)
			}
			return
		}
		for n := range min(count, 3) {
			config, err := checkHeader(frame(n), most)
			if err == nil && config.Width > most/config.Height {
				t.Errorf("%d x %d pixels", config.Width, config.Height)
			}
			if err != nil && ClassOf(err) == "" {
				t.Errorf("no class: %v", err)
			}
			if err == nil {
				img, err := decodeGray(frame(n), most)
				if err == nil && len(img.Pix) > most {
					t.Errorf("%d pixels", len(img.Pix))
				}
			}
		}
	})
}
