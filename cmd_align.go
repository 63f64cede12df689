package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"vislang/pkg/align"
	"vislang/pkg/embed"
)

func newAlignCommand() *cobra.Command {
	var scores, pairs, asJSON bool
	cmd := &cobra.Command{
		Use:   "align SRC TGT",
		Short: "Align the sentences of two texts",
		Long: `Reads two files with one sentence a line and writes the beads: the numbers of the
source lines, a colon, and those of the target lines that translate them, from 0.
A line without a counterpart stands alone: [3]:[]. No dictionary is used, so that
any two languages will do. --text shows the pairs side by side in a terminal, and
writes them between tabs elsewhere. --json ends with the health of the pair from 0
to 1: below 0.5 the two are hardly whole translations of each other.`,
		Example: `  vislang align english.txt somali.txt
  vislang align --scores english.txt somali.txt > beads.txt
  vislang align --text english.txt somali.txt`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			debug.SetGCPercent(20) // a long document is mostly memory, and little of it pointers
			source, err := readLines(args[0])
			if err != nil {
				return err
			}
			target, err := readLines(args[1])
			if err != nil {
				return err
			}
			var options align.Options
			if cmd.Flags().Lookup("embeddings").Value.String() != "" {
				options.Similarity, err = similarity(cmd, source, target)
				var wrong usageError
				switch {
				case errors.As(err, &wrong) || cmd.Context().Err() != nil:
					return fmt.Errorf("align: %w", err)
				case err != nil:
					fmt.Fprintln(cmd.ErrOrStderr(), "aligning without embeddings:", err)
				}
			}
			result, err := align.Align(cmd.Context(), source, target, options)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			switch {
			case asJSON:
				err = writeAlignedJSON(out, result, source, target)
			case pairs && terminalWidth(cmd.OutOrStdout()) > 0:
				err = writeSideBySide(out, result, source, target, terminalWidth(cmd.OutOrStdout()))
			case pairs:
				err = writeAlignedText(out, result, source, target, scores)
			default:
				err = writeBeads(out, result, scores)
			}
			if err != nil {
				return fmt.Errorf("align: write: %w", err)
			}
			return out.Flush()
		},
	}
	cmd.Flags().BoolVar(&scores, "scores", false, "add the confidence of each bead, 0 to 1: [0]:[0]:0.97, or a third column of --text")
	cmd.Flags().BoolVar(&pairs, "text", false, "show the texts instead of numbers")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a bead, and one with the health of the pair")
	addEmbeddingsFlags(cmd.Flags())
	return cmd
}

// addEmbeddingsFlags adds what names an embedding service.
func addEmbeddingsFlags(flags *pflag.FlagSet) {
	flags.String("embeddings", "", "address of a service with OpenAI's embeddings interface, such as http://127.0.0.1:8765; sentences are compared with it, too")
	flags.String("embeddings-model", "", "model to ask that service for; empty: its own")
}

// similarity asks the service for the vectors of two texts.
func similarity(cmd *cobra.Command, source, target []string) (align.Similarity, error) {
	address, _ := cmd.Flags().GetString("embeddings")
	model, _ := cmd.Flags().GetString("embeddings-model")
	client, err := embed.Open(embed.Options{URL: address, Model: model})
	if err != nil {
		return nil, usageError{err}
	}
	vectors, err := client.Embed(cmd.Context(), slices.Concat(source, target))
	if err != nil {
		return nil, err
	}
	return embed.Similarity(vectors[:len(source)], vectors[len(source):]), nil
}

// readLines reads a text file as lines without their ends.
func readLines(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("align: %w", err)
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if text == "" {
		return nil, nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines, nil
}

func writeBeads(out io.Writer, result align.Result, scores bool) error {
	for _, b := range result.Beads {
		line := indexes(b.Source) + ":" + indexes(b.Target)
		if scores {
			line += fmt.Sprintf(":%.2f", b.Score)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

func indexes(numbers []int) string {
	return strings.Join(strings.Fields(fmt.Sprint(numbers)), ", ")
}

func writeAlignedText(out io.Writer, result align.Result, source, target []string, scores bool) error {
	clean := strings.NewReplacer("\t", " ")
	for _, b := range result.Beads {
		line := clean.Replace(joined(source, b.Source)) + "\t" + clean.Replace(joined(target, b.Target))
		if scores {
			line += fmt.Sprintf("\t%.2f", b.Score)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// terminalWidth returns the columns of a terminal, 0 of what is none.
func terminalWidth(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

func joined(lines []string, numbers []int) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strings.TrimSpace(lines[n])
	}
	return strings.Join(parts, " ")
}

func writeAlignedJSON(out io.Writer, result align.Result, source, target []string) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, b := range result.Beads {
		err := encoder.Encode(struct {
			Source     []int   `json:"source"`
			Target     []int   `json:"target"`
			Score      float64 `json:"score"`
			SourceText string  `json:"source_text"`
			TargetText string  `json:"target_text"`
		}{notNil(b.Source), notNil(b.Target), b.Score, joined(source, b.Source), joined(target, b.Target)})
		if err != nil {
			return err
		}
	}
	return encoder.Encode(struct {
		Health   float64        `json:"health"`
		Beads    int            `json:"beads"`
		Evidence align.Evidence `json:"evidence"`
	}{result.Health, len(result.Beads), result.Evidence})
}

// notNil makes an empty list `[]` in JSON rather than `null`.
func notNil(numbers []int) []int {
	if numbers == nil {
		return []int{}
	}
	return numbers
}
