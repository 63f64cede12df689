package media

import (
	"bytes"
	"compress/gzip"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func TestDetect(t *testing.T) {
	for _, c := range []struct{ head, name, want string }{
		{"%PDF-1.4\n", "", PDF},
		{strings.Repeat("junk ", 100) + "%PDF-1.7", "x.bin", PDF},
		{strings.Repeat("<p>junk</p>", 200) + "%PDF-1.7", "x.pdf", PDF},
		{"<!DOCTYPE html><title>How to write %PDF-1.4</title>", "x.html", HTML},
		{"<!doctype html><title>x</title>", "x.pdf", HTML},
		{"\xef\xbb\xbf  <!-- a --> <HTML lang=am>", "", HTML},
		{"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "", XHTML},
		{"<?xml version='1.0'?><urlset>", "", XML},
		{"Warning: x\n<html><body>", "", HTML},
		{"just text about <html> in the middle", "", HTML},
		{"plain text, Habari za leo", "x.txt", Text},
		{"plain text", "", Text},
		{"# Title\n", "README.md", "text/markdown"},
		{`{"a":1}`, "x.json", JSON},
		{`{"a":1}`, "", JSON},
		{"a,b\n1,2", "x.csv", "text/csv"},
		{"\x89PNG\r\n\x1a\nxxxx", "x.jpg", PNG},
		{"\xff\xd8\xff\xe0", "", JPEG},
		{"II*\x00", "", TIFF},
		{"GIF89a", "", GIF},
		{"BM, the abbreviation", "", Text},
		{"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", "", BMP},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "", WebP},
		{"\x1f\x8b\x08", "x.html.gz", Gzip},
		{"PK\x03\x04", "x.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"PK\x03\x04", "https://example.org/a.zip?x=1.docx", Zip},
		{"\x00\x00\x00\x00\x00", "x.pdf", Bytes},
		{"", "x.pdf", Bytes},
		{string(utf16le("Kila mtu ana haki")), "", Text},
		{"\xff\xfe" + string(utf16le("<html>")), "", HTML},
		{"caf\xe9 cr\xe8me", "", Text},
		{"\x01\x02\x03\x04\x05\x06", "", Bytes},
	} {
		if got := Detect([]byte(c.head), c.name); got != c.want {
			t.Errorf("Detect(%.40q, %q) = %s, want %s", c.head, c.name, got, c.want)
		}
	}
}

func TestDecodeText(t *testing.T) {
	for _, c := range []struct{ in, want, encoding string }{
		{"ሰላም", "ሰላም", "utf-8"},
		{"\xef\xbb\xbfsalaam", "salaam", "utf-8"},
		{"\xff\xfe" + string(utf16le("ሰላም")), "ሰላም", "utf-16le"},
		{string(utf16le("Kila mtu ana haki")), "Kila mtu ana haki", "utf-16le"},
		{"caf\xe9", "café", "windows-1252"},
		{strings.Repeat("ሰላም ", 100) + "\xff", strings.Repeat("ሰላም ", 100) + "\uFFFD", "utf-8"},
	} {
		got, encoding, err := DecodeText([]byte(c.in))
		if err != nil || got != c.want || encoding != c.encoding {
			t.Errorf("DecodeText(%.20q) = %.20q, %s, %v; want %.20q, %s", c.in, got, encoding, err, c.want, c.encoding)
		}
	}
}

func TestGunzip(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(make([]byte, 1<<20))
	w.Close()
	if out, err := Gunzip(b.Bytes(), 1<<20); err != nil || len(out) != 1<<20 {
		t.Errorf("at the limit: %d bytes, %v", len(out), err)
	}
	var e *Error
	if _, err := Gunzip(b.Bytes(), 1<<20-1); !errors.As(err, &e) || e.Class() != ClassTooLarge {
		t.Errorf("beyond the limit: %v", err)
	}
	if _, err := Gunzip(b.Bytes()[:b.Len()/2], 1<<20); !errors.As(err, &e) || e.Class() != ClassCorrupt {
		t.Errorf("truncated: %v", err)
	}
}

func TestGunzipHead(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(bytes.Repeat([]byte("<p>habari"), 10_000))
	w.Close()
	packed := b.Bytes()
	for _, data := range [][]byte{packed, packed[:len(packed)-20]} {
		head, err := GunzipHead(data, 100)
		if err != nil || len(head) != 100 || !bytes.HasPrefix(head, []byte("<p>habari")) {
			t.Errorf("head %q, error %v", head, err)
		}
	}
	if _, err := GunzipHead(packed[:5], 100); err == nil {
		t.Error("five bytes are no gzip file")
	}
}

func TestDecodeCost(t *testing.T) {
	encode := func(img image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	size := image.Rect(0, 0, 100, 50)
	var baseline bytes.Buffer
	if err := jpeg.Encode(&baseline, image.NewRGBA(size), nil); err != nil {
		t.Fatal(err)
	}
	// The same with the frame header of a progressive picture.
	slow := bytes.Replace(baseline.Bytes(), []byte{0xFF, 0xC0}, []byte{0xFF, 0xC2}, 1)
	for name, c := range map[string]struct {
		data []byte
		want int64
	}{
		"colour":           {encode(image.NewNRGBA(size)), 4},
		"grey":             {encode(image.NewGray(size)), 1},
		"sixteen bits":     {encode(image.NewNRGBA64(size)), 8},
		"palette":          {encode(image.NewPaletted(size, color.Palette{color.Black, color.White})), 1},
		"JPEG":             {baseline.Bytes(), 3},
		"progressive JPEG": {slow, 15},
	} {
		if got, err := DecodeCost(c.data); err != nil || got != c.want*100*50 {
			t.Errorf("%s: %d bytes, error %v, want %d a pixel", name, got, err, c.want)
		}
	}
	if _, err := DecodeCost([]byte("\x89PNG")); err == nil {
		t.Error("no header")
	}
}

func TestSize(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	if w, h, err := Size(b.Bytes()[:40]); err != nil || w != 30 || h != 20 {
		t.Errorf("%d by %d, %v", w, h, err)
	}
	if _, _, err := Size([]byte("GIF89a")); err == nil {
		t.Error("a header without a picture has no size")
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("%PDF-1.4"), "a.pdf")
	f.Add([]byte("<html>"), "")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if Detect(data, name) == "" {
			t.Error("no type")
		}
		if _, _, err := DecodeText(data); err != nil {
			t.Error(err)
		}
		Size(data)
	})
}

// FuzzDecodeCost reads headers of pictures.
func FuzzDecodeCost(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc2\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xda"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if cost, err := DecodeCost(data); err == nil && cost < 0 {
			t.Errorf("%d bytes", cost)
		}
	})
}
