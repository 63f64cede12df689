package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// writePicture draws lines of text into a PNG.
func writePicture(t *testing.T, path string, lines ...string) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 800, 80+50*len(lines)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 30, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	drawer := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face}
	for i, line := range lines {
		drawer.Dot = fixed.P(40, 60+50*i)
		drawer.DrawString(line)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOCRCommand(t *testing.T) {
	dir := t.TempDir()
	one := writePicture(t, filepath.Join(dir, "one.png"), "The first page has two lines", "and this is the second of them")
	two := writePicture(t, filepath.Join(dir, "two.png"), "The other page has one line")
	bad := filepath.Join(dir, "bad.png")
	if err := os.WriteFile(bad, []byte("\x89PNG\r\n\x1a\nno more"), 0o666); err != nil {
		t.Fatal(err)
	}

	out, errs, code := result(t, vislang(t, "ocr", "--lang", "eng", one, bad, filepath.Join(dir, "none.png"), two))
	if want := "The first page has two lines\nand this is the second of them\n\fThe other page has one line\n"; strings.ReplaceAll(out, "\n\n", "\n") != want {
		t.Errorf("text %q", out)
	}
	for _, want := range []string{"bad.png: picture header", "none.png: no such file", "vislang: ocr: 2 pages or files could not be read"} {
		if !strings.Contains(errs, want) {
			t.Errorf("errors lack %q: %s", want, errs)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}

	out, errs, code = result(t, vislang(t, "ocr", "--json", one, bad))
	if code != 1 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d objects: %s", len(lines), out)
	}
	type object struct {
		File       string
		Page       int
		Class      string
		Engine     string
		Rotation   *int
		Width      int
		Confidence float64
		Lines      []struct {
			Text                string
			X, Y, Width, Height int
			Confidence          float64
			Words               []struct{ Text string }
		}
	}
	var read, failed object
	if err := json.Unmarshal([]byte(lines[0]), &read); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(lines[1]), &failed); err != nil {
		t.Fatal(err)
	}
	if read.File != one || read.Page != 1 || read.Width != 800 || read.Rotation == nil || *read.Rotation != 0 || read.Confidence < 0.8 || !strings.HasPrefix(read.Engine, "gosseract tesseract ") || len(read.Lines) != 2 {
		t.Fatalf("%+v", read)
	}
	if l := read.Lines[1]; l.Text != "and this is the second of them" || l.X < 35 || l.X > 48 || l.Y < 80 || l.Y > 95 || l.Width < 300 || l.Height < 18 || l.Confidence < 0.8 || len(l.Words) != 7 {
		t.Errorf("%+v", l)
	}
	if failed.File != bad || failed.Class != "corrupt" || failed.Engine != "" {
		t.Errorf("%+v", failed)
	}
}

func TestOCRCommandUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"--lang", "nonsense tag", "x.png"}, {"--workers", "0", "x.png"}, {"--dpi", "9", "x.png"}} {
		if _, errs, code := result(t, vislang(t, append([]string{"ocr"}, args...)...)); code != 2 {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
	_, errs, code := result(t, vislang(t, "ocr", "--lang", "nqo", writePicture(t, filepath.Join(t.TempDir(), "x.png"), "text")))
	if code != 1 || !strings.Contains(errs, "N'Ko") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
