// Command tune searches the parameters of the sentence aligner and tells how
// well what it finds carries over to languages and documents it has not seen:
//
//	go run ./deploy/tune -eval FOLDER/align/sentences
//	go run ./deploy/tune -eval FOLDER/align/sentences -steps 0     # scores of the present ones
//
// The documents are those of the folder and ones made from the assets (see
// deploy/bench/alignment). They are dealt into folds by language, Text+Berg
// being one of its own. For each fold the search runs on all others and its
// result is scored on the fold; the mean of these is the figure to believe. A
// last search on everything gives the parameters to use. The search is a hill
// climb: change one to three parameters at random, keep what is better.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"vislang/deploy/bench/alignment"
	"vislang/pkg/align"
)

func main() {
	eval := flag.String("eval", "", "folder with manifest.tsv and documents")
	assets := flag.String("assets", "share/vislang", "folder of assets")
	steps := flag.Int("steps", 100, "steps of each search; 0: score the present parameters only")
	folds := flag.Int("folds", 5, "folds of languages; 0: no cross-validation")
	seed := flag.Uint64("seed", 1, "of the random numbers")
	flag.Parse()
	if *eval == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	documents, err := read(*eval, *assets)
	if err == nil {
		s := search{steps: *steps, random: rand.New(rand.NewPCG(*seed, 0))}
		err = s.run(ctx, documents, *folds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tune:", err)
		os.Exit(1)
	}
}

// read returns the documents by group: groups count the same, whatever their
// sizes.
func read(eval, assets string) (map[string][]alignment.Document, error) {
	given, err := alignment.Read(eval)
	if err != nil {
		return nil, err
	}
	made, err := alignment.Made(assets)
	if err != nil {
		return nil, err
	}
	groups := map[string][]alignment.Document{}
	for _, d := range slices.Concat(given, made) {
		name, part, _ := strings.Cut(d.Name, "-")
		if name == "handbook" && !strings.HasPrefix(part, "2") {
			continue // one of each language is enough
		}
		if d.Set != "real" {
			name += " " + d.Set
		}
		groups[name] = append(groups[name], d)
	}
	return groups, nil
}

type search struct {
	steps  int
	random *rand.Rand
}

func (s *search) run(ctx context.Context, groups map[string][]alignment.Document, folds int) error {
	all := func(string) bool { return true }
	start := align.Standard()
	score, err := evaluate(ctx, start, groups, all, true)
	if err != nil {
		return err
	}
	fmt.Printf("present parameters: %.4f\n", score)
	if s.steps == 0 {
		return nil
	}
	before, after := 0.0, 0.0
	for fold := range folds {
		inside := func(pair string) bool { return foldOf(pair, folds) == fold }
		found, trained, err := s.climb(ctx, start, groups, func(pair string) bool { return !inside(pair) })
		if err != nil {
			return err
		}
		old, err := evaluate(ctx, start, groups, inside, false)
		if err != nil {
			return err
		}
		unseen, err := evaluate(ctx, found, groups, inside, false)
		if err != nil {
			return err
		}
		fmt.Printf("fold %d: %.4f on what it was searched on; unseen %.4f, before the search %.4f\n", fold, trained, unseen, old)
		before, after = before+old, after+unseen
	}
	if folds > 0 {
		fmt.Printf("cross-validated: %.4f, before %.4f\n", after/float64(folds), before/float64(folds))
	}
	found, _, err := s.climb(ctx, start, groups, all)
	if err != nil {
		return err
	}
	score, err = evaluate(ctx, found, groups, all, true)
	if err != nil {
		return err
	}
	fmt.Printf("found parameters: %.4f\n", score)
	v := reflect.ValueOf(*found)
	for i := range v.NumField() {
		fmt.Printf("%s: %.3g, ", v.Type().Field(i).Name, v.Field(i).Interface())
	}
	fmt.Println()
	return nil
}

// foldOf deals the languages out.
func foldOf(pair string, folds int) int {
	sum := 0
	for _, c := range filepath.Base(pair) {
		sum = sum*31 + int(c)
	}
	return sum % folds
}

// climb searches from start on the documents of the pairs that are chosen.
func (s *search) climb(ctx context.Context, start *align.Parameters, groups map[string][]alignment.Document, chosen func(string) bool) (*align.Parameters, float64, error) {
	best := start
	top, err := evaluate(ctx, best, groups, chosen, false)
	if err != nil {
		return nil, 0, err
	}
	for range s.steps {
		next := s.change(best)
		score, err := evaluate(ctx, next, groups, chosen, false)
		if err != nil {
			return nil, 0, err
		}
		if score > top {
			best, top = next, score
		}
	}
	return best, top, nil
}

// change returns parameters of which one to three are others.
func (s *search) change(p *align.Parameters) *align.Parameters {
	next := *p
	v := reflect.ValueOf(&next).Elem()
	for n := 1 + s.random.IntN(3); n > 0; {
		k := s.random.IntN(v.NumField())
		field, name := v.Field(k), v.Type().Field(k).Name
		if field.Kind() != reflect.Float64 || strings.HasPrefix(name, "Similarity") || name == "Lexicon" || name == "NoTranslation" {
			continue
		}
		field.SetFloat(field.Float() * math.Exp(0.25*s.random.NormFloat64()))
		n--
	}
	return &next
}

// evaluate returns the mean over groups of the strict F1.
func evaluate(ctx context.Context, p *align.Parameters, groups map[string][]alignment.Document, chosen func(string) bool, print bool) (float64, error) {
	sum, n := 0.0, 0
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		var score alignment.Score
		for _, d := range groups[name] {
			if !chosen(d.Pair) {
				continue
			}
			r, err := align.Align(ctx, d.Source, d.Target, align.Options{Parameters: p})
			if err != nil {
				return 0, err
			}
			score.Add(d.Gold, r.Beads)
		}
		if score.True == 0 {
			continue
		}
		if print {
			fmt.Printf("%-16s %.4f\n", name, score.F1())
		}
		sum, n = sum+score.F1(), n+1
	}
	return sum / float64(max(1, n)), nil
}
