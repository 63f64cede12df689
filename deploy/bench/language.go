package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"vislang/pkg/lang"
)

// measureLanguage tells the language of every sentence of the documents of
// align/documents, in folders named en-sw, and of no other evidence: accuracy
// by language with what it was confused with, the speed of the model and what
// loading it takes. Then it trains anew, for the accuracy on articles of the
// declaration that were held out.
func measureLanguage(ctx context.Context, b *bench) error {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := processorTime()
	model, err := lang.LoadDefault()
	if err != nil {
		return err
	}
	figure("language.load", 1000*(processorTime()-start).Seconds(), "processor ms to load the model")
	runtime.GC()
	runtime.ReadMemStats(&after)
	figure("language.memory", float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB that the model keeps")
	figure("language.labels", float64(len(model.Labels())), "labels")

	sentences := map[string][]string{}
	folders, err := filepath.Glob(filepath.Join(b.eval, "align/documents/*-*"))
	if err != nil || len(folders) == 0 {
		return fmt.Errorf("no documents in %s: %w", b.eval, err)
	}
	for _, folder := range folders {
		source, target, _ := strings.Cut(filepath.Base(folder), "-")
		for side, tag := range map[string]string{"src": source, "tgt": target} {
			lines, err := documentLines(filepath.Join(folder, side+".jsonl"))
			if err != nil {
				return err
			}
			label := lang.FromTag(tag)
			sentences[label] = append(sentences[label], lines...)
		}
	}
	right, all, bytes := 0, 0, 0
	start = processorTime()
	for _, label := range slices.Sorted(maps.Keys(sentences)) {
		hits, confused := 0, map[string]int{}
		for _, s := range sentences[label] {
			got, _ := model.Identify(s)
			if bytes += len(s); got == label {
				hits++
			} else {
				confused[got]++
			}
		}
		n := len(sentences[label])
		right, all = right+hits, all+n
		figure("language."+label, float64(hits)/float64(n), fmt.Sprintf("of %d sentences right; else %s", n, most(confused, 5)))
	}
	took := processorTime() - start
	figure("language.all", float64(right)/float64(all), fmt.Sprintf("of %d sentences right", all))
	figure("language.speed", float64(bytes)/1e6/took.Seconds(), "MB of text a second of processor time, sentence by sentence")
	return measureHeldOut(ctx, b)
}

// measureHeldOut prints what training says of held-out articles: one line a
// language that is confused with another, then the means.
func measureHeldOut(ctx context.Context, b *bench) error {
	train := exec.CommandContext(ctx, "go", "run", "./pkg/lang/train", "-v", "-udhr", filepath.Join(b.assets, "udhr"), "-o", filepath.Join(b.scratch, "lid.bin"))
	train.Stderr = os.Stderr
	out, err := train.Output()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		fields := strings.Split(line, "\t")
		if len(fields) == 1 {
			fmt.Println("language.heldout", line)
			continue
		}
		if accuracy, err := strconv.ParseFloat(fields[1], 64); err == nil && accuracy < 1 && len(fields) == 4 {
			figure("language.heldout."+fields[0], accuracy, fmt.Sprintf("of %s samples right; else mostly %s", fields[3], fields[2]))
		}
	}
	return nil
}

func documentLines(name string) (lines []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := json.NewDecoder(bufio.NewReader(f))
	for {
		var document struct{ Lines []string }
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		lines = append(lines, document.Lines...)
	}
}

// most lists the commonest keys with their counts.
func most(counts map[string]int, n int) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, k := range keys[:min(n, len(keys))] {
		out = append(out, fmt.Sprintf("%s %d", k, counts[k]))
	}
	return strings.Join(out, ", ")
}
