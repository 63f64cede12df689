package html

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Where a date and an author may be stated, the most telling first: what search
// engines read (schema.org in JSON-LD), meta elements, the markup of the text.
const (
	statedInData = iota
	statedInMeta
	statedInText
	statedNowhere
)

// isDate matches ISO 8601 dates with or without a time.
var isDate = regexp.MustCompile(`^(1[89]|20)\d\d-\d\d?-\d\d?([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$`)

// maxName is the size in bytes of the longest name of an author.
const maxName = 120

// publication finds when the page was published and who wrote it.
func (p *page) publication(a *Article) {
	date, author := statedNowhere, statedNowhere
	dated := func(value string, where int) {
		if value = strings.TrimSpace(value); where < date && isDate.MatchString(value) {
			a.Date, date = value, where
		}
	}
	written := func(value string, where int) {
		value = collapse(value)
		if where < author && value != "" && len(value) <= maxName && !strings.Contains(value, "://") {
			a.Author, author = value, where
		}
	}
	for n := range p.root.Descendants() {
		switch n.DataAtom {
		case atom.Meta:
			content := attr(n, "content")
			switch strings.ToLower(attr(n, "name") + attr(n, "property") + attr(n, "itemprop")) {
			case "article:published_time", "datepublished", "dc.date", "dc.date.issued", "dcterms.date", "dcterms.issued", "dcterms.created",
				"citation_publication_date", "date", "pubdate", "publishdate", "sailthru.date", "parsely-pub-date":
				dated(content, statedInMeta)
			case "author", "dc.creator", "dcterms.creator", "article:author", "citation_author", "parsely-author", "sailthru.author":
				written(content, statedInMeta)
			}
		case atom.Script:
			if strings.EqualFold(attr(n, "type"), "application/ld+json") {
				day, names := linkedData(rawText(n))
				dated(day, statedInData)
				written(strings.Join(names, ", "), statedInData)
			}
		case atom.Time:
			if hasAttr(n, "pubdate") || attr(n, "itemprop") == "datePublished" || date > statedInText && !inChrome(n) {
				dated(attr(n, "datetime"), statedInText)
			}
		case atom.Abbr:
			if hasToken(n, "class", "published") {
				dated(attr(n, "title"), statedInText)
			}
		}
		if n.Type == html.ElementNode && author > statedInText && namesAuthor(n) {
			written(textOf(nameWithin(n)), statedInText)
		}
	}
}

// namesAuthor says whether an element holds the author's name: by rel=author,
// as microdata, as a microformat (hCard, h-entry) or as WordPress marks it.
func namesAuthor(n *html.Node) bool {
	if hasToken(n, "rel", "author") {
		return n.DataAtom == atom.A
	}
	if attr(n, "itemprop") == "author" {
		return n.DataAtom != atom.Meta && n.DataAtom != atom.Link
	}
	card, author := false, false
	for class := range strings.FieldsSeq(attr(n, "class")) {
		switch class {
		case "vcard", "h-card":
			card = true
		case "author", "post-author", "entry-author", "byline":
			author = true
		case "p-author", "wp-block-post-author-name", "wp-block-post-author__name":
			card, author = true, true
		}
	}
	return card && author
}

// nameWithin is the element that holds nothing but the name, the whole element
// if none is marked.
func nameWithin(n *html.Node) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (attr(d, "itemprop") == "name" || hasToken(d, "class", "fn") || hasToken(d, "class", "p-name")) {
			return d
		}
	}
	return n
}

// linkedData finds the date and the authors of the article that a schema.org
// description in JSON-LD is about.
func linkedData(text string) (date string, authors []string) {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return "", nil
	}
	var visit func(any, int)
	visit = func(value any, depth int) {
		switch v := value.(type) {
		case []any:
			for _, item := range v {
				visit(item, depth)
			}
		case map[string]any:
			if depth > 2 || date != "" {
				return
			}
			visit(v["@graph"], depth+1)
			if day, ok := v["datePublished"].(string); ok {
				date, authors = day, namesIn(v["author"])
			}
		}
	}
	visit(value, 0)
	return date, authors
}

// namesIn are the names in an author property: a name, a person, or a list.
func namesIn(value any) (names []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			for _, name := range namesIn(item) {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	case map[string]any:
		if name, ok := v["name"].(string); ok {
			return []string{name}
		}
	}
	return names
}
