package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vislang/pkg/ocr/cer"
	"vislang/pkg/pdf"
)

// Text that comes out of a page is right when fewer characters than this share
// are wrong, and broken when more than that; of what lies between either
// verdict will do.
const (
	rightText  = 0.05
	brokenText = 0.15
)

// verdicts counts pages of a kind by what their text layer is.
type verdicts struct {
	sound, alarms int // right text, and of it what was distrusted
	broken, found int
	between       int
}

// measureTrust compares the verdict on text layers with what comes out of them.
// The files of pdf/trust are made by deploy/bench/heldout/trust.py: their names
// begin with a kind and a language, the text that a page shows is beside it.
func measureTrust(ctx context.Context, b *bench) error {
	files, err := filepath.Glob(filepath.Join(b.eval, "pdf/trust/*.pdf"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no files in %s/pdf/trust: %w", b.eval, err)
	}
	pool := pdf.NewPool(pdf.Options{})
	defer pool.Close()
	kinds, languages := map[string]verdicts{}, map[string]verdicts{}
	for _, path := range files {
		want, err := os.ReadFile(strings.TrimSuffix(path, ".pdf") + ".txt")
		if err != nil {
			return fmt.Errorf("what %s shows: %w", path, err)
		}
		text, trust, err := textOf(ctx, pool, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name := strings.Split(filepath.Base(path), ".")
		wrong := cer.Rate(string(want), text)
		add := func(v verdicts) verdicts {
			switch {
			case wrong < rightText:
				v.sound++
				if !trust.OK {
					v.alarms++
				}
			case wrong > brokenText:
				v.broken++
				if !trust.OK {
					v.found++
				}
			default:
				v.between++
			}
			return v
		}
		if wrong < rightText && !trust.OK || wrong > brokenText && trust.OK {
			fmt.Printf("  %s: trusted %v, %.0f %% wrong: %s %.90q\n", filepath.Base(path), trust.OK, 100*wrong, trust.Detail, text)
		}
		kinds[name[0]], languages[name[1]] = add(kinds[name[0]]), add(languages[name[1]])
	}
	var all verdicts
	for _, set := range []map[string]verdicts{kinds, languages} {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			v := set[name]
			fmt.Printf("  %-22s sound %3d, distrusted %3d; broken %3d, found %3d; between %3d\n", name, v.sound, v.alarms, v.broken, v.found, v.between)
		}
	}
	for _, v := range kinds {
		all = verdicts{all.sound + v.sound, all.alarms + v.alarms, all.broken + v.broken, all.found + v.found, all.between + v.between}
	}
	figure("trust.pages", float64(len(files)), fmt.Sprintf("pages, %d of them neither right nor broken", all.between))
	figure("trust.alarms", 1-share(all.sound-all.alarms, all.sound), fmt.Sprintf("%d of %d sound text layers are distrusted", all.alarms, all.sound))
	figure("trust.found", share(all.found, all.broken), fmt.Sprintf("%d of %d broken text layers are found", all.found, all.broken))
	return nil
}

// textOf is the text of the first page with what is thought of it.
func textOf(ctx context.Context, pool *pdf.Pool, path string) (string, pdf.Trust, error) {
	doc, err := pool.OpenFile(ctx, path)
	if err != nil {
		return "", pdf.Trust{}, err
	}
	defer doc.Close()
	page, err := doc.Page(ctx, 1)
	if err != nil {
		return "", pdf.Trust{}, err
	}
	var blocks []string
	for _, b := range page.Blocks {
		blocks = append(blocks, b.Text)
	}
	return strings.Join(blocks, " "), page.Trust, nil
}
