package site

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"vislang/pkg/fetch"
	"vislang/pkg/html"
	"vislang/pkg/media"
	"vislang/producers"
	"vislang/schemas"
)

const pageTimeout = time.Minute // for finding a page's content

// visit reads one address, or takes what is remembered of it.
func (c *crawl) visit(ctx context.Context, i item) error {
	old := c.remembered(i.address)
	if old.Pass == c.pass.Pass && !old.Again {
		c.follow(i, old)
		return nil
	}
	stated := c.stated(i)
	response, err := c.get(ctx, i, old, old.Stated == stated)
	if err != nil {
		return c.failed(ctx, i, old, err)
	}
	defer response.Body.Close()
	c.unreachable = 0
	switch {
	case response.NotModified:
		old.Again, old.Error = false, ""
		c.follow(i, old)
		return c.remember(ctx, nil, i.address, old)
	case response.Location != "":
		if i.redirects >= maxRedirects {
			return c.failed(ctx, i, old, fetch.ErrRedirects)
		}
		m := memory{Redirect: canonical(response.Location)}
		c.follow(i, m)
		return c.remember(ctx, nil, i.address, m)
	}
	now := memory{ETag: response.ETag, LastModified: response.LastModified, Stated: stated}
	before := old.SHA256
	if old.Stated != stated {
		before = ""
	}
	doc, links, err := c.document(ctx, i, response, before)
	if err != nil {
		return c.failed(ctx, i, old, err)
	}
	if doc != nil {
		now.SHA256 = doc.SHA256
		if now.SHA256 == before {
			doc = nil // as it was
		}
	}
	// What an earlier pass first saw here may stand on other pages too.
	for _, l := range append(links, old.Links...) {
		if c.enqueue(item{address: l, depth: i.depth + 1}) {
			now.Links = append(now.Links, canonical(l))
		}
	}
	return c.remember(ctx, doc, i.address, now)
}

// get asks for an address, for what is new of it if unchanged is true.
func (c *crawl) get(ctx context.Context, i item, old memory, unchanged bool) (*fetch.Response, error) {
	if c.first != nil && i.address == c.pass.Start {
		response := c.first
		c.first = nil
		return response, nil
	}
	r := fetch.Request{URL: i.address, Follow: func(*url.URL) bool { return false }}
	if unchanged && old.Error == "" {
		r.ETag, r.LastModified = old.ETag, old.LastModified
	}
	return c.client.Get(ctx, r)
}

// follow queues what a remembered address leads to.
func (c *crawl) follow(i item, m memory) {
	if m.Redirect != "" {
		c.enqueue(item{address: m.Redirect, depth: i.depth, listed: i.listed, redirects: i.redirects + 1, alternates: i.alternates})
	}
	for _, l := range m.Links {
		c.enqueue(item{address: l, depth: i.depth + 1})
	}
}

// failed remembers that an address cannot be read. It is a document only if
// someone listed it and no earlier version was read: a dead link on a page is
// no loss.
func (c *crawl) failed(ctx context.Context, i item, old memory, err error) error {
	var store *producers.StoreError
	if ctx.Err() != nil || errors.As(err, &store) {
		return err
	}
	var status *fetch.StatusError
	now := old
	now.Error, now.Again, now.ETag, now.LastModified = err.Error(), fetch.Temporary(err), "", ""
	if now.Again && !errors.As(err, &status) {
		if c.unreachable++; c.unreachable >= maxUnreachable {
			return err
		}
	} else {
		c.unreachable = 0
	}
	c.log.Warn("cannot read", "url", i.address, "error", err)
	for _, l := range old.Links {
		c.enqueue(item{address: l, depth: i.depth + 1})
	}
	var doc *schemas.Document
	if i.listed && old.SHA256 == "" && old.Error != now.Error {
		doc = c.newDocument(i.address)
		doc.FetchError = now.Error
		producers.Describe(doc, &html.Article{Alternates: i.alternates}, canonical)
		c.options.Apply(doc)
		doc.DocumentID = schemas.NewDocumentID(doc.FetchedAt, doc.URL, "")
	}
	return c.remember(ctx, doc, i.address, now)
}

func (c *crawl) newDocument(address string) *schemas.Document {
	doc := &schemas.Document{URL: address, Source: c.Name(), FetchedAt: time.Now().UTC().Truncate(time.Millisecond)}
	if u, err := url.Parse(address); err == nil {
		if name := path.Base(u.Path); name != "/" && name != "." {
			doc.FileName = strings.ToValidUTF8(name, "\uFFFD")
		}
	}
	return doc
}

