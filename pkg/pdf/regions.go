package pdf

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"unicode"
)

// Region is a part of a page that its text layer does not tell, or not
// rightly: a picture that shows lines of text, or text in a font whose Unicode
// values are wrong. Its image must be read.
type Region struct {
	Box     Rect
	Picture bool   // what it is: else text that is not trusted
	Detail  string // what speaks for reading it, for people
	Block   int    // its text stands before this one of the page's blocks
	Aside   bool   // inside a figure with a caption: its text is no part of the reading order
}

// Limits on what pictures are looked at for text.
const (
	minTextWidth  = 40.0 // points
	minTextHeight = 12.0
	maxRegions    = 8 // a page
	glanceDPI     = 120
	glancePixels  = 2_500_000
)

// regions finds the pictures of a page that show lines of text which the text
// layer lacks.
func (s *server) regions(p *Page, c *content, runs []run) error {
	if c.turned != 0 {
		return nil // the lines of its pictures would stand upright
	}
	var parts []cluster
	for i, picture := range c.pictures {
		if picture.width >= 60 && picture.height >= 16 && !s.repeats.logo(picture, c.width*c.height) {
			parts = append(parts, cluster{box: picture.seen, pictures: []int{i}})
		}
	}
	parts = join(parts, 2, c.width, c.height) // a scan may come in strips
	slices.SortStableFunc(parts, func(a, b cluster) int { return cmp.Compare(b.box.area(), a.box.area()) })
	for _, part := range parts[:min(len(parts), maxRegions)] {
		box := part.box.intersect(Rect{0, 0, c.width, c.height})
		if box.Width() < minTextWidth || box.Height() < minTextHeight {
			continue
		}
		img, err := s.doc.glance(p.Number, box)
		if err != nil {
			return err
		}
		scale := float64(img.Rect.Dx()) / box.Width()
		var known []image.Rectangle
		for _, r := range runs {
			if in := r.box.intersect(box); !r.invisible && in.area() > 0 {
				known = append(known, image.Rect(int((in.X0-box.X0)*scale)-1, int((in.Y0-box.Y0)*scale)-1,
					int(math.Ceil((in.X1-box.X0)*scale))+1, int(math.Ceil((in.Y1-box.Y0)*scale))+1))
			}
		}
		lines := textLines(img, known)
		if lines == 0 {
			continue
		}
		p.Regions = append(p.Regions, Region{
			Box: box, Picture: true, Detail: fmt.Sprintf("a picture with %d lines like text", lines), Block: p.before(box),
			Aside: slices.ContainsFunc(p.Figures, func(f Figure) bool {
				return f.captioned && f.Box.intersect(box).area() > 0.5*box.area()
			}),
		})
	}
	return nil
}

// glance draws a part of a page, coarsely and in grey.
func (d *document) glance(n int, box Rect) (img *image.Gray, err error) {
	err = d.draw(n, &box, glanceDPI, glancePixels, true, func(drawn image.Image, _ float64) error {
		gray, ok := drawn.(*image.Gray)
		if !ok {
			return fmt.Errorf("look at a picture of page %d: it is drawn as %T", n, drawn)
		}
		img = &image.Gray{Pix: bytes.Clone(gray.Pix), Stride: gray.Stride, Rect: gray.Rect}
		return nil
	})
	return img, err
}

// before is the block that what stands in the box is followed by in the reading
// order: the one after the last that stands above it in its column.
func (p *Page) before(box Rect) int {
	beside := func(b Block) bool {
		return min(b.Box.X1, box.X1)-max(b.Box.X0, box.X0) > 0.3*min(b.Box.Width(), box.Width())
	}
	middle := func(r Rect) float64 { return (r.Y0 + r.Y1) / 2 }
	first := len(p.Blocks)
	for i := len(p.Blocks) - 1; i >= 0; i-- {
		switch b := p.Blocks[i]; {
		case beside(b) && middle(b.Box) < middle(box):
			return i + 1
		case beside(b):
			first = i
		}
	}
	if first < len(p.Blocks) {
		return first
	}
	for i, b := range p.Blocks {
		if b.Box.Y0 > middle(box) {
			return i
		}
	}
	return len(p.Blocks)
}

// Limits on what parts of a text layer are distrusted for themselves.
const (
	fewInFont  = 12   // characters in a font; fewer are bullets and the like
	badInFont  = 0.3  // share of them without meaning
	badInBlock = 0.3  // share of a block's characters in bad fonts
	soundShare = 0.25 // share of the page that must be sound
	soundLeast = 40   // characters
)

