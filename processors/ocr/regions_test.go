package ocr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"vislang/pkg/ocr"
	"vislang/schemas"
)

// fake recognises what it is told to.
type fake map[string]*ocr.Page

func (f fake) Recognize(_ context.Context, image []byte, hints ocr.Hints) (*ocr.Page, error) {
	if page := f[string(image)]; page != nil {
		return page, nil
	}
	return nil, errors.New("the machine is out of order, hints " + fmt.Sprint(hints.Languages))
}

func (fake) Look(context.Context, []byte, ocr.Hints) (string, error) { return "", nil }

func recognised(lines ...ocr.Line) *ocr.Page {
	for i := range lines {
		lines[i].Box = ocr.Box{X: 100, Y: 100 * (i + 1), Width: 800, Height: 50}
	}
	return &ocr.Page{Width: 1000, Height: 500, Engine: "e 1 eng", Blocks: []ocr.Block{{Paragraphs: []ocr.Paragraph{{Lines: lines}}}}}
}

func TestMix(t *testing.T) {
	pool := fake{
		"letter": recognised(ocr.Line{Text: "Dear Sir, we ask for", Confidence: .9}, ocr.Line{Text: "help with the bridge", Confidence: .6}, ocr.Line{Text: "xq", Confidence: .2}),
		"photo":  recognised(ocr.Line{Text: "ie we", Confidence: .6}, ocr.Line{Text: "| —", Confidence: .9}),
		"text":   recognised(ocr.Line{Text: "Mvua kubwa", Confidence: .3}),
		"chart":  recognised(ocr.Line{Text: "Rainfall 2019", Confidence: .95}),
	}
	region := func(picture bool, block, y int32) schemas.Region {
		return schemas.Region{X: 50, Y: y, Width: 100, Height: 50, Picture: picture, Block: block}
	}
	aside := region(true, 1, 200)
	aside.Aside = true
	for _, c := range []struct {
		name    string
		regions []schemas.Region
		images  string
		want    string // source, blocks, lines
	}{
		{"a letter", []schemas.Region{region(true, 1, 200)}, "letter", "mixed parts [One. | Dear Sir, we ask for help with the bridge | Two.] [One. Dear Sir, we ask for@60,210 help with the bridge@60,220 Two.]"},
		{"a photo", []schemas.Region{region(true, 1, 200)}, "photo", "text_layer trusted_text_layer [One. | Two.] [One. Two.]"},
		{"a font", []schemas.Region{region(false, 0, 20)}, "text", "mixed parts [Mvua kubwa | One. | Two.] [Mvua kubwa@60,30 One. Two.]"},
		{"a chart with a caption", []schemas.Region{aside}, "chart", "mixed parts [One. | Two.] [One. Rainfall 2019@60,210 Two.]"},
		{"what the text layer says", []schemas.Region{region(true, 1, 90)}, "chart", "text_layer trusted_text_layer [One. | Two.] [One. Two.]"},
		{"two", []schemas.Region{region(true, 1, 200), region(false, 2, 400)}, "letter text", "mixed parts [One. | Dear Sir, we ask for help with the bridge | Two. | Mvua kubwa] [One. Dear Sir, we ask for@60,210 help with the bridge@60,220 Two. Mvua kubwa@60,410]"},
	} {
		layer := &schemas.PageText{
			TextSource: schemas.SourceTextLayer, Engine: "pdfium", Confidence: 1, Provenance: schemas.Provenance{Reason: schemas.ReasonTrusted},
			Blocks: []schemas.Block{{Kind: "paragraph", Text: "One."}, {Kind: "paragraph", Text: "Two."}},
			Lines:  []schemas.Line{{Text: "One.", X: 50, Y: 98, Width: 300, Height: 14, Confidence: 1}, {Text: "Two.", X: 50, Y: 300, Width: 300, Height: 14, Confidence: 1}},
		}
		var images [][]byte
		for _, name := range strings.Fields(c.images) {
			images = append(images, []byte(name))
		}
		failures, err := Mix(t.Context(), pool, &schemas.Page{Regions: c.regions}, layer, images)
		if err != nil || len(failures) > 0 {
			t.Errorf("%s: %v, %v", c.name, failures, err)
		}
		var blocks, lines []string
		for _, b := range layer.Blocks {
			blocks = append(blocks, b.Text)
		}
		for _, l := range layer.Lines {
			switch {
			case l.TextSource == schemas.SourceOCR:
				lines = append(lines, fmt.Sprintf("%s@%d,%d", l.Text, l.X, l.Y))
			default:
				lines = append(lines, l.Text)
			}
		}
		got := fmt.Sprintf("%s %s [%s] %v", layer.TextSource, layer.Reason, strings.Join(blocks, " | "), lines)
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		if mixed := layer.TextSource == schemas.SourceMixed; mixed != strings.Contains(layer.Engine, " + e 1 eng") || mixed != (layer.Confidence < 1) {
			t.Errorf("%s: engine %s, confidence %g", c.name, layer.Engine, layer.Confidence)
		}
		if layer.Evidence == "" {
			t.Errorf("%s: no evidence", c.name)
		}
	}
	_, err := Mix(t.Context(), pool, &schemas.Page{Regions: make([]schemas.Region, 1), Neighbours: []string{"swh_Latn"}}, &schemas.PageText{}, [][]byte{nil})
	if err == nil || !strings.Contains(err.Error(), "[swh_Latn]") {
		t.Errorf("a machine out of order, and the hint of the text layer: %v", err)
	}
}

// TestOnPage turns the lines of a region back that was read sideways.
func TestOnPage(t *testing.T) {
	region := schemas.Region{X: 10, Y: 20, Width: 100, Height: 200}
	line := ocr.Line{Box: ocr.Box{X: 0, Y: 0, Width: 400, Height: 30}}
	for rotation, want := range map[int][4]int32{
		0:   {10, 20, 100, 4},
		90:  {10, 20, 8, 200},  // it was turned clockwise: its top line ran up the left edge
		180: {10, 216, 100, 4}, // and this one along the bottom, upside down
		270: {103, 20, 8, 200},
	} {
		read := &ocr.Page{Width: 400, Height: 1600, Rotation: rotation}
		if rotation%180 == 90 {
			read.Width, read.Height = 400, 400
		}
		got := onPage(region, read, 0, line)
		if at := [4]int32{got.X, got.Y, got.Width, got.Height}; at != want {
			t.Errorf("turned by %d: %v, want %v", rotation, at, want)
		}
	}
}
