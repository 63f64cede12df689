package ocr

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
)

// rules is the version of what this package does around its engines. It
// changes when the same picture, models and hints may give another page, also
// by the tables here or the weights of package confidence.
const rules = 4

// Identity is all that decides, besides the bytes of an image, what a Pool
// makes of it. With the image's SHA-256 it is the key under which a page can
// be kept and found again.
type Identity struct {
	Engine string // the first that is there: `gosseract tesseract 5.3.0`
	// Models is a SHA-256 over the models that a page with the hints may be
	// tried with whatever it is: those of its languages and those of scripts.
	// Those of the language it turns out to be in are its Basis.
	Models   string
	Settings string // hints, limits and the version of the rules
}

// Identity tells under which name a page read with these hints can be kept.
// Pages whose Engine does not begin with the identity's were read by an engine
// that stood in: do not keep those.
func (p *Pool) Identity(hints Hints) (Identity, error) {
	engine, err := p.firstEngine()
	if err != nil {
		return Identity{}, err
	}
	models := slices.Concat(p.catalog.scripts(false), p.likely(hints, plan{}).models)
	if declared, err := p.catalog.plan(hints.Languages); err == nil {
		models = append(models, declared.models...)
	}
	sum, err := p.hashes.of(models)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Engine: engine, Models: sum, Settings: fmt.Sprintf("rules=%d languages=%s neighbours=%s dpi=%d max_pixels=%d identifier=%s", rules,
		strings.Join(hints.Languages, ","), strings.Join(hints.Neighbours, ","), hints.DPI, p.options.MaxPixels, p.options.IdentifierName)}, nil
}

// Basis is a SHA-256 over the models that a page was read with and those that
// its language has here. A kept page whose basis is another now, because a
// better model was installed or one has changed, is to be read again; one whose
// models are gone has none.
func (p *Pool) Basis(page *Page) (string, error) {
	models := slices.Clone(page.Models)
	if page.Language != "" {
		if own, _, err := p.catalog.forLanguage(page.Language); err == nil {
			models = append(models, own...)
		}
	}
	return p.hashes.of(models)
}

// usable finds the name of the first engine that is there.
func (p *Pool) usable() (string, error) {
	var failures []error
	for _, name := range p.options.Engines {
		e, err := p.options.newEngine(name, p.options.Tessdata)
		if err != nil {
			return "", err
		}
		version, err := e.version()
		if err == nil {
			return version, nil
		}
		failures = append(failures, err)
	}
	return "", errors.Join(failures...)
}

// hashes are the SHA-256 of models, each found when it is first needed.
type hashes struct {
	catalog *catalog
	mu      sync.Mutex
	known   map[string]string
}

// of is the SHA-256 over names and contents of models, whatever their order.
func (h *hashes) of(models []string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := sha256.New()
	for _, model := range slices.Compact(slices.Sorted(slices.Values(models))) {
		one, ok := h.known[model]
		if !ok {
			var err error
			if one, err = h.catalog.hash(model); err != nil {
				return "", err
			}
			h.known[model] = one
		}
		fmt.Fprintf(all, "%s %s\n", model, one)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// hash is the SHA-256 of a model.
func (c *catalog) hash(model string) (string, error) {
	file, err := c.file(model)
	if err != nil {
		return "", err
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("hash model %s: %w", model, err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("hash model %s: %w", model, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
