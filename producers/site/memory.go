package site

import (
	"context"
	"encoding/json"

	"vislang/schemas"
)

// passKey remembers which pass is under way.
const passKey = "pass"

type passMemory struct {
	Pass     int    `json:"pass"`
	Finished bool   `json:"finished"`
	Start    string `json:"start,omitempty"`   // where the start address redirects to; "" until it was read
	Listing  bool   `json:"listing,omitempty"` // it is a sitemap or feed
}

// memory is what is remembered of an address.
type memory struct {
	Pass         int    `json:"pass"` // the last one that read it
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"modified,omitempty"`
	SHA256       string `json:"sha256,omitempty"`
	Stated       string `json:"stated,omitempty"` // what others say of it: group, options
	Error        string `json:"error,omitempty"`
	Again        bool   `json:"again,omitempty"` // out of reach for the moment: an interrupted pass tries it again
	Redirect     string `json:"redirect,omitempty"`
	// Links are the addresses that a pass first saw in this page, so that one
	// which goes on, or finds the page unchanged, knows them without reading
	// it. Together the pages' lists hold each address once.
	Links []string `json:"links,omitempty"`
}

func (c *crawl) remembered(address string) memory {
	var m memory
	if data := c.out.Seen("url " + address); data != nil {
		if json.Unmarshal(data, &m) != nil {
			m = memory{}
		}
	}
	return m
}

// remember hands over doc, if any, together with the memory of an address.
func (c *crawl) remember(ctx context.Context, doc *schemas.Document, address string, m memory) error {
	m.Pass = c.pass.Pass
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.out.Document(ctx, doc, "url "+address, data)
}

func (c *crawl) rememberPass(ctx context.Context) error {
	data, err := json.Marshal(c.pass)
	if err != nil {
		return err
	}
	return c.out.Document(ctx, nil, passKey, data)
}

// beginPass goes on with the pass that was interrupted or begins the next.
func (c *crawl) beginPass(ctx context.Context) error {
	if data := c.out.Seen(passKey); data != nil {
		if json.Unmarshal(data, &c.pass) != nil {
			c.pass = passMemory{}
		}
	}
	if c.pass.Pass > 0 && !c.pass.Finished {
		c.log.Info("going on with an interrupted pass", "pass", c.pass.Pass)
		return nil
	}
	c.pass = passMemory{Pass: c.pass.Pass + 1}
	return c.rememberPass(ctx)
}
