// Package html takes the main content out of a web page: its text as blocks
// in reading order, its figures with what may be their captions, and what the
// page states about its language, translations and licence.
//
//	article, err := html.Extract(ctx, data, html.Options{URL: "https://example.org/report"})
//	fmt.Println(article.Title)
//	fmt.Println(article.Text())
//	for _, f := range article.Figures {
//		fmt.Println(f.URL, f.Captions)
//	}
//
// The input may be anything: it is capped in size, depth and number of nodes.
//
// # What is main content
//
// A page is parsed once and cut into blocks: headings, paragraphs, list items,
// tables, captions. Two logistic regressions then tell content from what
// surrounds it (model.go, weights.tsv). The first sees one block: how long it
// is, how much of it are links, its stops and commas (text and link density,
// [boilerpipe]), what the names of the elements around it say ([readability]),
// how much running text those hold, and its two neighbours on each side. The
// second sees what the first thought of the block, of three neighbours on each
// side, and of all blocks that the same template made ([jusText] looks at
// neighbours, too), so that a short line among the paragraphs of an article is
// kept and a long teaser beside it is not. No feature needs to know the
// language but the phrases of phrases.tsv, which help where they match. Lists of
// facts, teasers side by side and comments are no content, whatever the models
// say (surroundings.go). Running
// text, tables and code that nothing speaks against are kept unless the model is
// sure, and so are the headings above what is kept. Where
// much less is left than the page plainly holds, and on pages of documentation
// generators, all that is not navigation is content, as [trafilatura] falls back
// on a baseline.
//
// [boilerpipe]: https://doi.org/10.1145/1718487.1718542 (Kohlschütter, Fankhauser, Nejdl: Boilerplate Detection using Shallow Text Features, 2010)
// [jusText]: https://is.muni.cz/th/45523/fi_d/phdthesis.pdf (Pomikálek: Removing Boilerplate and Duplicate Content from Web Corpora, 2011)
// [readability]: https://github.com/mozilla/readability
// [trafilatura]: https://doi.org/10.18653/v1/2021.acl-demo.15 (Barbaresi, 2021)
package html

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Kinds of a Block.
const (
	Paragraph = "paragraph"
	Heading   = "heading"
	ListItem  = "list_item"
	Table     = "table"
	Caption   = "caption"
	Code      = "code"
)

// Origins of a caption candidate.
const (
	FromFigcaption = "figcaption" // a figcaption or what the markup names as the figure's caption
	FromAlt        = "alt"
	FromTitle      = "title"
	FromNearby     = "nearby" // a short text beside the picture that reads as a caption
)

// Limits of what is read of a page.
const (
	MaxBytes  = 32 << 20 // larger pages give ErrTooLarge
	maxTags   = 400_000  // the rest of a page with more is not read
	maxParsed = 512      // open elements that the parser allows
)

// ErrTooLarge says that a page is larger than MaxBytes.
var ErrTooLarge = errors.New("page is too large")

// Options says where a page came from.
type Options struct {
	URL         string // absolute address of the page, the base of its links; "" if unknown
	ContentType string // value of the HTTP header, for its charset; "" if unknown
}

// Article is what Extract finds in a page.
type Article struct {
	Title           string
	Author          string // as the page names it, several joined by `, `; "" if it does not
	Date            string // of publication, as the page states it: RFC 3339 or a part of it such as 2024-05-01; "" if it does not
	Blocks          []Block
	Languages       []string // BCP 47 tags as the page declares them, most specific declaration first
	Alternates      []Alternate
	License         string // address or SPDX id; "" if none is stated
	LicenseEvidence string // where it was stated, such as `link rel=license`
	Figures         []Figure
	Links           []string // absolute http(s) and file addresses without fragments, in page order, each once
	Canonical       string   // absolute address of link rel=canonical; "" if none
	NoIndex         bool     // the page asks robots not to take it (noindex, noai)
	NoFollow        bool     // the page asks robots not to follow its links
}

// Block is a run of text that belongs together.
type Block struct {
	Kind string // one of the constants above
	Text string // of a table: rows by \n, cells by \t
}

// Alternate is a declared translation of the page, or the page itself.
type Alternate struct {
	Language string // BCP 47 tag or `x-default`, as stated
	URL      string // absolute
}

// Figure is a picture of the main content.
type Figure struct {
	URL           string // absolute; "" when the page holds the bytes itself
	Data          []byte // bytes of a data URI
	MediaType     string // of Data
	Captions      []CaptionCandidate
	Width, Height int // pixels as the page states them, 0 if it does not
}

// CaptionCandidate is a text that may be a figure's caption.
type CaptionCandidate struct {
	Text   string
	Origin string // one of the constants above
}

// Text joins the blocks by blank lines.
func (a *Article) Text() string {
	var b strings.Builder
	for i, block := range a.Blocks {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(block.Text)
	}
	return b.String()
}

// Extract reads a page. The same bytes give the same article. A page without
// text gives an Article without blocks, not an error.
func Extract(ctx context.Context, data []byte, o Options) (*Article, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%d bytes: %w", len(data), ErrTooLarge)
	}
	p, err := newPage(data, o)
	if err != nil {
		return nil, err
	}
	article := &Article{}
	p.metadata(article)
	segments := p.segment()
	p.statedLicense(article, segments)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	article.Title = p.title(segments)
	p.publication(article)
	content := p.mainContent(segments, article.Title)
	article.Blocks = blocksOf(content)
	article.Figures = p.figures(segments, content, article.Title)
	article.Links = p.links()
	return article, nil
}

// resolve makes an address of the page absolute; "" if it is not one that can
// be fetched.
func (p *page) resolve(ref string) string {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return ""
	}
	u, err := p.base.Parse(strings.ReplaceAll(ref, " ", "%20"))
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "file":
	default:
		return ""
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

func parseBase(address string) *url.URL {
	if u, err := url.Parse(address); err == nil {
		return u
	}
	return &url.URL{}
}
