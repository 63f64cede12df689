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

// mainContent chooses the segments of the main content, in page order.
//
// go-trafilatura says which text is content; the structure is the page's own,
// since trafilatura loses captions, headings and tables on the way. Where it
// keeps much less than the page plainly holds (documentation, lists, tables),
// all that is not navigation is content.
func (p *page) mainContent(ctx context.Context, segments []segment) ([]segment, error) {
	plain := plainContent(segments)
	chosen, err := p.trafilatura(ctx, segments)
	if err != nil {
		return nil, err
	}
	if p.isDocumentation() || size(chosen) < size(plain)/3 {
		return plain, nil
	}
	return chosen, nil
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

// Matching segments with the extractor's text.
const (
	longKey   = 32      // bytes of letters that make a match no accident
	near      = 200     // bytes that may be skipped before a short match
	window    = 1 << 16 // bytes searched first for a long match
	maxFinds  = 5000    // searches of the whole text
	ignorable = 3       // shares of a key: prefix or suffix of one third must match
)

// match keeps the segments whose letters stand in text, in order.
func match(segments []segment, text string) []segment {
	text = letters(text)
	var kept []segment
	at, finds := 0, 0
	for _, s := range segments {
		key := letters(s.Text)
		if key == "" {
			continue
		}
		if len(key) < longKey {
			if i := strings.Index(text[at:min(len(text), at+near+len(key))], key); i >= 0 {
				at += i + len(key)
				kept = append(kept, s)
			}
			continue
		}
		if i := strings.Index(text[at:min(len(text), at+window)], key); i >= 0 {
			at += i + len(key)
			kept = append(kept, s)
			continue
		}
		if finds++; finds > maxFinds {
			continue
		}
		// The extractor may have moved it, or dropped a part of it.
		part := max(longKey, len(key)/ignorable)
		if i := strings.Index(text[at:], key[:part]); i >= 0 {
			at += i + part
			kept = append(kept, s)
		} else if i := strings.Index(text[at:], key[len(key)-part:]); i >= 0 {
			at += i + part
			kept = append(kept, s)
		} else if strings.Contains(text, key) {
			kept = append(kept, s)
		}
	}
	return kept
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
		if s.chrome || 2*s.linked > len(s.Text) && s.Kind != Heading && s.Kind != Caption {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

// size is the number of bytes of text.
func size(segments []segment) int {
	n := 0
	for _, s := range segments {
		n += len(s.Text)
	}
	return n
}

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
