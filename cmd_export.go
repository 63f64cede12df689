package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	clickhousego "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/spf13/cobra"

	"vislang/pkg/blob"
	"vislang/pkg/embedded"
	"vislang/pkg/embedded/clickhouse"
	"vislang/sinks/dataset"
)

func newExportCommand() *cobra.Command {
	var asJSON bool
	options := dataset.Options{Version: version}
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write datasets: aligned pairs and captioned figures",
		Long: `Writes the aligned sentence pairs and the captioned figures into a new folder,
each as Parquet that Hugging Face datasets opens and as JSON Lines, with a card
(README.md) and checksums (SHA256SUMS). It counts first, and the folder appears
whole or not at all.

--where is an SQL condition on the columns of the tables bitext and figures, such
as source_language, target_language, score, license, caption_language, kind. A set
that lacks a column of it is exported without it; --only leaves a set out.

The database is that of --database, else of the vislang that runs on the data
folder, else the data folder itself is opened.`,
		Example: `  vislang export swahili --where "target_language = 'swh_Latn'" --only pairs
  vislang export open --where "license LIKE 'CC-BY%'" --min-score 0.7
  vislang export charts --only figures --where "kind IN ('chart', 'map')" --format parquet`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Dir = args[0]
			if err := checkExport(&options); err != nil {
				return usageError{err}
			}
			closeAll, err := openExport(cmd, &options)
			if err != nil {
				return err
			}
			defer closeAll()
			if isTerminal(cmd.ErrOrStderr()) {
				options.Progress = exportProgress(cmd.ErrOrStderr())
			}
			report, err := dataset.Export(cmd.Context(), options)
			if options.Progress != nil {
				fmt.Fprint(cmd.ErrOrStderr(), "\r\x1b[K")
			}
			switch {
			case cmd.Context().Err() != nil:
				return fmt.Errorf("export: cancelled, %s was not written", options.Dir)
			case errors.Is(err, dataset.ErrNothing):
				return fmt.Errorf("export: %w: %s", err, nothingHint(options))
			case err != nil:
				return fmt.Errorf("export: %w", err)
			case asJSON:
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return printExport(cmd.OutOrStdout(), options, report)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&options.Where, "where", "", "SQL condition on the columns of a row")
	flags.Float64Var(&options.MinScore, "min-score", 0.5, "least score of a pair, 0 to 1")
	flags.StringSliceVar(&options.Sets, "only", nil, "sets to export: pairs, figures (default both)")
	flags.StringSliceVar(&options.Formats, "format", nil, "formats: parquet, jsonl (default both)")
	flags.BoolVar(&options.Force, "force", false, "replace an earlier export in DIR")
	flags.BoolVar(&asJSON, "json", false, "report as JSON")
	return cmd
}

func checkExport(o *dataset.Options) error {
	for _, set := range o.Sets {
		if !slices.Contains(dataset.Sets(), set) {
			return fmt.Errorf("export: --only %s is not one of %s", set, strings.Join(dataset.Sets(), ", "))
		}
	}
	for _, format := range o.Formats {
		if !slices.Contains(dataset.Formats(), format) {
			return fmt.Errorf("export: --format %s is not one of %s", format, strings.Join(dataset.Formats(), ", "))
		}
	}
	if !(o.MinScore >= 0 && o.MinScore <= 1) {
		return fmt.Errorf("export: --min-score %g is not between 0 and 1", o.MinScore)
	}
	return nil
}

// openExport opens the database and the blob store that the flags name.
func openExport(cmd *cobra.Command, o *dataset.Options) (closeAll func(), err error) {
	var closers []func() error
	closeOpened := func() {
		for _, f := range slices.Backward(closers) {
			f()
		}
	}
	defer func() {
		if err != nil {
			closeOpened()
		}
	}()
	data, _ := cmd.Flags().GetString("data")
	address, closeDatabase, err := findDatabase(cmd, data)
	if err != nil {
		return nil, err
	}
	closers = append(closers, closeDatabase)
	if address, err = dsn(address); err != nil {
		return nil, usageError{err}
	}
	parsed, err := clickhousego.ParseDSN(address)
	if err != nil {
		return nil, usageError{fmt.Errorf("--database: %w", err)}
	}
	if o.Database, err = clickhousego.Open(parsed); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	closers = append(closers, o.Database.Close)
	blobs, _ := cmd.Flags().GetString("blobs")
	if blobs == "" {
		blobs = filepath.Join(data, "blobs")
	}
	store, err := blob.Open(cmd.Context(), blobs)
	if err != nil {
		return nil, err
	}
	o.Blobs = store
	closers = append(closers, store.Close)
	return closeOpened, nil
}

// findDatabase returns the address of the database of the flags, of a running
// vislang, or of one that it starts on the data folder.
func findDatabase(cmd *cobra.Command, data string) (address string, closeDatabase func() error, err error) {
	none := func() error { return nil }
	if address, _ = cmd.Flags().GetString("database"); address != "" {
		return address, none, nil
	}
	running, err := embedded.Running(data)
	if err != nil {
		return "", nil, err
	}
	if running != nil {
		if running.ClickHouse == "" {
			return "", nil, fmt.Errorf("process %d has the data folder %s but uses another ClickHouse: name it with --database", running.PID, data)
		}
		return running.ClickHouse, none, nil
	}
	if _, err := os.Stat(data); err != nil {
		return "", nil, fmt.Errorf("there is no data folder %s: name it with --data, or fill one with `vislang run --data %s SOURCE`", data, data)
	}
	lock, err := embedded.Acquire(data)
	if err != nil {
		return "", nil, err
	}
	log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
	if err != nil {
		lock.Release()
		return "", nil, err
	}
	server, err := clickhouse.Start(cmd.Context(), clickhouse.Options{Dir: filepath.Join(data, "clickhouse"), Addr: "127.0.0.1:0", Log: log})
	if err != nil {
		lock.Release()
		return "", nil, err
	}
	return server.URL(), func() error { return errors.Join(server.Close(), lock.Release()) }, nil
}

// exportProgress returns a progress line that is redrawn once a per cent.
func exportProgress(w io.Writer) func(set string, rows, total int64) {
	var last string
	return func(set string, rows, total int64) {
		if line := fmt.Sprintf("%s %d%% of %d", set, 100*rows/max(total, 1), total); line != last {
			last = line
			fmt.Fprintf(w, "\r\x1b[K%s", line)
		}
	}
}

func nothingHint(o dataset.Options) string {
	hint := fmt.Sprintf("no figure with a caption and no pair with a score of at least %g (--min-score)", o.MinScore)
	if o.Where != "" {
		hint += " fits --where"
	}
	return hint
}

func printExport(w io.Writer, o dataset.Options, r *dataset.Report) error {
	for _, set := range r.Sets {
		line := fmt.Sprintf("%s: %d rows", set.Name, set.Rows)
		if set.Unreadable > 0 {
			line += fmt.Sprintf(", %d left out because their image could not be read", set.Unreadable)
		}
		if o.Where != "" && !set.Filtered {
			line += " (--where names columns they do not have: not applied)"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "written to %s\n", r.Dir)
	return err
}
