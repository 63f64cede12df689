package html

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hint is a set of what the names of an element (classes, id, role, the tag
// itself) say about its content.
type hint uint32

const (
	hintArticle hint = 1 << iota
	hintBody
	hintComment
	hintRelated
	hintShare
	hintByline
	hintTime
	hintTags
	hintNav
	hintAdvert
	hintSide
	hintFoot
	hintHead
	hintForm
	hintCaption
	hintMedia
	hintHidden
	hintTitle
	hintSummary
	hintQuote
	hintWidget
	hintList
	hints = iota
)

var hintNames = [hints]string{"article", "body", "comment", "related", "share", "byline", "time", "tags", "nav", "advert", "side",
	"foot", "head", "form", "caption", "media", "hidden", "title", "summary", "quote", "widget", "list"}

// hintWords are the words of class names and ids that web pages of all
// languages share, since programs make them. A longer word counts when it
// holds one of at least five letters: `articlebody`, `relatedposts`.
var hintWords = func() map[string]hint {
	m := map[string]hint{}
	for h, words := range map[hint]string{
		hintArticle: `article post entry story hentry main news blog`,
		hintBody:    `body content text copy prose rte richtext wysiwyg description articlebody`,
		hintComment: `comment comments commentlist respond reply replies discussion disqus thread responses livefyre`,
		hintRelated: `related recommended recommend recommendations recommendation more trending popular latest teaser teasers readmore
			recirc recirculation outbrain taboola upnext similar also suggested next previous prev featured mostread trc zergnet promo promos promoted headlines`,
		hintShare:  `share sharing shares social sharedaddy addthis addtoany sociable follow facebook twitter linkedin whatsapp pinterest jp-relatedposts print email`,
		hintByline: `byline author authors bio vcard writer contributor profile avatar`,
		hintTime:   `date time dateline timestamp published pubdate posted updated meta metadata info details`,
		hintTags:   `tag tags tagged topics categories category keywords cat terms kicker labels`,
		hintNav: `nav navbar navigation menu menubar breadcrumb breadcrumbs pager pagination paging skip sitemap navi toc jump
			dropdown megamenu submenu tabs tablist`,
		hintAdvert: `ad ads advert advertisement advertising adsense sponsor sponsored dfp banner leaderboard mpu commercial affiliate`,
		hintSide:   `sidebar side aside rail right left secondary column complementary`,
		hintFoot:   `footer foot bottom colophon copyright legal disclaimer contentinfo credits`,
		hintHead:   `header head masthead top topbar hero branding site`,
		hintForm: `newsletter subscribe subscription signup signin login paywall modal popup overlay cookie cookies consent gdpr form search register
			dialog optin regwall donate donation`,
		hintCaption: `caption credit credits captions legend figcaption attribution source`,
		hintMedia:   `gallery slideshow slide carousel slider video player image photo figure embed media picture img audio thumb thumbnail`,
		hintHidden:  `hide hidden sr-only invisible visuallyhidden offscreen noprint screenreader`,
		hintTitle:   `title headline heading subject name`,
		hintSummary: `summary standfirst dek lead lede excerpt intro subtitle subhead subheadline teasertext abstract`,
		hintQuote:   `quote tweet twitter-tweet instagram pullquote blockquote`,
		hintWidget:  `widget module box block card panel component item list listing grid toolbar tools tool button btn cta actions rating vote poll`,
		hintList:    `list items listing feed archive stream index river`,
	} {
		for word := range strings.FieldsSeq(words) {
			m[word] |= h
		}
	}
	return m
}()

var hintStems = func() []string {
	var stems []string
	for word := range hintWords {
		if len(word) >= 5 {
			stems = append(stems, word)
		}
	}
	slices.Sort(stems)
	return stems
}()

// hintsOf reads the names of an element. Known remembers what names of this
// page meant, since pages repeat them.
func hintsOf(n *html.Node, known map[string]hint) hint {
	var h hint
	switch n.DataAtom {
	case atom.Article:
		h |= hintArticle
	case atom.Nav:
		h |= hintNav
	case atom.Footer:
		h |= hintFoot
	case atom.Header:
		h |= hintHead
	case atom.Aside:
		h |= hintSide
	case atom.Form, atom.Dialog:
		h |= hintForm
	case atom.Figcaption:
		h |= hintCaption
	case atom.Figure:
		h |= hintMedia
	case atom.Time:
		h |= hintTime
	case atom.Blockquote:
		h |= hintQuote
	case atom.Body, atom.Html:
		return 0 // their classes speak of the page
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "class", "id", "itemprop", "role", "data-component", "data-module":
			g, ok := known[a.Val]
			if !ok {
				g = hintsIn(a.Val)
				known[a.Val] = g
			}
			h |= g
		}
	}
	return h
}

// hintsIn reads the words of a class or id attribute.
func hintsIn(names string) hint {
	if len(names) > 300 {
		names = names[:300]
	}
	var h hint
	for word := range strings.FieldsFuncSeq(camel(names), func(r rune) bool { return !unicode.IsLetter(r) }) {
		word = strings.ToLower(word)
		g, ok := hintWords[word]
		if !ok && len(word) > 5 {
			for _, stem := range hintStems {
				if strings.Contains(word, stem) {
					g |= hintWords[stem]
				}
			}
		}
		h |= g
	}
	return h
}

// camel parts the words of `articleBody`.
func camel(s string) string {
	var b strings.Builder
	lower := false
	for _, r := range s {
		upper := unicode.IsUpper(r)
		if upper && lower {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	return b.String()
}
