package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"vislang/pkg/lang"
)

func newIdentifyCommand() *cobra.Command {
	var asJSON, labels bool
	var model string
	var declared []string
	cmd := &cobra.Command{
		Use:   "identify [FILE]",
		Short: "Tell the language of every line",
		Long: `Reads a text line by line (standard input without FILE) and writes for every line
its language label, a tab and the confidence in it from 0 to 1. A label is an
ISO 639-3 code and an ISO 15924 script. A line that is too short or like no known
language is und_ with its script, or und_Zyyy without letters, and confidence 0.`,
		Example: `  echo "Kila mtu ana haki ya kuishi" | vislang identify
  vislang identify --json report.txt
  vislang identify --declared so,en lines.txt
  vislang identify --model glotlid.bin lines.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := loadLanguageModel(model)
			if err != nil {
				return err
			}
			if labels {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(m.Labels(), "\n"))
				return err
			}
			in := cmd.InOrStdin()
			if len(args) == 1 && args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("identify: %w", err)
				}
				defer f.Close()
				in = f
			}
			return identifyLines(cmd.Context(), m, in, cmd.OutOrStdout(), declared, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a line: line, label, confidence")
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

// chunk is a run of lines and the place where their answers will be.
type chunk struct {
	first   int // number of the first line, from 1
	lines   []string
	answers chan []byte
}

// identifyLines answers the lines in order, several chunks at a time. A chunk
// ends where the input has no more to give for now, so that the command can
// stand in a pipe and answer at once.
func identifyLines(ctx context.Context, m *lang.Model, in io.Reader, out io.Writer, declared []string, asJSON bool) error {
	workers := runtime.GOMAXPROCS(0)
	group, ctx := errgroup.WithContext(ctx)
	work, ordered := make(chan chunk), make(chan chunk, 2*workers)
	group.Go(func() error {
		defer close(work)
		defer close(ordered)
		return readChunks(ctx, bufio.NewReaderSize(in, 1<<16), func(c chunk) error {
			for _, to := range []chan chunk{ordered, work} {
				select {
				case to <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		group.Go(func() error {
			for c := range work {
				var answers bytes.Buffer
				for i, line := range c.lines {
					label, confidence := m.IdentifyWith(line, declared...)
					if err := writeIdentified(&answers, c.first+i, label, confidence, asJSON); err != nil {
						return err
					}
				}
				c.answers <- answers.Bytes()
			}
			return nil
		})
	}
	group.Go(func() error {
		for c := range ordered {
			select {
			case answers := <-c.answers:
				if _, err := out.Write(answers); err != nil {
					return fmt.Errorf("identify: write: %w", err)
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

// readChunks reads lines and hands them on in chunks of up to 512 lines.
func readChunks(ctx context.Context, in *bufio.Reader, hand func(chunk) error) error {
	next := chunk{first: 1}
	for number := 1; ; number++ {
		line, err := readLine(in)
		if err != nil && err != io.EOF {
			return fmt.Errorf("identify: read line %d: %w", number, err)
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

func writeIdentified(w io.Writer, line int, label string, confidence float64, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintf(w, "%s\t%.3f\n", label, confidence)
		return err
	}
	return json.NewEncoder(w).Encode(struct {
		Line       int     `json:"line"`
		Label      string  `json:"label"`
		Confidence float64 `json:"confidence"`
	}{line, label, confidence})
}
