package site

import (
	"context"
	"errors"
	"net/url"

	"vislang/pkg/fetch"
	"vislang/pkg/html"
	"vislang/pkg/sitemap"
)

const (
	maxSitemapDepth = 3    // indexes of indexes
	maxSitemaps     = 2000 // files
)

// sitemaps queues what the host's sitemaps list: those that robots.txt names,
// else the one in the usual place. A host without any is none the worse.
func (c *crawl) sitemaps(ctx context.Context, host *url.URL, stated []string) error {
	addresses := stated
	if len(addresses) == 0 {
		addresses = []string{"/sitemap.xml"}
	}
	for _, a := range addresses {
		u, err := host.Parse(a)
		if err != nil {
			continue
		}
		if err := c.sitemap(ctx, u.String(), 0); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var status *fetch.StatusError
			if len(stated) == 0 && errors.As(err, &status) {
				continue
			}
			c.log.Warn("cannot read all of a sitemap", "url", u.String(), "error", err)
		}
	}
	return nil
}

// sitemap queues what a sitemap or feed lists, and the ones an index lists.
func (c *crawl) sitemap(ctx context.Context, address string, depth int) error {
	if depth > maxSitemapDepth || c.read >= maxSitemaps || c.full {
		return nil
	}
	c.read++
	response, err := c.client.Get(ctx, fetch.Request{URL: address, MaxBytes: sitemap.MaxBytes})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	base, err := url.Parse(response.URL)
	if err != nil {
		return err
	}
	var below []string
	for e, err := range sitemap.Read(response.Body) {
		if err != nil {
			return err // the sitemaps below are left out: an index that breaks off is rare
		}
		u, err := base.Parse(e.URL)
		if err != nil {
			continue
		}
		if e.Sitemap {
			below = append(below, u.String())
			continue
		}
		var alternates []html.Alternate
		for _, a := range e.Alternates {
			if to, err := base.Parse(a.URL); err == nil {
				alternates = append(alternates, html.Alternate{Language: a.Language, URL: canonical(to.String())})
			}
		}
		c.enqueue(item{address: u.String(), depth: 1, listed: true, alternates: alternates})
		if c.full {
			return nil
		}
	}
	response.Body.Close() // free the host before the next
	for _, a := range below {
		if err := c.sitemap(ctx, a, depth+1); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.log.Warn("cannot read all of a sitemap", "url", a, "error", err)
		}
	}
	return nil
}
