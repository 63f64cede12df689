package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vislang/pkg/blob"
	"vislang/producers"
	"vislang/schemas"
)

// collected keeps what a source hands over, as the real output does in Kafka.
type collected struct {
	documents   []*schemas.Document
	memory      map[string][]byte
	found, done int
}

func (c *collected) Seen(key string) []byte { return c.memory[key] }
func (c *collected) Document(_ context.Context, doc *schemas.Document, key string, memory []byte) error {
	if doc != nil {
		c.documents = append(c.documents, doc)
	}
	c.memory[key] = memory
	return nil
}
func (c *collected) Found(n int) { c.found += n }
func (c *collected) Done(n int)  { c.done += n }

// take returns the documents since the last call, by file name.
func (c *collected) take(t *testing.T) map[string]*schemas.Document {
	t.Helper()
	out := map[string]*schemas.Document{}
	for _, d := range c.documents {
		if out[d.FileName] != nil {
			t.Errorf("%s came twice", d.FileName)
		}
		out[d.FileName] = d
	}
	c.documents = nil
	if c.found != c.done {
		t.Errorf("found %d, done %d", c.found, c.done)
	}
	return out
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	// Old enough to be trusted.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string, o Options) (*Source, *blob.Store) {
	t.Helper()
	store, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	o.Path, o.Blobs = path, store
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, store
}

func read(t *testing.T, s *Source, c *collected) map[string]*schemas.Document {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Read(ctx, c); err != nil {
		t.Fatal(err)
	}
	return c.take(t)
}

func names(docs map[string]*schemas.Document) string {
	var out []string
	for n := range docs {
		out = append(out, n)
	}
	return strings.Join(sorted(out), " ")
}

func sorted(s []string) []string {
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s
}

func TestPasses(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "alpha")
	write(t, filepath.Join(dir, "sub", "b.pdf"), "%PDF-1.4 beta")
	write(t, filepath.Join(dir, ".hidden"), "h")
	write(t, filepath.Join(dir, "empty"), "")
	write(t, filepath.Join(dir, ".git", "config"), "no document")
	s, store := open(t, dir, Options{Options: producers.Options{Language: "sw", License: "CC0-1.0"}})
	c := &collected{memory: map[string][]byte{}}
	docs := read(t, s, c)
	if got := names(docs); got != ".hidden a.txt b.pdf empty" {
		t.Fatalf("documents %s", got)
	}
	b := docs["b.pdf"]
	if b.MediaType != "application/pdf" || b.Bytes != 13 || b.Languages[0] != "sw" || b.License != "CC0-1.0" || b.LicenseEvidence == "" ||
		!strings.HasSuffix(b.URL, "/sub/b.pdf") || !strings.HasPrefix(b.URL, "file:///") || b.DocumentID == "" {
		t.Errorf("%+v", b)
	}
	if data, err := store.Get(t.Context(), b.SHA256); err != nil || string(data) != "%PDF-1.4 beta" {
		t.Errorf("blob %q %v", data, err)
	}
	if got := names(read(t, s, c)); got != "" {
		t.Errorf("second pass gave %s", got)
	}
	now := time.Now()
	os.Chtimes(filepath.Join(dir, "empty"), now, now)
	write(t, filepath.Join(dir, "a.txt"), "other")
	os.Chtimes(filepath.Join(dir, "a.txt"), now, now)
	changed := read(t, s, c)
	if got := names(changed); got != "a.txt" {
		t.Fatalf("after a change: %s", got)
	}
	if v := changed["a.txt"]; v.URL != docs["a.txt"].URL || v.DocumentID == docs["a.txt"].DocumentID {
		t.Errorf("versions %+v and %+v", docs["a.txt"], v)
	}
	// Same size, same time: seen because the time was too fresh to trust.
	os.WriteFile(filepath.Join(dir, "a.txt"), []byte("third"), 0o666)
	os.Chtimes(filepath.Join(dir, "a.txt"), now, now)
	if got := names(read(t, s, c)); got != "a.txt" {
		t.Errorf("after a change in the same tick: %q", got)
	}
}

func TestSpecialFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "a"), "a")
	write(t, filepath.Join(outside, "ext", "e"), "e")
	write(t, filepath.Join(dir, ".git", "annex", "object"), "kept elsewhere")
	for link, to := range map[string]string{
		"loop": "loop", "dangling": "nowhere", "again": "a", "self": ".", "ext1": filepath.Join(outside, "ext"),
		"ext2": filepath.Join(outside, "ext"), "ext3": filepath.Join(outside, "ext", "e"), "annexed": ".git/annex/object",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	os.Symlink(dir, filepath.Join(outside, "ext", "back"))
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, dir, Options{})
	c := &collected{memory: map[string][]byte{}}
	docs := read(t, s, c)
	if got := names(docs); got != "a annexed dangling e loop" {
		t.Fatalf("documents %s", got)
	}
	for _, n := range []string{"dangling", "loop"} {
		if docs[n].FetchError == "" || docs[n].SHA256 != "" {
			t.Errorf("%+v", docs[n])
		}
	}
	if got := names(read(t, s, c)); got != "" {
		t.Errorf("second pass gave %s", got)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "large"), "1234567890")
	write(t, filepath.Join(dir, "locked"), "x")
	write(t, filepath.Join(dir, "closed", "x"), "x")
	os.Chmod(filepath.Join(dir, "locked"), 0)
	os.Chmod(filepath.Join(dir, "closed"), 0)
	defer os.Chmod(filepath.Join(dir, "closed"), 0o777)
	s, _ := open(t, dir, Options{MaxBytes: 5})
	c := &collected{memory: map[string][]byte{}}
	docs := read(t, s, c)
	if d := docs["large"]; d == nil || !strings.Contains(d.FetchError, blob.ErrTooLarge.Error()) {
		t.Errorf("large: %+v", d)
	}
	if os.Geteuid() != 0 { // root may read all
		for _, n := range []string{"locked", "closed"} {
			if d := docs[n]; d == nil || !strings.Contains(d.FetchError, "permission denied") {
				t.Errorf("%s: %+v", n, d)
			}
		}
	}
	if got := names(read(t, s, c)); got != "" {
		t.Errorf("second pass gave %s", got)
	}
	if _, err := New(Options{Path: filepath.Join(dir, "missing")}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("missing root: %v", err)
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"caf\xe9 100%?#.txt", "ትግርኛ.txt", "new\nline"} {
		write(t, filepath.Join(dir, n), n)
	}
	s, _ := open(t, dir, Options{})
	docs := read(t, s, &collected{memory: map[string][]byte{}})
	d := docs["caf\uFFFD 100%?#.txt"]
	if len(docs) != 3 || d == nil || !strings.HasSuffix(d.URL, "/caf%E9%20100%25%3F%23.txt") {
		t.Errorf("%q: %+v", names(docs), d)
	}
}

