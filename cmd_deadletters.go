package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vislang/producers/replay"
	"vislang/schemas"
)

func newDeadLettersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deadletters",
		Short: "Records that could not be processed: list, show, export, replay, discard",
		Long: `A record that fails for good goes to the topic deadletters, whole, and its
partition moves on. These commands read that topic: on a running instance, on
--brokers, or by opening the data folder while nothing runs.

A letter is named by its place in the topic (0/17, or 17 in partition 0) or by
the record that failed (pages/3/120). It is open until it is replayed or
discarded. What was replayed cannot be replayed again: if it fails once more,
that is a new letter, with its attempts added up.`,
		Example: `  vislang deadletters list --state open --since 24h
  vislang deadletters show 0/17
  vislang deadletters replay --stage ocr --class timeout --dry-run
  vislang deadletters discard --class empty --reason "nothing in them"`,
	}
	cmd.AddCommand(newLettersListCommand(), newLettersShowCommand(), newLettersExportCommand(), newLettersReplayCommand(), newLettersDiscardCommand())
	return cmd
}

// letterFlags are the flags that select dead letters.
type letterFlags struct {
	replay.Filter
	since, until string
	all          bool
}

func (f *letterFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.Stage, "stage", "", "stage that failed, such as ocr")
	flags.StringVar(&f.Class, "class", "", "class of the error, such as timeout")
	flags.StringVar(&f.Topic, "topic", "", "topic of the record that failed")
	flags.StringVar(&f.Document, "document", "", "document id")
	flags.StringVar(&f.since, "since", "", "failed at or after: 2006-01-02, 2006-01-02T15:04:05Z, or 90m or 24h ago")
	flags.StringVar(&f.until, "until", "", "failed before; as --since")
}

// read takes ids and times over. A command that changes something wants to be
// told what to change.
func (f *letterFlags) read(cmd *cobra.Command, ids []string, changes bool) (err error) {
	f.IDs = ids
	if err := f.Check(); err != nil {
		return usageError{err}
	}
	now := time.Now()
	if f.Since, err = timeFlag("since", f.since, now); err != nil {
		return err
	}
	if f.Until, err = timeFlag("until", f.until, now); err != nil {
		return err
	}
	selects := len(ids) > 0
	for _, name := range []string{"stage", "class", "topic", "document", "since", "until"} {
		selects = selects || cmd.Flags().Changed(name)
	}
	switch {
	case changes && !selects && !f.all:
		return usageError{fmt.Errorf("%s: say which letters: ids, --stage, --class, …, or --all", cmd.CommandPath())}
	case changes && selects && f.all:
		return usageError{fmt.Errorf("%s: --all and a selection exclude each other", cmd.CommandPath())}
	}
	return nil
}

// timeFlag reads a point of time, absolute or as a time that has passed.
func timeFlag(name, value string, now time.Time) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(value); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, value); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usageError{fmt.Errorf("--%s %s: neither a time like 2006-01-02T15:04:05Z (UTC) nor a duration like 24h", name, value)}
}

// withLetters runs fn on the dead letters of the engines in use.
func withLetters(cmd *cobra.Command, fn func(ctx context.Context, o replay.Options) error) error {
	log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	c, err := connect(cmd, joinKafka, log)
	if err != nil {
		return err
	}
	defer c.Close()
	return fn(cmd.Context(), replay.Options{Kafka: c.kafka, Codec: schemas.NewCodec(c.registry)})
}

// letterLine is a letter in JSON, without its record.
type letterLine struct {
	ID             string       `json:"id"`
	State          replay.State `json:"state"`
	Stage          string       `json:"stage"`
	Class          string       `json:"class"`
	Error          string       `json:"error"`
	Attempts       int32        `json:"attempts"`
	FirstFailedAt  time.Time    `json:"first_failed_at"`
	FailedAt       time.Time    `json:"failed_at"`
	Partial        bool         `json:"partial"` // the stage went on without what failed
	SourceTopic    string       `json:"source_topic"`
	SourcePart     int32        `json:"source_partition"`
	SourceOffset   int64        `json:"source_offset"`
	SourceRecorded time.Time    `json:"source_timestamp"`
	DocumentID     string       `json:"document_id"`
	Revision       int64        `json:"revision"`
	URL            string       `json:"url"`
	Page           int32        `json:"page"`
	Bytes          int          `json:"bytes"` // size of the value
}

