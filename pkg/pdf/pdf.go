// Package pdf reads PDF files: text in reading order, figures with their
// captions, rendered pages, and a verdict on each page's text layer.
//
//	pool := pdf.NewPool(pdf.Options{})
//	defer pool.Close()
//	doc, err := pool.Open(ctx, data)
//	if err != nil {
//		return err // errors.As(err, **pdf.Error) tells the class
//	}
//	defer doc.Close()
//	for n := 1; n <= doc.Info().Pages; n++ {
//		page, err := doc.Page(ctx, n)
//		…
//		if !page.Trust.OK {
//			image, err := doc.Render(ctx, n, 300, 40e6)
//			…
//		}
//	}
//
// PDFium parses and renders, compiled to WebAssembly and run by wazero: a
// memory-safe sandbox without files or network. It runs in child processes
// because compiled WebAssembly cannot be interrupted and holds up the garbage
// collector of its whole process while it runs: a hanging page would stop
// everything. A child that exceeds its time is killed and the document opened
// again in a fresh one. The children are this same binary started under
// another name, so a program that imports the package needs no wiring.
//
// Coordinates are points (1/72 inch) of the upright page with the origin at
// the top left. Pages count from 1.
package pdf

import (
	"fmt"
	"time"
)

// Engine names what extracts text and renders pages.
const Engine = "pdfium (go-pdfium 1.20.0)"

// Error classes.
const (
	ClassEmpty       = "empty"       // no bytes, or no pages
	ClassCorrupt     = "corrupt"     // not a PDF, or damaged beyond repair
	ClassEncrypted   = "encrypted"   // needs a password
	ClassUnsupported = "unsupported" // a form or portfolio whose content is not in its pages
	ClassTooLarge    = "too_large"   // beyond a limit on bytes, memory or pixels
	ClassTimeout     = "timeout"     // beyond the time limit
)

// Error is an error of a document, as opposed to one of the machinery.
type Error struct {
	class   string
	message string
	crash   bool // the PDFium instance is unusable
}

func (e *Error) Error() string { return e.message }

// Class is one of the Class constants.
func (e *Error) Class() string { return e.class }

func failf(class, format string, args ...any) error {
	return &Error{class: class, message: fmt.Sprintf(format, args...)}
}

// Options configure a Pool. The zero value is usable.
type Options struct {
	Processes   int           // children at once, 1 if 0; each takes up to MaxMemory
	CacheDir    string        // holds compiled PDFium (21 MB); the user's cache folder if ""
	PageTimeout time.Duration // limit for one page's text or rendering; 60 s if 0
	MaxMemory   int64         // of one PDFium instance in bytes, at most 4 GiB; 1 GiB if 0
	MaxBytes    int64         // size of a document; 512 MiB if 0

	// Started is told of each child that starts, Ended of each that ends:
	// by "closed", "killed" (from outside), "cancelled", or the class of the
	// error that it ended with. Both may be nil.
	Started func()
	Ended   func(reason string)
}

// Info describes a document.
type Info struct {
	Pages    int
	Title    string // as the file states it; "" if none
	Author   string
	Language string // BCP 47 tag of the catalogue; "" if none
	Producer string
	Outline  []Bookmark
	Labels   []string // what the document itself calls its pages, such as `iv`; nil if it does not say
	Repaired bool     // the file is damaged: pages may be missing, and parts of pages
}

// Block kinds.
const (
	Paragraph = "paragraph"
	Heading   = "heading"
	ListItem  = "list_item"
	Table     = "table" // rows by \n, cells by \t
	Caption   = "caption"
)

// Rect is a box: X0 ≤ X1, Y0 ≤ Y1, Y downwards.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// Block is a run of text that belongs together.
type Block struct {
	Kind     string
	Text     string
	Box      Rect
	FontSize float64 // points

	style blockStyle
	cells [][]string // of a table
}

// blockStyle is how a text looks besides its size.
type blockStyle struct {
	slanted   bool
	boldStart bool // its first character is bold
}

// Line is one line of text.
type Line struct {
	Text string
	Box  Rect
}

// Page is what a page says and shows.
type Page struct {
	Number        int
	Width, Height float64 // of the upright page
	Rotation      int     // degrees clockwise that text running sideways was turned by
	Blocks        []Block // in reading order, without running headers and page numbers
	Lines         []Line
	Figures       []Figure
	Tables        []PageTable // each is a block of the kind Table, too
	Regions       []Region    // what the text layer lacks, when it is trusted otherwise
	Trust         Trust
	Scan          bool // the page is one picture
	Blank         bool // the page shows nothing at all; of a scan, its rendering says so
}

// PageTable is a table with the texts that may be its captions, the best first.
type PageTable struct {
	Box      Rect
	Rows     [][]string
	Captions []string
}

// Figure kinds.
const (
	Picture = "picture"
	Chart   = "chart" // drawn with lines and areas
	Map     = "map"   // its caption says so
)

// Figure is a picture on a page that is neither a repeated logo nor a scan of
// the page itself.
type Figure struct {
	Kind     string
	Box      Rect
	Captions []string // the best first
	Object   int      // index of its image object on the page, -1 if it has none or several
	DPI      int      // resolution of the image object, 0 without one

	captioned bool // a caption stands beside it
}
