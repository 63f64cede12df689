package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"vislang/pkg/lang"
	"vislang/pkg/ocr"
	"vislang/pkg/ocr/cer"
)

// A recognised is what became of one page of the evaluation.
type recognised struct {
	name     string // of the file: `amh`, `amh_scan`
	language string // of the page, as its name says
	page     *ocr.Page
	err      error
	rate     float64 // of wrong characters
}

// Ways of telling a page's language.
var (
	stated  = func(language string) ocr.Hints { return ocr.Hints{Languages: []string{language}} }
	near    = func(language string) ocr.Hints { return ocr.Hints{Neighbours: []string{language}} }
	unknown = func(string) ocr.Hints { return ocr.Hints{} }
)

// measureOCRLanguages reads a page in each language, with the language given,
// with neighbouring pages that are in it, and without.
func measureOCRLanguages(ctx context.Context, b *bench) error {
	files, err := b.pageFiles("ocr/pages", "*.png")
	if err != nil {
		return err
	}
	given, err := b.readPages(ctx, files, stated)
	if err != nil {
		return err
	}
	found, err := b.readPages(ctx, files, unknown)
	if err != nil {
		return err
	}
	beside, err := b.readPages(ctx, files, near)
	if err != nil {
		return err
	}
	for i, g := range given {
		figure("ocr.languages."+g.name, 100*g.rate, fmt.Sprintf("%% wrong with the language; %.2f without, %s", 100*found[i].rate, found[i].story()))
	}
	with, without := meanRate(given), meanRate(found)
	figure("ocr.languages.given", 100*with, "% mean character error rate")
	figure("ocr.languages.found", 100*without, "% mean character error rate, languages not given")
	figure("ocr.languages.near", 100*meanRate(beside), "% mean character error rate, neighbouring pages known")
	figure("ocr.languages.ratio", without/with, "found to given")
	figure("ocr.languages.given.processor", meanSpent(given), "processor s/page, without loading the image")
	figure("ocr.languages.found.processor", meanSpent(found), "processor s/page")
	figure("ocr.languages.near.processor", meanSpent(beside), "processor s/page")
	return nil
}

// measureOCRDegraded reads pages that were turned, skewed, shrunk or scanned,
// without their language, against the clean page with its language.
func measureOCRDegraded(ctx context.Context, b *bench) error {
	files, err := b.pageFiles("ocr/degraded", "*.*")
	if err != nil {
		return err
	}
	var clean []string
	for _, file := range files {
		name := filepath.Join(b.eval, "ocr/pages", languageOf(file)+".png")
		if !slices.Contains(clean, name) {
			clean = append(clean, name)
		}
	}
	upright, err := b.readPages(ctx, clean, stated)
	if err != nil {
		return err
	}
	base := map[string]float64{}
	for _, p := range upright {
		base[p.language] = p.rate
	}
	for _, way := range []string{"given", "found"} {
		hints := stated
		if way == "found" {
			hints = unknown
		}
		pages, err := b.readPages(ctx, files, hints)
		if err != nil {
			return err
		}
		kinds := map[string][]recognised{}
		for _, p := range pages {
			_, kind, _ := strings.Cut(p.name, "_")
			kinds[kind] = append(kinds[kind], p)
			figure("ocr.degraded."+way+"."+p.name, 100*p.rate, fmt.Sprintf("%% wrong, upright and clean %.2f; %s", 100*base[p.language], p.story()))
		}
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			figure("ocr.degraded."+way+"."+kind, 100*meanRate(kinds[kind]), "% mean character error rate")
			figure("ocr.degraded."+way+"."+kind+".ratio", meanRate(kinds[kind])/meanRate(upright), "to the upright clean pages of the same languages")
		}
	}
	return nil
}

// pageFiles lists the pictures of a folder of the evaluation.
func (b *bench) pageFiles(folder, pattern string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(b.eval, folder, pattern))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no %s in %s", pattern, filepath.Join(b.eval, folder))
	}
	return files, err
}

// languageOf is what the name of a page begins with: `amh_scan.jpg`.
func languageOf(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	language, _, _ := strings.Cut(name, "_")
	return language
}

// readPages reads pages in one pool, as many side by side as there are
// processors, with what is told of the language of their names.
func (b *bench) readPages(ctx context.Context, files []string, hints func(language string) ocr.Hints) ([]recognised, error) {
	model, err := lang.LoadDefault()
	if err != nil {
		return nil, err
	}
	pool, err := ocr.NewPool(ocr.Options{Children: runtime.NumCPU(), Identifier: model})
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	pages := make([]recognised, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, file := range files {
		group.Go(func() error {
			language := languageOf(file)
			truth, err := os.ReadFile(filepath.Join(b.eval, "ocr/pages", language+".txt"))
			if err != nil {
				return err
			}
			image, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			p := recognised{name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), language: language}
			if p.page, p.err = pool.Recognize(ctx, image, hints(language)); p.err != nil {
				if ocr.ClassOf(p.err) == "" {
					return p.err
				}
				p.page = &ocr.Page{}
			}
			p.rate = cer.Rate(string(truth), p.page.Text())
			pages[i] = p
			return nil
		})
	}
	return pages, group.Wait()
}

// story says how a page was read.
func (p recognised) story() string {
	if p.err != nil {
		return p.err.Error()
	}
	return fmt.Sprintf("%s with %s, turned %d, skew %.1f, confidence %.2f, %.2f s", p.page.Language, strings.Join(p.page.Models, "+"), p.page.Rotation, p.page.Skew, p.page.Confidence, p.page.Spent.Seconds())
}

func meanRate(pages []recognised) (mean float64) {
	for _, p := range pages {
		mean += p.rate / float64(len(pages))
	}
	return mean
}

func meanSpent(pages []recognised) float64 {
	var sum time.Duration
	for _, p := range pages {
		sum += p.page.Spent
	}
	return sum.Seconds() / float64(len(pages))
}
