// Package site is the source of the pages, PDFs and other documents of one
// web host.
//
//	source, err := site.New(site.Options{Address: "https://example.org/sw/", Blobs: store})
//	err = source.Read(ctx, out)
//
// It starts from a page, which it follows breadth first together with what the
// host's sitemaps list, or from a sitemap or feed, of which it reads what is
// listed and the files that those pages link to. It obeys robots.txt
// (RFC 9309) and the robots directives of pages, noindex, nofollow and noai
// among them. Translations declared by hreflang make a parallel group. A page
// brings the pictures of its figures along.
//
// A pass remembers every address, so an interrupted one goes on where it was,
// and the next one asks only for what has changed.
package site

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"vislang/pkg/blob"
	"vislang/pkg/fetch"
	"vislang/pkg/robots"
	"vislang/producers"
)

// Options of a site. Zero values mean the defaults named.
type Options struct {
	producers.Options
	Address   string // of a page, a sitemap or a feed
	Blobs     *blob.Store
	Log       *slog.Logger  // nil for the default one
	Name      string        // of the source; "" for its address
	MaxPages  int           // addresses fetched in a pass: 1,000,000
	MaxDepth  int           // links from the start: 32
	Delay     time.Duration // between requests, when robots.txt asks for no more: 1 s, none for a host of this machine
	UserAgent string        // "VisLang/1.0"; its first word is the name that robots.txt is asked for
	MaxBytes  int64         // of a document: 256 MiB
	// AllowPrivate lets it connect to any address. Without it, only the host
	// of the source itself may be private, and only on the source's port.
	AllowPrivate bool
}

// Source reads one host.
type Source struct {
	start   *url.URL
	options Options
}

// New makes a source. The address must be http or https.
func New(o Options) (*Source, error) {
	start, err := url.Parse(strings.TrimSpace(o.Address))
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", o.Address, err)
	}
	if start.Scheme != "http" && start.Scheme != "https" || start.Hostname() == "" {
		return nil, fmt.Errorf("source %s: not an http or https address", o.Address)
	}
	canonicalise(start)
	if o.Name == "" {
		o.Name = start.String()
	}
	if o.MaxPages == 0 {
		o.MaxPages = 1_000_000
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = 32
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.UserAgent == "" {
		o.UserAgent = "VisLang/1.0"
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Source{start, o}, nil
}

// Name returns the name of the source.
func (s *Source) Name() string { return s.options.Name }

// Read makes one pass, or goes on with one that was interrupted.
func (s *Source) Read(ctx context.Context, out producers.Output) error {
	o := fetch.Options{UserAgent: s.options.UserAgent, AllowPrivate: s.options.AllowPrivate, Delay: s.options.Delay, MaxBytes: s.options.MaxBytes}
	own := fetch.IsPrivate(ctx, s.start.Hostname())
	if own {
		o.PrivateHosts = []string{fetch.HostPort(s.start.Scheme, s.start.Host)}
	}
	if o.Delay == 0 && !own {
		o.Delay = time.Second
	}
	client := fetch.New(o)
	defer client.Close()
	c := &crawl{
		Source: s, out: out, client: client, host: s.start.Host, log: s.options.Log.With("source", s.Name()),
		rules: map[string]*robots.Rules{}, queued: map[string]bool{}, pictures: map[string]picture{},
	}
	if err := c.run(ctx); err != nil {
		return fmt.Errorf("source %s: %w", s.Name(), err)
	}
	return nil
}
