package ocr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"vislang/pkg/blob"
	"vislang/pkg/ocr"
	"vislang/pkg/stream"
	"vislang/pkg/text"
	"vislang/processors"
	"vislang/schemas"
)

// Limits on what is taken from a picture, which may hold no text at all.
const (
	sureLine    = 0.5 // confidence of a line that is taken
	surePicture = 0.8 // and of one that vouches for the rest
)

// Mix reads the regions of a page, whose images are given, and puts what they
// say among its text layer, which becomes the page's text. Regions that cannot
// be read are noted in the evidence; the errors of those that hold text for sure
// are returned, too. An error that is no page's own ends it.
func Mix(ctx context.Context, pool Recognizer, page *schemas.Page, layer *schemas.PageText, images [][]byte) (failures []error, err error) {
	m := mix{layer: layer, before: map[int32][]schemas.Block{}}
	hints := ocr.Hints{Languages: page.Languages, Neighbours: page.Neighbours, DPI: int(page.DPI)}
	if len(hints.Languages) == 0 {
		hints.Languages = page.Neighbours // a stamp is too little to find its script by
	}
	for i, region := range page.Regions {
		read, err := pool.Recognize(ctx, images[i], hints)
		switch class := ocr.ClassOf(err); {
		case err == nil:
			m.add(region, read)
		case ctx.Err() != nil || class == "" || class == ocr.Unavailable:
			return nil, err
		default:
			m.note(region, string(class))
			if !region.Picture {
				failures = append(failures, fmt.Errorf("%s: %w", where(region), err))
			}
		}
	}
	m.finish()
	return failures, nil
}

func where(r schemas.Region) string {
	what := "text"
	if r.Picture {
		what = "picture"
	}
	return fmt.Sprintf("%s of %d by %d points at %d, %d", what, r.Width, r.Height, r.X, r.Y)
}

// mix is the work on one page.
type mix struct {
	layer    *schemas.PageText
	lines    []schemas.Line            // that were read
	before   map[int32][]schemas.Block // what was read, by the block of the text layer that follows
	evidence []string
	engines  []string
}

func (m *mix) note(region schemas.Region, outcome string) {
	why := ""
	if region.Detail != "" {
		why = " (" + region.Detail + ")"
	}
	m.evidence = append(m.evidence, where(region)+why+": "+outcome)
}

// add takes over what was read in a region: of text all of it, of a picture
// the lines that are sure, if one of them is very sure. What the text layer
// says at the same place is not said again.
func (m *mix) add(region schemas.Region, read *ocr.Page) {
	vouched := !region.Picture
	for _, line := range read.Lines() {
		vouched = vouched || line.Confidence >= surePicture && wordy(line.Text)
	}
	taken, sum := 0, 0.0
	for _, paragraph := range read.Paragraphs() {
		var lines []string
		for _, line := range paragraph.Lines {
			placed := onPage(region, read, m.layer.Rotation, line)
			if !vouched || region.Picture && (line.Confidence < sureLine || !wordy(line.Text)) || m.known(placed) {
				continue
			}
			lines = append(lines, line.Text)
			m.lines = append(m.lines, placed)
			taken, sum = taken+1, sum+line.Confidence
		}
		if joined := text.JoinLines(lines); joined != "" && !region.Aside {
			m.before[region.Block] = append(m.before[region.Block], schemas.Block{Page: m.layer.Page, Kind: schemas.BlockParagraph, Text: joined})
		}
	}
	if taken == 0 {
		m.note(region, "no sure line")
		return
	}
	m.note(region, fmt.Sprintf("%d lines, confidence %.2f", taken, sum/float64(taken)))
	if !slices.Contains(m.engines, read.Engine) {
		m.engines = append(m.engines, read.Engine)
	}
}

// wordy tells lines with a word from specks that were taken for signs.
func wordy(line string) bool {
	run := 0
	for _, r := range line {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			if run++; run == 2 {
				return true
			}
		} else {
			run = 0
		}
	}
	return false
}

