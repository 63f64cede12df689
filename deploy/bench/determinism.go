package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// measureDeterminism runs the pipeline twice over the same pages, PDFs and
// scans of the demo, each time with nothing known before, and compares every
// table by rows and content: the same documents give the same bytes, but for
// times and what is made of them. --learn=false, since a lexicon that grows
// depends on the order in which documents come.
func measureDeterminism(ctx context.Context, b *bench) error {
	folder := filepath.Join(b.scratch, "documents")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	documents := 0
	for _, pattern := range []string{"site/udhr/*.html", "pdfs/refcard-*.pdf", "scans/declaration-0[1-4].pdf"} {
		names, err := filepath.Glob(filepath.Join(b.assets, "demo", pattern))
		if err != nil || len(names) == 0 {
			return fmt.Errorf("no %s in the demo of %s: %w", pattern, b.assets, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), data, 0o644); err != nil {
				return err
			}
			documents++
		}
	}
	var runs [2][]string
	for i := range runs {
		data := filepath.Join(b.scratch, fmt.Sprintf("data-%d", i))
		if _, err := b.runPipelineIn(ctx, data, "--learn=false", folder); err != nil {
			return err
		}
		p, err := start(ctx, b.vislang, "verify", "--hashes", "--data", data)
		if err != nil {
			return err
		}
		if err := p.wait(); err != nil {
			return err
		}
		runs[i] = strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
	}
	same := 0
	for _, line := range runs[0] {
		if slices.Contains(runs[1], line) {
			same++
		}
	}
	figure("determinism.tables", float64(same), fmt.Sprintf("of %d lines of `verify --hashes` are the same after two runs over %d documents", len(runs[0]), documents))
	if same < len(runs[0]) || len(runs[0]) != len(runs[1]) {
		return errors.New("two runs over the same documents differ:\n" + strings.Join(runs[0], "\n") + "\n\n" + strings.Join(runs[1], "\n"))
	}
	return nil
}
