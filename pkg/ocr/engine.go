package ocr

import "image"

// engine recognises text. Tesseract is the one there is; it runs in child
// processes only.
type engine interface {
	// version names the engine: `tesseract 5.3.0`.
	version() string
	// recognize reads an upright grey picture with models that are
	// installed. A blank picture gives a page without blocks.
	recognize(job job) (*Page, error)
}

// job is one recognition.
type job struct {
	image    *image.Gray
	models   []string
	dpi      int
	block    bool // one block of lines across: no layout analysis
	inverted bool // look for light text on dark too
}
