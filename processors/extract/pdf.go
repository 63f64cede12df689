package extract

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"

	"vislang/pkg/pdf"
	"vislang/schemas"
)

// pdf reads a PDF page by page; nothing of one page is held while the next is
// read.
func (x *Extractor) pdf(ctx context.Context, in Input, sink Sink) error {
	if in.Size > maxPDF {
		return tooLarge(in.Size, maxPDF)
	}
	path, cleanup, err := in.file(ctx)
	if err != nil {
		return err
	}
	defer cleanup()
	doc, err := x.o.PDF.OpenFile(ctx, path)
	if err != nil {
		return err
	}
	defer doc.Close()
	info := doc.Info()
	if info.Repaired {
		x.o.Log.Warn("a damaged PDF was repaired, pages may be missing", "document", in.Context.DocumentID, "url", in.Context.URL, "pages", info.Pages)
	}
	fillContext(&in.Context, info.Pages, info.Title, "", info.Language)
	sink = &neighbours{Sink: mark(sink, info), identifier: x.o.Identifier}
	hangs := 0
	for n := 1; n <= info.Pages; n++ {
		if hangs >= maxHangs {
			err := failf(pdf.ClassTimeout, "page %d: not tried, because %d pages of the document took too long", n, hangs)
			if err := fail(ctx, in.Context, int32(n), err, sink); err != nil {
				return err
			}
			continue
		}
		hung, err := x.pdfPage(ctx, in.Context, doc, n, sink)
		if err != nil {
			return err
		}
		if hung {
			hangs++
		}
	}
	return nil
}

// maxHangs is how many pages of a document may take too long before the rest
// is given up: ten thousand pages of a minute each are a week.
const maxHangs = 5

// file returns the document as a file of the local file system.
func (in *Input) file(ctx context.Context) (path string, cleanup func(), err error) {
	if in.Path != "" {
		return in.Path, func() {}, nil
	}
	f, err := os.CreateTemp("", "vislang-*.pdf")
	if err != nil {
		return "", nil, err
	}
	cleanup = func() { os.Remove(f.Name()) }
	if in.read != nil {
		_, err = f.Write(in.read)
	} else {
		var r io.ReadCloser
		if r, err = in.open(ctx); err == nil {
			_, err = io.Copy(f, r)
			r.Close()
		}
	}
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		cleanup()
		return "", nil, err
	}
	return f.Name(), cleanup, nil
}

// pdfPage reads one page. Its own errors end with the page; only the sink's
// and the context's are returned. It tells whether nothing came of the page
// within its time.
func (x *Extractor) pdfPage(ctx context.Context, c schemas.Context, doc *pdf.Document, n int, sink Sink) (hung bool, err error) {
	page, err := doc.Page(ctx, n)
	if err != nil {
		if ClassOf(err) == "" {
			return false, err
		}
		// The text cannot be read; perhaps the page can be seen.
		x.o.Log.Info("text of a page cannot be read, trying its image", "document", c.DocumentID, "page", n, "error", err)
		page = &pdf.Page{Number: n, Trust: pdf.Trust{Reason: pdf.UntrustedTextLayer, Detail: err.Error()}}
	}
	if err := x.pdfFigures(ctx, c, doc, page, sink); err != nil {
		return false, err
	}
	if page.Blank && doc.Info().Repaired {
		return false, fail(ctx, c, int32(n), damaged(n), sink)
	}
	if page.Trust.OK {
		return false, x.trusted(ctx, c, doc, page, sink)
	}
	x.o.Log.Debug("page needs OCR", "document", c.DocumentID, "page", n, "reason", page.Trust.Reason, "detail", page.Trust.Detail)
	image, err := renderPage(ctx, doc, n)
	if err != nil {
		if ClassOf(err) == "" {
			return false, err
		}
		return ClassOf(err) == pdf.ClassTimeout, fail(ctx, c, int32(n), err, sink)
	}
	if image.Blank {
		if doc.Info().Repaired {
			return false, fail(ctx, c, int32(n), damaged(n), sink)
		}
		return false, sink.Text(ctx, pageText(c, &pdf.Page{Number: n, Width: page.Width, Height: page.Height, Blank: true}))
	}
	return false, sink.Page(ctx, &schemas.Page{
		Context: c, Page: int32(n), MediaType: image.MediaType, Width: int32(image.Width), Height: int32(image.Height),
		DPI: int32(image.DPI), Provenance: provenance(page),
	}, image.Data)
}

