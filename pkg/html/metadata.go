package html

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A language tag in the looser forms that pages use: en, pt_BR, zh-Hans-CN.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$`)

// metadata reads what the page states about itself.
func (p *page) metadata(a *Article) {
	language := func(tag string) {
		tag = strings.ReplaceAll(strings.TrimSpace(tag), "_", "-")
		if languageTag.MatchString(tag) && !slices.ContainsFunc(a.Languages, func(l string) bool { return strings.EqualFold(l, tag) }) {
			a.Languages = append(a.Languages, tag)
		}
	}
	for n := range p.root.ChildNodes() {
		if n.DataAtom == atom.Html {
			language(attr(n, "lang"))
			language(attr(n, "xml:lang"))
		}
	}
	language(attr(p.body, "lang"))
	seen := map[Alternate]bool{}
	for n := range p.root.Descendants() {
		switch n.DataAtom {
		case atom.Meta:
			p.meta(n, a, language)
		case atom.Link:
			switch {
			case hasToken(n, "rel", "alternate") && attr(n, "hreflang") != "":
				alt := Alternate{attr(n, "hreflang"), p.resolve(attr(n, "href"))}
				if alt.URL != "" && !seen[alt] {
					seen[alt] = true
					a.Alternates = append(a.Alternates, alt)
				}
			case hasToken(n, "rel", "canonical") && a.Canonical == "":
				a.Canonical = p.resolve(attr(n, "href"))
			case hasToken(n, "rel", "license") || hasToken(n, "rel", "dcterms.license"):
				p.license(a, p.resolve(attr(n, "href")), "link rel=license", licenseRelation)
			}
		case atom.A:
			if !hasAttr(n, "href") {
				continue
			}
			href := p.resolve(attr(n, "href"))
			if hasToken(n, "rel", "license") {
				p.license(a, href, "a rel=license", licenseRelation)
			} else if isCreativeCommons(href) {
				p.license(a, href, "link to "+href, licenseLink)
			}
		}
	}
}

func (p *page) meta(n *html.Node, a *Article, language func(string)) {
	content := attr(n, "content")
	name := strings.ToLower(attr(n, "name") + attr(n, "property") + attr(n, "http-equiv") + attr(n, "itemprop"))
	switch name {
	case "og:locale", "content-language", "language", "dc.language", "dcterms.language", "inlanguage":
		for tag := range strings.SplitSeq(content, ",") {
			language(tag)
		}
	case "dcterms.license", "dc.rights.license", "license", "dcterms.rights", "dc.rights", "copyright", "rights":
		if license := licenseIn(content); license != "" {
			p.license(a, license, "meta "+name, licenseMeta)
		} else if name == "dcterms.license" || name == "license" {
			p.license(a, content, "meta "+name, licenseMeta)
		}
	case "robots":
		noIndex, noFollow := Directives(content)
		a.NoIndex, a.NoFollow = a.NoIndex || noIndex, a.NoFollow || noFollow
	}
}

// Directives reads what a robots meta element or an X-Robots-Tag header asks
// for: not to take the page (noindex, and noai, which asks not to train on
// it), and not to follow its links. Directives for other crawlers, such as
// `googlebot: noindex`, are not ours.
func Directives(content string) (noIndex, noFollow bool) {
	for word := range strings.SplitSeq(strings.ToLower(content), ",") {
		switch strings.TrimSpace(word) {
		case "noindex", "noai":
			noIndex = true
		case "nofollow":
			noFollow = true
		case "none":
			noIndex, noFollow = true, true
		}
	}
	return noIndex, noFollow
}

// How a licence may be stated, the strongest way last.
const (
	licenseStatement = iota + 1 // in the text
	licenseLink                 // to a Creative Commons licence, by a hyperlink
	licenseMeta                 // in a meta element
	licenseRelation             // by rel=license
)

// license keeps the strongest statement, the first of equals.
func (p *page) license(a *Article, license, evidence string, strength int) {
	if license != "" && strength > p.licensed {
		a.License, a.LicenseEvidence, p.licensed = license, evidence, strength
	}
}

func isCreativeCommons(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.TrimPrefix(u.Hostname(), "www.")
	return host == "creativecommons.org" && (strings.HasPrefix(u.Path, "/licenses/") || strings.HasPrefix(u.Path, "/publicdomain/"))
}

var (
	licenseURL  = regexp.MustCompile(`https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/[A-Za-z0-9./+-]+`)
	licenseName = regexp.MustCompile(`\bCC[ -](BY(?:[ -](?:NC|SA|ND))*)(?:[ -](?:IGO[ -])?([1-4]\.[05]))?( IGO)?\b`)
	licenseZero = regexp.MustCompile(`\bCC0(?:[ -]1\.0)?\b`)
	copyright   = regexp.MustCompile(`(?i)©|\(c\)|copyright|licen[sc]|creative commons`)
)

// licenseIn finds the name or address of a Creative Commons licence in a
// sentence; "" if there is none.
func licenseIn(text string) string {
	if l := licenseURL.FindString(text); l != "" {
		return strings.TrimRight(l, ".")
	}
	if m := licenseName.FindStringSubmatch(text); m != nil {
		id := "CC-" + strings.ReplaceAll(m[1], " ", "-")
		if m[2] != "" { // without a version it is no SPDX id, but what the page says
			id += "-" + m[2]
		}
		if m[3] != "" {
			id += "-IGO"
		}
		return id
	}
	if licenseZero.MatchString(text) {
		return "CC0-1.0"
	}
	return ""
}

// statedLicense looks for a copyright statement that names a Creative Commons
// licence without linking to it.
func (p *page) statedLicense(a *Article, segments []segment) {
	for _, s := range segments {
		if len(s.Text) > 1000 || !strings.Contains(s.Text, "CC") && !strings.Contains(s.Text, "creativecommons") || !copyright.MatchString(s.Text) {
			continue
		}
		if license := licenseIn(s.Text); license != "" {
			evidence := s.Text
			if r := []rune(evidence); len(r) > 200 {
				evidence = string(r[:200]) + "…"
			}
			p.license(a, license, "statement: "+evidence, licenseStatement)
			return
		}
	}
}

// title is the page's own title: its first-level heading when the document
// title begins with it (which then adds the site's name), else the document
// title.
func (p *page) title(content []segment) string {
	var og, title string
	for n := range p.root.Descendants() {
		switch {
		case n.DataAtom == atom.Title && title == "" && n.Namespace == "":
			title = collapse(rawText(n))
		case n.DataAtom == atom.Meta && og == "" && attr(n, "property") == "og:title":
			og = collapse(attr(n, "content"))
		}
	}
	site := "" // a first-level heading that leads elsewhere: of the site, as a rule
	for _, s := range content {
		switch {
		case s.level == 0 || title != "" && !strings.Contains(title, s.Text):
		case s.level == 1 && (s.linkShare() < 0.9 || s.Text == title):
			return s.Text
		case s.level == 1 && site == "":
			site = s.Text
		case site != "" && s.level <= 4 && s.linkShare() < 0.9 && isPartOf(title, s.Text):
			return s.Text
		}
	}
	if site != "" {
		return site
	}
	if og != "" {
		return og
	}
	return title
}

// isPartOf tells whether a document title is a text and, before or after it,
// the site's name: `Site: Text`, `Text – Site`.
func isPartOf(title, text string) bool {
	rest, ok := strings.CutPrefix(title, text)
	if !ok {
		rest, ok = strings.CutSuffix(title, text)
	}
	return ok && strings.ContainsAny(rest, ":|-–—·»«/")
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// links are the addresses of the page's hyperlinks.
func (p *page) links() []string {
	var out []string
	seen := map[string]bool{}
	for n := range p.root.Descendants() {
		if n.DataAtom != atom.A && n.DataAtom != atom.Area && n.DataAtom != atom.Iframe && n.DataAtom != atom.Frame {
			continue
		}
		name := "href"
		if n.DataAtom == atom.Iframe || n.DataAtom == atom.Frame {
			name = "src"
		}
		if hasToken(n, "rel", "nofollow") {
			continue
		}
		if link := p.resolve(attr(n, name)); link != "" && !seen[link] {
			seen[link] = true
			out = append(out, link)
		}
	}
	return out
}
