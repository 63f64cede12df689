package ocr

import (
	"fmt"
	"image"
	"strings"
)

// Names of the engines, as OCR_ENGINES lists them.
const (
	Gosseract = "gosseract" // Tesseract as a library
	Tesseract = "tesseract" // Tesseract's command line
)

// Engines lists the names of all engines in the usual order of preference.
func Engines() []string { return []string{Gosseract, Tesseract} }

// engine recognises text. It runs in a child process of its own, one job
// after the other; TestEngines is the conformance suite of all engines.
type engine interface {
	// version names the engine, its OCR_ENGINES name first: `gosseract
	// tesseract 5.3.0`. Its error, of class Unavailable, says that the engine
	// is not there.
	version() (string, error)
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

// newEngine makes the engine of a name; tessdata is the folder of its models.
func newEngine(name, tessdata string) (engine, error) {
	switch name {
	case Gosseract:
		return newLibrary(tessdata), nil
	case Tesseract:
		return newCommandLine(tessdata), nil
	}
	return nil, unknownEngine(name)
}

func unknownEngine(name string) error {
	return fmt.Errorf("there is no OCR engine %q; the engines are %s", name, strings.Join(Engines(), ", "))
}

// checkModels tells which of a job's models is missing: Tesseract passes over
// it in silence.
func checkModels(tessdata string, models []string) error {
	if len(models) == 0 {
		return fmt.Errorf("no models given")
	}
	catalog, err := openCatalog(tessdata)
	if err != nil {
		return err
	}
	for _, m := range models {
		if _, err := catalog.file(m); err != nil {
			return err
		}
	}
	return nil
}
