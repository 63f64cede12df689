package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

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
  vislang identify --declared so,en lines.txt`,
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
	cmd.Flags().StringVar(&model, "model", "", "language model (default: the installed one)")
	cmd.Flags().StringSliceVar(&declared, "declared", nil, "language tags the text is said to be in: evidence, not truth")
	return cmd
}

func loadLanguageModel(path string) (*lang.Model, error) {
	if path == "" {
		return lang.LoadDefault()
	}
	return lang.Load(path)
}

// identifyLines answers each line as soon as it is read, so that it can stand
// in a pipe: the output is flushed whenever no further input is waiting.
func identifyLines(ctx context.Context, m *lang.Model, in io.Reader, out io.Writer, declared []string, asJSON bool) error {
	reader := bufio.NewReaderSize(in, 1<<16)
	writer := bufio.NewWriterSize(out, 1<<16)
	for number := 1; ; number++ {
		line, err := reader.ReadString('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("identify: read line %d: %w", number, err)
		}
		if line != "" {
			label, confidence := m.IdentifyWith(line, declared...)
			if werr := writeIdentified(writer, number, label, confidence, asJSON); werr != nil {
				return fmt.Errorf("identify: write: %w", werr)
			}
		}
		if err == io.EOF {
			return writer.Flush()
		}
		if reader.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				return fmt.Errorf("identify: write: %w", err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
}

func writeIdentified(w io.Writer, line int, label string, confidence float64, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintf(w, "%s\t%.3f\n", label, confidence)
		return err
	}
	data, err := json.Marshal(struct {
		Line       int     `json:"line"`
		Label      string  `json:"label"`
		Confidence float64 `json:"confidence"`
	}{line, label, confidence})
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