// onPage is where a line of a region stands on the page, in points. The region
// may have been turned further than the page to be read.
func onPage(region schemas.Region, read *ocr.Page, rotation int32, line ocr.Line) schemas.Line {
	x, y, w, h := float64(line.Box.X), float64(line.Box.Y), float64(line.Box.Width), float64(line.Box.Height)
	width, height := float64(read.Width), float64(read.Height)
	for turned := (int32(read.Rotation) - rotation + 360) % 360; turned > 0; turned -= 90 {
		// A quarter turn back, counter-clockwise.
		x, y, w, h = y, width-x-w, h, w
		width, height = height, width
	}
	scaleX, scaleY := float64(region.Width)/max(1, width), float64(region.Height)/max(1, height)
	return schemas.Line{
		Text: line.Text, X: region.X + int32(x*scaleX+0.5), Y: region.Y + int32(y*scaleY+0.5),
		Width: max(1, int32(w*scaleX+0.5)), Height: max(1, int32(h*scaleY+0.5)),
		Confidence: line.Confidence, TextSource: schemas.SourceOCR,
	}
}

// known tells that the text layer has a line where this one is.
func (m *mix) known(line schemas.Line) bool {
	x, y := line.X+line.Width/2, line.Y+line.Height/2
	return slices.ContainsFunc(m.layer.Lines, func(l schemas.Line) bool {
		return x >= l.X && x < l.X+l.Width && y >= l.Y && y < l.Y+l.Height
	})
}

// finish makes the page's text of both.
func (m *mix) finish() {
	p := m.layer
	p.Evidence = strings.Join(m.evidence, "; ")
	if len(m.lines) == 0 {
		return
	}
	p.Reason, p.TextSource = schemas.ReasonParts, schemas.SourceMixed
	if len(p.Lines) == 0 {
		p.TextSource = schemas.SourceOCR
	}
	p.Engine = strings.Join(append([]string{p.Engine}, m.engines...), " + ")
	for i := range p.Lines {
		p.Lines[i].TextSource = schemas.SourceTextLayer
	}
	p.Lines = append(p.Lines, m.lines...)
	slices.SortStableFunc(p.Lines, func(a, b schemas.Line) int { return cmp.Compare(a.Y, b.Y) })
	var blocks []schemas.Block
	for i := range len(p.Blocks) + 1 {
		blocks = append(blocks, m.before[int32(i)]...)
		if i < len(p.Blocks) {
			blocks = append(blocks, p.Blocks[i])
		}
	}
	p.Blocks = blocks
	letters, sum := 0, 0.0
	for _, line := range p.Lines {
		letters += len(line.Text)
		sum += float64(len(line.Text)) * line.Confidence
	}
	p.Confidence = sum / float64(max(1, letters))
}

// mixed reads the regions of a page that has a text layer for the rest.
func (s *Stage) mixed(ctx context.Context, page *schemas.Page, out *stream.Output) error {
	what := fmt.Sprintf("page %d of %s", page.Page, page.DocumentID)
	layer, images, err := s.parts(ctx, page)
	if errors.Is(err, blob.ErrNotFound) {
		return s.fail(ctx, page, fmt.Errorf("parts of %s: %w", what, err), out)
	}
	if err != nil {
		return fmt.Errorf("parts of %s: %w", what, err)
	}
	failures, err := Mix(ctx, s.o.Pool, page, layer, images)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return stream.Unavailable(fmt.Errorf("recognise parts of %s: %w", what, err))
	}
	for _, failure := range failures {
		out.DeadLetter(stream.Permanent(string(ocr.ClassOf(failure)), fmt.Errorf("recognise a part of %s: %w", what, failure)))
	}
	s.o.Log.Debug("recognised in parts", "stage", s.Name(), "document", page.DocumentID, "page", page.Page, "evidence", layer.Evidence)
	return s.emit(ctx, layer, out)
}

// parts loads the text layer of a page and the images of its regions.
func (s *Stage) parts(ctx context.Context, page *schemas.Page) (*schemas.PageText, [][]byte, error) {
	layer, err := processors.LoadPageText(ctx, s.o.Codec, s.o.Blobs, page.TextLayer)
	if err != nil {
		return nil, nil, err
	}
	images := make([][]byte, len(page.Regions))
	for i, region := range page.Regions {
		if images[i], err = s.o.Blobs.Get(ctx, region.Image); err != nil {
			return nil, nil, processors.BlobError(err)
		}
	}
	return layer, images, nil
}