func lineOf(l *replay.Letter) letterLine {
	line := letterLine{
		ID: l.ID(), State: l.State, Stage: l.Stage, Class: l.Class, Error: l.Error, Attempts: l.Attempts,
		FirstFailedAt: l.FirstFailedAt, FailedAt: l.FailedAt, Partial: l.Partial,
		SourceTopic: l.SourceTopic, SourcePart: l.SourcePartition, SourceOffset: l.SourceOffset, SourceRecorded: l.SourceTimestamp,
		DocumentID: l.DocumentID, Revision: l.Revision, URL: l.URL, Page: l.Page, Bytes: len(l.Value),
	}
	if l.Corrupt != nil {
		line.Class, line.Error = "corrupt_letter", l.Corrupt.Error()
	}
	return line
}

// letterExport is a letter in JSON with all that it holds. Bytes are base64.
type letterExport struct {
	letterLine
	Key     []byte         `json:"key"`
	Value   []byte         `json:"value"`
	Headers []headerExport `json:"headers"`
	Record  map[string]any `json:"record,omitempty"` // the value decoded, if it can be; in show only
}

type headerExport struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

func exportOf(l *replay.Letter) letterExport {
	e := letterExport{letterLine: lineOf(l), Key: l.Key, Value: l.Value, Headers: []headerExport{}}
	for _, h := range l.Headers {
		e.Headers = append(e.Headers, headerExport(h))
	}
	return e
}

