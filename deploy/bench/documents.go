package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vislang/pkg/docalign"
)

// measureDocuments pairs the documents of each folder of align/documents and
// compares with its gold.tsv.
func measureDocuments(ctx context.Context, b *bench) error {
	golds, err := filepath.Glob(filepath.Join(b.eval, "align/documents/*/gold.tsv"))
	if err != nil || len(golds) == 0 {
		return fmt.Errorf("no align/documents/*/gold.tsv in %s: %w", b.eval, err)
	}
	for _, gold := range golds {
		folder := filepath.Dir(gold)
		sources, sourceIDs, err := readDocuments(filepath.Join(folder, "src.jsonl"), "source")
		if err != nil {
			return err
		}
		targets, targetIDs, err := readDocuments(filepath.Join(folder, "tgt.jsonl"), "target")
		if err != nil {
			return err
		}
		data, err := os.ReadFile(gold)
		if err != nil {
			return err
		}
		want := map[string]bool{}
		for line := range strings.Lines(string(data)) {
			want[strings.TrimSpace(line)] = true
		}
		started := time.Now()
		pairs, err := docalign.Match(ctx, sources, targets)
		if err != nil {
			return err
		}
		right := 0.0
		for _, p := range pairs {
			if want[sourceIDs[p.Source]+"\t"+targetIDs[p.Target]] {
				right++
			}
		}
		precision, recall := right/float64(max(1, len(pairs))), right/float64(len(want))
		name := "documents." + filepath.Base(folder)
		figure(name, 2*right/float64(len(pairs)+len(want)), fmt.Sprintf("F1 (precision %.3f, recall %.3f, %d documents, %.1f s)",
			precision, recall, len(sources)+len(targets), time.Since(started).Seconds()))
	}
	return nil
}

// readDocuments reads JSON lines with id and lines.
func readDocuments(name, language string) (documents []docalign.Document, ids []string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for decoder.More() {
		var d struct {
			ID    string   `json:"id"`
			Lines []string `json:"lines"`
		}
		if err := decoder.Decode(&d); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
		documents = append(documents, docalign.Document{Lines: d.Lines, Language: language})
		ids = append(ids, d.ID)
	}
	return documents, ids, nil
}
