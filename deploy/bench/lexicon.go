package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vislang/pkg/align"
	"vislang/pkg/docalign"
	"vislang/pkg/lexicon"
)

// measureLexicon aligns the documents of each pair of align/sentences one after
// the other, each with the words learned from those before, and without. It
// prints the strict F1 of the first, second … quarter, and the total in the
// opposite order.
func measureLexicon(ctx context.Context, b *bench) error {
	golds, err := filepath.Glob(filepath.Join(b.eval, "align/sentences/*/*/gold.txt"))
	if err != nil || len(golds) == 0 {
		return fmt.Errorf("no align/sentences/*/*/gold.txt in %s: %w", b.eval, err)
	}
	pairs := map[string][]string{}
	for _, g := range golds {
		folder := filepath.Dir(g)
		pair := filepath.Base(filepath.Dir(folder))
		pairs[pair] = append(pairs[pair], folder)
	}
	const parts = 4
	var with, without [parts]tally
	var forward, backward tally
	for _, folders := range pairs {
		plain, err := alignAll(ctx, folders, false)
		if err != nil {
			return err
		}
		learned, err := alignAll(ctx, folders, true)
		if err != nil {
			return err
		}
		for i := range folders {
			k := i * parts / len(folders)
			without[k].add(plain[i])
			with[k].add(learned[i])
			forward.add(learned[i])
		}
		slices.Reverse(folders)
		if learned, err = alignAll(ctx, folders, true); err != nil {
			return err
		}
		for _, t := range learned {
			backward.add(t)
		}
	}
	for k := range parts {
		figure(fmt.Sprintf("lexicon.quarter%d", k+1), with[k].f1(), fmt.Sprintf("F1, %.4f without a lexicon", without[k].f1()))
	}
	figure("lexicon.total", forward.f1(), fmt.Sprintf("F1 of all, %.4f in the opposite order", backward.f1()))
	return nil
}

// tally counts beads: found, right with gaps, right and in the gold with both
// sides.
type tally struct{ found, right, both, gold float64 }

func (t *tally) add(o tally) {
	t.found, t.right, t.both, t.gold = t.found+o.found, t.right+o.right, t.both+o.both, t.gold+o.gold
}

func (t tally) f1() float64 {
	p, r := t.right/max(1, t.found), t.both/max(1, t.gold)
	return 2 * p * r / max(1e-9, p+r)
}

type store map[string][]byte

func (s store) Get(key string) []byte        { return s[key] }
func (s store) Put(key string, value []byte) { s[key] = value }

func alignAll(ctx context.Context, folders []string, learn bool) ([]tally, error) {
	words := lexicon.Open(store{}, "")
	var all []tally
	for _, folder := range folders {
		var text [3]string
		for i, name := range []string{"src.txt", "tgt.txt", "gold.txt"} {
			data, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				return nil, err
			}
			text[i] = strings.TrimSuffix(string(data), "\n")
		}
		source, target := strings.Split(text[0], "\n"), strings.Split(text[1], "\n")
		var o align.Options
		if learn && words.Seen() > 0 {
			o.Lexicon = words
		}
		result, err := align.Align(ctx, source, target, o)
		if err != nil {
			return nil, err
		}
		if learn && result.Health >= align.HealthThreshold {
			words.Learn(docalign.Lesson(source, target, result))
		}
		gold := map[string]bool{}
		var t tally
		for line := range strings.Lines(text[2]) {
			parts := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), " ", ""), ":")
			if len(parts) < 2 || parts[0]+parts[1] == "[][]" {
				continue
			}
			gold[parts[0]+":"+parts[1]] = true
			if parts[0] != "[]" && parts[1] != "[]" {
				t.gold++
			}
		}
		for _, bead := range result.Beads {
			t.found++
			if gold[strings.ReplaceAll(fmt.Sprintf("%v:%v", bead.Source, bead.Target), " ", ",")] {
				t.right++
				if len(bead.Source) > 0 && len(bead.Target) > 0 {
					t.both++
				}
			}
		}
		all = append(all, t)
	}
	return all, nil
}
