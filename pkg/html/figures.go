package html

import (
	"encoding/base64"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	minSide    = 48  // pixels; smaller pictures are icons and trackers
	maxCaption = 600 // bytes of a text beside a picture that may be its caption
	maxFigures = 1000
)

// figures are the pictures among the main content, which comes after the title.
func (p *page) figures(segments, content []segment, title string) []Figure {
	inside := p.contentArea(segments, content, title)
	var out []Figure
	seen := map[string]int{}
	for n := range p.body.Descendants() {
		if n.DataAtom != atom.Img && n.Data != "image" || !inside(n) || len(out) >= maxFigures {
			continue
		}
		f := Figure{Width: pixels(attr(n, "width")), Height: pixels(attr(n, "height"))}
		source := p.source(n)
		if strings.HasPrefix(source, "data:") {
			f.Data, f.MediaType = dataURI(source)
			if f.Data == nil {
				continue
			}
		} else {
			f.URL = source
		}
		if source == "" || isDecoration(n, source, f) {
			continue
		}
		f.Captions = captions(n)
		if i, ok := seen[source]; ok { // noscript repeats a lazily loaded picture
			if len(out[i].Captions) < len(f.Captions) {
				out[i].Captions = f.Captions
			}
			continue
		}
		seen[source] = len(out)
		out = append(out, f)
	}
	return out
}

// contentArea returns a test whether a node stands between the title and the
// last segment of the content, or in a figure right beside them, and in no
// navigation.
func (p *page) contentArea(segments, content []segment, title string) func(*html.Node) bool {
	if len(content) == 0 {
		// A page of pictures only.
		return func(n *html.Node) bool { return !inChrome(n) }
	}
	order := map[*html.Node]int{}
	i := 0
	for n := range p.body.Descendants() {
		i++
		order[n] = i
	}
	first, last := order[content[0].node], order[content[len(content)-1].node]
	opening := first
	for _, s := range segments[:content[0].index] {
		if s.Kind == Heading && s.Text == title {
			opening = order[s.node]
		}
	}
	// A picture that opens or closes the article shares its container; what opens
	// it (a featured image) may stand beside the container, even above the title.
	common := ancestor(content)
	article := enclosing(common, atom.Article)
	return func(n *html.Node) bool {
		at := order[n]
		between := at >= opening && at <= last
		return (between || isWithin(n, common) || at < first && isWithin(n, article)) && !inChrome(n)
	}
}

func isWithin(n, container *html.Node) bool {
	for a := range n.Ancestors() {
		if a == container {
			return true
		}
	}
	return false
}

// enclosing is the closest element of a kind around a node or the node itself,
// nil if there is none.
func enclosing(n *html.Node, kind atom.Atom) *html.Node {
	for ; n != nil && n.DataAtom != kind; n = n.Parent {
	}
	return n
}

// ancestor is the closest element that holds nine tenths of the content.
func ancestor(content []segment) *html.Node {
	weight := map[*html.Node]int{}
	total := 0
	for _, s := range content {
		total += len(s.Text)
		weight[s.node] += len(s.Text)
		for a := range s.node.Ancestors() {
			weight[a] += len(s.Text)
		}
	}
	for _, s := range content {
		n := s.node
		switch n.DataAtom {
		case atom.P, atom.Li, atom.H1, atom.H2, atom.H3, atom.Table, atom.Pre, atom.Blockquote:
			n = n.Parent // it holds text and no pictures
		}
		for ; n != nil; n = n.Parent {
			if 10*weight[n] >= 9*total {
				return n
			}
		}
	}
	return nil
}

func inChrome(n *html.Node) bool {
	for a := range n.Ancestors() {
		if isChrome(a) || a.DataAtom != atom.Noscript && a.DataAtom != 0 && skipped[a.DataAtom] || hidden(a) {
			return true
		}
	}
	return false
}

// source is the best address of a picture: its largest candidate, looked for
// where lazy loaders put it first, since src then holds a placeholder.
func (p *page) source(img *html.Node) string {
	var sets []string
	if parent := img.Parent; parent != nil && parent.DataAtom == atom.Picture {
		for s := range parent.ChildNodes() {
			if s.DataAtom == atom.Source && usable(attr(s, "type")) {
				sets = append(sets, attr(s, "data-srcset"), attr(s, "srcset"))
			}
		}
	}
	sets = append([]string{attr(img, "data-srcset"), attr(img, "data-lazy-srcset"), attr(img, "srcset")}, sets...)
	for _, set := range sets {
		if u := p.resolve(bestCandidate(set)); u != "" {
			return u
		}
	}
	for _, name := range []string{"data-src", "data-lazy-src", "data-original", "data-lazy", "data-full-src", "data-hi-res-src", "src", "href"} {
		v := attr(img, name)
		if strings.HasPrefix(strings.ToLower(v), "data:image/") {
			return "data:" + v[5:]
		}
		if u := p.resolve(v); u != "" {
			return u
		}
	}
	return ""
}

