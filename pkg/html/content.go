package html

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/markusmobius/go-trafilatura"
	"golang.org/x/net/html"
)

// maxArticle is the size of a page, in bytes of markup, beyond which it is
// read whole: no article is so long, and go-trafilatura, which cannot be
// interrupted, takes minutes for some.
const maxArticle = 6 << 20

// mainContent chooses the segments of the main content, in page order.
//
// go-trafilatura says which text is content; the structure is the page's own,
// since trafilatura loses captions, headings and tables on the way. Where it
// keeps much less than the page plainly holds (documentation, lists, tables),
// all that is not navigation is content.
func (p *page) mainContent(ctx context.Context, segments []segment) ([]segment, error) {
	plain := plainContent(segments)
	if p.isDocumentation() || len(p.text) > maxArticle {
		return plain, nil
	}
	chosen, err := p.trafilatura(ctx, segments)
	if err != nil {
		return nil, err
	}
	if 5*prose(chosen) < 2*prose(plain) {
		return plain, nil
	}
	return complete(segments, chosen), nil
}

// complete adds to the chosen segments what belongs to them: running text of
// the same element, which the extractor loses on pages without paragraphs, and the captions of their tables.
func complete(segments, chosen []segment) []segment {
	kept := map[int]bool{}
	inside := map[*html.Node]bool{}
	for _, s := range chosen {
		kept[s.index] = true
		if isProse(s) && !s.chrome {
			inside[s.node] = true
		}
	}
	var out []segment
	for i, s := range segments {
		switch {
		case kept[i]:
		case s.Kind == Caption && i+1 < len(segments) && segments[i+1].Kind == Table && kept[i+1]:
		case isProse(s) && !s.chrome && 4*s.linked < len(s.Text) && inside[s.node]:
		default:
			continue
		}
		out = append(out, s)
	}
	return out
}

// trafilatura are the segments that go-trafilatura keeps.
func (p *page) trafilatura(ctx context.Context, segments []segment) ([]segment, error) {
	type outcome struct {
		text string
		err  error
	}
	done := make(chan outcome, 1)
	go func() { // it cannot be interrupted, only left behind
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{err: fmt.Errorf("find main content: %v", r)}
			}
		}()
		// It changes the tree, so it gets its own.
		root, err := html.Parse(bytes.NewReader(p.text))
		if err != nil {
			done <- outcome{}
			return
		}
		result, err := trafilatura.ExtractDocument(root, trafilatura.Options{
			OriginalURL:     p.base,
			EnableFallback:  true,
			ExcludeComments: true,
			HtmlDateMode:    trafilatura.Disabled,
		})
		if err != nil { // it found nothing
			done <- outcome{}
			return
		}
		done <- outcome{text: result.ContentText}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("find main content: %w", ctx.Err())
	case o := <-done:
		if o.err != nil {
			return nil, o.err
		}
		return match(segments, o.text), nil
	}
}

// letters are the letters, marks and digits of a text.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, s)
}

// plainContent is what is not navigation by its markup or by its share of
// links.
func plainContent(segments []segment) []segment {
	var kept []segment
	for _, s := range segments {
		if s.chrome || 2*s.linked > len(s.Text) && s.Kind != Caption {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// prose is the number of bytes in running text, tables and code, which
// teasers and menus have little of.
func prose(segments []segment) int {
	n := 0
	for _, s := range segments {
		if isProse(s) {
			n += len(s.Text)
		}
	}
	return n
}

func isProse(s segment) bool { return len(s.Text) >= 100 || s.Kind == Table || s.Kind == Code }

func blocksOf(segments []segment) []Block {
	blocks := make([]Block, 0, len(segments))
	for _, s := range segments {
		blocks = append(blocks, s.Block)
	}
	return blocks
}

// isDocumentation says whether the page was made by a documentation
// generator: all of it is content but for the navigation bars.
func (p *page) isDocumentation() bool {
	for n := range p.head.Descendants() {
		if n.Data == "meta" && strings.EqualFold(attr(n, "name"), "generator") {
			content := strings.ToLower(attr(n, "content"))
			for _, g := range []string{"publican", "docbook", "sphinx", "mkdocs", "docutils", "doxygen", "texinfo", "makeinfo", "asciidoc", "docusaurus", "pandoc", "latex2html", "mdbook", "antora"} {
				if strings.Contains(content, g) {
					return true
				}
			}
		}
	}
	return false
}
