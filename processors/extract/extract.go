// Package extract is the stage that reads documents: text and figures out of
// HTML, PDF and plain text, and the page images that need OCR.
//
//	x := extract.New(extract.Options{PDF: pool})
//	err := x.Extract(ctx, extract.Input{Name: "report.pdf", Path: "report.pdf"}, sink)
//
// Extract knows no broker: it hands what it finds to a Sink. The Stage puts
// that into topics; the extract command prints it.
package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"vislang/pkg/lang"
	"vislang/pkg/media"
	"vislang/pkg/pdf"
	"vislang/schemas"
)

// Error classes beside those of the pdf package.
const (
	ClassEmpty       = "empty"
	ClassUnsupported = "unsupported"
	ClassCorrupt     = "corrupt"
	ClassTooLarge    = "too_large"
	ClassUnreadable  = "unreadable" // the producer could not fetch it
)

// Error says why a document cannot be read. No retry mends it.
type Error struct {
	class string
	err   error
}

func (e *Error) Error() string { return e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// Class is a short machine name of the reason, such as `corrupt`.
func (e *Error) Class() string { return e.class }

func failf(class, format string, args ...any) error {
	return &Error{class, fmt.Errorf(format, args...)}
}

// ClassOf returns the class of an error about a document, "" for others.
func ClassOf(err error) string {
	var classed interface{ Class() string }
	if errors.As(err, &classed) {
		return classed.Class()
	}
	return ""
}

// Limits, in bytes unless said otherwise.
const (
	maxPDF       = 512 << 20
	maxMarkup    = 32 << 20 // HTML and plain text, unpacked
	maxPicture   = 128 << 20
	maxUnpacked  = 128 << 20
	maxPixels    = 100_000_000 // of a picture
	maxDecoded   = 256 << 20   // of a picture in memory
	renderPixels = 40_000_000  // of a rendered page; A3 at 300 dpi has 17 million
	renderDPI    = 300
	figureDPI    = 300
	figurePixels = 12_000_000
	minFigure    = 64 // pixels: the shorter side of what is no icon
	maxFigures   = 1000
)

// Identifier names a text's language; declared tags are evidence.
type Identifier interface {
	IdentifyWith(text string, declared ...string) (label string, confidence float64)
}

// Options configure an Extractor.
type Options struct {
	PDF        *pdf.Pool
	Identifier Identifier // for the language of captions, and of pages beside scanned ones; may be nil
	Log        *slog.Logger
}

// Extractor reads documents. It is safe for concurrent use.
type Extractor struct{ o Options }

// New returns an extractor.
func New(o Options) *Extractor {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Extractor{o}
}

// Input is a document to read.
type Input struct {
	Context   schemas.Context // what is known; Pages and missing parts are filled in
	Name      string          // file name or address, for its extension
	MediaType string          // as the source states it, for what content does not tell
	Size      int64
	Open      func(context.Context) (io.ReadCloser, error)
	Path      string                                        // the document as a local file, instead of Open; "" if none
	Resource  func(context.Context, string) ([]byte, error) // bytes of a picture by its address, nil if they are not there; may be nil itself
	read      []byte                                        // unpacked content
}

// Sink takes what Extract finds, page by page.
type Sink interface {
	// Text takes the text of a page, or with SourceNone the reason why there
	// is none.
	Text(context.Context, *schemas.PageText) error
	// Page takes an image that needs OCR; its Image is not set yet.
	Page(context.Context, *schemas.Page, []byte) error
	// Regions takes a page of which only regions need OCR, with its text layer
	// and the regions' images; their Image is not set yet.
	Regions(ctx context.Context, page *schemas.Page, layer *schemas.PageText, images [][]byte) error
	// Figure takes a figure; its FigureID and Image are not set yet.
	Figure(context.Context, *schemas.Figure, []byte) error
	// Failed takes the error of a page that Text has been told of.
	Failed(ctx context.Context, page int32, err error) error
}

// Extract reads a document. An error with a Class is the document's fault.
// What was handed to the sink before an error is incomplete.
func (x *Extractor) Extract(ctx context.Context, in Input, sink Sink) error {
	head, err := in.head(ctx)
	if err != nil {
		return err
	}
	if len(head) == 0 {
		return failf(ClassEmpty, "the file is empty")
	}
	mediaType := media.Detect(head, in.Name)
	if mediaType == media.Gzip {
		packed, err := in.load(ctx, maxPicture)
		if err != nil {
			return err
		}
		if in.read, err = unpack(packed, in.Name); err != nil {
			return err
		}
		if len(in.read) == 0 {
			return failf(ClassEmpty, "the gzip file holds an empty file")
		}
		in.Name, in.Size, in.Path, in.Open = strings.TrimSuffix(in.Name, ".gz"), int64(len(in.read)), "", nil
		mediaType = media.Detect(in.read, in.Name)
	}
	if mediaType == media.Bytes && allZero(head) {
		return failf(ClassCorrupt, "the file begins with %d zero bytes", len(head))
	}
	switch mediaType {
	case media.HTML, media.XHTML:
		return x.html(ctx, in, sink)
	case media.PDF:
		return x.pdf(ctx, in, sink)
	case media.PNG, media.JPEG, media.TIFF, media.GIF, media.BMP, media.WebP:
		return x.picture(ctx, in, mediaType, sink)
	case media.Text, "text/markdown":
		return x.plain(ctx, in, mediaType == "text/markdown", sink)
	}
	if in.MediaType == media.PDF || strings.HasSuffix(strings.ToLower(in.Name), ".pdf") {
		return failf(ClassCorrupt, "not a PDF although it is named so: it has no %%PDF- header")
	}
	return failf(ClassUnsupported, "%s cannot be read: text comes out of HTML, PDF, pictures and plain text", mediaType)
}

// unpack unpacks a gzip file as far as the limit for what is in it.
func unpack(packed []byte, name string) ([]byte, error) {
	head, err := media.GunzipHead(packed, media.HeadSize)
	if err != nil {
		return nil, err
	}
	limit := int64(maxUnpacked)
	switch media.Detect(head, strings.TrimSuffix(name, ".gz")) {
	case media.HTML, media.XHTML, media.XML, media.Text, "text/markdown":
		limit = maxMarkup
	}
	return media.Gunzip(packed, limit)
}

func allZero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }

