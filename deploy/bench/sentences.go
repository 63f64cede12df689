package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"vislang/pkg/lang"
	"vislang/pkg/text"
)

// measureSentences joins the lines of each document of align/documents, which
// are sentences or more, into running text and cuts it again: how many line
// ends are sentence ends again, and how many sentence ends are line ends (a line
// of two sentences counts against that).
func measureSentences(_ context.Context, b *bench) error {
	folders, err := filepath.Glob(filepath.Join(b.eval, "align/documents/*-*"))
	if err != nil || len(folders) == 0 {
		return fmt.Errorf("no documents in %s: %w", b.eval, err)
	}
	seen := map[string]bool{}
	for _, folder := range folders {
		source, target, _ := strings.Cut(filepath.Base(folder), "-")
		for side, tag := range map[string]string{"src": source, "tgt": target} {
			label := lang.FromTag(tag)
			if seen[label] {
				continue
			}
			seen[label] = true
			lines, err := documentLines(filepath.Join(folder, side+".jsonl"))
			if err != nil {
				return err
			}
			ends, at := map[int]bool{}, 0
			for i, l := range lines {
				lines[i] = strings.Join(strings.Fields(l), " ")
				at += len(lines[i])
				ends[at] = true
				at++
			}
			joined := strings.Join(lines, " ")
			start := processorTime()
			sentences := text.Sentences(joined, label)
			took := processorTime() - start
			common := 0
			for _, s := range sentences {
				if ends[s.End] {
					common++
				}
			}
			figure("sentences."+label, float64(common)/float64(len(ends)), fmt.Sprintf("of %d line ends found; %.3f of %d sentence ends are line ends; %.0f MB/s",
				len(ends), float64(common)/float64(len(sentences)), len(sentences), float64(len(joined))/1e6/took.Seconds()))
		}
	}
	return nil
}
