package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"vislang/pkg/fetch"
	"vislang/pkg/html"
	"vislang/pkg/robots"
	"vislang/producers"
)

const (
	maxRedirects  = 10
	maxCrawlDelay = 10 * time.Minute
	// After so many addresses in a row that could not be reached, the host is
	// down and not the pages.
	maxUnreachable = 5
)

// item is an address of the queue.
type item struct {
	address    string // canonical
	depth      int    // links from the start
	listed     bool   // by a sitemap or the operator: its failure matters
	redirects  int    // that led here
	alternates []html.Alternate
}

// crawl is one pass, by one goroutine: a host gets one request at a time
// anyway, and so the order is always the same.
type crawl struct {
	*Source
	out    producers.Output
	client *fetch.Client
	log    *slog.Logger

	pass        passMemory
	host        string                   // of the pages
	rules       map[string]*robots.Rules // by scheme and host
	hostRules   *robots.Rules            // of host
	queue       []item
	queued      map[string]bool // all that was ever in the queue
	full        bool            // MaxPages was reached
	read        int             // sitemap files
	unreachable int             // addresses in a row
	pictures    map[string]picture
	first       *fetch.Response // the answer of the start address, until it is visited
}

func (c *crawl) run(ctx context.Context) error {
	if err := c.beginPass(ctx); err != nil {
		return err
	}
	rules, err := c.robots(ctx, c.start)
	if err != nil {
		return err
	}
	if !rules.Allowed(c.start.RequestURI()) {
		return fmt.Errorf("robots.txt does not allow %s", c.start.RequestURI())
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.visit(ctx, next); err != nil {
			return err
		}
		c.out.Done(1)
	}
	c.pass.Finished = true
	return c.rememberPass(ctx)
}

// open looks at the start address and fills the queue from it and from the
// sitemaps.
func (c *crawl) open(ctx context.Context) error {
	start := c.start.String()
	if c.pass.Start == "" { // unless an interrupted pass knows
		response, err := c.client.Get(ctx, fetch.Request{URL: start})
		if err != nil {
			return err
		}
		// Read whole, since an open body keeps others off the host; a large
		// one is asked for again.
		data, err := io.ReadAll(io.LimitReader(response.Body, html.MaxBytes+1))
		response.Body.Close()
		if err != nil {
			return err
		}
		if len(data) <= html.MaxBytes {
			response.Body = io.NopCloser(bytes.NewReader(data))
			c.first = response
		}
		c.pass.Start, c.pass.Listing = canonical(response.URL), isListing(data)
		if err := c.rememberPass(ctx); err != nil {
			return err
		}
	}
	u, err := url.Parse(c.pass.Start)
	if err != nil {
		return err
	}
	c.host = u.Host
	// Those of the host that the start redirects to.
	if c.hostRules, err = c.robots(ctx, u); err != nil {
		return err
	}
	if c.pass.Listing {
		c.first = nil
		return c.sitemap(ctx, start, 0)
	}
	if !c.enqueue(item{address: c.pass.Start, listed: true}) {
		return fmt.Errorf("robots.txt of %s does not allow %s", u.Host, u.RequestURI())
	}
	return c.sitemaps(ctx, u, c.hostRules.Sitemaps)
}

// isListing says whether an answer is a sitemap or a feed.
func isListing(data []byte) bool {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return true
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(data[:min(len(data), 4096)]), "\ufeff"))
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		return true
	}
	if !strings.HasPrefix(text, "<") || strings.Contains(strings.ToLower(text), "<html") {
		return false
	}
	for _, root := range []string{"<urlset", "<sitemapindex", "<rss", "<feed", "<rdf:RDF"} {
		if strings.Contains(text, root) {
			return true
		}
	}
	return false
}

// enqueue adds an address unless it is known, of another host, not allowed,
// or cannot be a document.
func (c *crawl) enqueue(i item) bool {
	u, err := url.Parse(i.address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	canonicalise(u)
	i.address = u.String()
	if u.Host != c.host || c.queued[i.address] || i.depth > c.options.MaxDepth || !i.listed && !worth(u) {
		return false
	}
	if len(c.queued) >= c.options.MaxPages {
		if !c.full {
			c.full = true
			c.log.Warn("the limit of pages is reached; the rest is left out", "pages", c.options.MaxPages)
		}
		return false
	}
	// http and https of a host are taken to have the same rules.
	if !c.hostRules.Allowed(u.RequestURI()) {
		c.log.Debug("robots.txt does not allow", "url", i.address)
		return false
	}
	c.queued[i.address] = true
	c.queue = append(c.queue, i)
	c.out.Found(1)
	return true
}

// robots returns the rules of an address's host. It fails when the host
// cannot be asked: then nothing is allowed.
func (c *crawl) robots(ctx context.Context, u *url.URL) (*robots.Rules, error) {
	key := u.Scheme + "://" + u.Host
	if r := c.rules[key]; r != nil {
		return r, nil
	}
	rules, err := c.fetchRobots(ctx, key+"/robots.txt")
	if err != nil {
		return nil, err
	}
	if rules.CrawlDelay > c.options.Delay {
		c.client.SetDelay(u.Host, min(rules.CrawlDelay, maxCrawlDelay))
	}
	c.rules[key] = rules
	return rules, nil
}

func (c *crawl) fetchRobots(ctx context.Context, address string) (*robots.Rules, error) {
	response, err := c.client.Get(ctx, fetch.Request{URL: address})
	var status *fetch.StatusError
	switch {
	case errors.As(err, &status) && (status.Status >= 500 || status.Status == 429):
		return nil, fmt.Errorf("the site's rules cannot be read, so nothing may be fetched: %w", err)
	case errors.As(err, &status):
		return robots.ForStatus(status.Status), nil
	case errors.Is(err, fetch.ErrRedirects):
		return robots.ForStatus(404), nil
	case err != nil:
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, robots.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	return robots.Parse(data, c.options.UserAgent), nil
}
