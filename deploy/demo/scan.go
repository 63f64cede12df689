package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A4 at 200 dots an inch, a common setting of office scanners.
const (
	dpi        = 200
	pageWidth  = 1654
	pageHeight = 2339
	margin     = 160
	pageCount  = 2
)

// A scanned declaration: how it was set, and how it lay in the scanner.
type scan struct {
	code  string
	font  string  // Pango font description
	turns int     // quarter turns clockwise
	skew  float64 // degrees clockwise
}

var scans = []scan{
	{"eng", "Noto Serif 11", 0, 0},
	{"hau_NG", "Noto Sans 11", 0, 0},
	{"yor", "Noto Sans 11", 0, 1.2},
	{"ibo", "Noto Serif 11", 0, 0},
	{"amh", "Noto Sans Ethiopic 11", 0, 0},
	{"tir", "Noto Sans Ethiopic 11", 0, -1.5},
	{"som", "Noto Serif 11", 1, 0},
	{"gax", "Noto Sans 11", 0, 0},
	{"swh", "Noto Serif 11", 0, 2},
	{"kin", "Noto Sans 11", 0, 0},
	{"hat_kreyol", "Noto Serif 11", 0, -1},
	{"nep", "Noto Serif Devanagari 11", 3, 0},
	{"zul", "Noto Sans 11", 0, 0},
	{"arb", "Noto Naskh Arabic 12", 0, 0},
}

// scanAll writes scans/declaration-NN.pdf and its metadata, and beside the
// folder scans.tsv with what the pipeline is to find out.
func scanAll(ctx context.Context, declarations []declaration, out string) error {
	byCode := map[string]declaration{}
	for _, d := range declarations {
		byCode[d.code] = d
	}
	lines := make([]metadata, len(scans))
	var answers strings.Builder
	answers.WriteString("file_name\tlanguage\tquarter_turns\tskew_degrees\n")
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, s := range scans {
		name := fmt.Sprintf("declaration-%02d.pdf", i+1)
		lines[i] = metadata{FileName: name, Group: "declaration"}
		fmt.Fprintf(&answers, "%s\t%s\t%d\t%g\n", name, byCode[s.code].iso, s.turns, s.skew)
		g.Go(func() error {
			data, err := scanPDF(ctx, s, byCode[s.code])
			if err != nil {
				return fmt.Errorf("%s: %w", s.code, err)
			}
			return writeFile(filepath.Join(out, "scans", name), data)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(out, "scans.tsv"), []byte(answers.String())); err != nil {
		return err
	}
	return writeMetadata(filepath.Join(out, "scans"), lines)
}

func scanPDF(ctx context.Context, s scan, d declaration) ([]byte, error) {
	column, err := typeset(ctx, s, d)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1948, uint64(len(s.code))<<8|uint64(s.code[0])))
	var pages []jpegPage
	for _, printed := range paginate(column) {
		paper := digitise(printed, s.skew, random)
		for range s.turns {
			paper = quarterTurn(paper)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, paper, &jpeg.Options{Quality: 70}); err != nil {
			return nil, err
		}
		pages = append(pages, jpegPage{b.Bytes(), paper.Rect.Dx(), paper.Rect.Dy()})
	}
	return imagePDF(pages, dpi), nil
}

// typeset has Pango set the declaration in one column, as long as it gets.
func typeset(ctx context.Context, s scan, d declaration) (*image.Gray, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "<span size='150%%' weight='bold'>%s</span>\n\n", html.EscapeString(d.title))
	for _, part := range append([]section{d.preamble}, d.articles...) {
		if part.heading != "" {
			fmt.Fprintf(&b, "<b>%s</b>\n", html.EscapeString(part.heading))
		}
		for _, p := range part.paragraphs {
			b.WriteString(html.EscapeString(p) + "\n\n")
		}
		if b.Len() > 12000 { // more than the pages hold, in every script
			break
		}
	}
	// pango-view goes by the name's ending, so the picture cannot come by a pipe.
	folder, err := os.MkdirTemp("", "vislang-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	picture := filepath.Join(folder, "column.png")
	arguments := []string{"--no-display", "--output=" + picture, "--markup", "--margin=0", "--line-spacing=1.15",
		"--antialias=gray", "--hinting=slight", "--wrap=word-char",
		"--font=" + s.font, "--language=" + d.tag, fmt.Sprintf("--dpi=%d", dpi),
		fmt.Sprintf("--width=%d", (pageWidth-2*margin)*72/dpi)}
	// Printers put room behind the Ethiopic word separator, and break lines there.
	printed := strings.ReplaceAll(b.String(), "፡", "፡ ")
	if d.direction == "rtl" {
		arguments = append(arguments, "--rtl")
	}
	command := exec.CommandContext(ctx, "pango-view", append(arguments, "/dev/stdin")...)
	command.Stdin = strings.NewReader(printed)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pango-view: %w: %s", err, output)
	}
	f, err := os.Open(picture)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoded, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("decode what pango-view drew: %w", err)
	}
	gray := image.NewGray(decoded.Bounds())
	draw.Draw(gray, gray.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return gray, nil
}

// paginate cuts a column between lines into pages with margins.
func paginate(column *image.Gray) []*image.Gray {
	var pages []*image.Gray
	top := 0
	for len(pages) < pageCount && top < column.Rect.Dy() {
		bottom := min(top+pageHeight-2*margin, column.Rect.Dy())
		for bottom < column.Rect.Dy() && bottom > top && !blank(column, bottom) {
			bottom--
		}
		page := image.NewGray(image.Rect(0, 0, pageWidth, pageHeight))
		draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(page, image.Rect(margin, margin, pageWidth-margin, margin+bottom-top), column, image.Pt(0, top), draw.Src)
		pages = append(pages, page)
		top = bottom
	}
	return pages
}

func blank(img *image.Gray, y int) bool {
	row := img.Pix[y*img.Stride : y*img.Stride+img.Rect.Dx()]
	for _, v := range row {
		if v < 250 {
			return false
		}
	}
	return true
}
