package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/html"
)

// siteCodes are the translations on the site, by the code of the "UDHR in
// Unicode" project. One translation a language: an alternate link names a
// language, so two of one language could not be told apart.
var siteCodes = strings.Fields(`
	eng fra spa por_PT arb
	aka_asante amh bam ewe fuf_adlm gax hau_NG ibo kin lin lug nya_chinyanja
	plt run sna som sot swh tir tsn wol xho yor zul
	ben hin ind mya nep pbu pes_2 tgl urd kmr ckb
	hat_kreyol tpi`)

// A declaration is one translation of the Universal Declaration of Human Rights.
type declaration struct {
	code      string // of the UDHR in Unicode project: hau_NG
	tag       string // BCP 47: ha-NG
	iso       string // ISO 639-3: hau
	direction string // ltr or rtl
	title     string
	preamble  section // empty where the translation has none
	articles  []section
}

// A section is a heading and its paragraphs.
type section struct {
	heading    string
	paragraphs []string
}

func readDeclarations(folder string, codes []string) ([]declaration, error) {
	var all []declaration
	for _, code := range codes {
		d, err := readDeclaration(filepath.Join(folder, "declaration", code+".html"))
		if err != nil {
			return nil, fmt.Errorf("read the declaration %s: %w", code, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func readDeclaration(path string) (declaration, error) {
	f, err := os.Open(path)
	if err != nil {
		return declaration{}, err
	}
	defer f.Close()
	root, err := html.Parse(f)
	if err != nil {
		return declaration{}, err
	}
	var d declaration
	var current *section
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html":
			d.code, d.iso = attribute(n, "data-code"), attribute(n, "data-iso6393")
			d.tag, d.direction = attribute(n, "lang"), attribute(n, "dir")
		case "h1":
			d.title = text(n)
		case "header":
			current = &d.preamble
		case "article":
			d.articles = append(d.articles, section{})
			current = &d.articles[len(d.articles)-1]
		case "h2":
			if current != nil {
				current.heading = text(n)
			}
		case "p":
			if s := text(n); current != nil && s != "" {
				current.paragraphs = append(current.paragraphs, s)
			}
		}
	}
	if d.title == "" || len(d.articles) < 25 {
		return d, fmt.Errorf("%d articles under %q, not a whole declaration", len(d.articles), d.title)
	}
	return d, nil
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// text is the text below n with single spaces.
func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