func damaged(n int) error {
	return failf(ClassCorrupt, "page %d: the file is damaged, the page's content is missing", n)
}

// provenance is why a page's text is taken from its text layer, or is not.
func provenance(page *pdf.Page) schemas.Provenance {
	p := schemas.Provenance{Reason: page.Trust.Reason, Evidence: page.Trust.Detail}
	switch {
	case page.Blank:
		p.Reason = schemas.ReasonBlank
	case page.Trust.OK:
		p.Reason = schemas.ReasonTrusted
	}
	for _, m := range page.Trust.Measures {
		p.Measures = append(p.Measures, schemas.Measure(m))
	}
	return p
}

// renderPage draws a page for OCR, coarsely when the fine way takes too long
// or too much memory.
func renderPage(ctx context.Context, doc *pdf.Document, n int) (*pdf.Image, error) {
	image, err := doc.Render(ctx, n, renderDPI, renderPixels)
	if class := ClassOf(err); class == pdf.ClassTimeout || class == pdf.ClassTooLarge || class == pdf.ClassCorrupt {
		if coarse, err2 := doc.Render(ctx, n, renderDPI/2, renderPixels/4); err2 == nil {
			return coarse, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("render page %d: %w", n, err)
	}
	return image, nil
}

// fail reports a page that nothing can read.
func fail(ctx context.Context, c schemas.Context, page int32, err error, sink Sink) error {
	text := &schemas.PageText{Context: c, Page: page, TextSource: schemas.SourceNone, Failure: err.Error()}
	if err := sink.Text(ctx, text); err != nil {
		return err
	}
	return sink.Failed(ctx, page, err)
}

func pageText(c schemas.Context, page *pdf.Page) *schemas.PageText {
	t := &schemas.PageText{
		Context: c, Page: int32(page.Number), TextSource: schemas.SourceTextLayer, Engine: pdf.Engine, Confidence: 1,
		Width: points(page.Width), Height: points(page.Height), Rotation: int32(page.Rotation), Provenance: provenance(page),
	}
	for _, b := range page.Blocks {
		t.Blocks = append(t.Blocks, schemas.Block{Page: t.Page, Kind: b.Kind, Text: b.Text})
	}
	for _, l := range page.Lines {
		x, y, w, h := place(l.Box)
		t.Lines = append(t.Lines, schemas.Line{Text: l.Text, X: x, Y: y, Width: w, Height: h, Confidence: 1})
	}
	return t
}

func points(v float64) int32 { return int32(math.Round(v)) }

func place(r pdf.Rect) (x, y, w, h int32) {
	x, y = points(r.X0), points(r.Y0)
	return x, y, max(1, points(r.X1)-x), max(1, points(r.Y1)-y)
}

func (x *Extractor) pdfFigures(ctx context.Context, c schemas.Context, doc *pdf.Document, page *pdf.Page, sink Sink) error {
	for _, f := range page.Figures {
		image, err := doc.Figure(ctx, page, f, figureDPI, figurePixels)
		if err != nil {
			if ClassOf(err) == "" {
				return err
			}
			x.o.Log.Warn("figure left out", "document", c.DocumentID, "page", page.Number, "error", err)
			continue
		}
		if min(image.Width, image.Height) < minFigure {
			continue
		}
		px, py, _, _ := place(f.Box)
		record := &schemas.Figure{
			Context: c, Page: int32(page.Number), Kind: f.Kind, MediaType: image.MediaType,
			X: px, Y: py, Width: int32(image.Width), Height: int32(image.Height),
		}
		for _, text := range f.Captions {
			record.Candidates = append(record.Candidates, schemas.CaptionCandidate{Text: text, Origin: "nearby"})
		}
		x.setCaption(record)
		if err := sink.Figure(ctx, record, image.Data); err != nil {
			return err
		}
	}
	return nil
}

// setCaption takes the best candidate, which is the first.
func (x *Extractor) setCaption(f *schemas.Figure) {
	if len(f.Candidates) > 0 {
		f.Caption = f.Candidates[0].Text
		f.Language = x.captionLanguage(f.Caption, f.Languages)
	}
}
