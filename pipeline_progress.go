package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"vislang/pkg/stream"
	"vislang/sinks/clickhouse"
)

// progress shows how far a pipeline is: a live line for each source and stage
// in a terminal, a plain line every few seconds elsewhere.
type progress struct {
	w      io.Writer
	live   bool
	silent bool
	p      *pipeline

	mu      sync.Mutex
	runs    []*sourceRun
	drawn   int // lines on the screen
	started time.Time
	lags    map[string]stream.Lag
}

func newProgress(w io.Writer, p *pipeline) *progress {
	file, ok := w.(*os.File)
	return &progress{w: w, live: ok && term.IsTerminal(int(file.Fd())), p: p, started: time.Now()}
}

func (g *progress) off() { g.silent = true }

func (g *progress) addSource(run *sourceRun) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.runs = append(g.runs, run)
}

func (g *progress) sourceRuns() []*sourceRun {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*sourceRun(nil), g.runs...)
}

// run draws until ctx ends.
func (g *progress) run(ctx context.Context) {
	if g.silent {
		return
	}
	admin := stream.NewAdmin(g.p.c.kafka...)
	defer admin.Close()
	pause := 5 * time.Second
	if g.live {
		pause = 500 * time.Millisecond
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if lags, err := admin.Lags(ctx, g.p.groups()); err == nil {
			g.draw(lags)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Write passes log lines through, above the live lines.
func (g *progress) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live && g.drawn > 0 {
		fmt.Fprintf(g.w, "\x1b[%dA\x1b[J", g.drawn)
		g.drawn = 0
	}
	return g.w.Write(line)
}

// finish leaves the last state on the screen.
func (g *progress) finish() {
	g.mu.Lock()
	lags := g.lags
	g.mu.Unlock()
	if g.silent || !g.live || lags == nil {
		return
	}
	g.draw(lags)
}

func (g *progress) draw(lags map[string]stream.Lag) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lags = lags
	lines := g.lines()
	elapsed := time.Since(g.started).Round(time.Second)
	if !g.live {
		fmt.Fprintf(g.w, "%s %s\n", elapsed, strings.Join(lines, " | "))
		return
	}
	width := 100
	if file, ok := g.w.(*os.File); ok {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil {
			width = w
		}
	}
	var b strings.Builder
	if g.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", g.drawn)
	}
	for _, line := range append(lines, elapsed.String()) {
		runes := []rune(line)
		b.WriteString("\x1b[2K" + string(runes[:min(len(runes), width-1)]) + "\n")
	}
	g.drawn = len(lines) + 1
	io.WriteString(g.w, b.String())
}

// lines are the lines of sources and stages. Sources that have ended are
// summed up once there are many.
func (g *progress) lines() []string {
	var lines []string
	for _, run := range g.runs {
		found, done := run.output.Progress()
		state := ""
		if run.ended.Load() {
			state = " read"
		}
		name := run.source.Name()
		if !g.live {
			name = short(name)
		}
		lines = append(lines, g.line(name, done, found-done, state))
	}
	for _, s := range g.p.stages {
		name := s.stage.Name()
		lines = append(lines, g.line(name, g.p.metrics.Worked(name), g.lags[name].Records, ""))
	}
	if g.p.sink != nil {
		lag := g.lags[clickhouse.Group]
		lines = append(lines, g.line(clickhouse.Group, lag.End-lag.Records, lag.Records, ""))
	}
	return lines
}

func (g *progress) line(name string, done, left int64, state string) string {
	if !g.live {
		return fmt.Sprintf("%s %d done %d left%s", name, done, left, state)
	}
	const width = 24
	filled := 0
	if done+left > 0 {
		filled = int(done * width / (done + left))
	}
	bar := strings.Repeat("█", filled) + strings.Repeat("░", width-filled)
	return fmt.Sprintf("%-12s %s %7d done %6d left%s", shorten(name, 12), bar, done, left, state)
}

// short is the last element of a path or address.
func short(name string) string {
	name = strings.TrimRight(name, "/")
	return name[strings.LastIndexByte(name, '/')+1:]
}

func shorten(name string, width int) string {
	runes := []rune(short(name))
	if len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return string(runes)
}
