package html

import (
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// segment is a block of the page, wherever it stands, in page order.
type segment struct {
	Block
	index  int        // among the page's
	node   *html.Node // the element it was found in
	linked int        // bytes of Text inside links
	chrome bool       // inside navigation, header, footer and the like
	level  int        // of a heading, 1 to 6
	measure
	region   *region // the block-level element around it
	strong   float64 // share of Text that is emphasised
	semantic bool    // inside what the markup calls the article or the main content
	quoted   bool    // inside a quotation
	formed   bool    // inside a form
	article  bool    // inside the region that holds most running text
}

var skipped = set(atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Iframe, atom.Object,
	atom.Embed, atom.Canvas, atom.Video, atom.Audio, atom.Button, atom.Select, atom.Input, atom.Textarea,
	atom.Head, atom.Map, atom.Rp, atom.Rt)

var blockLevel = set(atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Center, atom.Dd,
	atom.Details, atom.Dialog, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure,
	atom.Footer, atom.Form, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup,
	atom.Hr, atom.Html, atom.Legend, atom.Li, atom.Main, atom.Menu, atom.Nav, atom.Ol, atom.P, atom.Pre,
	atom.Section, atom.Summary, atom.Table, atom.Caption, atom.Tbody, atom.Td, atom.Tfoot, atom.Th,
	atom.Thead, atom.Tr, atom.Ul)

var headingLevel = map[atom.Atom]int{atom.H1: 1, atom.H2: 2, atom.H3: 3, atom.H4: 4, atom.H5: 5, atom.H6: 6}

// segment cuts the page's body into blocks.
func (p *page) segment() []segment {
	s := &segmenter{known: map[string]hint{}}
	s.walk(p.body, state{kind: Paragraph, node: p.body, region: &region{node: p.body}})
	s.flush()
	return s.segments
}

// state is what an element passes on to its children.
type state struct {
	kind   string
	level  int
	node   *html.Node
	linked bool
	chrome bool

	region   *region
	semantic bool
	quoted   bool
	formed   bool
	strong   bool
}

type segmenter struct {
	strong   int
	known    map[string]hint
	segments []segment
	text     strings.Builder
	linked   int
	at       state // of the text collected so far
}

func (s *segmenter) walk(n *html.Node, at state) {
	switch {
	case n.Type == html.TextNode:
		s.write(n.Data, at)
		return
	case n.Type == html.ElementNode && (skipped[n.DataAtom] || hidden(n)):
		return
	case n.DataAtom == atom.Br:
		s.lineBreak(at)
		return
	case n.DataAtom == atom.Table && isDataTable(n):
		s.flush()
		s.table(n, at)
		return
	case n.DataAtom == atom.A && hasAttr(n, "href"):
		at.linked = true
	}
	switch n.DataAtom {
	case atom.B, atom.Strong, atom.I, atom.Em, atom.Small:
		at.strong = true
	}
	at.chrome = at.chrome || isChrome(n)
	block := blockLevel[n.DataAtom]
	if block {
		s.flush()
		at = s.enter(n, at)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.walk(c, at)
	}
	if block {
		s.flush()
	}
}

// enter is the state inside a block-level element.
func (s *segmenter) enter(n *html.Node, at state) state {
	at.node = n
	at.region = &region{parent: at.region, node: n, hints: hintsOf(n, s.known), depth: at.region.depth + 1, label: labelOf(n)}
	switch n.DataAtom {
	case atom.Article, atom.Main:
		at.semantic = true
	case atom.Blockquote:
		at.quoted = true
	case atom.Form:
		at.formed = true
	}
	if attr(n, "itemprop") == "articleBody" || attr(n, "role") == "main" {
		at.semantic = true
	}
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		at.kind, at.level = Heading, headingLevel[n.DataAtom]
	case atom.Li, atom.Dt, atom.Dd:
		at.kind = ListItem
	case atom.Figcaption, atom.Caption:
		at.kind = Caption
	case atom.Pre:
		at.kind = Code
	case atom.Blockquote, atom.Table, atom.Article, atom.Section:
		at.kind = Paragraph
	default:
		switch {
		case isCaption(n):
			at.kind = Caption
		case hasToken(n, "class", "title") && n.DataAtom == atom.P: // DocBook
			at.kind, at.level = Heading, 6
		case hasToken(n, "role", "heading"):
			at.kind, at.level = Heading, 6
		}
	}
	return at
}

