package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"

	"vislang/pkg/embedded/clickhouse"
)

// interact reads statements from a terminal and runs each at its semicolon.
// Ctrl-C drops what is typed or cancels the statement that runs, Ctrl-D leaves.
func (s *sqlShell) interact(ctx context.Context, in *os.File) error {
	// Ctrl-C must not end the process, so its signal is taken here.
	ctx = context.WithoutCancel(ctx)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	keys := &terminalInput{keys: make(chan []byte), done: ctx.Done()}
	go keys.read(in)
	console := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{keys, s.out}, "")
	console.History = openSQLHistory()
	fmt.Fprintln(s.out, "SQL on ClickHouse. A statement ends with a semicolon; SHOW TABLES lists the tables, Ctrl-D leaves.")
	for script := ""; ; {
		prompt := "sql> "
		if script != "" {
			prompt = "  -> "
		}
		line, err := readSQLLine(console, in, prompt)
		if err != nil {
			fmt.Fprintln(s.out)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if keys.interrupted.Swap(false) {
			script = ""
			continue
		}
		switch word := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), ";")); {
		case script != "":
		case word == "":
			continue
		case word == "exit", word == "quit", word == `\q`:
			return nil
		}
		script += line + "\n"
		if !strings.HasSuffix(strings.TrimSpace(line), ";") {
			continue
		}
		if err := s.answer(ctx, script); err != nil {
			return err
		}
		script = ""
	}
}

// answer runs what was typed. An error of a statement does not end the shell.
func (s *sqlShell) answer(ctx context.Context, script string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	for _, sql := range clickhouse.Split(script) {
		start := time.Now()
		if err := s.run(ctx, sql, nil); err != nil {
			fmt.Fprintln(s.out, strings.TrimSpace(err.Error()))
			return nil
		}
		fmt.Fprintf(s.out, "%.3f s\n", time.Since(start).Seconds())
	}
	return nil
}

// readSQLLine edits one line. The terminal is raw only meanwhile.
func readSQLLine(console *term.Terminal, in *os.File, prompt string) (string, error) {
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", fmt.Errorf("sql: %w", err)
	}
	defer term.Restore(int(in.Fd()), state)
	if width, height, err := term.GetSize(int(in.Fd())); err == nil {
		console.SetSize(width, height)
	}
	console.SetPrompt(prompt)
	console.SetBracketedPasteMode(true)
	defer console.SetBracketedPasteMode(false)
	line, err := console.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

const (
	ctrlC    = 3
	dropLine = "\x05\x15\r" // to the end of the line, delete it, enter
)

// terminalInput hands on key presses until done.
type terminalInput struct {
	keys chan []byte
	done <-chan struct{}
	rest []byte
	// interrupted says that Ctrl-C ended the line. The line editor would
	// take it for the end of the input.
	interrupted atomic.Bool
}

func (t *terminalInput) read(in io.Reader) {
	defer close(t.keys)
	for {
		buf := make([]byte, 256)
		n, err := in.Read(buf)
		if n > 0 {
			select {
			case t.keys <- buf[:n]:
			case <-t.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (t *terminalInput) Read(p []byte) (int, error) {
	if len(t.rest) == 0 {
		select {
		case <-t.done:
			return 0, io.EOF
		case keys, ok := <-t.keys:
			if !ok {
				return 0, io.EOF
			}
			if bytes.IndexByte(keys, ctrlC) >= 0 {
				t.interrupted.Store(true)
				keys = []byte(dropLine)
			}
			t.rest = keys
		}
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// sqlHistory keeps the lines typed in a file of the user's cache folder.
type sqlHistory struct {
	lines []string // oldest first
	path  string   // "" if there is no such folder
}

// maxSQLHistory is how many lines are read back.
const maxSQLHistory = 1000

func openSQLHistory() *sqlHistory {
	h := &sqlHistory{}
	cache, err := os.UserCacheDir()
	if err != nil {
		return h
	}
	h.path = filepath.Join(cache, "vislang", "sql_history")
	file, err := os.Open(h.path)
	if err != nil {
		return h
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		h.lines = append(h.lines, lines.Text())
	}
	h.lines = h.lines[max(0, len(h.lines)-maxSQLHistory):]
	return h
}

// Add implements term.History. A history that cannot be kept is not worth an
// error.
func (h *sqlHistory) Add(line string) {
	if strings.TrimSpace(line) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.path == "" || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	file, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintln(file, line)
}

// Len implements term.History.
func (h *sqlHistory) Len() int { return len(h.lines) }

// At implements term.History; 0 is the latest line.
func (h *sqlHistory) At(i int) string { return h.lines[len(h.lines)-1-i] }
