package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"vislang/pkg/lang"
)

// declaration is one translation.
type declaration struct {
	code       string // of the file: `aka_asante`, `058`
	label      string
	paragraphs []paragraph
}

type paragraph struct {
	article int // 0 for the preamble
	text    string
}

// numbered is the file name of a translation that came without a code: often
// a dialect or an unsure language. It is used when its language has no other.
var numbered = regexp.MustCompile(`^\d+$`)

// unfit are translations that would teach something wrong.
var unfit = map[string]string{
	"032":              "named South Azerbaijani, is Turkish",
	"046":              "named Papuan Malay, is mostly Indonesian",
	"047":              "named Ambonese Malay, is mostly Indonesian",
	"ckb":              "named Central Kurdish, is the Northern Kurdish text",
	"kng":              "named Koongo, is the Kituba text; kng_AO is Koongo",
	"cmn_hans_beijing": "spoken Chinese of a city",
	"cmn_hans_guiyang": "spoken Chinese of a city",
	"cmn_hans_harbin":  "spoken Chinese of a city",
	"cmn_hans_nanjing": "spoken Chinese of a city",
	"cmn_hans_tianjin": "spoken Chinese of a city",
	"cjy":              "spoken Chinese, written much like Mandarin",
	"gan":              "spoken Chinese, written much like Mandarin",
	"hak":              "spoken Chinese, written much like Mandarin",
	"hsn":              "spoken Chinese, written much like Mandarin",
	"nan":              "spoken Chinese, written much like Mandarin",
	"wuu":              "spoken Chinese, written much like Mandarin",
}

// fewest is the number of letters below which a translation is a mere start.
const fewest = 1000

func (d *declaration) letters() (n int) {
	for _, p := range d.paragraphs {
		for _, r := range p.text {
			if unicode.IsLetter(r) {
				n++
			}
		}
	}
	return n
}

// readAll reads the translations in the order of their file names, without
// those of unknown language. All variants of one language and script count.
func readAll(folder string) ([]declaration, error) {
	files, err := filepath.Glob(filepath.Join(folder, "declaration", "*.html"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("read the declarations: no %s", filepath.Join(folder, "declaration", "*.html"))
	}
	slices.Sort(files)
	var all []declaration
	named := map[string]bool{}
	for _, file := range files {
		d, err := read(file)
		if err != nil {
			return nil, err
		}
		if unfit[d.code] != "" || strings.HasPrefix(d.label, "und_") || d.letters() < fewest {
			continue
		}
		all = append(all, d)
		if !numbered.MatchString(d.code) {
			named[d.label] = true
		}
	}
	return slices.DeleteFunc(all, func(d declaration) bool {
		return numbered.MatchString(d.code) && named[d.label]
	}), nil
}

// read reads one translation: `html[data-code][data-iso6393]` with `article`
// elements numbered from 1 and a `header` for the preamble, text in `p`.
func read(file string) (declaration, error) {
	f, err := os.Open(file)
	if err != nil {
		return declaration{}, err
	}
	defer f.Close()
	root, err := html.Parse(f)
	if err != nil {
		return declaration{}, fmt.Errorf("read the declaration %s: %w", file, err)
	}
	var d declaration
	iso := ""
	var all strings.Builder
	var walk func(n *html.Node, article int) error
	walk = func(n *html.Node, article int) error {
		if n.Type == html.ElementNode {
			switch n.Data {
			case "html":
				d.code, iso = attribute(n, "data-code"), attribute(n, "data-iso6393")
			case "article":
				if article, err = strconv.Atoi(attribute(n, "data-number")); err != nil {
					return fmt.Errorf("read the declaration %s: article number: %w", file, err)
				}
			case "p", "h1":
				text := strings.Join(strings.Fields(content(n)), " ")
				d.paragraphs = append(d.paragraphs, paragraph{article, text})
				all.WriteString(text + " ")
				return nil
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if err := walk(c, article); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root, 0); err != nil {
		return declaration{}, err
	}
	if d.code == "" || len(iso) != 3 {
		return declaration{}, fmt.Errorf("read the declaration %s: no language code", file)
	}
	d.label = iso + "_" + scriptOf(d.code, all.String())
	return d, nil
}

// scriptOf returns the script of a translation's text; for Chinese characters
// whether they are the simplified or the traditional ones.
func scriptOf(code, text string) string {
	script := lang.Script(text)
	if script != "Hani" || strings.HasPrefix(code, "vie") {
		return script
	}
	// Frequent characters of the declaration that differ.
	const simplified, traditional = "国权会为应个这进无对时", "國權會為應個這進無對時"
	s, t := 0, 0
	for _, r := range text {
		if strings.ContainsRune(simplified, r) {
			s++
		}
		if strings.ContainsRune(traditional, r) {
			t++
		}
	}
	if t > s {
		return "Hant"
	}
	return "Hans"
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(content(c))
	}
	return b.String()
}