// stated tells whether what others say of an address has changed.
func (c *crawl) stated(i item) string {
	data, err := json.Marshal([]any{c.options.Options, i.alternates})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// document stores an answer's body and makes its document, nil if it is none;
// links are those of a page. Pictures are fetched unless the bytes are those
// of before.
func (c *crawl) document(ctx context.Context, i item, response *fetch.Response, before string) (doc *schemas.Document, links []string, err error) {
	doc = c.newDocument(i.address)
	body := bufio.NewReaderSize(response.Body, media.HeadSize)
	head, err := body.Peek(media.HeadSize)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	doc.MediaType = media.Detect(head, doc.FileName)
	if doc.MediaType == "text/plain" && strings.HasPrefix(strings.ToLower(response.ContentType), "text/html") {
		doc.MediaType = "text/html"
	}
	if !isDocument(doc.MediaType, i) {
		c.log.Debug("not a document", "url", i.address, "type", doc.MediaType)
		return nil, nil, nil
	}
	limit := c.options.MaxBytes
	isPage := doc.MediaType == "text/html" || doc.MediaType == "application/xhtml+xml"
	if isPage {
		limit = min(limit, html.MaxBytes)
	}
	var content io.Reader = body
	page := &html.Article{}
	if isPage {
		data, err := io.ReadAll(io.LimitReader(body, limit+1))
		if err != nil {
			return nil, nil, err
		}
		data = html.WithCharset(data, response.ContentType)
		content = bytes.NewReader(data)
		if page, err = c.page(ctx, doc, data); err != nil {
			return nil, nil, err
		}
		links = c.links(page)
	}
	if doc.SHA256, doc.Bytes, err = producers.Store(ctx, c.options.Blobs, content, limit); err != nil {
		return nil, nil, err
	}
	response.Body.Close() // the host is free for the pictures
	noIndex, noFollow := directives(response.Header)
	if noFollow || page.NoFollow {
		links = nil
	}
	if noIndex || page.NoIndex {
		c.log.Info("the page asks not to be taken", "url", i.address)
		return nil, links, nil
	}
	page.Alternates = append(slices.Clone(i.alternates), page.Alternates...)
	producers.Describe(doc, page, canonical)
	if l := response.Header.Get("Content-Language"); l != "" && len(doc.Languages) == 0 {
		for tag := range strings.SplitSeq(l, ",") {
			doc.Languages = append(doc.Languages, strings.TrimSpace(tag))
		}
	}
	c.options.Apply(doc)
	doc.DocumentID = schemas.NewDocumentID(doc.FetchedAt, doc.URL, doc.SHA256)
	if doc.SHA256 != before {
		if doc.Resources, err = c.resources(ctx, page); err != nil {
			return nil, nil, err
		}
	}
	return doc, links, nil
}

// page reads a page. One that cannot be understood is a document without
// links.
func (c *crawl) page(ctx context.Context, doc *schemas.Document, data []byte) (*html.Article, error) {
	limited, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	page, err := html.Extract(limited, data, html.Options{URL: doc.URL})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		c.log.Warn("cannot read page", "url", doc.URL, "error", err)
		return &html.Article{}, nil
	}
	return page, nil
}

// links are the addresses of a page that are to be read: its translations
// first. When only what is listed is read, they are the files it links to.
func (c *crawl) links(page *html.Article) []string {
	var out []string
	for _, a := range page.Alternates {
		out = append(out, a.URL)
	}
	out = append(out, page.Links...)
	if !c.pass.Listing {
		return out
	}
	return slices.DeleteFunc(out, func(address string) bool {
		u, err := url.Parse(address)
		return err != nil || !isFile(u)
	})
}

// isDocument says whether a media type makes a document. Pictures do only
// when they are listed: a link to a picture is mostly the large form of one
// that its page shows.
func isDocument(mediaType string, i item) bool {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image":
		return i.listed
	case "video", "audio", "font":
		return false
	}
	return i.listed && mediaType == media.Bytes || !noDocumentType[mediaType]
}

var noDocumentType = words(`text/css text/javascript application/javascript application/json application/geo+json text/xml application/xml
	application/rss+xml application/atom+xml application/zip application/gzip application/vnd.rar application/x-7z-compressed
	application/wasm application/warc application/x-subrip application/octet-stream
	text/calendar text/csv text/tab-separated-values`)

// directives reads X-Robots-Tag headers, which say what a page's meta robots
// says.
func directives(h http.Header) (noIndex, noFollow bool) {
	for _, value := range h.Values("X-Robots-Tag") {
		index, follow := html.Directives(value)
		noIndex, noFollow = noIndex || index, noFollow || follow
	}
	return noIndex, noFollow
}
