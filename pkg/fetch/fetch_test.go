package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func client(o Options) *Client {
	if o.Backoff == 0 {
		o.Backoff = time.Millisecond
	}
	return New(o)
}

func get(t *testing.T, c *Client, r Request) (string, *Response, error) {
	t.Helper()
	response, err := c.Get(t.Context(), r)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return string(data), response, err
}

func TestConditional(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("User-Agent"); got != "Test/1" {
			t.Errorf("user agent %q", got)
		}
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, "body")
	})
	c := client(Options{AllowPrivate: true, UserAgent: "Test/1"})
	text, r, err := get(t, c, Request{URL: address})
	if err != nil || text != "body" || r.ETag != `"one"` || r.NotModified {
		t.Fatalf("%q %+v %v", text, r, err)
	}
	text, r, err = get(t, c, Request{URL: address, ETag: r.ETag})
	if err != nil || text != "" || !r.NotModified {
		t.Fatalf("second time: %q %+v %v", text, r, err)
	}
}

func TestRetry(t *testing.T) {
	for _, status := range []int{429, 500, 503} {
		var n atomic.Int32
		address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) < 3 {
				w.WriteHeader(status)
				return
			}
			io.WriteString(w, "ok")
		})
		if text, _, err := get(t, client(Options{AllowPrivate: true}), Request{URL: address}); text != "ok" {
			t.Errorf("%d: %q, %v after %d requests", status, text, err, n.Load())
		}
	}
	var n atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { n.Add(1); w.WriteHeader(404) })
	var e *StatusError
	if _, _, err := get(t, client(Options{AllowPrivate: true}), Request{URL: address}); !errors.As(err, &e) || e.Status != 404 || n.Load() != 1 {
		t.Errorf("404: %v after %d requests", err, n.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	var n atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
		}
	})
	start := time.Now()
	if _, _, err := get(t, client(Options{AllowPrivate: true}), Request{URL: address}); err != nil || time.Since(start) < 900*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	// A pause that is too long is not waited for.
	address = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(429)
	})
	var e *StatusError
	if _, _, err := get(t, client(Options{AllowPrivate: true}), Request{URL: address}); !errors.As(err, &e) || e.RetryAfter < 50*time.Minute {
		t.Errorf("long Retry-After: %v", err)
	}
}

func TestSizeCap(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/stated":
			w.Header().Set("Content-Length", "2000")
			w.Write(make([]byte, 2000))
		case "/chunked":
			for range 20 {
				w.Write(make([]byte, 100))
				w.(http.Flusher).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 1<<20))
			z.Close()
		case "/exact":
			w.Write(make([]byte, 1000))
		case "/zipped":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, strings.Repeat("x", 1000))
			z.Close()
		}
	})
	c := client(Options{AllowPrivate: true, MaxBytes: 1 << 20})
	for _, path := range []string{"/stated", "/chunked", "/bomb"} {
		if text, _, err := get(t, c, Request{URL: address + path, MaxBytes: 1000}); !errors.Is(err, ErrTooLarge) || len(text) > 1000 {
			t.Errorf("%s: %d bytes, %v", path, len(text), err)
		}
	}
	for _, path := range []string{"/exact", "/zipped"} {
		if text, _, err := get(t, c, Request{URL: address + path, MaxBytes: 1000}); err != nil || len(text) != 1000 {
			t.Errorf("%s: %d bytes, %v", path, len(text), err)
		}
	}
}

func TestRedirects(t *testing.T) {
	secret := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret") })
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a":
			http.Redirect(w, r, "/b?x=1", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/out":
			http.Redirect(w, r, secret, http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/hosts")
			w.WriteHeader(http.StatusFound)
		default:
			io.WriteString(w, "here")
		}
	})
	u, _ := url.Parse(address)
	c := client(Options{PrivateHosts: []string{u.Host}})
	if text, r, err := get(t, c, Request{URL: address + "/a"}); err != nil || text != "here" || r.URL != address+"/b?x=1" {
		t.Errorf("%q %+v %v", text, r, err)
	}
	if _, _, err := get(t, c, Request{URL: address + "/loop"}); !errors.Is(err, ErrRedirects) {
		t.Errorf("loop: %v", err)
	}
	if text, _, err := get(t, c, Request{URL: address + "/out"}); !errors.Is(err, ErrAddress) {
		t.Errorf("redirect to another port of this machine: %q %v", text, err)
	}
	if text, _, err := get(t, c, Request{URL: address + "/file"}); err == nil {
		t.Errorf("redirect to a file: %q", text)
	}
	_, r, err := get(t, c, Request{URL: address + "/a", Follow: func(to *url.URL) bool { return to.Path != "/b" }})
	if err != nil || r.Location != address+"/b?x=1" {
		t.Errorf("not followed: %+v %v", r, err)
	}
}

func TestPrivateRefused(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	port := address[strings.LastIndex(address, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"} {
		_, _, err := get(t, client(Options{}), Request{URL: "http://" + host + port})
		if err == nil {
			t.Errorf("%s was dialled", host)
		}
	}
}

func TestPublic(t *testing.T) {
	for s, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "2002:808:808::1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "ff02::1": false, "::ffff:10.0.0.1": false,
		"::10.0.0.1": false, "64:ff9b::a9fe:a9fe": false, "2002:7f00:1::1": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(s)); got != want {
			t.Errorf("public(%s) = %v", s, got)
		}
	}
}

func TestPoliteness(t *testing.T) {
	var running, most atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		running.Add(-1)
	})
	c := client(Options{AllowPrivate: true, Delay: 30 * time.Millisecond})
	start := time.Now()
	done := make(chan error, 4)
	for i := range cap(done) {
		go func() {
			r, err := c.Get(t.Context(), Request{URL: fmt.Sprint(address, "/", i)})
			if err == nil {
				err = r.Body.Close()
			}
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 1 || time.Since(start) < 90*time.Millisecond {
		t.Errorf("%d requests at once, 4 in %v", most.Load(), time.Since(start))
	}
}

func TestCancel(t *testing.T) {
	hang := make(chan struct{})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-hang
	})
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := client(Options{AllowPrivate: true})
	r, err := c.Get(ctx, Request{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("a hanging body ended")
	}
	r.Body.Close()
	// The host is free again.
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if r, err = c.Get(ctx, Request{URL: address}); err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
}

func TestRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	start := time.Now()
	_, _, err := get(t, New(Options{AllowPrivate: true}), Request{URL: address})
	if err == nil || !Temporary(err) || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}