// unsound finds the fonts of a page whose text cannot be trusted, each with
// what was found, and tells whether what the others say is enough to be a text
// layer of its own. What fonts say is tested on pages that failed the test as a
// whole only: a listing is unlike text, too.
func unsound(c *content, runs []run, trusted bool) (fonts map[string]string, rest bool) {
	type tally struct{ ink, unmapped, latin int }
	counts := map[string]*tally{}
	texts := map[string][]run{}
	total := 0
	for _, r := range runs {
		if r.invisible {
			continue
		}
		font := c.fontOf(r)
		texts[font] = append(texts[font], r)
		for _, ch := range r.chars {
			if isSpace(ch) {
				continue
			}
			t := counts[c.styles[ch.style].font]
			if t == nil {
				t = &tally{}
				counts[c.styles[ch.style].font] = t
			}
			total++
			t.ink++
			if meaningless(ch) {
				t.unmapped++
			}
			if unicode.IsLetter(ch.r) && ch.r < 0x250 {
				t.latin++
			}
		}
	}
	fonts = map[string]string{}
	for font, t := range counts {
		name := legacyFont(font)
		switch {
		case t.ink < fewInFont:
		case share(t.unmapped, t.ink) > badInFont:
			fonts[font] = fmt.Sprintf("%d of %d characters in font %s have no Unicode value", t.unmapped, t.ink, font)
		case name != "" && t.latin > 0:
			fonts[font] = fmt.Sprintf("font %s stands for another script with Latin letters", name)
		case t.ink >= soundLeast && !trusted:
			if verdict := judgeText(texts[font]); !verdict.OK {
				fonts[font] = verdict.Detail
			}
		}
	}
	if len(fonts) == 0 {
		return nil, false
	}
	var sound []run
	ink, unmapped := 0, 0
	for _, r := range runs {
		if r.invisible || fonts[c.fontOf(r)] != "" {
			continue
		}
		sound = append(sound, r)
		for _, ch := range r.chars {
			if isSpace(ch) {
				continue
			}
			ink++
			if meaningless(ch) {
				unmapped++
			}
		}
	}
	return fonts, ink >= soundLeast && share(ink, total) >= soundShare && share(unmapped, ink) <= maxUnmapped && judgeText(sound).OK
}

// fontOf is the font of most of a run.
func (c *content) fontOf(r run) string {
	counts := map[string]int{}
	best := ""
	for _, ch := range r.chars {
		if isSpace(ch) {
			continue
		}
		font := c.styles[ch.style].font
		if counts[font]++; counts[font] > counts[best] {
			best = font
		}
	}
	return best
}

// takeUnsound takes the blocks out of a page that are in fonts which cannot be
// trusted, and makes regions of them.
func (p *Page) takeUnsound(c *content, runs []run, fonts map[string]string) {
	var kept []Block
	for _, b := range p.Blocks {
		ink, bad, why := 0, 0, ""
		for _, r := range runs {
			if r.invisible || !contains(b.Box, r.box) {
				continue
			}
			n := runeCount(r.text)
			ink += n
			if detail := fonts[c.fontOf(r)]; detail != "" {
				bad += n
				why = detail
			}
		}
		if bad < fewInFont/2 || share(bad, ink) <= badInBlock {
			kept = append(kept, b)
			continue
		}
		if n := len(p.Regions); n > 0 && p.Regions[n-1].Block == len(kept) && p.together(p.Regions[n-1].Box, b.Box) {
			p.Regions[n-1].Box = p.Regions[n-1].Box.union(b.Box)
			continue
		}
		p.Regions = append(p.Regions, Region{Box: b.Box, Detail: why, Block: len(kept)})
	}
	p.Blocks = kept
	for i := range p.Regions {
		p.Regions[i].Box = p.Regions[i].Box.grown(3).intersect(Rect{0, 0, c.width, c.height})
	}
	p.Lines = slices.DeleteFunc(p.Lines, func(l Line) bool {
		return slices.ContainsFunc(p.Regions, func(r Region) bool { return contains(r.Box, l.Box) })
	})
}

// grown is the box with a margin: engines want paper around letters.
func (r Rect) grown(margin float64) Rect {
	return Rect{r.X0 - margin, r.Y0 - margin, r.X1 + margin, r.Y1 + margin}
}

// together tells that two blocks stand one below the other with no other
// between.
func (p *Page) together(a, b Rect) bool {
	both := a.union(b)
	return min(a.X1, b.X1)-max(a.X0, b.X0) > 0.5*min(a.Width(), b.Width()) && !slices.ContainsFunc(p.Blocks, func(o Block) bool {
		return contains(both, o.Box) && !contains(a, o.Box) && !contains(b, o.Box)
	})
}

// Region draws a region of a page in grey as a PNG.
func (d *Document) Region(ctx context.Context, page *Page, r Region, dpi, maxPixels int) (*Image, error) {
	return d.rendering(ctx, rendering{
		Page: page.Number, DPI: dpi, MaxPixels: maxPixels, Gray: true, Turn: page.Rotation,
		Figure: &Figure{Box: r.Box, Object: -1},
	})
}
