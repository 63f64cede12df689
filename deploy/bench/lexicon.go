package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vislang/deploy/bench/alignment"
	"vislang/pkg/align"
	"vislang/pkg/docalign"
	"vislang/pkg/lexicon"
)

// measureLexicon tells what the words learned from other documents of a pair of
// languages bring: the strict F1 on align/sentences by how many documents of
// align/documents were seen before, none of them a part of the same text. It
// draws the curve, and aligns all of them as a stream in two orders.
func measureLexicon(ctx context.Context, b *bench) error {
	documents, err := alignment.Read(filepath.Join(b.eval, "align/sentences"))
	if err != nil {
		return err
	}
	lessons := map[string][]lesson{}
	for _, d := range documents {
		if lessons[d.Pair] == nil {
			if lessons[d.Pair], err = readLessons(filepath.Join(b.eval, "align/documents", d.Pair)); err != nil {
				return err
			}
		}
	}
	picture := chart{
		title: "What words of documents seen before bring", x: "documents of the pair seen before", y: "strict F1",
		from: [2]float64{0, 0.95}, to: [2]float64{100, 1}, dots: true,
	}
	curves := map[string][][2]float64{}
	for _, seen := range []int{0, 2, 5, 10, 20, 40, 80} {
		scores := map[string]*alignment.Score{}
		for _, d := range documents {
			if len(lessons[d.Pair]) == 0 {
				continue
			}
			words, err := learned(ctx, lessons[d.Pair], d, seen)
			if err != nil {
				return err
			}
			r, err := align.Align(ctx, d.Source, d.Target, known(words))
			if err != nil {
				return err
			}
			if scores[d.Set] == nil {
				scores[d.Set] = &alignment.Score{}
			}
			scores[d.Set].Add(d.Gold, r.Beads)
		}
		for _, set := range sortedKeys(scores) {
			figure(fmt.Sprintf("lexicon.%s.seen%d", set, seen), scores[set].F1(), "strict F1")
			curves[set] = append(curves[set], [2]float64{float64(seen), scores[set].F1()})
		}
	}
	for _, set := range sortedKeys(curves) {
		picture.curves = append(picture.curves, curve{set, curves[set]})
	}
	if err := os.WriteFile("docs/alignment-growth.svg", []byte(picture.draw()), 0o644); err != nil {
		return err
	}
	var totals [2]float64
	for k := range totals {
		if totals[k], err = inTurn(ctx, documents); err != nil {
			return err
		}
		slices.Reverse(documents)
	}
	figure("lexicon.stream", totals[0], fmt.Sprintf("strict F1 of all in a row, each teaching the next; %.4f in the opposite order", totals[1]))
	return nil
}

// lesson is a pair of documents to learn from.
type lesson struct {
	name           string
	source, target []string
}

// readLessons reads the true pairs of a folder of align/documents, none if it
// is not there.
func readLessons(folder string) ([]lesson, error) {
	gold, err := os.ReadFile(filepath.Join(folder, "gold.tsv"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sides := [2]map[string][]string{{}, {}}
	for k, name := range []string{"src.jsonl", "tgt.jsonl"} {
		documents, ids, err := readDocuments(filepath.Join(folder, name), name)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			sides[k][id] = documents[i].Lines
		}
	}
	var lessons []lesson
	for line := range strings.Lines(string(gold)) {
		if ids := strings.Fields(line); len(ids) == 2 {
			lessons = append(lessons, lesson{ids[0], sides[0][ids[0]], sides[1][ids[1]]})
		}
	}
	return lessons, nil
}

// learned returns the words of so many documents that are no part of d.
func learned(ctx context.Context, lessons []lesson, d alignment.Document, seen int) (*lexicon.Lexicon, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(d.Name, "tico-"), "-ocr")
	words := lexicon.Open(store{}, "")
	for _, l := range lessons {
		if part := strings.TrimPrefix(l.name, "E-"); seen == 0 || part == text || strings.HasPrefix(part, text+".") {
			continue
		}
		r, err := align.Align(ctx, l.source, l.target, known(words))
		if err != nil {
			return nil, err
		}
		if r.Health < align.HealthThreshold {
			continue
		}
		words.Learn(docalign.Lesson(l.source, l.target, r))
		seen--
	}
	return words, nil
}

func known(words *lexicon.Lexicon) align.Options {
	if words.Seen() == 0 {
		return align.Options{}
	}
	return align.Options{Lexicon: words}
}

// inTurn aligns documents one after the other, as the stage does.
func inTurn(ctx context.Context, documents []alignment.Document) (float64, error) {
	words := map[string]*lexicon.Lexicon{}
	var score alignment.Score
	for _, d := range documents {
		if words[d.Pair] == nil {
			words[d.Pair] = lexicon.Open(store{}, d.Pair)
		}
		r, err := align.Align(ctx, d.Source, d.Target, known(words[d.Pair]))
		if err != nil {
			return 0, err
		}
		score.Add(d.Gold, r.Beads)
		if r.Health >= align.HealthThreshold {
			words[d.Pair].Learn(docalign.Lesson(d.Source, d.Target, r))
		}
	}
	return score.F1(), nil
}

type store map[string][]byte

func (s store) Get(key string) []byte        { return s[key] }
func (s store) Put(key string, value []byte) { s[key] = value }
