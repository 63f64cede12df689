// Package fetch is an HTTP client for crawling: polite to every host, bounded
// in what it reads, and careful about where it connects to.
//
//	client := fetch.New(fetch.Options{UserAgent: "VisLang/1.0 (+https://example.org/bot)"})
//	response, err := client.Get(ctx, fetch.Request{URL: "https://example.org/report.pdf"})
//	if err != nil {
//		return err // a *fetch.StatusError for an answer like 404
//	}
//	defer response.Body.Close()
//
// A host gets one request at a time, Delay apart. Every address is checked
// when it is dialled, on each redirect too: private, loopback, link-local and
// other special networks are refused unless they are allowed, so a page cannot
// make the crawler read what only its own network may see. Proxies of the
// environment are not used: they would hide the address.
package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Errors that say what was refused.
var (
	ErrAddress   = errors.New("address is not public")
	ErrTooLarge  = errors.New("larger than the limit")
	ErrRedirects = errors.New("too many redirects")
)

// StatusError is an answer other than success.
type StatusError struct {
	URL        string
	Status     int
	RetryAfter time.Duration // 0 if not stated
}

func (e *StatusError) Error() string {
	text := http.StatusText(e.Status)
	if text != "" {
		text = " " + text
	}
	return fmt.Sprintf("%s answered %d%s", e.URL, e.Status, text)
}

// Options say how a Client behaves. Zero values mean the defaults named.
type Options struct {
	UserAgent    string        // "VisLang/1.0"
	AllowPrivate bool          // dial any address
	PrivateHosts []string      // `host:port` that may be dialled wherever it is
	Delay        time.Duration // between requests to one host: 0 (none)
	Timeout      time.Duration // of one request with its body: 5 minutes
	MaxBytes     int64         // of a body, uncompressed too: 256 MiB
	MaxRedirects int           // 10
	Attempts     int           // of one request: 4
	Backoff      time.Duration // after the first failure, doubled after each: 1 s
	MaxWait      time.Duration // a Retry-After beyond it ends the attempts: 2 minutes
}

// Client fetches. It is safe for concurrent use.
type Client struct {
	options   Options
	transport *http.Transport
	hosts     hosts
}

// New makes a client.
func New(o Options) *Client {
	fill := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	fill(&o.Timeout, 5*time.Minute)
	fill(&o.Backoff, time.Second)
	fill(&o.MaxWait, 2*time.Minute)
	if o.UserAgent == "" {
		o.UserAgent = "VisLang/1.0"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.MaxRedirects == 0 {
		o.MaxRedirects = 10
	}
	if o.Attempts == 0 {
		o.Attempts = 4
	}
	return &Client{options: o, transport: newTransport(o), hosts: hosts{delay: o.Delay}}
}

// Close closes idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// SetDelay sets the time between requests to a host (`example.org:443`
// without a default port), such as its robots.txt asks for.
func (c *Client) SetDelay(host string, delay time.Duration) { c.hosts.setDelay(host, delay) }

// Request says what to fetch.
type Request struct {
	URL          string
	ETag         string // of an earlier answer, "" if none
	LastModified string // of an earlier answer, "" if none
	Accept       string // header, "" for anything
	MaxBytes     int64  // lower limit for this body, 0 for the client's
	// Follow decides about each redirect; nil follows all. If it says no,
	// Get returns the answer with its Location and no body.
	Follow func(to *url.URL) bool
}

// Response is a successful answer.
type Response struct {
	URL          string // after redirects
	Status       int
	ContentType  string // header as sent
	ETag         string
	LastModified string
	NotModified  bool   // the server knows ETag or LastModified of the request
	Location     string // absolute address of a redirect that was not followed
	Header       http.Header
	Body         io.ReadCloser // uncompressed; ErrTooLarge when it passes the limit; to be closed
}

// Get fetches an address. It tries again, with growing pauses or those that
// the server asks for, after 429, 5xx and broken connections.
func (c *Client) Get(ctx context.Context, r Request) (*Response, error) {
	address, err := url.Parse(r.URL)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	for redirects := 0; ; redirects++ {
		if address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
			return nil, fmt.Errorf("fetch %s: not an http address", address)
		}
		response, err := c.try(ctx, address, r)
		if err != nil {
			return nil, err
		}
		if response.Location == "" {
			return response, nil
		}
		next, err := url.Parse(response.Location)
		if err != nil {
			return nil, fmt.Errorf("fetch %s: redirect: %w", address, err)
		}
		if r.Follow != nil && !r.Follow(next) {
			return response, nil
		}
		if redirects >= c.options.MaxRedirects {
			return nil, fmt.Errorf("fetch %s: %w", r.URL, ErrRedirects)
		}
		address = next
	}
}

