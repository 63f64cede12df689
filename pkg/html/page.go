package html

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// page is a parsed page.
type page struct {
	base *url.URL // what relative addresses are relative to
	root *html.Node
	head *html.Node
	body *html.Node
	text []byte // the page in UTF-8, as it was parsed

	licensed int // strength of the licence statement found so far
}

func newPage(data []byte, o Options) (*page, error) {
	text := decode(data, o.ContentType)
	if cut := tagLimit(text, maxTags); cut < len(text) {
		text = text[:cut]
	}
	var root *html.Node
	var err error
	for _, depth := range []int{maxParsed, 100, 20, 0} {
		if depth < maxParsed { // the parser refused the page
			text = flatten(text, depth)
		}
		// Without scripting, what stands in noscript is parsed: lazy-loading
		// pages keep their real pictures there.
		root, err = html.ParseWithOptions(bytes.NewReader(text), html.ParseOptionEnableScripting(false))
		if err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("parse HTML: %w", err)
	}
	p := &page{base: parseBase(o.URL), root: root, text: text}
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Head:
			if p.head == nil {
				p.head = n
			}
		case atom.Body:
			if p.body == nil {
				p.body = n
			}
		}
	}
	if p.body == nil { // a frameset
		p.body = root
	}
	if p.head == nil {
		p.head = root
	}
	for n := range p.head.Descendants() {
		if n.DataAtom == atom.Base && attr(n, "href") != "" {
			if u, err := p.base.Parse(attr(n, "href")); err == nil {
				p.base = u
			}
			break
		}
	}
	return p, nil
}

// decode turns a page into UTF-8: by byte order mark, the header, a meta
// element, or by trying, in that order (HTML standard, "determining the
// character encoding"). But what reads as UTF-8 beyond ASCII is UTF-8, whatever
// a server's default header says.
func decode(data []byte, contentType string) []byte {
	if utf8.Valid(data) && bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	}
	encoding, name, _ := charset.DetermineEncoding(data, contentType)
	if name == "utf-8" {
		return bytes.ToValidUTF8(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), []byte("\uFFFD"))
	}
	text, err := encoding.NewDecoder().Bytes(data)
	if err != nil {
		return bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	return bytes.TrimPrefix(text, []byte("\ufeff"))
}

// WithCharset returns a page that means the same without the HTTP header it
// came with: its own bytes, or, where only the header says how to read them,
// the page in UTF-8 with a byte order mark. Whoever stores a page and forgets
// the header wants this.
func WithCharset(data []byte, contentType string) []byte {
	text := decode(data, contentType)
	if bytes.Equal(text, decode(data, "")) {
		return data
	}
	return append([]byte("\xef\xbb\xbf"), text...)
}

// tagLimit is the place in a page after its nth tag, or its end.
func tagLimit(text []byte, n int) int {
	for i := 0; i < len(text); n-- {
		j := bytes.IndexByte(text[i:], '<')
		if j < 0 {
			break
		}
		if n == 0 {
			return i + j
		}
		i += j + 1
	}
	return len(text)
}

// flatten drops the tags of elements nested deeper than depth: the parser
// refuses pages that keep more than 512 elements open. What an element holds
// stays.
func flatten(text []byte, depth int) []byte {
	var out bytes.Buffer
	tokens := html.NewTokenizer(bytes.NewReader(text))
	open, dropped := 0, 0
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return out.Bytes()
		}
		start := out.Len()
		out.Write(tokens.Raw()) // before TagName, which changes these bytes
		if kind != html.StartTagToken && kind != html.EndTagToken {
			continue
		}
		name, _ := tokens.TagName()
		switch {
		case uncounted[atom.Lookup(name)]:
		case kind == html.StartTagToken && open >= depth:
			dropped++
			out.Truncate(start)
		case kind == html.StartTagToken:
			open++
		case dropped > 0:
			dropped--
			out.Truncate(start)
		default:
			open = max(0, open-1)
		}
	}
}

// uncounted are the elements without an end tag and those whose end tag is
// often left out: a long list of them is not deep.
var uncounted = set(atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input,
	atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr,
	atom.P, atom.Li, atom.Dt, atom.Dd, atom.Tr, atom.Td, atom.Th, atom.Thead, atom.Tbody, atom.Tfoot,
	atom.Colgroup, atom.Option, atom.Optgroup, atom.Rt, atom.Rp, atom.Html, atom.Head, atom.Body)

func set(atoms ...atom.Atom) map[atom.Atom]bool {
	m := make(map[atom.Atom]bool, len(atoms))
	for _, a := range atoms {
		m[a] = true
	}
	return m
}

// attr returns an attribute's value without surrounding space.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// hasToken says whether a space-separated attribute holds a word, ignoring
// case.
func hasToken(n *html.Node, name, word string) bool {
	for _, f := range strings.Fields(attr(n, name)) {
		if strings.EqualFold(f, word) {
			return true
		}
	}
	return false
}

// textOf is the visible text of a node with white space collapsed.
func textOf(n *html.Node) string {
	var b strings.Builder
	writeText(&b, n)
	return collapse(b.String())
}

func writeText(b *strings.Builder, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		b.WriteString(n.Data)
	case n.Type == html.ElementNode && (skipped[n.DataAtom] || hidden(n)):
		return
	case n.DataAtom == atom.Br || blockLevel[n.DataAtom]:
		b.WriteByte(' ')
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		writeText(b, c)
	}
	if blockLevel[n.DataAtom] {
		b.WriteByte(' ')
	}
}

// collapse replaces runs of white space by one space and drops soft hyphens,
// which are no part of a word.
func collapse(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00ad", "")), " ")
}
