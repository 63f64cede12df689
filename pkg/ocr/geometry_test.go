package ocr

import (
	"bytes"
	"image"
	"math"
	"testing"
)

func TestTurn(t *testing.T) {
	src := &image.Gray{Pix: []byte{1, 2, 3, 4, 5, 6}, Stride: 3, Rect: image.Rect(0, 0, 3, 2)}
	for degrees, want := range map[int][]byte{
		0:   {1, 2, 3, 4, 5, 6},
		90:  {4, 1, 5, 2, 6, 3},
		180: {6, 5, 4, 3, 2, 1},
		270: {3, 6, 2, 5, 1, 4},
	} {
		got := turn(src, degrees)
		if !bytes.Equal(got.Pix, want) || got.Rect.Dx() != 3-degrees/90%2 {
			t.Errorf("%d degrees: %v, %v", degrees, got.Pix, got.Rect)
		}
	}
	large := passageImage()
	back := turn(turn(turn(large, 90), 180), 90)
	if !bytes.Equal(back.Pix, large.Pix) {
		t.Error("a full turn changes the picture")
	}
}

func TestStraighten(t *testing.T) {
	src := passageImage()
	same, mx, my := straighten(src, 0)
	if mx != 0 || my != 0 {
		t.Fatalf("no turn has margins %d, %d", mx, my)
	}
	for y := range src.Rect.Dy() - 1 {
		if !bytes.Equal(same.Pix[y*same.Stride:y*same.Stride+899], src.Pix[y*src.Stride:y*src.Stride+899]) {
			t.Fatalf("no turn changes row %d", y)
		}
	}
	// A dot right of the centre goes down when turned clockwise.
	dot := image.NewGray(image.Rect(0, 0, 201, 201))
	for i := range dot.Pix {
		dot.Pix[i] = 255
	}
	for d := range 9 {
		dot.Pix[(99+d/3)*dot.Stride+179+d%3] = 0
	}
	turned, mx, my := straighten(dot, 5)
	wantX, wantY := 100+80*math.Cos(5*math.Pi/180), 100+80*math.Sin(5*math.Pi/180)
	if p := turned.GrayAt(int(math.Round(wantX))+mx, int(math.Round(wantY))+my); p.Y > 60 {
		t.Errorf("no dot at %v, %v: %v", wantX, wantY, p)
	}
}

func TestLook(t *testing.T) {
	upright := passageImage()
	for _, skew := range []float64{-5, -2.2, -0.7, 0, 1, 3.5, 5.5} {
		tilted, _, _ := straighten(upright, -skew)
		view := look(tilted)
		if math.Abs(view.skew-skew) > 0.15 || view.sideways > 0.5 || view.blank || view.dark || view.inverted {
			t.Errorf("skew %v: found %v, sideways %v", skew, view.skew, view.sideways)
		}
		view = look(turn(tilted, 90))
		if math.Abs(view.skewDown-skew) > 0.15 || view.sideways < 2 {
			t.Errorf("lying, skew %v: found %v, sideways %v", skew, view.skewDown, view.sideways)
		}
	}
	dark := passageImage()
	invert(dark)
	if view := look(dark); !view.dark || view.blank || view.inverted {
		t.Errorf("dark page: %v, %v, %v", view.dark, view.blank, view.inverted)
	}
	for y := 60; y < 160; y++ {
		for x := range upright.Rect.Dx() {
			upright.Pix[y*upright.Stride+x] = 255 - upright.Pix[y*upright.Stride+x]
		}
	}
	if view := look(upright); !view.inverted || view.dark {
		t.Error("light lines on a dark bar are not seen")
	}
	if !look(textImage(300, 200, 20, "")).blank {
		t.Error("an empty page is not blank")
	}
	if view := look(image.NewGray(image.Rect(0, 0, 1, 1))); !view.blank {
		t.Error("one pixel is not blank")
	}
}

// The cuts move to where there is less ink.
func TestStrips(t *testing.T) {
	profile := []int{3, 3, 5, 9, 9, 1, 0, 0, 4, 0}
	if got := strips(profile, 4, 38, 0.3); got != [2][2]int{{4, 24}, {24, 36}} {
		t.Errorf("%v", got)
	}
	if got := strips([]int{1}, 4, 3, 0.3); got != [2][2]int{{0, 3}, {0, 3}} {
		t.Errorf("%v", got)
	}
}

func TestReduce(t *testing.T) {
	src := &image.Gray{Pix: []byte{0, 100, 7, 200, 100, 7}, Stride: 3, Rect: image.Rect(0, 0, 3, 2)}
	if got := reduce(src, 2); !bytes.Equal(got.Pix, []byte{100}) || got.Rect != image.Rect(0, 0, 1, 1) {
		t.Errorf("%v %v", got.Pix, got.Rect)
	}
	if got := reduce(src, 9); got.Rect != image.Rect(0, 0, 1, 1) {
		t.Errorf("%v", got.Rect)
	}
}
