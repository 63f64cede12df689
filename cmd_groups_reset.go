package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"vislang/processors/match"
	"vislang/producers/replay"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// resetFlags say which partitions of a group go where.
type resetFlags struct {
	group, topic, document, time string
	partition                    int32
	offset                       int64
	start, dry, asJSON           bool
	at                           time.Time
}

func newGroupsResetCommand() *cobra.Command {
	var f resetFlags
	cmd := &cobra.Command{
		Use:   "reset --group GROUP",
		Short: "Process again from a time, an offset, a document or the start",
		Long: `Has a group process again what it has processed, from a point on, or pass over
what it has not. No row is doubled, whatever is killed: repeat the command.

Back, a stage: the documents that the records are about are begun again as a new
revision, from extract on, while everything goes on. Their rows take the place
of the old ones once their text is there. Whole documents, because the pages of
one document join only each other; the offsets of the group stay.

Back, clickhouse: rows of the records are removed from the tables, then loaded
again from Kafka. What Kafka no longer holds keeps its rows.

Forward: the records between are passed over and never processed.

Forward, and for clickhouse, the group must have no members: stop its processes,
or drain them.`,
		Example: `  vislang groups reset --group ocr --to-time 2006-01-02T15:00:00Z --dry-run
  vislang groups reset --group extract --document 2ZbmXxx0Tg4n8iB1yqQvKfJ0bqH
  vislang groups reset --group clickhouse --to-start
  vislang groups reset --group align --topic matches --partition 3 --to-offset 1200`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return withBoard(cmd, join, func(ctx context.Context, b *board) error { return f.run(ctx, b, cmd.OutOrStdout()) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.group, "group", "", "group to reset: a stage, or clickhouse")
	flags.StringVar(&f.time, "to-time", "", "records written at or after: 2006-01-02T15:04:05Z, or 24h ago")
	flags.Int64Var(&f.offset, "to-offset", 0, "offset in --partition")
	flags.StringVar(&f.document, "document", "", "a document: this one for a stage; its first record and all after it for clickhouse")
	flags.BoolVar(&f.start, "to-start", false, "the oldest records that Kafka holds")
	flags.StringVar(&f.topic, "topic", "", "only this topic of the group")
	flags.Int32Var(&f.partition, "partition", -1, "only this partition")
	flags.BoolVar(&f.dry, "dry-run", false, "only say what would be done")
	flags.BoolVar(&f.asJSON, "json", false, "one JSON object")
	return cmd
}

func (f *resetFlags) check(cmd *cobra.Command) (err error) {
	if f.group == "" {
		return usageError{errors.New("groups reset: name a group with --group")}
	}
	if err := knownGroup(f.group); err != nil {
		return err
	}
	targets := 0
	for _, name := range []string{"to-time", "to-offset", "document", "to-start"} {
		if cmd.Flags().Changed(name) {
			targets++
		}
	}
	if targets != 1 {
		return usageError{errors.New("groups reset: say where to with one of --to-time, --to-offset, --document, --to-start")}
	}
	_, inputs := everyGroup()
	topics := inputs[f.group]
	switch {
	case f.topic != "" && !slices.Contains(topics, f.topic):
		return usageError{fmt.Errorf("groups reset: group %s does not read topic %q; it reads %s", f.group, f.topic, strings.Join(topics, ", "))}
	case cmd.Flags().Changed("to-offset") && (f.partition < 0 || f.offset < 0 || f.topic == "" && len(topics) > 1):
		return usageError{errors.New("groups reset: --to-offset needs --partition, and --topic if the group reads several")}
	case slices.Contains(topics, match.Topic) && f.document == "":
		// Its topic holds steps of the search, which name no document of the topic of documents.
		return usageError{errors.New("groups reset: match is reset by --document; to look for all counterparts again reset --group pair, whose documents come by it")}
	case f.document != "" && (f.topic != "" || f.partition >= 0):
		return usageError{errors.New("groups reset: --document finds topic and partition itself")}
	}
	f.at, err = timeFlag("to-time", f.time, time.Now())
	return err
}

// move is what is to happen to a partition.
type move struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Committed int64  `json:"committed"` // the next offset to be processed; -1 if nothing is committed
	Target    int64  `json:"target"`
	Again     int64  `json:"again"`  // offsets to be processed again
	Passed    int64  `json:"passed"` // offsets to be passed over
}

// resetReport is what was, or would be, done.
type resetReport struct {
	Group     string `json:"group"`
	DryRun    bool   `json:"dry_run"`
	Moves     []move `json:"partitions"`
	Documents int    `json:"documents"`          // begun again
	Missing   int    `json:"missing,omitempty"`  // documents that the topic of documents does not hold
	Revision  int64  `json:"revision,omitempty"` // of the documents begun again
}

func (f *resetFlags) run(ctx context.Context, b *board, w io.Writer) error {
	o := replay.Options{Kafka: b.c.kafka, Codec: schemas.NewCodec(b.c.registry)}
	report := &resetReport{Group: f.group, DryRun: f.dry, Moves: []move{}}
	sink := f.group == clickhouse.Group
	ids := map[string]bool{}
	if f.document != "" && !sink {
		ids[f.document] = true
	} else {
		moves, err := f.moves(ctx, b)
		if err != nil {
			return err
		}
		report.Moves = moves
	}
	forward := kadm.Offsets{} // and, for the sink, back
	for _, m := range report.Moves {
		if m.Passed > 0 || sink {
			forward.AddOffset(m.Topic, m.Partition, m.Target, -1)
		}
		if m.Again > 0 && !sink {
			if err := replay.DocumentsIn(ctx, o, f.group, replay.Range{Topic: m.Topic, Partition: m.Partition, From: m.Target, To: m.Committed}, ids); err != nil {
				return err
			}
		}
	}
	if len(forward) > 0 {
		if err := b.empty(ctx, f.group); err != nil && !f.dry {
			return err
		}
	}
	report.Documents = len(ids)
	if !f.dry {
		if err := f.apply(ctx, b, o, forward, ids, report); err != nil {
			return err
		}
	}
	if f.asJSON {
		return json.NewEncoder(w).Encode(report)
	}
	return report.print(w)
}

func (f *resetFlags) apply(ctx context.Context, b *board, o replay.Options, offsets kadm.Offsets, ids map[string]bool, report *resetReport) error {
	if len(ids) > 0 {
		if _, err := b.c.createTopics(ctx); err != nil {
			return err
		}
		r, err := replay.Open(ctx, o)
		if err != nil {
			return err
		}
		defer r.Close()
		revision, found, err := r.Documents(ctx, slices.Collect(maps.Keys(ids)))
		if err != nil {
			return err
		}
		report.Revision, report.Documents, report.Missing = revision, found, len(ids)-found
		if f.document != "" && found == 0 {
			return fmt.Errorf("document %s is not in topic %s", f.document, schemas.TopicDocuments)
		}
	}
	switch {
	case len(offsets) == 0:
		return nil
	case f.group == clickhouse.Group:
		return b.admin.Do(func(admin *kadm.Client) error { return clickhouse.Reset(ctx, admin, b.c.database, offsets) })
	}
	return b.ask(ctx, "commit offsets", func(ctx context.Context, admin *kadm.Client) error {
		if err := admin.CommitAllOffsets(ctx, f.group, offsets); err != nil {
			return fmt.Errorf("commit offsets of group %s: %w", f.group, err)
		}
		return nil
	})
}

// empty returns an error if a group has members.
func (b *board) empty(ctx context.Context, group string) error {
	groups, err := b.groups(ctx, group)
	if err != nil {
		return err
	}
	members := groups[group].Members
	if len(members) == 0 {
		return nil
	}
	clients := make([]string, len(members))
	for i, m := range members {
		clients[i] = m.Client
	}
	return fmt.Errorf("group %s has %d members (%s): stop their processes, or take them out with `vislang groups drain INSTANCE`, then repeat", group, len(members), strings.Join(clients, ", "))
}

// moves finds out where each partition goes.
func (f *resetFlags) moves(ctx context.Context, b *board) ([]move, error) {
	_, inputs := everyGroup()
	topics := inputs[f.group]
	if f.topic != "" {
		topics = []string{f.topic}
	}
	var first kadm.Offsets
	if f.document != "" {
		var err error
		if first, err = clickhouse.FirstOffsets(ctx, b.c.database, f.document); err != nil {
			return nil, err
		}
		if len(first) == 0 {
			return nil, fmt.Errorf("no table has rows of document %s", f.document)
		}
	}
	var starts, ends, after kadm.ListedOffsets
	var commits kadm.OffsetResponses
	err := b.ask(ctx, "list offsets", func(ctx context.Context, admin *kadm.Client) (err error) {
		if starts, err = admin.ListStartOffsets(ctx, topics...); err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		if ends, err = admin.ListEndOffsets(ctx, topics...); err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		if f.time != "" {
			if after, err = admin.ListOffsetsAfterMilli(ctx, f.at.UnixMilli(), topics...); err != nil {
				return fmt.Errorf("list offsets at %s: %w", f.at.Format(time.RFC3339), err)
			}
		}
		if commits, err = admin.FetchOffsets(ctx, f.group); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return fmt.Errorf("offsets of group %s: %w", f.group, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var moves []move
	matched := false
	for _, start := range starts.Offsets().Sorted() {
		if f.partition >= 0 && start.Partition != f.partition {
			continue
		}
		matched = true
		end, _ := ends.Lookup(start.Topic, start.Partition)
		if end.Err != nil {
			return nil, fmt.Errorf("end of %s/%d: %w", start.Topic, start.Partition, end.Err)
		}
		m := move{Topic: start.Topic, Partition: start.Partition, Committed: -1, Target: start.At}
		if commit, ok := commits.Lookup(m.Topic, m.Partition); ok {
			m.Committed = commit.At
		}
		switch {
		case f.time != "":
			m.Target = end.Offset
			if found, ok := after.Lookup(m.Topic, m.Partition); ok && found.Offset >= 0 {
				m.Target = min(found.Offset, end.Offset)
			}
		case f.document != "":
			found, ok := first.Lookup(m.Topic, m.Partition)
			if !ok {
				continue
			}
			m.Target = max(found.At, start.At)
		case !f.start:
			m.Target = f.offset
			if m.Target < start.At || m.Target > end.Offset {
				return nil, fmt.Errorf("%s/%d holds the offsets %d to %d: --to-offset %d is none of them", m.Topic, m.Partition, start.At, end.Offset, f.offset)
			}
		}
		done := m.Committed
		if done < 0 { // nothing was processed yet
			done = start.At
		}
		if m.Target == done && f.group != clickhouse.Group {
			continue
		}
		m.Again, m.Passed = max(0, done-m.Target), max(0, m.Target-done)
		if m.Again+m.Passed > 0 || m.Committed >= 0 {
			moves = append(moves, m)
		}
	}
	if !matched {
		return nil, usageError{fmt.Errorf("groups reset: no such partition in %s", strings.Join(topics, ", "))}
	}
	return moves, nil
}

func (r *resetReport) print(w io.Writer) error {
	if len(r.Moves) > 0 {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "PARTITION\tCOMMITTED\tTARGET\tAGAIN\tPASSED OVER")
		for _, m := range r.Moves {
			fmt.Fprintf(table, "%s/%d\t%d\t%d\t%d\t%d\n", m.Topic, m.Partition, m.Committed, m.Target, m.Again, m.Passed)
		}
		table.Flush()
	}
	var again, passed int64
	for _, m := range r.Moves {
		again, passed = again+m.Again, passed+m.Passed
	}
	would := func(did, would string) string {
		if r.DryRun {
			return would
		}
		return did
	}
	switch {
	case r.Group == clickhouse.Group && len(r.Moves) > 0:
		fmt.Fprintf(w, "%s; %d offsets %s\n", would("rows removed", "their rows would be removed"), again, would("will be loaded again", "would be loaded again"))
	case r.Documents > 0:
		fmt.Fprintf(w, "%d documents %s\n", r.Documents, would(fmt.Sprintf("begun again as revision %d", r.Revision), "would be begun again"))
	case passed == 0:
		fmt.Fprintln(w, "nothing to do: the group is there already")
	}
	if r.Missing > 0 {
		fmt.Fprintf(w, "%d documents are no longer in topic %s and stay as they are\n", r.Missing, schemas.TopicDocuments)
	}
	if passed > 0 {
		fmt.Fprintf(w, "%d offsets %s\n", passed, would("passed over: they will never be processed", "would never be processed"))
	}
	return nil
}
