package ocr

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// rules is the version of what this package does around its engines. It
// changes when the same picture, models and hints may give another page, also
// by the tables here or the weights of package confidence.
const rules = 3

// Identity is all that decides, besides the bytes of an image, what a Pool
// makes of it. With the image's SHA-256 it is the key under which a page can
// be kept and found again.
type Identity struct {
	Engine   string // the first that is there: `gosseract tesseract 5.3.0`
	Models   string // SHA-256 over all installed models, as each of them may be chosen
	Settings string // hints, limits and the version of the rules
}

// Identity tells under which name a page read with these hints can be kept.
// Pages whose Engine does not begin with the identity's were read by an engine
// that stood in: do not keep those.
func (p *Pool) Identity(hints Hints) (Identity, error) {
	parts, err := p.identity()
	if err != nil {
		return Identity{}, err
	}
	parts.Settings = fmt.Sprintf("rules=%d languages=%s neighbours=%s dpi=%d max_pixels=%d identifier=%s", rules,
		strings.Join(hints.Languages, ","), strings.Join(hints.Neighbours, ","), hints.DPI, p.options.MaxPixels, p.options.IdentifierName)
	return parts, nil
}

// shared finds the parts of the identity that all pages of a pool share.
func (p *Pool) shared() (Identity, error) {
	models, err := p.catalog.hash()
	if err != nil {
		return Identity{}, err
	}
	var failures []error
	for _, name := range p.options.Engines {
		e, err := p.options.newEngine(name, p.options.Tessdata)
		if err != nil {
			return Identity{}, err
		}
		version, err := e.version()
		if err == nil {
			return Identity{Engine: version, Models: models}, nil
		}
		failures = append(failures, err)
	}
	return Identity{}, errors.Join(failures...)
}

// hash is the SHA-256 over names and contents of all models.
func (c *catalog) hash() (string, error) {
	all := sha256.New()
	for _, model := range c.models { // sorted
		one := sha256.New()
		file, err := c.file(model)
		if err != nil {
			return "", err
		}
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("hash model %s: %w", model, err)
		}
		_, err = io.Copy(one, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("hash model %s: %w", model, err)
		}
		fmt.Fprintf(all, "%s %x\n", model, one.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
