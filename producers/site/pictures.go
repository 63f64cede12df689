package site

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"vislang/pkg/blob"
	"vislang/pkg/fetch"
	"vislang/pkg/html"
	"vislang/pkg/media"
	"vislang/producers"
	"vislang/schemas"
)

// Limits of what one page brings along.
const (
	maxPictures     = 64
	maxPictureBytes = 16 << 20 // each
	maxAllPictures  = 64 << 20 // together
	maxKnown        = 20_000   // pictures remembered in a pass
)

// picture is what is known of a picture in this pass: pages share them.
type picture struct {
	resource schemas.Resource
	failed   bool
}

// resources fetches the pictures of a page's figures, from other hosts too:
// many sites keep theirs elsewhere. One that cannot be had is left out.
func (c *crawl) resources(ctx context.Context, page *html.Article) ([]schemas.Resource, error) {
	var out []schemas.Resource
	total := int64(0)
	for _, f := range page.Figures {
		if f.URL == "" {
			continue
		}
		if len(out) >= maxPictures || total >= maxAllPictures {
			c.log.Info("the page has more pictures than are taken", "taken", len(out))
			break
		}
		p, known := c.pictures[f.URL]
		if !known {
			var err error
			p.resource, err = c.picture(ctx, f.URL)
			var store *producers.StoreError
			if ctx.Err() != nil || errors.As(err, &store) {
				return nil, err
			}
			if p.failed = err != nil; p.failed {
				c.log.Info("cannot fetch picture", "url", f.URL, "error", err)
			}
			if len(c.pictures) >= maxKnown {
				clear(c.pictures)
			}
			c.pictures[f.URL] = p
		}
		if !p.failed {
			total += p.resource.Bytes
			out = append(out, p.resource)
		}
	}
	return out, nil
}

func (c *crawl) picture(ctx context.Context, address string) (r schemas.Resource, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return r, err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return r, errors.New("not an http address")
	}
	rules, err := c.robots(ctx, u)
	if err != nil {
		return r, err
	}
	if !rules.Allowed(u.RequestURI()) {
		return r, errors.New("robots.txt does not allow it")
	}
	response, err := c.client.Get(ctx, fetch.Request{URL: address, MaxBytes: maxPictureBytes, Accept: "image/png,image/jpeg,image/*;q=0.8"})
	if err != nil {
		return r, err
	}
	defer response.Body.Close()
	body := bufio.NewReaderSize(response.Body, media.HeadSize)
	head, err := body.Peek(media.HeadSize)
	if err != nil && err != io.EOF {
		return r, err
	}
	r = schemas.Resource{URL: address, MediaType: media.Detect(head, "")}
	if !strings.HasPrefix(r.MediaType, "image/") {
		return r, fmt.Errorf("not a picture but %s", r.MediaType)
	}
	r.SHA256, r.Bytes, err = producers.Store(ctx, c.options.Blobs, body, maxPictureBytes)
	if errors.Is(err, blob.ErrTooLarge) {
		err = fetch.ErrTooLarge
	}
	return r, err
}
