package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"vislang/pkg/ocr/cer"
	"vislang/pkg/pdf"
)

//go:embed testdata/figures.json
var seenFigures []byte

// seenFile is what a person sees in a PDF file, by page. Pages that are not
// listed have nothing.
type seenFile struct {
	Pages int
	Seen  map[string]seenPage
}

// seenPage lists figures and tables. What is optional (logos, ornaments,
// listings) is right to find and right to leave.
type seenPage struct{ Figures, Tables, Optional []seenArea }

type seenArea struct {
	Box           [4]float64 // points from the top left: left, top, right, bottom
	Caption       string
	Rows, Columns int
}

// score counts what was found of what is there.
type score struct{ right, found, there int }

func (s score) print(name, what string) {
	precision, recall := share(s.right, s.found), share(s.right, s.there)
	figure(name+".precision", precision, fmt.Sprintf("%d of %d %s found are right", s.right, s.found, what))
	figure(name+".recall", recall, fmt.Sprintf("%d of %d %s seen are found", s.right, s.there, what))
}

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// measureFigures compares figures, tables and captions that pkg/pdf finds in
// the files of pdf/figures with what a person saw on every page. A figure or
// table is found when its box and the one seen share half of their union; a
// caption, when it is that of the right figure or table and nine tenths of its
// letters are right.
func measureFigures(ctx context.Context, b *bench) error {
	var truth map[string]seenFile
	if err := json.Unmarshal(seenFigures, &truth); err != nil {
		return fmt.Errorf("read testdata/figures.json: %w", err)
	}
	pool := pdf.NewPool(pdf.Options{})
	defer pool.Close()
	var s figureScores
	pages := 0
	for _, name := range slices.Sorted(maps.Keys(truth)) {
		path := filepath.Join(b.eval, "pdf/figures", name)
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("figures: %w", err)
		}
		if err := s.file(ctx, pool, path, truth[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		pages += truth[name].Pages
	}
	figure("figures.pages", float64(pages), fmt.Sprintf("pages of %d files", len(truth)))
	s.figures.print("figures.figures", "figures")
	s.captions.print("figures.captions", "captions of figures and tables")
	s.tables.print("figures.tables", "tables")
	figure("figures.tables.shape", share(s.shaped, s.tables.right), fmt.Sprintf("%d of %d tables found have as many rows and columns as seen", s.shaped, s.tables.right))
	return nil
}

type figureScores struct {
	figures, captions, tables score
	shaped                    int // tables of the right numbers of rows and columns
}

func (s *figureScores) file(ctx context.Context, pool *pdf.Pool, path string, truth seenFile) error {
	doc, err := pool.OpenFile(ctx, path)
	if err != nil {
		return err
	}
	defer doc.Close()
	if doc.Info().Pages != truth.Pages {
		return fmt.Errorf("%d pages, not the %d that were looked at", doc.Info().Pages, truth.Pages)
	}
	for n := 1; n <= truth.Pages; n++ {
		page, err := doc.Page(ctx, n)
		if err != nil {
			return err
		}
		s.page(fmt.Sprintf("%s page %d", filepath.Base(path), n), page, truth.Seen[strconv.Itoa(n)])
	}
	return nil
}

// area is a figure or table that was found.
type area struct {
	box     pdf.Rect
	caption string
	rows    [][]string
}

func (s *figureScores) page(name string, page *pdf.Page, seen seenPage) {
	var figures, tables []area
	for _, f := range page.Figures {
		figures = append(figures, area{box: f.Box, caption: first(f.Captions)})
	}
	for _, t := range page.Tables {
		tables = append(tables, area{box: t.Box, caption: first(t.Captions), rows: t.Rows})
	}
	s.match(name, "figure", figures, seen.Figures, seen.Optional, &s.figures)
	s.match(name, "table", tables, seen.Tables, seen.Optional, &s.tables)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// match pairs what was found with what was seen, and prints what differs.
func (s *figureScores) match(page, kind string, found []area, seen, optional []seenArea, score *score) {
	taken := map[int]bool{}
	for _, f := range found {
		i := best(f.box, seen, taken)
		if i < 0 {
			if best(f.box, optional, nil) < 0 {
				score.found++
				if f.caption != "" {
					s.captions.found++
				}
				fmt.Printf("  %s: %s %.0f is none, caption %q\n", page, kind, f.box, f.caption)
			}
			continue
		}
		taken[i] = true
		score.found++
		score.right++
		want := seen[i]
		if f.caption != "" {
			s.captions.found++
		}
		if want.Caption != "" {
			s.captions.there++
		}
		if want.Caption != "" && likeness(f.caption, want.Caption) >= 0.9 {
			s.captions.right++
		} else if want.Caption != f.caption {
			fmt.Printf("  %s: %s %.0f has the caption %q, not %q\n", page, kind, f.box, f.caption, want.Caption)
		}
		if kind == "table" {
			if rows, columns := shape(f.rows); rows == want.Rows && columns == want.Columns {
				s.shaped++
			} else {
				fmt.Printf("  %s: table %.0f has %d rows of %d cells, not %d of %d\n", page, f.box, rows, columns, want.Rows, want.Columns)
			}
		}
	}
	for i, want := range seen {
		if taken[i] {
			continue
		}
		fmt.Printf("  %s: %s %.0f is missed\n", page, kind, want.Box)
		if score.there++; want.Caption != "" {
			s.captions.there++
		}
	}
	score.there += len(taken)
}

func shape(rows [][]string) (n, columns int) {
	for _, r := range rows {
		columns = max(columns, len(r))
	}
	return len(rows), columns
}

// best returns the area that shares at least half of its union with the box,
// -1 if none does.
func best(box pdf.Rect, areas []seenArea, taken map[int]bool) int {
	out, most := -1, 0.5
	for i, a := range areas {
		if o := overlap(box, pdf.Rect{X0: a.Box[0], Y0: a.Box[1], X1: a.Box[2], Y1: a.Box[3]}); o >= most && !taken[i] {
			out, most = i, o
		}
	}
	return out
}

// overlap is the share of the intersection of two boxes in their union.
func overlap(a, b pdf.Rect) float64 {
	width, height := min(a.X1, b.X1)-max(a.X0, b.X0), min(a.Y1, b.Y1)-max(a.Y0, b.Y0)
	if width <= 0 || height <= 0 {
		return 0
	}
	return width * height / (a.Width()*a.Height() + b.Width()*b.Height() - width*height)
}

// likeness is 1 less the edits that turn one text into the other, as a share
// of the longer; white space does not count.
func likeness(a, b string) float64 {
	a, b = strings.Join(strings.Fields(a), ""), strings.Join(strings.Fields(b), "")
	if utf8.RuneCountInString(a) < utf8.RuneCountInString(b) {
		a, b = b, a
	}
	return 1 - cer.Rate(a, b)
}
