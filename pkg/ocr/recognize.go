package ocr

import (
	"image"
	"math"
	"slices"
	"strings"
)

const (
	// good is a mean confidence that upside-down text (0.45 at most) or a
	// wrong script (0.65 but for scripts whose model reads Latin too) does
	// not reach, and hardly any page with its own model misses.
	good = 0.70
	// likely is a confidence with which the best script of a turn is right, if
	// doubtfully read, unless the page is in Latin and upside down.
	likely = 0.50
	// readable is a confidence below which a script's model sees things. The
	// one model of Burmese is no surer than 0.38 of its own script.
	readable = 0.30
	// better is by how much another reading has to win.
	better = 0.08
	// stripShare is the part of a page that a trial reads.
	stripShare = 0.08
)

// reader reads one page in a child: it finds the turn, the skew and, without
// models, the script.
type reader struct {
	engine  engine
	version string // of the engine
	catalog *catalog
	image   *image.Gray
	view    overview
	dpi     int
	turned  map[int]*image.Gray // by degrees clockwise
	strip   int                 // which strip trials read, 0 or 1
}

// newReader decodes a page and looks at its ink.
func newReader(e engine, c *catalog, req request, data []byte) (*reader, error) {
	version, err := e.version()
	if err != nil {
		return nil, err
	}
	img, err := decodeGray(data, req.MaxPixels)
	if err != nil {
		return nil, err
	}
	r := &reader{engine: e, version: version, catalog: c, image: img, view: look(img), dpi: req.DPI, turned: map[int]*image.Gray{0: img}}
	if r.dpi < 70 || r.dpi > 2400 {
		// A page is about as high as A4 when nothing else is known.
		r.dpi = min(max(int(float64(max(img.Rect.Dx(), img.Rect.Dy()))/11.69), 70), 600)
	}
	if r.view.dark && !r.view.blank {
		invert(img)
	}
	return r, nil
}

// answer does what a request asks for.
func (r *reader) answer(req request) (*Page, error) {
	switch {
	case r.view.blank:
		return &Page{Width: r.image.Rect.Dx(), Height: r.image.Rect.Dy(), Models: req.Models, Engine: named(r.version, req.Models)}, nil
	case req.Look:
		return r.look(req)
	case req.Rotation != nil:
		return r.read(*req.Rotation, req.Models)
	}
	return r.readKnown(req.Models)
}

// look finds turn and script. The answer is the strip that was read best.
func (r *reader) look(req request) (*Page, error) {
	turns := r.turns()
	if req.Rotation != nil {
		turns = []int{*req.Rotation}
	}
	joined := r.view.joined
	if turns[0]%180 != 0 {
		joined = r.view.joinedDown
	}
	var candidates [][]string
	if len(req.Models) > 0 {
		candidates = append(candidates, req.Models)
	}
	for _, script := range r.catalog.scripts(joined) {
		if one := []string{script}; !slices.Equal(one, req.Models) {
			candidates = append(candidates, one)
		}
	}
	if len(candidates) == 0 {
		return nil, &Error{NoModel, errNoScripts}
	}
	t, err := r.tryAll(turns, candidates)
	if err == nil && t.confidence < likely {
		// The strip may have been a photograph.
		first := t
		r.strip = 1
		t, err = r.tryAll(turns, candidates)
		r.strip = 0
		if t.confidence < first.confidence {
			t = first
		}
	}
	if err != nil {
		return nil, err
	}
	page := t.read
	page.Width, page.Height, page.Rotation = r.image.Rect.Dx(), r.image.Rect.Dy(), t.rotation
	page.Confidence, page.Models, page.Engine = t.confidence, t.models, named(r.version, t.models)
	return page, nil
}

// readKnown reads a page of known models but unknown turn. The cheapest way is
// taken first: an upright page is recognised once and nothing else is tried
// when that went well.
func (r *reader) readKnown(models []string) (*Page, error) {
	turns := r.turns()
	var page *Page
	if turns[0] == 0 {
		var err error
		if page, err = r.read(0, models); err != nil || page.Confidence >= good {
			return page, err
		}
		turns = turns[1:]
	}
	t, err := r.tryTurns(turns, models)
	if err != nil {
		return nil, err
	}
	if page == nil || t.confidence > page.Confidence+better {
		other, err := r.read(t.rotation, models)
		if err != nil {
			return nil, err
		}
		if page == nil || other.Confidence > page.Confidence {
			page = other
		}
	}
	return page, nil
}

// turns lists the turns in the order of likelihood; lines that clearly run
// one way leave out the other.
func (r *reader) turns() []int {
	switch s := r.view.sideways; {
	case s > 2:
		return []int{90, 270}
	case s > 1:
		return []int{90, 270, 0, 180}
	case s > 0.5:
		return []int{0, 180, 90, 270}
	default:
		return []int{0, 180}
	}
}

// trial is a reading of a strip.
type trial struct {
	rotation   int
	models     []string
	confidence float64
	read       *Page
}

