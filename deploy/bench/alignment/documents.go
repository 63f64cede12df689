// Package alignment holds what the sentence aligner is measured and tuned on:
// documents with known beads, from evaluation folders or made from the
// translations that `make setup` brings, documents that belong not together,
// and the scores of the field.
//
//	documents, err := alignment.Read("eval/align/sentences")
//	var score alignment.Score
//	score.Add(documents[0].Gold, result.Beads)
//	fmt.Println(score.F1())
package alignment

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vislang/pkg/align"
)

// Document is a pair of texts in sentences and their true beads.
type Document struct {
	Pair           string // en-sw
	Name           string
	Set            string // std, ocr, or real for beads made by hand
	Source, Target []string
	Gold           []align.Bead
}

// Read reads a folder with manifest.tsv (columns pair, doc, mode) and, in
// PAIR/DOC, src.txt, tgt.txt and gold.txt.
func Read(folder string) ([]Document, error) {
	f, err := os.Open(filepath.Join(folder, "manifest.tsv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	var documents []Document
	for _, row := range rows[1:] {
		d := Document{Pair: row[column["pair"]], Name: row[column["doc"]], Set: row[column["mode"]]}
		at := filepath.Join(folder, d.Pair, d.Name)
		if d.Source, err = readLines(filepath.Join(at, "src.txt")); err == nil {
			d.Target, err = readLines(filepath.Join(at, "tgt.txt"))
		}
		if err == nil {
			d.Gold, err = ReadBeads(filepath.Join(at, "gold.txt"))
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	return documents, nil
}

func readLines(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), nil
}

// ReadBeads reads lines like `[0, 1]:[0]`; what follows a second colon is left out.
func ReadBeads(path string) ([]align.Bead, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	var beads []align.Bead
	for n, line := range lines {
		sides := strings.SplitN(line, ":", 3)
		if len(sides) < 2 {
			continue
		}
		var b align.Bead
		err := json.Unmarshal([]byte(sides[0]), &b.Source)
		if err == nil {
			err = json.Unmarshal([]byte(sides[1]), &b.Target)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n+1, err)
		}
		if len(b.Source)+len(b.Target) > 0 {
			beads = append(beads, b)
		}
	}
	return beads, nil
}
