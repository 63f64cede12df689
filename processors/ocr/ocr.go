// Package ocr is the stage that reads page images: pages → page-texts.
//
// A page that cannot be read for good becomes a dead letter and a PageText
// with a failure, so that the join of its document still completes.
package ocr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"vislang/pkg/blob"
	"vislang/pkg/ocr"
	"vislang/pkg/stream"
	"vislang/pkg/text"
	"vislang/processors"
	"vislang/schemas"
)

// Recognizer reads a page image, as *ocr.Pool does. Errors of the page itself
// have an ocr.Class.
type Recognizer interface {
	Recognize(ctx context.Context, image []byte, hints ocr.Hints) (*ocr.Page, error)
	// Look returns the language of a page by a quick look, "" for unknown.
	Look(ctx context.Context, image []byte, hints ocr.Hints) (language string, err error)
}

// Options are what the stage works with. All workers of a process share one
// Pool.
type Options struct {
	Codec *schemas.Codec
	Blobs *blob.Store
	Pool  Recognizer
	Log   *slog.Logger // may be nil
}

// Stage implements stream.Stage.
type Stage struct {
	o       Options
	samples samples
}

// New makes the stage.
func New(o Options) *Stage {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Stage{o: o, samples: samples{known: map[string]string{}}}
}

// Name implements stream.Stage.
func (*Stage) Name() string { return "ocr" }

// Inputs implements stream.Stage.
func (*Stage) Inputs() []string { return []string{schemas.TopicPages} }

// Process implements stream.Stage.
func (s *Stage) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	page, err := processors.Input[schemas.Page](ctx, s.o.Codec, in)
	if err != nil {
		return err
	}
	if len(page.Regions) > 0 {
		return s.mixed(ctx, page, out)
	}
	where := fmt.Sprintf("page %d of %s", page.Page, page.DocumentID)
	image, err := s.o.Blobs.Get(ctx, page.Image)
	if err != nil {
		missing := errors.Is(err, blob.ErrNotFound)
		if err = processors.BlobError(fmt.Errorf("image of %s: %w", where, err)); missing {
			return s.fail(ctx, page, err, out)
		}
		return err
	}
	neighbours, err := s.neighbours(ctx, page)
	if err != nil {
		return err
	}
	read, err := s.o.Pool.Recognize(ctx, image, ocr.Hints{Languages: page.Languages, Neighbours: neighbours, DPI: int(page.DPI)})
	switch class := ocr.ClassOf(err); {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case class != "" && class != ocr.Unavailable:
		return s.fail(ctx, page, stream.Permanent(string(class), fmt.Errorf("recognise %s: %w", where, err)), out)
	default:
		// No engine works: the machine is at fault, not the page.
		return stream.Unavailable(fmt.Errorf("recognise %s: %w", where, err))
	}
	s.o.Log.Debug("recognised", "stage", s.Name(), "document", page.DocumentID, "page", page.Page, "engine", read.Engine, "confidence", read.Confidence, "rotation", read.Rotation)
	return s.emit(ctx, pageText(page, read), out)
}

// fail reports a page that cannot be read, and lets its document go on.
func (s *Stage) fail(ctx context.Context, page *schemas.Page, err error, out *stream.Output) error {
	out.DeadLetter(err)
	return s.emit(ctx, &schemas.PageText{
		Context: page.Context, Page: page.Page, TextSource: schemas.SourceNone, Failure: err.Error(),
		Width: page.Width, Height: page.Height, Provenance: page.Provenance, Marks: page.Marks,
	}, out)
}

func (s *Stage) emit(ctx context.Context, t *schemas.PageText, out *stream.Output) error {
	if err := schemas.Spill(ctx, s.o.Blobs, t); err != nil {
		return processors.BlobError(err)
	}
	value, err := s.o.Codec.Encode(ctx, t)
	if err != nil {
		return fmt.Errorf("encode text of page %d of %s: %w", t.Page, t.DocumentID, err)
	}
	out.Emit(schemas.TopicPageTexts, []byte(t.DocumentID), value)
	return nil
}

// pageText makes the record of a recognised page.
func pageText(page *schemas.Page, read *ocr.Page) *schemas.PageText {
	t := &schemas.PageText{
		Context: page.Context, Page: page.Page, TextSource: schemas.SourceOCR, Engine: read.Engine,
		Confidence: read.Confidence, Width: int32(read.Width), Height: int32(read.Height),
		Rotation: int32(read.Rotation), Skew: read.Skew, Provenance: page.Provenance, Marks: page.Marks,
	}
	for _, paragraph := range read.Paragraphs() {
		lines := make([]string, len(paragraph.Lines))
		for i, line := range paragraph.Lines {
			lines[i] = line.Text
			t.Lines = append(t.Lines, schemas.Line{
				Text: line.Text, X: int32(line.Box.X), Y: int32(line.Box.Y),
				Width: int32(line.Box.Width), Height: int32(line.Box.Height), Confidence: line.Confidence,
			})
		}
		if joined := text.JoinLines(lines); joined != "" {
			t.Blocks = append(t.Blocks, schemas.Block{Page: page.Page, Kind: schemas.BlockParagraph, Text: joined})
		}
	}
	return t
}
