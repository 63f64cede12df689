package html

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// isFigure recognises the containers of figures that are no figure elements:
// those of DocBook, docutils and WordPress.
func isFigure(n *html.Node) bool {
	if n.DataAtom != atom.Div && n.DataAtom != atom.Section && n.DataAtom != atom.Dl && n.DataAtom != atom.Span && n.DataAtom != atom.Aside {
		return false
	}
	return hasToken(n, "class", "figure") || hasToken(n, "class", "informalfigure") || hasToken(n, "class", "wp-caption") ||
		hasToken(n, "class", "thumb") || hasToken(n, "class", "image-caption-container") || hasToken(n, "role", "figure")
}

// isCaption recognises captions that are no figcaption elements.
func isCaption(n *html.Node) bool {
	for _, class := range []string{"caption", "wp-caption-text", "thumbcaption", "figure-caption", "image-caption", "photo-caption", "caption-text", "media-caption", "legend"} {
		if hasToken(n, "class", class) {
			return true
		}
	}
	if hasToken(n, "class", "title") && n.Parent != nil {
		return isFigure(n.Parent) || hasToken(n.Parent, "class", "table") || hasToken(n.Parent, "class", "example")
	}
	return false
}

// captions are the texts that may describe a picture, the likeliest first.
func captions(img *html.Node) []CaptionCandidate {
	var out []CaptionCandidate
	add := func(text, origin string) {
		text = collapse(text)
		if text == "" {
			return
		}
		for _, c := range out {
			if c.Text == text {
				return
			}
		}
		out = append(out, CaptionCandidate{text, origin})
	}
	figure := figureOf(img)
	if figure != nil {
		for n := range figure.Descendants() {
			if n.DataAtom == atom.Figcaption || isCaption(n) {
				add(textOf(n), FromFigcaption)
			}
		}
	}
	if alt := attr(img, "alt"); !fileName.MatchString(alt) {
		add(alt, FromAlt)
	}
	add(attr(img, "title"), FromTitle)
	if p := img.Parent; p != nil && p.DataAtom == atom.A {
		add(attr(p, "title"), FromTitle)
	}
	if figure == nil {
		add(nearby(img), FromNearby)
	}
	return out
}

// fileName matches what programs put where a description should be.
var fileName = regexp.MustCompile(`(?i)^(\S+\.(jpe?g|png|gif|webp|bmp|tiff?)|(img|dsc|dscn|image|photo|picture|untitled)[-_ ]?\d*)$`)

// figureOf is the innermost figure that holds a picture, nil if none.
func figureOf(img *html.Node) *html.Node {
	for a := range img.Ancestors() {
		if a.DataAtom == atom.Figure || isFigure(a) {
			return a
		}
	}
	return nil
}

// Words that captions begin with, of the languages pages are mostly written
// in: Figure 3, Fig. 3, Tableau 1, Mchoro 2, …
var captionStart = regexp.MustCompile(`(?i)^(fig(ure|\.)?|table|tableau|map|carte|photo|image|picture|chart|graph(ique)?|illustration|mchoro|picha|jedwali|ramani|hoto|taswira|foto|abb(ildung|\.)?|рис(унок|\.)?|الشكل|شكل|صورة|图)\s*[\p{N}:.–—-]`)

// nearby is a text next to a picture that reads as its caption: marked as a
// caption, or beginning like one; "" if there is none.
func nearby(img *html.Node) string {
	// Up to the block around the picture, which holds nothing but it.
	n := img
	for n.Parent != nil && n.Parent.DataAtom != atom.Body && textOf(n.Parent) == "" {
		n = n.Parent
	}
	for _, step := range []func(*html.Node) *html.Node{
		func(n *html.Node) *html.Node { return n.NextSibling },
		func(n *html.Node) *html.Node { return n.PrevSibling },
	} {
		s := step(n)
		for s != nil && (s.Type != html.ElementNode && strings.TrimSpace(s.Data) == "" || s.Type == html.CommentNode || s.DataAtom == atom.Br) {
			s = step(s)
		}
		if s == nil || s.Type != html.ElementNode && s.Type != html.TextNode {
			continue
		}
		text := collapse(s.Data)
		if s.Type == html.ElementNode {
			text = textOf(s)
		}
		if text == "" || len(text) > maxCaption {
			continue
		}
		if captionStart.MatchString(text) || s.Type == html.ElementNode && (captionLike(s) || s.DataAtom == atom.Em || s.DataAtom == atom.Small) {
			return text
		}
	}
	return ""
}

// captionLike says whether an element's names speak of a caption.
func captionLike(n *html.Node) bool {
	if isCaption(n) {
		return true
	}
	for _, w := range names(n) {
		if strings.Contains(w, "caption") {
			return true
		}
	}
	return false
}