func TestManifest(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "metadata.jsonl"), strings.Join([]string{
		`{"file_name":"a.txt","language":"sw","group":"g","license":"CC-BY-4.0","title":"Ripoti","url":"https://a.example/a"}`,
		`not JSON`,
		`{"file_name":"sub/b.txt","language":["am","ti"],"other":1}`,
	}, "\n"))
	write(t, filepath.Join(dir, "a.txt"), "a")
	write(t, filepath.Join(dir, "sub", "b.txt"), "b")
	write(t, filepath.Join(dir, "sub", "c.txt"), "c")
	s, _ := open(t, dir, Options{Options: producers.Options{Language: "en", Group: "all"}})
	c := &collected{memory: map[string][]byte{}}
	docs := read(t, s, c)
	got := ""
	for _, n := range []string{"a.txt", "b.txt", "c.txt"} {
		d := docs[n]
		got += fmt.Sprintln(filepath.Base(d.URL), d.Languages, d.GroupID, d.License, d.LicenseEvidence, d.Title)
	}
	want := "a [sw] g CC-BY-4.0 metadata.jsonl Ripoti\nb.txt [am ti] all   \nc.txt [en] all   \n"
	if got != want || len(docs) != 3 {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// What is stated anew is a new version.
	write(t, filepath.Join(dir, "metadata.jsonl"), `{"file_name":"a.txt","language":"rw"}`)
	if got := names(read(t, s, c)); got != "a.txt b.txt" {
		t.Errorf("after a change of the manifest: %s", got)
	}
}

func TestPage(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	site := filepath.Join(dir, "site")
	paragraph := strings.Repeat("Mvua kubwa zinatarajiwa kunyesha katika maeneo mengi ya nchi wiki hii. ", 5)
	write(t, filepath.Join(site, "sw", "a.html"), `<html lang="sw"><head><title>Mvua</title>
<link rel="alternate" hreflang="en" href="../en/a.html"><link rel="license" href="https://creativecommons.org/licenses/by/4.0/"></head>
<body><main><h1>Mvua</h1><p>`+paragraph+`</p><figure><img src="../images/map.png"><figcaption>Ramani</figcaption></figure>
<figure><img src="../../secret.png"></figure><figure><img src="https://a.example/x.png"></figure><figure><img src="a.html"></figure><p>`+paragraph+`</p></main></body></html>`)
	write(t, filepath.Join(site, "en", "a.html"), `<html lang="en"><head><link rel="alternate" hreflang="sw" href="../sw/a.html"></head><body><p>Rain</p></body></html>`)
	write(t, filepath.Join(site, "images", "map.png"), picture.String())
	write(t, filepath.Join(dir, "secret.png"), picture.String())
	s, _ := open(t, site, Options{})
	c := &collected{memory: map[string][]byte{}}
	if err := s.Read(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	byLanguage := map[string]*schemas.Document{}
	for _, d := range c.documents {
		if d.MediaType == "text/html" {
			byLanguage[d.Languages[0]] = d
		}
	}
	sw, en := byLanguage["sw"], byLanguage["en"]
	if sw == nil || en == nil || len(c.documents) != 3 {
		t.Fatalf("%d documents", len(c.documents))
	}
	if len(sw.Resources) != 1 || !strings.HasSuffix(sw.Resources[0].URL, "/site/images/map.png") || sw.Resources[0].MediaType != "image/png" || sw.Resources[0].Bytes != int64(picture.Len()) {
		t.Errorf("resources %+v", sw.Resources)
	}
	if sw.GroupID == "" || sw.GroupID != en.GroupID || sw.Title != "Mvua" || sw.License != "https://creativecommons.org/licenses/by/4.0/" {
		t.Errorf("%+v\n%+v", sw, en)
	}
}

func TestStoreFailure(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "a")
	s, store := open(t, dir, Options{})
	store.Close()
	c := &collected{memory: map[string][]byte{}}
	err := s.Read(t.Context(), c)
	var fatal *producers.StoreError
	if !errors.As(err, &fatal) || len(c.memory) != 0 {
		t.Errorf("%v, remembered %d: a broken store must stop the pass, not spoil documents", err, len(c.memory))
	}
}
