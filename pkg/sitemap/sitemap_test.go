package sitemap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

const urlset = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://a.example/en?x=1&amp;y=2 </loc><lastmod>2024-03-01</lastmod>
<xhtml:link rel="alternate" hreflang="sw" href="https://a.example/sw"/>
<xhtml:link rel="alternate" hreflang="x-default" href="https://a.example/"/>
<image:image><image:loc>https://a.example/p.png</image:loc></image:image></url>
<url><loc>https://a.example/two</loc></url>
<url><lastmod>2024</lastmod></url>
</urlset>`

var urlsetEntries = []Entry{
	{URL: "https://a.example/en?x=1&y=2", Modified: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
		Alternates: []Alternate{{"sw", "https://a.example/sw"}, {"x-default", "https://a.example/"}}},
	{URL: "https://a.example/two"},
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, data string
		want       []Entry
	}{
		{"urlset", urlset, urlsetEntries},
		{"gzip", zip(urlset), urlsetEntries},
		{"index", `<sitemapindex><sitemap><loc>https://a.example/s1.xml.gz</loc></sitemap></sitemapindex>`,
			[]Entry{{URL: "https://a.example/s1.xml.gz", Sitemap: true}}},
		{"unescaped ampersand", `<urlset><url><loc>https://a.example/?a=1&b=2</loc></url></urlset>`, []Entry{{URL: "https://a.example/?a=1&b=2"}}},
		{"CDATA", `<urlset><url><loc><![CDATA[https://a.example/]]></loc></url></urlset>`, []Entry{{URL: "https://a.example/"}}},
		{"latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url><loc>https://a.example/\xe9</loc></url></urlset>", []Entry{{URL: "https://a.example/é"}}},
		{"RSS", `<rss><channel><title>t</title><link>https://a.example/</link><item><title>x</title><link>https://a.example/1</link><pubDate>Fri, 01 Mar 2024 00:00:00 +0000</pubDate></item></channel></rss>`,
			[]Entry{{URL: "https://a.example/1", Modified: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)}}},
		{"Atom", `<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://a.example/"/><entry><link rel="self" href="https://a.example/1.atom"/><link href="https://a.example/1"/></entry></feed>`,
			[]Entry{{URL: "https://a.example/1"}}},
		{"list", "\ufeffhttps://a.example/1\r\n\nhttps://a.example/2\nftp://a.example/3\n", []Entry{{URL: "https://a.example/1"}, {URL: "https://a.example/2"}}},
		{"empty", `<urlset/>`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := all(strings.NewReader(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for name, data := range map[string]string{
		"HTML":    "<html><body>not found</body></html>",
		"nothing": "",
		"text":    "not found",
		"gzip":    "\x1f\x8b\x08\x00rest",
	} {
		if got, err := all(strings.NewReader(data)); err == nil {
			t.Errorf("%s: no error, %d entries", name, len(got))
		}
	}
	// What came before an error is good.
	got, err := all(strings.NewReader(urlset[:strings.Index(urlset, "<url><lastmod>")] + "<url><loc"))
	if err == nil || len(got) != 2 {
		t.Errorf("cut file: %d entries, error %v", len(got), err)
	}
}

func TestLimits(t *testing.T) {
	// The file is made while it is read: nothing may need it whole.
	r, w := io.Pipe()
	go func() {
		io.WriteString(w, "<urlset>")
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(w, "<url><loc>https://a.example/%d</loc></url>", i); err != nil {
				return
			}
		}
	}()
	got, err := all(r)
	r.Close()
	if !errors.Is(err, ErrTooLarge) || len(got) != MaxEntries {
		t.Errorf("%d entries, error %v", len(got), err)
	}
	bomb := zip("<urlset>" + strings.Repeat(" ", MaxBytes+1) + "</urlset>")
	if _, err := all(strings.NewReader(bomb)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("bomb of %d bytes: %v", len(bomb), err)
	}
}

func all(r io.Reader) ([]Entry, error) {
	var out []Entry
	for e, err := range Read(r) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func zip(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(urlset))
	f.Add([]byte(zip(urlset)))
	f.Add([]byte("https://a.example/\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _ := all(bytes.NewReader(data))
		for _, e := range got {
			if e.URL == "" {
				t.Error("entry without an address")
			}
		}
	})
}
