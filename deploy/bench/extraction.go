package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/markusmobius/go-trafilatura"
	xhtml "golang.org/x/net/html"

	"vislang/pkg/html"
)

// smallPage is the size of the pages that are timed.
const smallPage = 20_000

// measureExtraction compares the main content that pkg/html finds in pages
// with what a person marked, and its speed on pages of 20 KB, beside
// go-trafilatura with its fall-backs.
func measureExtraction(ctx context.Context, b *bench) error {
	folder := filepath.Join(b.eval, "html")
	data, err := os.ReadFile(filepath.Join(folder, "ground-truth.json"))
	if err != nil {
		return err
	}
	var truth map[string]struct{ ArticleBody string }
	if err := json.Unmarshal(data, &truth); err != nil {
		return fmt.Errorf("read ground-truth.json: %w", err)
	}
	pages, small := map[string][]byte{}, [][]byte{}
	for id := range truth {
		page, err := readPage(filepath.Join(folder, "pages", id+".html.gz"))
		if err != nil {
			return err
		}
		pages[id] = page
		if page = shorten(page); len(page) >= smallPage {
			small = append(small, page)
		}
	}
	for _, with := range []struct {
		name    string
		extract func([]byte) string
	}{
		{"vislang", func(page []byte) string { return ownText(ctx, page) }},
		{"go-trafilatura", trafilaturaText},
	} {
		precision, recall := 0.0, 0.0
		for id, page := range pages {
			p, r := html.Overlap(with.extract(page), truth[id].ArticleBody)
			precision, recall = precision+p/float64(len(pages)), recall+r/float64(len(pages))
		}
		figure("extraction.f1."+with.name, 2*precision*recall/(precision+recall),
			fmt.Sprintf("F1 on %d pages, precision %.3f, recall %.3f", len(pages), precision, recall))
		start := processorTime()
		for _, page := range small {
			with.extract(page)
		}
		took := processorTime() - start
		figure("extraction.rate."+with.name, float64(len(small))/took.Seconds(), fmt.Sprintf("pages of %d KB a second of processor time, %d pages", smallPage/1000, len(small)))
	}
	return nil
}

func ownText(ctx context.Context, page []byte) string {
	article, err := html.Extract(ctx, page, html.Options{URL: "https://a.example/"})
	if err != nil {
		return ""
	}
	return article.Text()
}

func trafilaturaText(page []byte) string {
	result, err := trafilatura.Extract(bytes.NewReader(page), trafilatura.Options{
		OriginalURL: &url.URL{Scheme: "https", Host: "a.example"}, EnableFallback: true, ExcludeComments: true,
	})
	if err != nil {
		return ""
	}
	return result.ContentText
}

// shorten takes a page's scripts, styles and comments out and cuts the rest to
// the size of a small page, so that all of it is what extraction works on.
func shorten(page []byte) []byte {
	var out bytes.Buffer
	tokens := xhtml.NewTokenizer(bytes.NewReader(page))
	dropped := ""
	for out.Len() < smallPage {
		kind := tokens.Next()
		if kind == xhtml.ErrorToken {
			break
		}
		raw := bytes.Clone(tokens.Raw())
		name, _ := tokens.TagName()
		switch {
		case dropped != "":
			if kind == xhtml.EndTagToken && string(name) == dropped {
				dropped = ""
			}
		case kind == xhtml.StartTagToken && strings.Contains(" script style svg ", " "+string(name)+" "):
			dropped = string(name)
		case kind != xhtml.CommentToken:
			out.Write(raw)
		}
	}
	return out.Bytes()[:min(out.Len(), smallPage)]
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