// tryTurns reads a strip in several turns with the same models.
func (r *reader) tryTurns(turns []int, models []string) (best trial, err error) {
	best = trial{rotation: turns[0], models: models, confidence: -1}
	for _, rotation := range turns {
		t, err := r.try(rotation, models)
		if err != nil {
			return best, err
		}
		if t.confidence > best.confidence {
			best = t
		}
		if t.confidence >= good {
			break
		}
	}
	return best, nil
}

// tryAll reads a strip with each of the candidates, in several turns: unknown
// pages stand upright more often than they are in Latin. The Latin model comes
// first of the scripts because those of others read Latin text too.
func (r *reader) tryAll(turns []int, candidates [][]string) (best trial, err error) {
	best.confidence = -1
	for _, rotation := range turns {
		for _, models := range candidates {
			t, err := r.try(rotation, models)
			if err != nil {
				return best, err
			}
			if t.confidence > best.confidence {
				best = t
			}
			if t.confidence >= good {
				return best, nil
			}
		}
		if best.confidence >= likely && len(turns) > 1 {
			// Latin that stands on its head looks somewhat like Cyrillic.
			for _, models := range [][]string{candidates[0], best.models} {
				t, err := r.try((rotation+180)%360, models)
				if err != nil {
					return best, err
				}
				if t.confidence > best.confidence {
					best = t
				}
			}
			return best, nil
		}
	}
	return best, nil
}

// try reads a strip with much ink. Few characters prove little, so
// their confidence counts less.
func (r *reader) try(rotation int, models []string) (trial, error) {
	page := r.turn(rotation)
	profile, skew, factor := r.direction(rotation)
	if rotation == 180 || rotation == 270 {
		// A turn by 270 puts the last column on top, by 180 the last row.
		profile = slices.Clone(profile)
		slices.Reverse(profile)
	}
	at := strips(profile, r.view.factor, page.Rect.Dy(), stripShare)[r.strip]
	part := shrink(crop(page, at[0], at[1]), factor)
	if skew != 0 {
		part, _, _ = straighten(part, skew)
	}
	read, err := r.engine.recognize(job{image: part, models: models, dpi: r.dpiAt(factor), block: true})
	if err != nil {
		return trial{}, err
	}
	characters := read.score()
	return trial{rotation, models, read.Confidence * float64(characters) / float64(characters+3), read}, nil
}

// read recognises the whole page in one turn.
func (r *reader) read(rotation int, models []string) (*Page, error) {
	img := r.turn(rotation)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	_, skew, factor := r.direction(rotation)
	if skew > -0.3 && skew < 0.3 {
		skew = 0 // Tesseract's own baselines do better with so little
	}
	img = shrink(img, factor)
	scaleX, scaleY := float64(w)/float64(img.Rect.Dx()), float64(h)/float64(img.Rect.Dy())
	var marginX, marginY int
	if skew != 0 {
		img, marginX, marginY = straighten(img, skew)
	}
	j := job{image: img, models: models, dpi: r.dpiAt(factor), inverted: r.view.inverted}
	page, err := r.engine.recognize(j)
	if err != nil {
		return nil, err
	}
	if err := r.fillHoles(page, img, j); err != nil {
		return nil, err
	}
	page.place(func(x, y int) (int, int) {
		return min(max(int(math.Round(float64(x-marginX)*scaleX)), 0), w), min(max(int(math.Round(float64(y-marginY)*scaleY)), 0), h)
	})
	page.Width, page.Height, page.Rotation, page.Skew = w, h, rotation, skew
	page.Models, page.Engine = models, named(r.version, models)
	return page, nil
}

// direction returns the ink profile, the skew and the shrink factor of the
// lines of a turn.
func (r *reader) direction(rotation int) (profile []int, skew, factor float64) {
	if rotation%180 != 0 {
		return r.view.columns, r.view.skewDown, r.view.shrinkDown
	}
	return r.view.rows, r.view.skew, r.view.shrink
}

func (r *reader) dpiAt(factor float64) int { return max(int(float64(r.dpi)*factor), 70) }

func (r *reader) turn(rotation int) *image.Gray {
	if r.turned[rotation] == nil {
		r.turned[rotation] = turn(r.image, rotation)
	}
	return r.turned[rotation]
}

// named is the engine and the models that a page is read with.
func named(version string, models []string) string {
	if len(models) == 0 {
		return version
	}
	return version + " " + strings.Join(models, "+")
}

// place puts all boxes where their corners belong.
func (p *Page) place(corner func(x, y int) (int, int)) {
	move := func(b *Box) {
		left, top := corner(b.X, b.Y)
		right, bottom := corner(b.X+b.Width, b.Y+b.Height)
		*b = Box{left, top, right - left, bottom - top}
	}
	for i := range p.Blocks {
		block := &p.Blocks[i]
		move(&block.Box)
		for j := range block.Paragraphs {
			par := &block.Paragraphs[j]
			move(&par.Box)
			for k := range par.Lines {
				line := &par.Lines[k]
				move(&line.Box)
				for m := range line.Words {
					move(&line.Words[m].Box)
				}
			}
		}
	}
}
