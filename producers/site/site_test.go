package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"vislang/pkg/blob"
	"vislang/producers"
	"vislang/schemas"
)

// collected keeps what a source hands over, as the real output does in Kafka.
type collected struct {
	documents   []*schemas.Document
	memory      map[string][]byte
	found, done int
	stopAfter   int // documents, then Document fails; 0 for never
}

var errStop = errors.New("stopped")

func (c *collected) Seen(key string) []byte { return c.memory[key] }
func (c *collected) Document(_ context.Context, doc *schemas.Document, key string, memory []byte) error {
	if doc != nil {
		if c.stopAfter > 0 && len(c.documents) == c.stopAfter {
			return errStop
		}
		c.documents = append(c.documents, doc)
	}
	c.memory[key] = memory
	return nil
}
func (c *collected) Found(n int) { c.found += n }
func (c *collected) Done(n int)  { c.done += n }

// web is a small site: path to body. Bodies may name the host as HOST.
type web struct {
	*httptest.Server
	mu       sync.Mutex
	pages    map[string]string
	requests []string
	failing  map[string]int // path to status
	etags    bool
}

func serve(t *testing.T, pages map[string]string) *web {
	t.Helper()
	w := &web{pages: pages, failing: map[string]int{}}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r.URL.RequestURI())
	if status := w.failing[r.URL.Path]; status != 0 {
		out.WriteHeader(status)
		return
	}
	body, ok := w.pages[r.URL.RequestURI()]
	if !ok {
		http.NotFound(out, r)
		return
	}
	if to, ok := strings.CutPrefix(body, "-> "); ok {
		http.Redirect(out, r, to, http.StatusMovedPermanently)
		return
	}
	body = strings.ReplaceAll(body, "HOST", w.URL)
	if w.etags {
		tag := fmt.Sprintf(`"%x"`, len(body))
		out.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			out.WriteHeader(http.StatusNotModified)
			return
		}
	}
	out.Header().Set("Content-Type", http.DetectContentType([]byte(body)))
	io.WriteString(out, body)
}

// asked returns the requests since the last call without robots.txt and
// sitemaps.
func (w *web) asked() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, r := range w.requests {
		if r != "/robots.txt" && !strings.Contains(r, "sitemap") {
			out = append(out, r)
		}
	}
	w.requests = nil
	return strings.Join(out, " ")
}

const paragraph = "<p>Mvua kubwa zinatarajiwa kunyesha katika maeneo mengi ya nchi wiki hii, na wakazi wa mabondeni wameshauriwa kuhama.</p>"

func page(head string, links ...string) string {
	b := "<!DOCTYPE html><html><head><title>T</title>" + head + "</head><body><main><h1>T</h1>" + paragraph + paragraph
	for _, l := range links {
		b += `<a href="` + l + `">link</a> `
	}
	return b + "</main></body></html>"
}

func crawlOnce(t *testing.T, address string, c *collected, o Options) error {
	t.Helper()
	store, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	o.Address, o.Blobs = address, store
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.found, c.done = 0, 0
	err = s.Read(t.Context(), c)
	if err == nil && c.found != c.done {
		t.Errorf("found %d, done %d", c.found, c.done)
	}
	return err
}

func paths(w *web, docs []*schemas.Document) string {
	var out []string
	for _, d := range docs {
		out = append(out, strings.TrimPrefix(d.URL, w.URL))
	}
	return strings.Join(out, " ")
}

