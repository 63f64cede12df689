package ocr

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// identified is the confidence from which an identified language may
	// overrule the models in use.
	identified = 0.8
	// contradicted is the same for models that a declared language asked for.
	contradicted = 0.95
	// sure is the confidence from which another model makes no difference:
	// English, Swahili and Haitian pages read with the model of all Latin
	// languages are then as good as with their own.
	sure = 0.94
	// doubtful is a confidence that pages in scripts without a model do not
	// pass (0.46 at most), nor do those of which no language can be told.
	doubtful = 0.6
)

// readPage reads a page with a child. Declared languages, those of
// neighbouring pages and a quick look choose the models; the language of what
// was read confirms them, or the page is read once more with better ones.
func (p *Pool) readPage(s *sitting, hints Hints, declared plan) (*Page, error) {
	if len(declared.models) == 0 {
		return p.readBeside(s, hints)
	}
	page, err := s.read(declared.models, nil)
	if err != nil || page.blank() || page.Confidence >= good {
		return p.confirm(s, hints, page, err)
	}
	// Declarations may be wrong: another script?
	seen, err := s.look(nil, &page.Rotation)
	if err != nil || seen.Confidence < good || seen.Confidence < page.Confidence+2*better {
		return p.confirm(s, hints, page, nil)
	}
	other, err := s.read(p.modelsOf(seen, hints), &seen.Rotation)
	if err == nil && other.Confidence > page.Confidence+2*better {
		page = other
	}
	return p.confirm(s, hints, page, err)
}

// readBeside reads a page that declares no language: with the models of its
// nearest neighbour at once, as pages of a document are mostly in one language,
// or as an unknown one when that does not go well.
func (p *Pool) readBeside(s *sitting, hints Hints) (*Page, error) {
	near := p.likely(hints, plan{})
	if len(near.models) == 0 {
		return p.readUnknown(s, hints)
	}
	page, err := s.read(near.models, nil)
	if err == nil && !page.blank() && page.Confidence < good {
		return p.readUnknown(s, hints)
	}
	return p.confirm(s, hints, page, err)
}

// readUnknown reads a page of which no language is known.
func (p *Pool) readUnknown(s *sitting, hints Hints) (*Page, error) {
	seen, err := s.look(p.likely(hints, plan{}).models, nil)
	if err != nil {
		return nil, err
	}
	if seen.Confidence < readable {
		return seen.unread()
	}
	page, err := s.read(p.modelsOf(seen, hints), &seen.Rotation)
	if err == nil && page.Confidence < seen.Confidence-better && !s.hasTried(seen.Models) {
		// The strip misled: its own models read it better than this.
		other, err := s.read(seen.Models, &seen.Rotation)
		if err != nil {
			return nil, err
		}
		if other.Confidence > page.Confidence {
			page = other
		}
	}
	page, err = p.confirm(s, hints, page, err)
	if err == nil && !page.blank() && page.Language == "" && page.Confidence < doubtful {
		// Neither the models nor the language say that this is text.
		return page.unread()
	}
	return page, err
}

// modelsOf chooses the models for a page of which a strip was read.
func (p *Pool) modelsOf(seen *Page, hints Hints) []string {
	label, confidence := p.identify(seen.Text(), hints)
	if confidence < identified {
		return seen.Models
	}
	models, missing, err := p.catalog.forLanguage(label)
	if err != nil || len(models) == 0 {
		return seen.Models
	}
	p.warn(missing)
	return models
}

// confirm identifies the language of a page that was read and has it read once
// more when that language has better models.
func (p *Pool) confirm(s *sitting, hints Hints, page *Page, err error) (*Page, error) {
	if err != nil || page.blank() {
		return page, err
	}
	need := identified
	if len(hints.Languages) > 0 {
		need = contradicted
	}
	label, confidence := p.identify(page.Text(), hints)
	if confidence < identified {
		return page, nil
	}
	page.Language = label
	models, missing, err := p.catalog.forLanguage(label)
	if err != nil || len(models) == 0 || confidence < need || page.Confidence >= sure && len(hints.Neighbours) == 0 || s.hasTried(models) {
		// A language that no model reads was read well enough to be
		// identified. A page read so surely gains nothing, but if its models
		// were a guess from other pages.
		return page, nil
	}
	p.warn(missing)
	again, err := s.read(models, &page.Rotation)
	if err != nil {
		return nil, err
	}
	if again.Confidence < page.Confidence-better {
		return page, nil
	}
	again.Language = label
	return again, nil
}

// identify returns the language of a text with its confidence, 0 for an
// unknown one.
func (p *Pool) identify(text string, hints Hints) (label string, confidence float64) {
	if p.options.Identifier == nil || strings.TrimSpace(text) == "" {
		return "", 0
	}
	evidence := slices.Concat(hints.Languages, hints.Neighbours)
	if i, ok := p.options.Identifier.(declaredIdentifier); ok && len(evidence) > 0 {
		label, confidence = i.IdentifyWith(text, evidence...)
	} else {
		label, confidence = p.options.Identifier.Identify(text)
	}
	if strings.HasPrefix(label, "und") {
		return "", 0
	}
	return label, confidence
}

// sameModels tells whether two sets hold the same models: their order matters
// little.
func sameModels(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func (p *Page) blank() bool { return len(p.Blocks) == 0 }

// unread is the end of a page on which no model finds its script: with a line
// or more of something it is text that cannot be read, else a picture.
func (p *Page) unread() (*Page, error) {
	best := p.Confidence
	if p.score() >= 20 {
		return nil, &Error{NoModel, fmt.Errorf("no installed model reads the script of this page: the best, %s, is only %.2f sure; state its language, or `vislang ocr install` one of its script", strings.Join(p.Models, "+"), best)}
	}
	engine := strings.TrimSuffix(p.Engine, " "+strings.Join(p.Models, "+"))
	return &Page{Width: p.Width, Height: p.Height, Engine: engine}, nil
}
