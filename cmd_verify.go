package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vislang/schemas"
	"vislang/sinks/clickhouse"
	"vislang/sinks/clickhouse/verify"
)

func newVerifyCommand() *cobra.Command {
	var asJSON, quick, hashes bool
	var limit int
	cmd := &cobra.Command{
		Use:   "verify [TOPIC[/PARTITION[/FROM-TO]]…]",
		Short: "Prove that each committed record has its rows, once",
		Long: `Compares the offsets of Kafka's committed records with those that the rows in
ClickHouse name as their origin, of all topics that the sink reads or of the
ranges given. It lists gaps (a record without row), doubles (a record with too
many) and orphans (a row without record), also in the tables with several rows a
record, with topic, partition and offset. A record that the sink rejected counts
if its dead letter is there. Exit code 1 says that something is wrong.

Every topic is read once, without decoding, and compared as sums of hashes over
65,536 offsets at a time; only where they disagree are single offsets looked at.
Records that Kafka no longer has are judged by what the sink counted when it
committed them. What the sink has not committed is on the way, and not judged;
so it can be run at any time, beside a pipeline at work.

--quick does not read Kafka: it trusts the sink's counters for everything.

--hashes prints rows and a content hash of every table instead. Lineage, times,
versions and revisions are left out and documents count by address and bytes, so
that two runs on the same input have the same hashes, however often they were
killed.`,
		Example: `  vislang verify
  vislang verify --quick --json | jq .clean
  vislang verify texts bitext/3 samples/0/1000-1999
  diff <(vislang verify --hashes --data run1) <(vislang verify --hashes --data run2)`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var ranges []verify.Range
			for _, arg := range args {
				r, err := verify.ParseRange(arg)
				if err != nil {
					return usageError{err}
				}
				ranges = append(ranges, r)
			}
			if len(ranges) > 0 && (quick || hashes) {
				return usageError{errors.New("verify: --quick and --hashes take everything, no ranges: the counters and hashes are of whole partitions and tables")}
			}
			if quick && hashes {
				return usageError{errors.New("verify: --quick and --hashes exclude each other")}
			}
			log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			c, err := connect(cmd, join, log)
			if err != nil {
				return err
			}
			defer c.Close()
			out := cmd.OutOrStdout()
			if hashes {
				return stopped(cmd.Context(), printHashes(cmd, c, asJSON))
			}
			shown := &verifyProgress{w: cmd.ErrOrStderr(), live: isTerminal(cmd.ErrOrStderr()), last: time.Now()}
			report, err := verify.Run(cmd.Context(), verify.Options{
				Kafka: c.kafka, Database: c.database, Codec: schemas.NewCodec(c.registry), Ranges: ranges, Quick: quick, Limit: limit, Progress: shown.show,
			})
			shown.clear()
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(out).Encode(report)
			} else {
				err = printVerified(out, report)
			}
			if err == nil && !report.Clean {
				err = fmt.Errorf("%d findings: rows and records do not agree", int64(len(report.Findings))+report.Unlisted)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "the result as one JSON document")
	flags.BoolVar(&quick, "quick", false, "trust the sink's counters instead of reading Kafka")
	flags.BoolVar(&hashes, "hashes", false, "rows and a content hash of every table")
	flags.IntVar(&limit, "limit", 100, "how many findings are listed")
	return cmd
}

func printVerified(w io.Writer, r *verify.Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "PARTITION\tOFFSETS\tRECORDS\tROWS\tREJECTED\tON THE WAY\t")
	for _, p := range r.Partitions {
		if p.To == p.From && p.OnTheWay == 0 {
			continue
		}
		fmt.Fprintf(table, "%s/%d\t%d-%d\t%d\t%d\t%d\t%d\t\n", p.Topic, p.Partition, p.From, max(p.To-1, p.From), p.Records, p.Rows, p.Rejected, p.OnTheWay)
	}
	table.Flush()
	for i, f := range r.Findings {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, f)
	}
	if r.Unlisted > 0 {
		fmt.Fprintf(w, "and %d more, at least: --limit lists them\n", r.Unlisted)
	}
	fmt.Fprintf(w, "\n%d records = %d rows + %d rejected; %d rows in the tables with several rows a record; %d offsets on the way\n", r.Records, r.Rows, r.Rejected, r.Children, r.OnTheWay)
	if r.CountsOnly > 0 {
		why := "Kafka no longer has them"
		if r.Quick {
			why = "--quick"
		}
		fmt.Fprintf(w, "%d records were judged by the sink's counters alone (%s)\n", r.CountsOnly, why)
	}
	if r.Unchecked > 0 {
		fmt.Fprintf(w, "%d rows were not checked: their records are older than the sink's counters%s\n", r.Unchecked, map[bool]string{false: ", and Kafka no longer has them"}[r.Quick])
	}
	verdict := "clean"
	if !r.Clean {
		verdict = "NOT CLEAN"
	}
	_, err := fmt.Fprintf(w, "%s (%.1f s, %d records read, %.0f a second)\n", verdict, r.Seconds, r.Read, r.Rate)
	return err
}

func printHashes(cmd *cobra.Command, c *connection, asJSON bool) error {
	db, err := clickhouse.Open(c.database)
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := verify.Hashes(cmd.Context(), db)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tROWS\tHASH")
	for _, h := range all {
		fmt.Fprintf(table, "%s\t%d\t%s\n", h.Table, h.Rows, h.Hash)
	}
	return table.Flush()
}

// verifyProgress shows a check at work: one live line in a terminal, a plain
// one every few seconds elsewhere, nothing for a short check.
type verifyProgress struct {
	w    io.Writer
	live bool
	last time.Time
}

func (v *verifyProgress) show(p verify.Progress) {
	pause := 10 * time.Second
	if v.live {
		pause = 200 * time.Millisecond
	}
	if time.Since(v.last) < pause {
		return
	}
	v.last = time.Now()
	line := p.Phase
	if p.Of > 0 {
		line = fmt.Sprintf("%s: %d of %d offsets, %d %%", p.Phase, p.Done, p.Of, 100*p.Done/p.Of)
	}
	if v.live {
		fmt.Fprintf(v.w, "\r\x1b[2K%s", line)
	} else {
		fmt.Fprintln(v.w, line)
	}
}

func (v *verifyProgress) clear() {
	if v.live {
		fmt.Fprint(v.w, "\r\x1b[2K")
	}
}