func TestBreadthFirst(t *testing.T) {
	w := serve(t, map[string]string{
		"/robots.txt": "User-agent: *\nDisallow: /private\n",
		"/":           page("", "/a", "/b#part", "/private/x", "http://other.invalid/", "mailto:a@b", "/style.css", "/dead", "/b?utm_source=x"),
		"/a":          page("", "/c", "/", "/report.pdf"),
		"/b":          page(`<meta name="robots" content="noindex">`, "/d", "/old"),
		"/c":          page(`<meta name="robots" content="nofollow">`, "/e"),
		"/d":          page("", "/d/d/d/d/d/d"),
		"/old":        "-> /c2",
		"/c2":         page(""),
		"/report.pdf": "%PDF-1.4 x",
		"/private/x":  page(""), "/e": page(""),
	})
	c := &collected{memory: map[string][]byte{}}
	if err := crawlOnce(t, w.URL, c, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := w.asked(); got != "/ /a /b /dead /c /report.pdf /d /old /c2" {
		t.Errorf("asked for %s", got)
	}
	if got := paths(w, c.documents); got != "/ /a /c /report.pdf /d /c2" {
		t.Errorf("documents %s", got)
	}
	pdf := c.documents[3]
	if pdf.MediaType != "application/pdf" || pdf.FileName != "report.pdf" || pdf.Bytes != 10 || pdf.Source != w.URL+"/" || pdf.DocumentID == "" {
		t.Errorf("%+v", pdf)
	}
}

func TestSecondPass(t *testing.T) {
	for _, etags := range []bool{true, false} {
		w := serve(t, map[string]string{"/": page("", "/a", "/b"), "/a": page("", "/c"), "/b": page("", "/c"), "/c": page("")})
		w.etags = etags
		c := &collected{memory: map[string][]byte{}}
		if err := crawlOnce(t, w.URL, c, Options{}); err != nil || len(c.documents) != 4 {
			t.Fatalf("%d documents, %v", len(c.documents), err)
		}
		w.asked()
		if err := crawlOnce(t, w.URL, c, Options{}); err != nil || len(c.documents) != 4 {
			t.Errorf("etags %v: second pass: %d documents, %v", etags, len(c.documents), err)
		}
		if got := w.asked(); got != "/ /a /b /c" {
			t.Errorf("etags %v: second pass asked for %s", etags, got)
		}
		w.pages["/new"] = page("")
		w.pages["/a"] = page("", "/new") // its link to /c is gone, /b still has one
		if err := crawlOnce(t, w.URL, c, Options{}); err != nil {
			t.Fatal(err)
		}
		if got := paths(w, c.documents[4:]); got != "/a /new" {
			t.Errorf("etags %v: after a change: %s", etags, got)
		}
		if got := w.asked(); got != "/ /a /b /new /c" && got != "/ /a /b /c /new" {
			t.Errorf("etags %v: third pass asked for %s", etags, got)
		}
	}
}

func TestInterrupted(t *testing.T) {
	w := serve(t, map[string]string{
		"/": page("", "/a", "/b"), "/a": page("", "/a1", "/a2"), "/b": page("", "/b1"), "/a1": page(""), "/a2": page(""), "/b1": page(""),
	})
	whole := &collected{memory: map[string][]byte{}}
	if err := crawlOnce(t, w.URL, whole, Options{}); err != nil {
		t.Fatal(err)
	}
	w.asked()
	for stop := 1; stop < 6; stop++ {
		c := &collected{memory: map[string][]byte{}, stopAfter: stop}
		if err := crawlOnce(t, w.URL, c, Options{}); !errors.Is(err, errStop) {
			t.Fatalf("stop after %d: %v", stop, err)
		}
		w.asked()
		c.stopAfter = 0
		if err := crawlOnce(t, w.URL, c, Options{}); err != nil {
			t.Fatal(err)
		}
		if got := paths(w, c.documents); got != paths(w, whole.documents) {
			t.Errorf("stop after %d: %s", stop, got)
		}
		if got := len(strings.Fields(w.asked())); got != 6-stop {
			t.Errorf("stop after %d: %d requests to go on", stop, got)
		}
	}
}

func TestTranslations(t *testing.T) {
	alternates := `<link rel="alternate" hreflang="en" href="/en"><link rel="alternate" hreflang="sw" href="HOST/sw">`
	w := serve(t, map[string]string{
		"/en":  strings.Replace(page(alternates), "<html>", `<html lang="en-US">`, 1),
		"/sw":  page(alternates),
		"/one": page(""),
		"/am":  page(""), "/ti": page(""),
		"/sitemap.xml": `<urlset xmlns:xhtml="http://www.w3.org/1999/xhtml"><url><loc>HOST/am</loc><xhtml:link rel="alternate" hreflang="ti" href="HOST/ti"/></url>
<url><loc>HOST/ti</loc><xhtml:link rel="alternate" hreflang="am" href="HOST/am"/><xhtml:link rel="alternate" hreflang="ti" href="HOST/ti"/></url>
<url><loc>HOST/one</loc></url><url><loc>HOST/gone</loc></url></urlset>`,
	})
	c := &collected{memory: map[string][]byte{}}
	if err := crawlOnce(t, w.URL+"/en", c, Options{Options: producers.Options{Language: "fr"}}); err != nil {
		t.Fatal(err)
	}
	d := map[string]*schemas.Document{}
	for _, doc := range c.documents {
		d[strings.TrimPrefix(doc.URL, w.URL)] = doc
	}
	if len(d) != 6 {
		t.Fatalf("documents %s", paths(w, c.documents))
	}
	if d["/en"].GroupID == "" || d["/en"].GroupID != d["/sw"].GroupID || d["/am"].GroupID == "" || d["/am"].GroupID != d["/ti"].GroupID ||
		d["/am"].GroupID == d["/en"].GroupID || d["/one"].GroupID != "" {
		t.Errorf("groups %q %q %q %q %q", d["/en"].GroupID, d["/sw"].GroupID, d["/am"].GroupID, d["/ti"].GroupID, d["/one"].GroupID)
	}
	for path, want := range map[string][]string{"/en": {"en", "en-US"}, "/sw": {"sw"}, "/ti": {"ti"}, "/one": {"fr"}} {
		if !slices.Equal(d[path].Languages, want) {
			t.Errorf("%s: languages %v, want %v", path, d[path].Languages, want)
		}
	}
	if gone := d["/gone"]; gone == nil || !strings.Contains(gone.FetchError, "404") || gone.SHA256 != "" {
		t.Errorf("a listed page that is gone: %+v", gone)
	}
	if err := crawlOnce(t, w.URL+"/en", c, Options{Options: producers.Options{Language: "fr"}}); err != nil || len(c.documents) != 6 {
		t.Errorf("second pass: %d documents, %v", len(c.documents), err)
	}
}

func TestSitemapAddress(t *testing.T) {
	w := serve(t, map[string]string{
		"/index.xml":      "<sitemapindex><sitemap><loc>HOST/sitemap-a.xml</loc></sitemap></sitemapindex>",
		"/sitemap-a.xml":  "<urlset><url><loc>HOST/1</loc></url><url><loc>HOST/2</loc></url><url><loc>http://other.invalid/</loc></url></urlset>",
		"/1":              page("", "/unlisted", "/report.pdf"),
		"/2":              page(""),
		"/unlisted":       page(""),
		"/report.pdf":     "%PDF-1.7",
		"/feed":           `<rss><channel><item><link>HOST/2</link></item></channel></rss>`,
		"/many.xml":       "<urlset>" + strings.Repeat("<url><loc>HOST/1</loc></url>", 3) + "<url><loc>HOST/2</loc></url></urlset>",
		"/sitemap-broken": "<urlset><url><loc>HOST/1</loc></url><url",
	})
	for start, want := range map[string]string{"/index.xml": "/1 /2 /report.pdf", "/feed": "/2"} {
		c := &collected{memory: map[string][]byte{}}
		if err := crawlOnce(t, w.URL+start, c, Options{}); err != nil {
			t.Fatal(err)
		}
		if got := paths(w, c.documents); got != want {
			t.Errorf("%s: %s", start, got)
		}
	}
	c := &collected{memory: map[string][]byte{}}
	if err := crawlOnce(t, w.URL+"/many.xml", c, Options{MaxPages: 1}); err != nil || paths(w, c.documents) != "/1" {
		t.Errorf("limit: %s, %v", paths(w, c.documents), err)
	}
	if err := crawlOnce(t, w.URL+"/sitemap-broken", &collected{memory: map[string][]byte{}}, Options{}); err == nil {
		t.Error("a broken sitemap as the source is no error")
	}
}

func TestPictures(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	figures := `<figure><img src="/p.png"><figcaption>Ramani</figcaption></figure><figure><img src="/private/q.png"></figure><figure><img src="/page-not-picture"></figure><figure><img src="/dead.png"></figure>`
	body := strings.Replace(page("", "/b", "/linked.png"), "</h1>", "</h1>"+paragraph+figures, 1)
	w := serve(t, map[string]string{
		"/robots.txt": "User-agent: *\nDisallow: /private", "/": body, "/b": strings.Replace(body, "T</h1>", "U</h1>", 1),
		"/p.png": picture.String(), "/private/q.png": picture.String(), "/page-not-picture": page(""),
	})
	c := &collected{memory: map[string][]byte{}}
	if err := crawlOnce(t, w.URL, c, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, d := range c.documents {
		if len(d.Resources) != 1 || d.Resources[0].URL != w.URL+"/p.png" || d.Resources[0].MediaType != "image/png" || d.Resources[0].Bytes != int64(picture.Len()) {
			t.Errorf("%s: %+v", d.URL, d.Resources)
		}
	}
	if got := w.asked(); len(c.documents) != 2 || strings.Count(got, "/p.png") != 1 || strings.Contains(got, "private") {
		t.Errorf("%d documents, asked for %s", len(c.documents), got)
	}
}

func TestBadStart(t *testing.T) {
	w := serve(t, map[string]string{"/": page("")})
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, tt := range map[string]struct {
		address, want string
		robots        int
	}{
		"refused":         {closed.URL, "refused", 0},
		"404":             {w.URL + "/nowhere", "404", 0},
		"rules not there": {w.URL, "403", 403},
	} {
		if tt.robots != 0 {
			w.failing["/robots.txt"] = tt.robots
		}
		err := crawlOnce(t, tt.address, &collected{memory: map[string][]byte{}}, Options{})
		if tt.robots == 403 { // no rules: all is allowed
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.pages["/robots.txt"] = "User-agent: vislang\nDisallow: /"
	delete(w.failing, "/robots.txt")
	if err := crawlOnce(t, w.URL, &collected{memory: map[string][]byte{}}, Options{}); err == nil || !strings.Contains(err.Error(), "robots.txt") {
		t.Errorf("disallowed start: %v", err)
	}
	if _, err := New(Options{Address: "ftp://a.example/"}); err == nil {
		t.Error("an ftp address is no error")
	}
}

func TestCharsetOfHeader(t *testing.T) {
	const text = "<html><body><p>\xe3\xe4\xe5 windows-1256</p></body></html>"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=windows-1256")
		io.WriteString(w, text)
	}))
	defer server.Close()
	store, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s, err := New(Options{Address: server.URL, Blobs: store})
	if err != nil {
		t.Fatal(err)
	}
	c := &collected{memory: map[string][]byte{}}
	if err := s.Read(t.Context(), c); err != nil || len(c.documents) != 1 {
		t.Fatal(len(c.documents), err)
	}
	data, err := store.Get(t.Context(), c.documents[0].SHA256)
	if err != nil || !bytes.Contains(data, []byte("منه windows-1256")) {
		t.Errorf("%q %v", data, err)
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"HTTP://Example.ORG:80":                 "http://example.org/",
		"https://example.org:443/a/../b/./c#x":  "https://example.org/b/c",
		"http://example.org/%7Euser/%e3%83%84":  "http://example.org/~user/%E3%83%84",
		"http://example.org/ツ":                  "http://example.org/%E3%83%84",
		"http://example.org/a%2Fb":              "http://example.org/a%2Fb",
		"http://example.org/?utm_source=x&b=2&": "http://example.org/?b=2",
		"http://example.org/?":                  "http://example.org/",
		"http://u:p@example.org./":              "http://example.org/",
		"http://example.org:8080/a/":            "http://example.org:8080/a/",
	} {
		if got := canonical(in); got != want {
			t.Errorf("canonical(%q) = %q, want %q", in, got, want)
		}
		if got := canonical(want); got != want {
			t.Errorf("canonical(%q) = %q is not stable", want, got)
		}
	}
}
