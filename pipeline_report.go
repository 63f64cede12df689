package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// report prints what the database holds after a run.
func (p *pipeline) report(w io.Writer, asJSON bool) error {
	if p.sink == nil {
		return nil
	}
	ctx := context.Background()
	db, err := openDatabase(ctx, p.c.database)
	if err != nil {
		return err
	}
	defer db.Close()
	o, err := readOverview(ctx, db)
	if err != nil {
		return err
	}
	elapsed := time.Since(p.started)
	if asJSON {
		type spent struct {
			Stage  string  `json:"stage"`
			In     int64   `json:"records"`
			Work   float64 `json:"work_seconds"`
			Commit float64 `json:"commit_seconds"`
		}
		summary := struct {
			*overview
			Seconds float64 `json:"seconds"`
			Stages  []spent `json:"stages"`
		}{overview: o, Seconds: elapsed.Seconds()}
		for _, s := range p.stages {
			work, commit := p.metrics.Spent(s.stage.Name())
			summary.Stages = append(summary.Stages, spent{s.stage.Name(), p.metrics.Worked(s.stage.Name()), work.Seconds(), commit.Seconds()})
		}
		return json.NewEncoder(w).Encode(summary)
	}
	fmt.Fprintf(w, "%d documents: %d done, %d failed, %d on the way (%s)\n", o.Documents, o.Done, o.Failed, o.Processing, elapsed.Round(100*time.Millisecond))
	fmt.Fprintf(w, "pages: %s\n", list(o.Pages))
	fmt.Fprintf(w, "%d sentences, %d aligned pairs, %d figures (%d with a caption)\n", o.Sentences, o.Pairs, o.Figures, o.Captioned)
	if len(o.DeadLetters) > 0 {
		fmt.Fprintf(w, "dead letters: %s\n", list(o.DeadLetters))
	}
	return nil
}

// list joins counts for a line of text.
func list(counts []count) string {
	if len(counts) == 0 {
		return "none"
	}
	parts := make([]string, len(counts))
	for i, c := range counts {
		parts[i] = fmt.Sprintf("%d %s", c.Count, c.Name)
	}
	return strings.Join(parts, ", ")
}
