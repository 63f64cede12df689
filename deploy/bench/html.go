package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// measureHTML is the rate of web pages from a folder into the database.
func measureHTML(ctx context.Context, b *bench) error {
	wanted := b.documents
	originals, err := filepath.Glob(filepath.Join(b.eval, "html/pages/*.html*"))
	if err != nil || len(originals) == 0 {
		return fmt.Errorf("no pages in %s: %w", b.eval, err)
	}
	folder := filepath.Join(b.scratch, "html")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for n := range wanted {
		data, err := readPage(originals[n%len(originals)])
		if err != nil {
			return err
		}
		// A copy that differs, so that no page is known from before.
		data = fmt.Appendf(data, "\n<!-- %d -->\n", n)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d.html", n)), data, 0o644); err != nil {
			return err
		}
	}
	run, err := b.runPipeline(ctx, "html-data", folder)
	if err != nil {
		return err
	}
	if run.Done+run.Failed != float64(wanted) {
		return fmt.Errorf("%g of %d pages came to an end", run.Done+run.Failed, wanted)
	}
	figure("html.pipeline", float64(wanted)/run.wall.Seconds(), "documents/s from the command to its end")
	figure("html.pipeline.processor", 1000*run.processor.Seconds()/float64(wanted), "processor ms/document")
	figure("html.failed", run.Failed, fmt.Sprintf("of %d documents are dead letters", wanted))
	run.shares("html")
	return nil
}

func readPage(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil || filepath.Ext(name) != ".gz" {
		return data, err
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	return io.ReadAll(r)
}