// open opens the document's bytes.
func (in *Input) open(ctx context.Context) (io.ReadCloser, error) {
	if in.Path != "" {
		return os.Open(in.Path)
	}
	return in.Open(ctx)
}

// head reads the beginning, enough to tell the media type.
func (in *Input) head(ctx context.Context) ([]byte, error) {
	r, err := in.open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, media.HeadSize))
}

// load reads the document whole if it is no larger than limit.
func (in *Input) load(ctx context.Context, limit int64) ([]byte, error) {
	if in.Size > limit {
		return nil, tooLarge(in.Size, limit)
	}
	if in.read != nil {
		return in.read, nil
	}
	r, err := in.open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, tooLarge(int64(len(data)), limit)
	}
	return data, nil
}

func tooLarge(size, limit int64) error {
	return failf(ClassTooLarge, "the file has %.1f MB, the limit for its type is %d MB", float64(size)/(1<<20), limit>>20)
}

// fillContext adds what the document says of itself to what its source said.
func fillContext(c *schemas.Context, pages int, title, license string, languages ...string) {
	c.Pages = int32(pages)
	if c.Title == "" {
		c.Title = strings.TrimSpace(title)
	}
	if c.License == "" {
		c.License = license
	}
	c.Languages = slices.Clone(c.Languages)
	for _, l := range languages {
		if l = strings.TrimSpace(l); l != "" && !slices.Contains(c.Languages, l) {
			c.Languages = append(c.Languages, l)
		}
	}
}

// captionLanguage names the language of a caption, "" without one. What is too
// short to say takes the declared language, if it is in its script.
func (x *Extractor) captionLanguage(caption string, declared []string) string {
	if caption == "" || x.o.Identifier == nil {
		return ""
	}
	label, _ := x.o.Identifier.IdentifyWith(caption, declared...)
	if script, unknown := strings.CutPrefix(label, "und_"); unknown && len(declared) > 0 {
		if said := lang.FromTag(declared[0]); strings.HasSuffix(said, "_"+script) {
			return said
		}
	}
	return label
}