// try makes one request until it succeeds or fails for good.
func (c *Client) try(ctx context.Context, address *url.URL, r Request) (*Response, error) {
	pause := c.options.Backoff
	for attempt := 1; ; attempt++ {
		response, err := c.once(ctx, address, r)
		if err == nil || ctx.Err() != nil || attempt >= c.options.Attempts || !temporary(err) {
			return response, err
		}
		wait := pause
		pause *= 2
		var status *StatusError
		if errors.As(err, &status) && status.RetryAfter > 0 {
			if wait = status.RetryAfter; wait > c.options.MaxWait {
				return nil, err
			}
		}
		// The whole host waits, not only this request.
		c.hosts.pause(address.Host, wait)
	}
}

func (c *Client) once(ctx context.Context, address *url.URL, r Request) (*Response, error) {
	release, err := c.hosts.enter(ctx, address.Host)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	done := func() { cancel(); release() }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		done()
		return nil, fmt.Errorf("fetch: %w", err)
	}
	request.Header.Set("User-Agent", c.options.UserAgent)
	request.Header.Set("Accept-Encoding", "gzip")
	for name, value := range map[string]string{"If-None-Match": r.ETag, "If-Modified-Since": r.LastModified, "Accept": r.Accept} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		done()
		return nil, fmt.Errorf("fetch %s: %w", address, err)
	}
	response, err := c.response(address, answer, r)
	if err != nil || response.Body == http.NoBody {
		// A little of the rest is read so that the connection can be used again.
		io.CopyN(io.Discard, answer.Body, 4096)
		answer.Body.Close()
		done()
		return response, err
	}
	response.Body = &body{Reader: response.Body, close: func() error { defer done(); return answer.Body.Close() }}
	return response, nil
}

// response judges an answer.
func (c *Client) response(address *url.URL, answer *http.Response, r Request) (*Response, error) {
	h := answer.Header
	response := &Response{
		URL: address.String(), Status: answer.StatusCode, Header: h, ContentType: h.Get("Content-Type"),
		ETag: h.Get("ETag"), LastModified: h.Get("Last-Modified"), Body: http.NoBody,
	}
	switch {
	case answer.StatusCode == http.StatusNotModified && (r.ETag != "" || r.LastModified != ""):
		response.NotModified = true
		return response, nil
	case answer.StatusCode >= 301 && answer.StatusCode <= 308 && h.Get("Location") != "":
		to, err := address.Parse(h.Get("Location"))
		if err != nil {
			return nil, fmt.Errorf("fetch %s: redirect: %w", address, err)
		}
		response.Location = to.String()
		return response, nil
	case answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNonAuthoritativeInfo:
		return nil, &StatusError{URL: address.String(), Status: answer.StatusCode, RetryAfter: retryAfter(h.Get("Retry-After"), time.Now())}
	}
	limit := c.options.MaxBytes
	if r.MaxBytes > 0 {
		limit = min(limit, r.MaxBytes)
	}
	if answer.ContentLength > limit {
		return nil, fmt.Errorf("fetch %s: %d bytes: %w", address, answer.ContentLength, ErrTooLarge)
	}
	raw := &limited{r: answer.Body, left: limit, url: address.String()}
	switch encoding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))); encoding {
	case "", "identity":
		response.Body = io.NopCloser(raw)
	case "gzip", "x-gzip":
		response.Body = io.NopCloser(&limited{r: &gunzip{source: raw}, left: limit, url: address.String()})
	default:
		return nil, fmt.Errorf("fetch %s: content encoding %q was not asked for", address, encoding)
	}
	return response, nil
}

// gunzip opens its source at the first read, since an answer may be empty.
type gunzip struct {
	source io.Reader
	z      *gzip.Reader
}

func (g *gunzip) Read(b []byte) (n int, err error) {
	if g.z == nil {
		if g.z, err = gzip.NewReader(g.source); err != nil {
			return 0, err
		}
	}
	return g.z.Read(b)
}

// limited fails with ErrTooLarge after left bytes.
type limited struct {
	r    io.Reader
	left int64
	url  string
}

func (l *limited) Read(b []byte) (int, error) {
	if int64(len(b)) > l.left+1 {
		b = b[:l.left+1]
	}
	n, err := l.r.Read(b)
	if int64(n) > l.left {
		return int(l.left), fmt.Errorf("fetch %s: %w", l.url, ErrTooLarge)
	}
	l.left -= int64(n)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("fetch %s: %w", l.url, err)
	}
	return n, err
}

type body struct {
	io.Reader
	close func() error
}

func (b *body) Close() error {
	if b.close == nil {
		return nil
	}
	close := b.close
	b.close = nil
	return close()
}