func (s *segmenter) write(text string, at state) {
	if s.text.Len() == 0 {
		if strings.TrimSpace(text) == "" {
			return
		}
		s.at = at
	}
	if at.linked {
		s.linked += len(strings.TrimSpace(text))
	}
	if at.strong {
		s.strong += len(strings.TrimSpace(text))
	}
	if s.at.kind != Code {
		text = strings.Map(func(r rune) rune { // a line break is only what br makes
			if unicode.IsSpace(r) {
				return ' '
			}
			return r
		}, text)
	}
	s.text.WriteString(text)
}

// lineBreak ends a line; an empty line ends the block.
func (s *segmenter) lineBreak(at state) {
	if s.at.kind != Code && strings.HasSuffix(strings.TrimRight(s.text.String(), " "), "\n") {
		s.flush()
		return
	}
	if s.text.Len() > 0 {
		s.text.WriteByte('\n')
	}
}

func (s *segmenter) flush() {
	text := s.text.String()
	s.text.Reset()
	linked := s.linked
	strong := s.strong
	s.linked, s.strong = 0, 0
	if s.at.kind == Code {
		text = strings.Trim(text, "\r\n")
	} else {
		text = lines(text)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	s.add(text, linked, s.at)
	s.segments[len(s.segments)-1].strong = min(1, float64(strong)/float64(len(text)))
}

func (s *segmenter) add(text string, linked int, at state) {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	text = strings.ReplaceAll(text, "\x00", "")
	s.segments = append(s.segments, segment{
		Block: Block{Kind: at.kind, Text: text}, index: len(s.segments), node: at.node,
		linked: min(linked, len(text)), chrome: at.chrome, level: at.level,
		measure: measureText(text), region: at.region, semantic: at.semantic, quoted: at.quoted, formed: at.formed,
	})
}

// labelOf is a hash of an element's tag and class.
func labelOf(n *html.Node) uint64 {
	h := fnv.New64a()
	for _, part := range []string{n.Data, attr(n, "class")} {
		_, _ = h.Write([]byte(part)) // it cannot fail
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// lines collapses white space but keeps line breaks.
func lines(text string) string {
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = collapse(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// hidden says whether an element is not shown.
func hidden(n *html.Node) bool {
	if hasAttr(n, "hidden") || attr(n, "aria-hidden") == "true" && n.DataAtom != atom.Body {
		return true
	}
	for class := range strings.FieldsSeq(attr(n, "class")) {
		if unseen(class) {
			return true
		}
	}
	style := attr(n, "style")
	if style == "" {
		return false
	}
	style = strings.ToLower(strings.ReplaceAll(style, " ", ""))
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// unseen says whether a class names what is read out but not shown, or a card
// that opens over a word.
func unseen(class string) bool {
	switch class = strings.ToLower(class); class {
	case "sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screenreader", "assistive-text", "element-invisible",
		"tooltip", "tooltiptext", "tooltip-content", "popover", "hovercard":
		return true
	}
	return strings.HasPrefix(class, "rollover-") && strings.HasSuffix(class, "block")
}

// isChrome says whether an element holds what surrounds the content of many
// pages of a site, going by what its markup states.
func isChrome(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Nav, atom.Footer, atom.Aside:
		return true
	case atom.Header: // of the page, not of an article or section
		for a := range n.Ancestors() {
			switch a.DataAtom {
			case atom.Article, atom.Main, atom.Section:
				return false
			}
		}
		return true
	}
	switch strings.ToLower(attr(n, "role")) {
	case "navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog":
		return true
	}
	switch n.DataAtom {
	case atom.Body, atom.Html, atom.Main: // WordPress: <main id="wp--skip-link--target">
		return false
	}
	for _, word := range names(n) {
		if chromeNames[word] {
			return true
		}
	}
	return false
}

// names are the words of an element's id and classes: `docNav_top` gives
// docnav and top.
func names(n *html.Node) []string {
	s := attr(n, "class") + " " + attr(n, "id")
	if len(s) > 500 {
		s = s[:500]
	}
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r == ' ' || r == '-' || r == '_' || r == '\n' || r == '\t'
	})
}

var chromeNames = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`nav navbar navigation navheader navfooter docnav menu menubar breadcrumb
		breadcrumbs footer masthead banner cookie cookies consent gdpr newsletter subscribe social share sharing
		sharedaddy pager pagination paginator related recommended comments comment disqus sponsor sponsored
		advert adverts advertisement ads promo skip jump noprint toolbar popup modal signup sphinxsidebar rst-versions`) {
		m[w] = true
	}
	return m
}()
