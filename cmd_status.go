package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"vislang/pkg/stream"
	"vislang/pkg/stream/control"
	"vislang/pkg/stream/retry"
	"vislang/processors/align"
	"vislang/processors/assemble"
	"vislang/processors/extract"
	"vislang/processors/match"
	"vislang/processors/ocr"
	"vislang/producers"
	"vislang/sinks/clickhouse"
)

// status is one look at the pipeline.
type status struct {
	Time    time.Time              `json:"time"`
	Sources []producers.Definition `json:"sources"`
	Halted  bool                   `json:"sources_paused"` // all of them, by an operator
	Stages  []stageStatus          `json:"stages"`
	*overview
	Tables []count `json:"rows_by_table"`
}

type stageStatus struct {
	Stage string  `json:"stage"`
	Lag   int64   `json:"lag"`            // records
	Age   float64 `json:"lag_seconds"`    // of the oldest record not yet committed
	Halt  bool    `json:"paused"`         // by an operator
	Rate  float64 `json:"rate,omitempty"` // records a second since the last look; 0 at the first
	done  int64
}

// everyGroup are the groups of the whole pipeline with their topics, in the
// order of a document's way.
func everyGroup() (names []string, inputs map[string][]string) {
	inputs = map[string][]string{}
	for _, s := range []stream.Stage{&extract.Stage{}, &ocr.Stage{}, &assemble.Stage{}, &match.Pair{}, &match.Sight{}, &match.Meet{}, &align.Stage{}} {
		names = append(names, s.Name())
		inputs[s.Name()] = s.Inputs()
	}
	inputs[clickhouse.Group] = clickhouse.Topics()
	return append(names, clickhouse.Group), inputs
}

func newStatusCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "One screen: sources, stages with lag and rate, dead letters, rows by table",
		Long: `Shows how far the pipeline is. It looks at a running instance on --data, at the
engines named with --brokers and --database, or opens the data folder itself.`,
		Example: `  vislang status
  vislang status --watch
  vislang status --json | jq .stages`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			c, err := connect(cmd, join, log)
			if err != nil {
				return err
			}
			defer c.Close()
			return showStatus(cmd.Context(), c, cmd.OutOrStdout(), asJSON, watch)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a look")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "look again every two seconds until Ctrl-C")
	return cmd
}

func showStatus(ctx context.Context, c *connection, w io.Writer, asJSON, watch bool) error {
	db, err := openDatabase(ctx, c.database)
	if err != nil {
		return err
	}
	defer db.Close()
	admin := stream.NewAdmin(c.kafka...)
	defer admin.Close()
	var last *status
	for {
		var s *status
		err := retry.Do(ctx, c.log, "look at the pipeline", func(ctx context.Context) error {
			return admin.Do(func(admin *kadm.Client) (err error) {
				s, err = look(ctx, c, admin, db, last)
				return err
			})
		})
		if err != nil {
			return stopped(ctx, err)
		}
		var screen bytes.Buffer
		if asJSON {
			err = json.NewEncoder(&screen).Encode(s)
		} else {
			if watch {
				screen.WriteString("\x1b[H\x1b[2J")
			}
			s.print(&screen)
		}
		if err != nil {
			return err
		}
		if _, err := screen.WriteTo(w); err != nil || !watch {
			return err
		}
		last = s
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
	}
}

func look(ctx context.Context, c *connection, admin *kadm.Client, db *sql.DB, last *status) (*status, error) {
	s := &status{Time: time.Now().UTC().Truncate(time.Millisecond)}
	known, err := admin.ListTopics(ctx, append(clickhouse.Topics(), producers.ListTopic)...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	for _, topic := range known {
		if topic.Err != nil {
			return nil, fmt.Errorf("topic %s: %w: nothing has run here yet; start `vislang run`", topic.Topic, topic.Err)
		}
	}
	if s.Sources, err = producers.NewList(c.kafka).All(ctx); err != nil {
		return nil, err
	}
	names, inputs := everyGroup()
	lags, err := stream.Lags(ctx, admin, inputs)
	if err != nil {
		return nil, err
	}
	if err := stream.Ages(ctx, c.kafka, lags); err != nil {
		return nil, err
	}
	orders, err := control.NewBoard(c.kafka).All(ctx)
	if err != nil {
		return nil, err
	}
	s.Halted = orders.State(stageSources, "", s.Time).Paused
	for i, name := range names {
		stage := stageStatus{Stage: name, Lag: lags[name].Records, Age: stream.Age(lags[name].Oldest, s.Time).Seconds(), Halt: orders.State(name, "", s.Time).Paused, done: lags[name].End - lags[name].Records}
		if last != nil {
			stage.Rate = float64(stage.done-last.Stages[i].done) / s.Time.Sub(last.Time).Seconds()
		}
		s.Stages = append(s.Stages, stage)
	}
	if s.overview, err = readOverview(ctx, db); err != nil {
		return nil, err
	}
	// Rows of every revision: what the tables hold, not what the views show.
	s.Tables, err = counts(ctx, db, "SELECT replaceRegexpOne(name, '^all_', ''), ifNull(total_rows, 0) FROM system.tables WHERE database = currentDatabase() AND total_rows IS NOT NULL AND name NOT LIKE 'goose%' ORDER BY 1")
	return s, err
}

func (s *status) print(w io.Writer) {
	if len(s.Sources) > 0 {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SOURCE\tADDRESS\tEVERY\tSTATE")
		for _, d := range s.Sources {
			state := "active"
			if d.Paused || s.Halted {
				state = "paused"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", d.Name, d.Address, d.Every, state)
		}
		table.Flush()
		fmt.Fprintln(w)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STAGE\tLAG\tAGE\tRATE\t")
	for _, stage := range s.Stages {
		fmt.Fprintf(table, "%s\t%d\t%s\t%.1f/s\t%s\n", stage.Stage, stage.Lag, seconds(stage.Age), stage.Rate, map[bool]string{true: "paused"}[stage.Halt])
	}
	table.Flush()
	fmt.Fprintf(w, "\ndocuments  %d = %d done + %d failed + %d on the way\n", s.Documents, s.Done, s.Failed, s.Processing)
	fmt.Fprintf(w, "pages      %s\n", list(s.Pages))
	fmt.Fprintf(w, "dead       %s\n\n", list(s.DeadLetters))
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tROWS")
	for _, t := range s.Tables {
		fmt.Fprintf(table, "%s\t%d\n", t.Name, t.Count)
	}
	table.Flush()
}
