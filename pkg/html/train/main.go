// Command train makes pkg/html/weights.tsv, the model that tells a page's
// content from what surrounds it:
//
//	go run ./pkg/html/train -folds 5 examples.jsonl > weights.tsv
//
// A line of examples.jsonl is a page:
//
//	{"file": "a.html", "body": "All of the content …", "weight": 1}
//	{"file": "b.html.gz", "with": ["phrase of the content"], "without": ["Subscribe"], "draft": "What another program takes for it"}
//
// Files are looked for beside examples.jsonl. With -folds, the precision and
// recall on pages held out are printed to standard error.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"vislang/pkg/html"
)

type line struct {
	File, Body, Draft string
	With, Without     []string
	Weight            float64
}

func main() {
	folds := flag.Int("folds", 0, "measure by cross-validation with so many parts; 0: do not")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *folds); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(list string, folds int) error {
	data, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	var trainer html.Trainer
	whole, phrases := 0, 0
	lines := bufio.NewReader(bytes.NewReader(data))
	decoder := json.NewDecoder(lines)
	for {
		var l line
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("read %s: %w", list, err)
		}
		page, err := read(filepath.Join(filepath.Dir(list), l.File))
		if err != nil {
			return err
		}
		err = trainer.Add(html.Example{Page: page, Body: l.Body, With: l.With, Without: l.Without, Draft: l.Draft, Weight: l.Weight})
		if err != nil {
			return fmt.Errorf("%s: %w", l.File, err)
		}
		if l.Body != "" {
			whole++
		} else {
			phrases++
		}
	}
	if folds > 1 {
		p, r, err := trainer.CrossValidate(folds)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "held-out pages: precision %.4f, recall %.4f, F1 %.4f\n", p, r, 2*p*r/(p+r))
	}
	weights, err := trainer.Train()
	if err != nil {
		return err
	}
	fmt.Printf("# Made by pkg/html/train from %d pages with their whole content and %d with phrases of it.\n", whole, phrases)
	fmt.Print(weights)
	return nil
}

func read(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil || !strings.HasSuffix(name, ".gz") {
		return data, err
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	return io.ReadAll(r)
}
