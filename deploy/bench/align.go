package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"vislang/deploy/bench/alignment"
	"vislang/pkg/align"
)

// aligned is a document and what the aligner made of it.
type aligned struct {
	alignment.Document
	result align.Result
}

// measureAlign measures the sentence aligner on documents with known beads:
// those of the evaluation folder and ones made from the assets. It draws two
// pictures into docs.
func measureAlign(ctx context.Context, b *bench) error {
	given, err := alignment.Read(filepath.Join(b.eval, "align/sentences"))
	if err != nil {
		return err
	}
	made, err := alignment.Made(b.assets)
	if err != nil {
		return err
	}
	unseen, err := alignment.Unseen(b.assets)
	if err != nil {
		return err
	}
	var documents []aligned
	for k, part := range [][]alignment.Document{given, made, unseen} {
		sentences, begin := 0, processorTime()
		for _, d := range part {
			r, err := align.Align(ctx, d.Source, d.Target, align.Options{})
			if err != nil {
				return err
			}
			sentences += len(d.Source) + len(d.Target)
			documents = append(documents, aligned{d, r})
		}
		took := processorTime() - begin
		figure("align.rate."+[]string{"given", "made", "unseen"}[k], float64(sentences)/took.Seconds(), "sentences of either side/s of processor time")
	}
	alignQuality(documents)
	if err := alignHunalign(ctx, given); err != nil {
		return err
	}
	if err := alignHealth(ctx, given, made); err != nil {
		return err
	}
	if err := alignLong(ctx, b); err != nil {
		return err
	}
	alignCalibration(documents)
	return drawAlignment(documents, "docs")
}

// kind is the group that a document's figures are shown in.
func (d aligned) kind() string {
	name, _, _ := strings.Cut(d.Name, "-")
	return name + " " + d.Set
}

func alignQuality(documents []aligned) {
	scores := map[string]*alignment.Score{}
	for _, d := range documents {
		for _, name := range []string{"f1." + d.kind(), "f1." + d.kind() + "." + d.Pair} {
			if scores[name] == nil {
				scores[name] = &alignment.Score{}
			}
			scores[name].Add(d.Gold, d.result.Beads)
		}
	}
	for _, name := range sortedKeys(scores) {
		figure("align."+name, scores[name].F1(), "strict F1")
	}
}

// alignHunalign runs hunalign, where it is installed, on the same documents.
func alignHunalign(ctx context.Context, documents []alignment.Document) error {
	program, err := exec.LookPath("hunalign")
	if err != nil {
		fmt.Println("hunalign is not installed: its figures are left out")
		return nil
	}
	folder, err := os.MkdirTemp("", "vislang-hunalign-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := func(name string) string { return filepath.Join(folder, name) }
	if err := os.WriteFile(path("none.dic"), nil, 0o644); err != nil {
		return err
	}
	scores := map[string]*alignment.Score{}
	sentences, took := 0, time.Duration(0)
	for _, d := range documents {
		err := errors.Join(
			os.WriteFile(path("source"), []byte(strings.Join(d.Source, "\n")+"\n"), 0o644),
			os.WriteFile(path("target"), []byte(strings.Join(d.Target, "\n")+"\n"), 0o644))
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, program, "-utf", path("none.dic"), path("source"), path("target"))
		ladder, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("hunalign on %s of %s: %w", d.Name, d.Pair, err)
		}
		took += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		sentences += len(d.Source) + len(d.Target)
		beads := rungs(string(ladder))
		for _, name := range []string{d.Set, d.Set + "." + d.Pair} {
			if scores[name] == nil {
				scores[name] = &alignment.Score{}
			}
			scores[name].Add(d.Gold, beads)
		}
	}
	for _, name := range sortedKeys(scores) {
		figure("align.hunalign.f1."+name, scores[name].F1(), "strict F1")
	}
	figure("align.hunalign.rate", float64(sentences)/took.Seconds(), "sentences of either side/s of processor time, its start included")
	return nil
}

// rungs reads hunalign's ladder: the sentences before each cut of both sides.
func rungs(ladder string) []align.Bead {
	var beads []align.Bead
	var i, j int
	for line := range strings.Lines(ladder) {
		var x, y int
		if n, _ := fmt.Sscan(line, &x, &y); n != 2 || x+y == 0 {
			continue
		}
		var b align.Bead
		for ; i < x; i++ {
			b.Source = append(b.Source, i)
		}
		for ; j < y; j++ {
			b.Target = append(b.Target, j)
		}
		beads = append(beads, b)
	}
	return beads
}

