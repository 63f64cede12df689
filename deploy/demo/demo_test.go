package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestReadDeclaration(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<html data-code="hau_NG" data-iso6393="hau" dir="ltr" lang="ha-NG"><body><h1>Jawabin  Duniya</h1>
<header><h2>Gabatarwa</h2><p>Ganin cewa</p></header>`)
	for n := 1; n <= 30; n++ {
		fmt.Fprintf(&b, `<article data-number="%d"><h2>Mataki %d</h2><ol><li><p>Kowa %d.</p></li></ol></article>`, n, n, n)
	}
	path := filepath.Join(t.TempDir(), "hau_NG.html")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := readDeclaration(path)
	if err != nil {
		t.Fatal(err)
	}
	if d.title != "Jawabin Duniya" || d.iso != "hau" || d.tag != "ha-NG" || len(d.articles) != 30 {
		t.Errorf("title %q, iso %q, tag %q, %d articles", d.title, d.iso, d.tag, len(d.articles))
	}
	if got := d.articles[1]; got.heading != "Mataki 2" || len(got.paragraphs) != 1 || got.paragraphs[0] != "Kowa 2." {
		t.Errorf("article 2: %+v", got)
	}
	if err := os.WriteFile(path, []byte("<h1>A beginning</h1>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readDeclaration(path); err == nil {
		t.Error("a page without articles passed for a declaration")
	}
}

func TestSitemapNamesEveryVersionFromEachPage(t *testing.T) {
	folder := t.TempDir()
	pages := group{{"en", "udhr/eng.html"}, {"ha-NG", "udhr/hau_NG.html"}}
	if err := writeSitemap(folder, []group{pages, {{"fr-FR", "handbook/fr-FR/apt.html"}}}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, "sitemap.xml.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte("{{.Base}}"), []byte("http://127.0.0.1:8000"))
	var set struct {
		URLs []struct {
			Loc   string `xml:"loc"`
			Links []struct {
				Hreflang string `xml:"hreflang,attr"`
				Href     string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.URLs) != 3 {
		t.Fatalf("%d addresses, want 3", len(set.URLs))
	}
	second := set.URLs[1]
	if second.Loc != "http://127.0.0.1:8000/udhr/hau_NG.html" || len(second.Links) != 2 ||
		second.Links[0].Hreflang != "en" || second.Links[0].Href != "http://127.0.0.1:8000/udhr/eng.html" {
		t.Errorf("second address: %+v", second)
	}
}

func TestQuarterTurn(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 3, 2))
	img.SetGray(0, 0, color.Gray{200}) // top left goes to the top right
	turned := quarterTurn(img)
	if turned.Rect != image.Rect(0, 0, 2, 3) || turned.GrayAt(1, 0).Y != 200 {
		t.Errorf("bounds %v, pixels %v", turned.Rect, turned.Pix)
	}
	for range 3 {
		turned = quarterTurn(turned)
	}
	if !bytes.Equal(turned.Pix, img.Pix) {
		t.Error("four quarter turns are not the same page")
	}
}

func TestPaginateCutsBetweenLines(t *testing.T) {
	const pitch, ink = 50, 30 // height of a line with its gap, and of its letters
	column := image.NewGray(image.Rect(0, 0, pageWidth-2*margin, 5000))
	for i := range column.Pix {
		column.Pix[i] = 255
		if i/column.Stride%pitch < ink {
			column.Pix[i] = 0
		}
	}
	pages := paginate(column)
	if len(pages) != pageCount {
		t.Fatalf("%d pages, want %d", len(pages), pageCount)
	}
	for n, p := range pages {
		runs, length := 0, 0
		for y := range pageHeight {
			if p.GrayAt(pageWidth/2, y).Y == 0 {
				length++
				continue
			}
			if length > 0 {
				runs++
				if length != ink {
					t.Errorf("page %d: a line of height %d, want %d", n+1, length, ink)
				}
			}
			length = 0
		}
		if runs < 30 {
			t.Errorf("page %d: %d lines", n+1, runs)
		}
	}
}

func TestImagePDF(t *testing.T) {
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 16, 8)), nil); err != nil {
		t.Fatal(err)
	}
	data := imagePDF([]jpegPage{{picture.Bytes(), 16, 8}, {picture.Bytes(), 16, 8}}, 100)
	offsets := regexp.MustCompile(`(?m)^(\d{10}) 00000 n $`).FindAllSubmatch(data, -1)
	if len(offsets) != 8 {
		t.Fatalf("%d objects in the cross-reference table, want 8", len(offsets))
	}
	for n, m := range offsets {
		at, _ := strconv.Atoi(string(m[1]))
		if want := fmt.Sprintf("%d 0 obj\n", n+1); !bytes.HasPrefix(data[at:], []byte(want)) {
			t.Errorf("offset of object %d points at %q", n+1, data[at:at+12])
		}
	}
	start, _ := strconv.Atoi(string(regexp.MustCompile(`startxref\n(\d+)`).FindSubmatch(data)[1]))
	if !bytes.HasPrefix(data[start:], []byte("xref\n0 9\n")) {
		t.Errorf("startxref points at %q", data[start:start+12])
	}
	if !bytes.Contains(data, []byte("/MediaBox [0 0 11.52 5.76]")) {
		t.Error("16 by 8 pixels at 100 dpi are not 11.52 by 5.76 points")
	}
}
