package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"vislang/pkg/docalign"
)

func newMatchCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "match SRC TGT",
		Short: "Find which documents of two collections translate each other",
		Long: `Reads two files with one document a line, as JSON with "id" and "lines" (sentences
in order; "url" and "figures", hashes of pictures, help if they are there), and
writes the pairs found: source id, target id, score, margin, parted by tabs. The
score is in nats, evidence for against; the margin is how much better the pair is
than the next best of either document. No dictionary is used: words are learned
from the surest pairs.`,
		Example: `  vislang match english.jsonl somali.jsonl
  vislang match --json english.jsonl somali.jsonl | jq .evidence`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, sourceIDs, err := readDocuments(args[0], "source")
			if err != nil {
				return err
			}
			target, targetIDs, err := readDocuments(args[1], "target")
			if err != nil {
				return err
			}
			pairs, err := docalign.Match(cmd.Context(), source, target)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			encoder := json.NewEncoder(out)
			for _, p := range pairs {
				if asJSON {
					err = encoder.Encode(struct {
						Source   string            `json:"source"`
						Target   string            `json:"target"`
						Score    float64           `json:"score"`
						Margin   float64           `json:"margin"`
						Evidence docalign.Evidence `json:"evidence"`
					}{sourceIDs[p.Source], targetIDs[p.Target], p.Score, p.Margin, p.Evidence})
				} else {
					_, err = fmt.Fprintf(out, "%s\t%s\t%.2f\t%.2f\n", sourceIDs[p.Source], targetIDs[p.Target], p.Score, p.Margin)
				}
				if err != nil {
					return fmt.Errorf("match: write: %w", err)
				}
			}
			return out.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a pair, with the evidence")
	return cmd
}

// readDocuments reads one document a line; a document without an id is called
// by its number from 1.
func readDocuments(path, language string) (documents []docalign.Document, ids []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("match: %w", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var d struct {
			ID      string   `json:"id"`
			Lines   []string `json:"lines"`
			URL     string   `json:"url"`
			Figures []string `json:"figures"`
		}
		err := decoder.Decode(&d)
		if errors.Is(err, io.EOF) {
			return documents, ids, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("match: document %d of %s: %w", len(ids)+1, path, err)
		}
		if d.ID == "" {
			d.ID = fmt.Sprint(len(ids) + 1)
		}
		documents = append(documents, docalign.Document{Lines: d.Lines, Language: language, URL: d.URL, Figures: d.Figures})
		ids = append(ids, d.ID)
	}
}