// alignHealth tells how many broken pairs are refused, and good ones lost.
func alignHealth(ctx context.Context, given, made []alignment.Document) error {
	type count struct{ refused, all float64 }
	counts := map[string]*count{}
	judge := func(name string, d alignment.Document) error {
		r, err := align.Align(ctx, d.Source, d.Target, align.Options{})
		if err != nil {
			return err
		}
		if counts[name] == nil {
			counts[name] = &count{}
		}
		counts[name].all++
		if r.Health < align.HealthThreshold {
			counts[name].refused++
		}
		return nil
	}
	for k, part := range [][]alignment.Document{given, made} {
		set := []string{"given", "made"}[k]
		for _, d := range part {
			if k == 1 && len(d.Source) > 150 && d.Name != "handbook-1" {
				continue // one of each handbook is enough
			}
			good := set + ".good"
			if alignment.Displaced(d) {
				good += " but displaced at both ends"
			}
			if err := judge(good, d); err != nil {
				return err
			}
			for _, broken := range alignment.Break(d, part) {
				if err := errors.Join(judge(set+"."+broken.Fault, broken.Document), judge(set+".all broken", broken.Document)); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range sortedKeys(counts) {
		c := counts[name]
		figure("align.health."+name, c.refused/c.all, fmt.Sprintf("of %.0f refused", c.all))
	}
	return nil
}

// alignLong runs the command on one long document.
func alignLong(ctx context.Context, b *bench) error {
	const lines = 115_000 // about 100,000 a side after drops and merges
	d, err := alignment.Long(b.assets, "fr-FR", lines)
	if err != nil {
		return err
	}
	source, target := filepath.Join(b.scratch, "long.en"), filepath.Join(b.scratch, "long.fr")
	err = errors.Join(
		os.WriteFile(source, []byte(strings.Join(d.Source, "\n")+"\n"), 0o644),
		os.WriteFile(target, []byte(strings.Join(d.Target, "\n")+"\n"), 0o644))
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, b.vislang, "align", source, target)
	found := filepath.Join(b.scratch, "long.beads")
	out, err := os.Create(found)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	figure("align.long.sentences", float64(len(d.Source)), fmt.Sprintf("of the source, %d of the target", len(d.Target)))
	figure("align.long.time", time.Since(begin).Seconds(), "s")
	figure("align.long.processor", (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), "s of processor time")
	figure("align.long.memory", float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MiB at peak")
	beads, err := alignment.ReadBeads(found)
	if err != nil {
		return err
	}
	var score alignment.Score
	score.Add(d.Gold, beads)
	figure("align.long.f1", score.F1(), "strict F1")
	return nil
}

// alignCalibration tells how many of the pairs of each confidence are right.
func alignCalibration(documents []aligned) {
	for _, kind := range kinds(documents) {
		bins := calibration(documents, kind)
		var sure, right float64
		for k, bin := range bins {
			if bin.all > 0 {
				figure(fmt.Sprintf("align.calibration.%s.%.1f", kind, float64(k)/10), bin.right/bin.all,
					fmt.Sprintf("of %.0f pairs right, mean confidence %.3f", bin.all, bin.confidence/bin.all))
			}
		}
		sure, right = bins[9].all, bins[9].right
		figure("align.calibration."+kind+".sure", right/max(1, sure), fmt.Sprintf("of %.0f pairs of 0.9 or more are right", sure))
	}
}

// bin holds the pairs of a tenth of confidence.
type bin struct{ all, right, confidence float64 }

func calibration(documents []aligned, kind string) (bins [10]bin) {
	for _, d := range documents {
		if d.kind() != kind {
			continue
		}
		for i, right := range alignment.Right(d.Gold, d.result.Beads) {
			b := d.result.Beads[i]
			if len(b.Source) == 0 || len(b.Target) == 0 {
				continue
			}
			k := &bins[min(9, int(b.Score*10))]
			k.all++
			k.confidence += b.Score
			if right {
				k.right++
			}
		}
	}
	return bins
}

func kinds(documents []aligned) []string {
	var names []string
	for _, d := range documents {
		if !slices.Contains(names, d.kind()) {
			names = append(names, d.kind())
		}
	}
	slices.Sort(names)
	return names
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	return keys
}