func newLettersListCommand() *cobra.Command {
	var f letterFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [ID…]",
		Short: "One line a dead letter",
		Example: `  vislang deadletters list
  vislang deadletters list --state open --stage extract --since 24h
  vislang deadletters list --json | jq -r 'select(.attempts > 4) | .url'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(cmd, args, false); err != nil {
				return err
			}
			return withLetters(cmd, func(ctx context.Context, o replay.Options) error {
				if asJSON {
					encoder := json.NewEncoder(cmd.OutOrStdout())
					return replay.Read(ctx, o, f.Filter, func(l *replay.Letter) error { return encoder.Encode(lineOf(l)) })
				}
				return listLetters(ctx, o, f.Filter, cmd.OutOrStdout())
			})
		},
	}
	f.add(cmd.Flags())
	addLetterState(cmd.Flags(), &f)
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func addLetterState(flags *pflag.FlagSet, f *letterFlags) {
	flags.StringVar(&f.State, "state", "", "open, replayed or discarded")
}

func listLetters(ctx context.Context, o replay.Options, f replay.Filter, w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tSTAGE\tCLASS\tATTEMPTS\tFAILED\tRECORD\tPAGE\tABOUT")
	count := map[string]int{}
	err := replay.Read(ctx, o, f, func(l *replay.Letter) error {
		line := lineOf(l)
		count[l.State.State]++
		page := "-"
		if l.Page > 0 {
			page = fmt.Sprint(l.Page)
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", line.ID, l.State.State, firstOf(l.Stage, "-"), line.Class, l.Attempts,
			l.FailedAt.Format(time.DateTime), firstOf(l.Source(), "-"), page, firstOf(l.URL, l.DocumentID, "-"))
		return err
	})
	if err != nil {
		return err
	}
	table.Flush()
	_, err = fmt.Fprintf(w, "%d open, %d replayed, %d discarded\n", count[replay.StateOpen], count[replay.StateReplayed], count[replay.StateDiscarded])
	return err
}

func newLettersShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "All of a dead letter, with the record decoded",
		Example: `  vislang deadletters show 0/17
  vislang deadletters show pages/3/120 --json | jq .record`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := replay.Filter{IDs: args}
			if err := f.Check(); err != nil {
				return usageError{err}
			}
			return withLetters(cmd, func(ctx context.Context, o replay.Options) error {
				found := 0
				err := replay.Read(ctx, o, f, func(l *replay.Letter) error {
					found++
					e := exportOf(l)
					var problem error
					if l.Corrupt == nil {
						e.Record, problem = o.Codec.Fields(ctx, l.SourceTopic, l.Value)
					}
					if asJSON {
						return json.NewEncoder(cmd.OutOrStdout()).Encode(e)
					}
					return printLetter(cmd.OutOrStdout(), e, problem)
				})
				if err == nil && found == 0 {
					err = fmt.Errorf("there is no dead letter %s; `vislang deadletters list` shows all", args[0])
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object; key, value and headers in base64")
	return cmd
}

func printLetter(w io.Writer, e letterExport, problem error) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, value any) {
		if text := fmt.Sprint(value); text != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, strings.ReplaceAll(text, "\n", "\n\t"))
		}
	}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339Nano)
	}
	row("id", e.ID)
	state := e.State.State
	if !e.State.At.IsZero() {
		state += " " + moment(e.State.At)
	}
	if e.State.Revision > 0 {
		state += fmt.Sprintf(", as revision %d of its document", e.State.Revision)
	}
	if e.State.Reason != "" {
		state += ": " + e.State.Reason
	}
	row("state", state)
	row("stage", e.Stage)
	row("class", e.Class)
	row("error", e.Error)
	row("attempts", e.Attempts)
	row("first failed", moment(e.FirstFailedAt))
	row("last failed", moment(e.FailedAt))
	went := "whole record; nothing was made of it"
	if e.Partial {
		went = "in part; the stage went on without it"
	}
	row("failed", went)
	if e.SourceTopic != "" {
		row("record", fmt.Sprintf("%s/%d/%d %s", e.SourceTopic, e.SourcePart, e.SourceOffset, moment(e.SourceRecorded)))
	}
	row("document", e.DocumentID)
	if e.Revision > 0 {
		row("revision", e.Revision)
	}
	row("url", e.URL)
	if e.Page > 0 {
		row("page", e.Page)
	}
	row("key", printable(e.Key))
	for _, h := range e.Headers {
		row("header", h.Key+": "+printable(h.Value))
	}
	row("value", fmt.Sprintf("%d bytes", len(e.Value)))
	if err := table.Flush(); err != nil {
		return err
	}
	if problem != nil {
		_, err := fmt.Fprintf(w, "the value cannot be decoded: %v\n", problem)
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(e.Record)
}

// printable quotes what a terminal should not get.
func printable(b []byte) string {
	if quoted := fmt.Sprintf("%q", b); quoted != `"`+string(b)+`"` {
		return quoted
	}
	return string(b)
}

func newLettersExportCommand() *cobra.Command {
	var f letterFlags
	cmd := &cobra.Command{
		Use:   "export [ID…]",
		Short: "Dead letters with all they hold, as JSON Lines",
		Long: `Writes one JSON object a letter. Key, value and header values are base64: the
value is the record as it was, with its own wire-format header.`,
		Example: `  vislang deadletters export --state open > letters.jsonl
  vislang deadletters export --class corrupt | jq -r .value | head -1 | base64 -d | xxd | head`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(cmd, args, false); err != nil {
				return err
			}
			return withLetters(cmd, func(ctx context.Context, o replay.Options) error {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				return replay.Read(ctx, o, f.Filter, func(l *replay.Letter) error { return encoder.Encode(exportOf(l)) })
			})
		},
	}
	f.add(cmd.Flags())
	addLetterState(cmd.Flags(), &f)
	cmd.Flags().Bool("json", true, "JSON Lines; there is no other format")
	return cmd
}

func newLettersReplayCommand() *cobra.Command {
	var f letterFlags
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use:   "replay [ID…]",
		Short: "Process open dead letters again",
		Long: `Writes what failed to Kafka once more, for running stages to process or the next
run. Rows are never doubled:

  record    a record that failed whole is written again to its topic and
            partition; only the stage that failed handles it
  document  of a record that failed in part (a page, a pair of texts) the whole
            document is processed again as a new revision, whose rows take the
            place of the old ones once its text is there

The letters are replayed from then on, in the same transaction.`,
		Example: `  vislang deadletters replay 0/17
  vislang deadletters replay --class missing_blob --dry-run
  vislang deadletters replay --all`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(cmd, args, true); err != nil {
				return err
			}
			return withLetters(cmd, func(ctx context.Context, o replay.Options) error {
				outcomes, err := replayLetters(ctx, o, f.Filter, dry)
				if err != nil {
					return err
				}
				verb := "replayed"
				if dry {
					verb = "would be replayed"
				}
				return printOutcomes(cmd.OutOrStdout(), outcomes, verb, asJSON)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.all, "all", false, "all open letters")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be done")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a letter")
	return cmd
}

func replayLetters(ctx context.Context, o replay.Options, f replay.Filter, dry bool) ([]*replay.Outcome, error) {
	if dry {
		return replay.Plan(ctx, o, f)
	}
	r, err := replay.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.Replay(ctx, f)
}

func newLettersDiscardCommand() *cobra.Command {
	var f letterFlags
	var reason string
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use:   "discard [ID…]",
		Short: "Note that open dead letters need no more work",
		Long: `The letters stay in their topic and are no longer open. Who did it and why is
kept with them.`,
		Example: `  vislang deadletters discard --class empty --reason "nothing in them"`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(cmd, args, true); err != nil {
				return err
			}
			if reason == "" {
				return usageError{errors.New("deadletters discard: say why with --reason")}
			}
			return withLetters(cmd, func(ctx context.Context, o replay.Options) error {
				if dry {
					f.State = replay.StateOpen
					var outcomes []*replay.Outcome
					err := replay.Read(ctx, o, f.Filter, func(l *replay.Letter) error {
						outcomes = append(outcomes, &replay.Outcome{Letter: l.ID(), Stage: l.Stage, Class: l.Class, Source: l.Source(), Document: l.DocumentID})
						return nil
					})
					if err != nil {
						return err
					}
					return printOutcomes(cmd.OutOrStdout(), outcomes, "would be discarded", asJSON)
				}
				r, err := replay.Open(ctx, o)
				if err != nil {
					return err
				}
				defer r.Close()
				if who, err := user.Current(); err == nil {
					reason += " (" + who.Username + ")"
				}
				outcomes, err := r.Discard(ctx, f.Filter, reason)
				if err != nil {
					return err
				}
				return printOutcomes(cmd.OutOrStdout(), outcomes, "discarded", asJSON)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.all, "all", false, "all open letters")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be done")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a letter")
	return cmd
}

// printOutcomes says what became of each letter. Letters that something keeps
// from being replayed are an error.
func printOutcomes(w io.Writer, outcomes []*replay.Outcome, verb string, asJSON bool) error {
	done, kept := 0, 0
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	encoder := json.NewEncoder(w)
	for _, o := range outcomes {
		if o.Problem == "" {
			done++
		} else {
			kept++
		}
		if asJSON {
			if err := encoder.Encode(o); err != nil {
				return err
			}
			continue
		}
		how := "as " + o.As
		switch {
		case o.Problem != "":
			how = "left: " + o.Problem
		case o.Revision > 0:
			how = fmt.Sprintf("as revision %d of document %s", o.Revision, o.Document)
		case o.As == "":
			how = ""
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", o.Letter, firstOf(o.Stage, "-"), firstOf(o.Class, "-"), firstOf(o.Source, "-"), how)
	}
	if !asJSON {
		if err := table.Flush(); err != nil {
			return err
		}
		if len(outcomes) == 0 {
			fmt.Fprintln(w, "no open letter is selected; `vislang deadletters list` tells what became of them")
			return nil
		}
		fmt.Fprintf(w, "%d %s\n", done, verb)
	}
	if kept > 0 {
		return fmt.Errorf("%d letters were left as they are", kept)
	}
	return nil
}