// usable leaves out formats that no other part reads.
func usable(mediaType string) bool {
	switch strings.ToLower(mediaType) {
	case "image/avif", "image/jxl", "image/svg+xml", "image/heic":
		return false
	}
	return true
}

// bestCandidate is the widest or densest picture of a srcset attribute.
func bestCandidate(srcset string) string {
	best, bestSize := "", -1.0
	for srcset != "" {
		srcset = strings.TrimLeft(srcset, " \t\r\n\f,")
		end := strings.IndexAny(srcset, " \t\r\n\f")
		if end < 0 {
			end = len(srcset)
		}
		address := srcset[:end]
		srcset = srcset[end:]
		size := 1.0
		if trimmed := strings.TrimRight(address, ","); trimmed != address {
			address = trimmed // a comma right after the address: no descriptor
		} else {
			descriptor, rest, _ := strings.Cut(srcset, ",")
			srcset = rest
			descriptor = strings.TrimSpace(descriptor)
			if v, err := strconv.ParseFloat(strings.TrimRight(descriptor, "wxh"), 64); err == nil {
				size = v
			}
		}
		if address != "" && size > bestSize && !strings.HasPrefix(address, "data:") {
			best, bestSize = address, size
		}
	}
	return best
}

// dataURI decodes the bytes of a data: address (RFC 2397), nil if it is none
// of a picture.
func dataURI(s string) (data []byte, mediaType string) {
	header, body, ok := strings.Cut(strings.TrimPrefix(s, "data:"), ",")
	if !ok {
		return nil, ""
	}
	mediaType, parameters, _ := strings.Cut(header, ";")
	text, err := url.PathUnescape(body)
	if err != nil {
		text = body
	}
	if !strings.HasSuffix(strings.TrimSpace(parameters), "base64") {
		return []byte(text), strings.ToLower(mediaType)
	}
	text = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '=' {
			return -1
		}
		return r
	}, text)
	data, err = base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		return nil, ""
	}
	return data, strings.ToLower(mediaType)
}

// pixels reads a width or height; 0 for percentages and the like.
func pixels(s string) int {
	n, err := strconv.ParseFloat(strings.TrimSuffix(s, "px"), 64)
	if err != nil || n < 0 || n > 1e6 {
		return 0
	}
	return int(n)
}

// What classes, ids and file names say of pictures that are no figures. A
// file may well be named flag.jpg or button.png and be one.
var (
	decorationName = regexp.MustCompile(`(?i)(^|[^a-z])(logo|icons?|favicon|sprite|avatar|gravatar|emoji|emoticon|badge|spacer|pixel|tracker|tracking|beacon|blank|transparent|placeholder|loader|spinner|arrow|bullet|button|btn|smiley|smilies|flags?)([^a-z]|$)`)
	decorationFile = regexp.MustCompile(`(?i)(^|[^a-z])(logo|icons?|favicon|sprite|avatar|gravatar|emoji|spacer|pixel|tracker|tracking|beacon|blank|transparent|placeholder|loader|spinner)([^a-z]|$)`)
)

// isDecoration says whether a picture is a logo, an icon or a tracker.
func isDecoration(n *html.Node, source string, f Figure) bool {
	if f.Width > 0 && f.Width < minSide || f.Height > 0 && f.Height < minSide {
		return true
	}
	if role := attr(n, "role"); role == "presentation" || role == "none" {
		return true
	}
	if alt := attr(n, "alt"); len(alt) <= 2 && strings.Trim(alt, "0123456789") == "" && alt != "" {
		return true // the number of a callout
	}
	if f.Data != nil && (f.MediaType == "image/svg+xml" || len(f.Data) < 512) {
		return true // a placeholder
	}
	for a := range n.Ancestors() {
		if a.DataAtom == atom.Figure || isFigure(a) {
			return false // the page says that it is a figure
		}
	}
	if decorationName.MatchString(attr(n, "class")+" "+attr(n, "id")) || decorationFile.MatchString(attr(n, "alt")) && len(attr(n, "alt")) < 40 {
		return true
	}
	u, err := url.Parse(source)
	return f.Data == nil && err == nil && (decorationFile.MatchString(path.Base(u.Path)) || strings.HasSuffix(strings.ToLower(u.Path), ".svg"))
}
