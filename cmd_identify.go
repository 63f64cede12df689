package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"vislang/pkg/lang"
)

func newIdentifyCommand() *cobra.Command {
	var asJSON, labels bool
	var model string
	var declared []string
	cmd := &cobra.Command{
		Use:   "identify [FILE…]",
		Short: "Tell the language of every line",
		Long: `Reads texts line by line (standard input without FILE, or for -) and writes for
every line its language label, a tab and the confidence in it from 0 to 1. A label
is an ISO 639-3 code and an ISO 15924 script. A line that is too short or like no
known language is und_ with its script, or und_Zyyy without letters, and
confidence 0.

Every line has its answer, also one that is not UTF-8; such lines, and files that
cannot be read, are reported and the others go on; the exit code is then 1.`,
		Example: `  echo "Kila mtu ana haki ya kuishi" | vislang identify
  vislang identify --json report.txt
  vislang identify --declared so,en lines.txt
  vislang identify --model glotlid.bin lines.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := loadLanguageModel(model)
			if err != nil {
				return err
			}
			if labels {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(m.Labels(), "\n"))
				return err
			}
			run := &identifying{model: m, declared: declared, json: asJSON, named: len(args) > 1, out: cmd.OutOrStdout(), errors: cmd.ErrOrStderr()}
			return run.files(cmd.Context(), args, cmd.InOrStdin())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a line: file if there are several, line, label, confidence, error")
	cmd.Flags().BoolVar(&labels, "labels", false, "list the labels the model knows")
	cmd.Flags().StringVar(&model, "model", "", "language model: a file of this program or a fastText model such as GlotLID (default: the installed one)")
	cmd.Flags().StringSliceVar(&declared, "declared", nil, "language tags the text is said to be in: evidence, not truth")
	return cmd
}

func loadLanguageModel(path string) (*lang.Model, error) {
	if path == "" {
		return lang.LoadDefault()
	}
	return lang.Load(path)
}

// maxLine is how many bytes of a line are looked at.
const maxLine = 1 << 20

// identifying is a run of the command.
type identifying struct {
	model    *lang.Model
	declared []string
	json     bool
	named    bool // lines of the output name their file
	out      io.Writer
	errors   io.Writer

	lines, bytes atomic.Int64 // answered, for the progress
}

// files answers the lines of all files, of in if there are none.
func (r *identifying) files(ctx context.Context, names []string, in io.Reader) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	if isTerminal(r.errors) && !isTerminal(r.out) {
		showing, stop := context.WithCancel(ctx)
		var shown sync.WaitGroup
		shown.Go(func() { r.show(showing) })
		defer func() { stop(); shown.Wait() }()
	}
	failed := 0
	for _, name := range names {
		bad, err := r.file(ctx, name, in)
		var output *outputError
		if ctx.Err() != nil || errors.As(err, &output) {
			return err
		}
		if err != nil {
			fmt.Fprintf(r.errors, "vislang: %s: %v\n", name, err)
		}
		if bad > 0 {
			fmt.Fprintf(r.errors, "vislang: %s: %d lines are not UTF-8\n", name, bad)
		}
		if err != nil || bad > 0 {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("identify: %d of %d files could not be read, or not wholly", failed, len(names))
	}
	return nil
}

// outputError is an error of what is written: no other file can be answered.
type outputError struct{ error }

// file answers the lines of one file, and counts the bad ones.
func (r *identifying) file(ctx context.Context, name string, in io.Reader) (bad int64, err error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return 0, err
		}
		defer f.Close()
		in = f
	}
	return r.identify(ctx, name, in)
}

// show draws how far the run is until ctx ends.
func (r *identifying) show(ctx context.Context) {
	start := time.Now()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprint(r.errors, "\r\x1b[K")
			return
		case <-ticker.C:
			megabytes := float64(r.bytes.Load()) / 1e6
			fmt.Fprintf(r.errors, "\r%d lines, %.1f MB, %.1f MB/s\x1b[K", r.lines.Load(), megabytes, megabytes/time.Since(start).Seconds())
		}
	}
}

// chunk is a run of lines and the place where their answers will be.
type chunk struct {
	first   int // number of the first line, from 1
	lines   []string
	answers chan []byte
}

// identify answers the lines in order, several chunks at a time. A chunk ends
// where the input has no more to give for now, so that the command can stand in a
// pipe and answer at once. Lines before an error of the input are answered.
func (r *identifying) identify(ctx context.Context, name string, in io.Reader) (bad int64, err error) {
	workers := runtime.GOMAXPROCS(0)
	group, ctx := errgroup.WithContext(ctx)
	work, ordered := make(chan chunk), make(chan chunk, 2*workers)
	var broken error // of the input
	group.Go(func() error {
		defer close(work)
		defer close(ordered)
		broken = readChunks(ctx, bufio.NewReaderSize(in, 1<<16), func(c chunk) error {
			for _, to := range []chan chunk{ordered, work} {
				select {
				case to <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
		return nil
	})
	var wrong atomic.Int64
	for range workers {
		group.Go(func() error {
			for c := range work {
				answers, n := r.answer(name, c)
				wrong.Add(n)
				c.answers <- answers
			}
			return nil
		})
	}
	group.Go(func() error {
		for c := range ordered {
			select {
			case answers := <-c.answers:
				if _, err := r.out.Write(answers); err != nil {
					return &outputError{fmt.Errorf("identify: write: %w", err)}
				}
				r.lines.Add(int64(len(c.lines)))
				for _, line := range c.lines {
					r.bytes.Add(int64(len(line)))
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return wrong.Load(), err
	}
	return wrong.Load(), broken
}

// identified is a line in the JSON output.
type identified struct {
	File       string  `json:"file,omitempty"`
	Line       int     `json:"line"`
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
	Error      string  `json:"error,omitempty"`
}

// answer answers a chunk, and counts the lines that are not UTF-8.
func (r *identifying) answer(name string, c chunk) (answers []byte, bad int64) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for i, line := range c.lines {
		answer := identified{Line: c.first + i}
		if answer.Label, answer.Confidence = r.model.IdentifyWith(line, r.declared...); !utf8.ValidString(line) && len(line) < maxLine {
			answer.Error = "not UTF-8"
			bad++
		}
		if !r.json {
			fmt.Fprintf(&out, "%s\t%.3f\n", answer.Label, answer.Confidence)
			continue
		}
		if r.named {
			answer.File = name
		}
		encoder.Encode(answer) // a buffer takes all
	}
	return out.Bytes(), bad
}

// readChunks reads lines and hands them on in chunks of up to 512 lines.
func readChunks(ctx context.Context, in *bufio.Reader, hand func(chunk) error) error {
	next := chunk{first: 1}
	for number := 1; ; number++ {
		line, err := readLine(in)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		end := err == io.EOF
		if line != "" {
			next.lines = append(next.lines, line)
		}
		if len(next.lines) > 0 && (end || len(next.lines) == 512 || in.Buffered() == 0) {
			next.answers = make(chan []byte, 1)
			if err := hand(next); err != nil {
				return err
			}
			next = chunk{first: number + 1}
		}
		if end {
			return ctx.Err()
		}
	}
}

// readLine returns the next line with its end, cut to maxLine bytes; at the
// end of the input what is left, and io.EOF.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxLine-len(line))]...)
		if err != bufio.ErrBufferFull {
			return string(line), err
		}
	}
}
