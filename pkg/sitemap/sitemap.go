// Package sitemap reads sitemaps, sitemap indexes and feeds as a stream.
//
//	for entry, err := range sitemap.Read(body) {
//		if err != nil {
//			return err // what came before is good
//		}
//		fmt.Println(entry.URL, entry.Alternates)
//	}
//
// It reads the XML of sitemaps.org with hreflang alternates (xhtml:link),
// RSS, Atom, and plain lists of addresses, each plain or gzipped.
package sitemap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"golang.org/x/net/html/charset"
)

// Limits of one file. Those of the protocol are 50 MB and 50,000 addresses.
const (
	MaxBytes   = 50 << 20 // uncompressed
	MaxEntries = 50_000
)

// ErrTooLarge says that a file is larger than MaxBytes or has more than
// MaxEntries addresses.
var ErrTooLarge = errors.New("sitemap is too large")

// Entry is an address that a file lists.
type Entry struct {
	URL        string      // as stated
	Modified   time.Time   // zero if not stated
	Alternates []Alternate // its translations as stated, itself often among them
	Sitemap    bool        // the address is of another sitemap
}

// Alternate is a translation.
type Alternate struct {
	Language string // BCP 47 tag or `x-default`
	URL      string
}

// Read yields the entries of a file. An error comes last.
func Read(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		n := 0
		err := read(r, func(e Entry) error {
			if n++; n > MaxEntries {
				return ErrTooLarge
			}
			if !yield(e, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && err != errStopped {
			yield(Entry{}, fmt.Errorf("read sitemap after %d addresses: %w", min(n, MaxEntries), err))
		}
	}
}

var errStopped = errors.New("stopped")

func read(r io.Reader, emit func(Entry) error) error {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		defer z.Close()
		buffered = bufio.NewReader(&capped{z, MaxBytes})
	} else {
		buffered = bufio.NewReader(&capped{buffered, MaxBytes})
	}
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"); bytes.HasPrefix(text, []byte("http")) {
		return readLines(buffered, emit)
	}
	return readXML(buffered, emit)
}

func readLines(r io.Reader, emit func(Entry) error) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if !strings.HasPrefix(line, "http://") && !strings.HasPrefix(line, "https://") {
			continue
		}
		if err := emit(Entry{URL: line}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func readXML(r io.Reader, emit func(Entry) error) error {
	d := xml.NewDecoder(r)
	d.Strict = false // unescaped ampersands are common
	d.CharsetReader = charset.NewReaderLabel
	p := parser{emit: emit}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := p.start(t); err != nil {
				return err
			}
		case xml.CharData:
			if p.text.Len() < 8192 {
				p.text.Write(t)
			}
		case xml.EndElement:
			if err := p.end(t.Name.Local); err != nil {
				return err
			}
		}
	}
	if !p.root {
		return errors.New("neither a sitemap nor a feed")
	}
	return nil
}

// parser follows the elements that matter; the names of the four formats do
// not collide.
type parser struct {
	emit  func(Entry) error
	root  bool
	entry *Entry
	text  strings.Builder
}

func (p *parser) start(e xml.StartElement) error {
	p.text.Reset()
	if !p.root {
		switch e.Name.Local {
		case "urlset", "sitemapindex", "rss", "feed", "RDF":
			p.root = true
			return nil
		}
		return fmt.Errorf("neither a sitemap nor a feed but <%.40s>", e.Name.Local)
	}
	switch e.Name.Local {
	case "url", "item", "entry":
		if p.entry == nil { // not the url of an image inside
			p.entry = &Entry{}
		}
	case "sitemap":
		p.entry = &Entry{Sitemap: true}
	case "link":
		if p.entry == nil {
			return nil
		}
		rel, href, lang := attribute(e, "rel"), attribute(e, "href"), attribute(e, "hreflang")
		switch {
		case href == "":
		case rel == "alternate" && lang != "" && len(p.entry.Alternates) < 1000:
			p.entry.Alternates = append(p.entry.Alternates, Alternate{lang, href})
		case (rel == "" || rel == "alternate") && p.entry.URL == "": // Atom
			p.entry.URL = href
		}
	}
	return nil
}

func (p *parser) end(name string) error {
	if p.entry == nil {
		return nil
	}
	text := strings.TrimSpace(p.text.String())
	switch name {
	case "loc", "link":
		if p.entry.URL == "" && text != "" {
			p.entry.URL = text
		}
	case "lastmod", "updated", "pubDate":
		p.entry.Modified = parseTime(text)
	case "url", "item", "entry", "sitemap":
		e := *p.entry
		p.entry = nil
		if e.URL != "" {
			return p.emit(e)
		}
	}
	p.text.Reset()
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// parseTime reads the date formats of W3C and RFC 822; zero if it is neither.
func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006", time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// capped fails after n bytes.
type capped struct {
	r io.Reader
	n int64
}

func (c *capped) Read(b []byte) (int, error) {
	if c.n <= 0 {
		return 0, ErrTooLarge
	}
	if int64(len(b)) > c.n {
		b = b[:c.n]
	}
	n, err := c.r.Read(b)
	c.n -= int64(n)
	return n, err
}
