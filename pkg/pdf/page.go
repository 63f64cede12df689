package pdf

// page reads page n and lays it out.
func (s *server) page(n int) (*Page, error) {
	if s.repeats == nil {
		s.repeats = s.doc.findRepeats()
	}
	c, err := s.repeats.kept[n], error(nil)
	if delete(s.repeats.kept, n); c == nil {
		if c, err = s.doc.read(n); err != nil {
			return nil, err
		}
		c.upright()
	}
	p := &Page{Number: n, Rotation: c.turned}
	p.Width, p.Height = c.width, c.height
	runs := c.runs()
	p.Scan = c.scan(runs)
	p.Trust = judge(c, runs, p.Scan)
	c.outlined = p.Trust.Reason == NoTextLayer
	if p.Trust.Reason == NoTextLayer {
		if len(c.pictures) == 0 && len(c.shapes) == 0 {
			p.Blank = true
		} else if p.Scan {
			// Its rendering tells, once it is made: to decode it twice costs as
			// much as all the rest.
		} else if p.Blank, err = s.doc.blank(n); err != nil {
			return nil, err
		}
		if p.Blank {
			p.Trust = Trust{OK: true}
		}
	}
	verdict := p.Trust
	var fonts map[string]string
	if !p.Scan && !p.Blank && p.Trust.Reason != NoTextLayer {
		var rest bool
		if fonts, rest = unsound(c, runs, p.Trust.OK); rest {
			p.Trust = Trust{OK: true}
		} else {
			fonts = nil
		}
	}
	s.repeats.layout(p, c, runs)
	if fonts != nil {
		if p.takeUnsound(c, runs, fonts); len(p.Regions) == 0 {
			p.Trust = verdict // it stands among what is sound
		}
	}
	p.Trust.Measures = measure(c, runs)
	if p.Trust.OK && !p.Blank {
		return p, s.regions(p, c, runs)
	}
	return p, nil
}

func (s *server) render(r rendering) (*Image, error) {
	if r.Figure == nil {
		return s.doc.render(r.Page, nil, r.DPI, r.MaxPixels, r.Gray)
	}
	if r.Figure.Object >= 0 && r.Turn == 0 {
		if img, err := s.doc.jpeg(r.Page, r.Figure.Object, r.MaxPixels); img != nil || err != nil {
			return img, err
		}
	}
	clip := r.Figure.Box
	if r.Turn != 0 {
		width, height, err := s.doc.pageSize(r.Page)
		if err != nil {
			return nil, err
		}
		clip = asDisplayed(clip, r.Turn, width, height)
	}
	return s.doc.render(r.Page, &clip, r.DPI, r.MaxPixels, r.Gray)
}

func (d *document) pageSize(n int) (w, h float64, err error) {
	err = d.withPage(n, func(_ uint64, _ matrix, width, height float64) error {
		w, h = width, height
		return nil
	})
	return w, h, err
}

// scan tells whether the page is one picture (or strips of one) with next to
// no visible text of its own.
func (c *content) scan(runs []run) bool {
	covered := 0.0
	for _, p := range c.pictures {
		covered += p.box.area()
	}
	visible := 0
	for _, r := range runs {
		if !r.invisible {
			visible += runeCount(r.text)
		}
	}
	return covered > 0.8*c.width*c.height && visible <= 40
}
