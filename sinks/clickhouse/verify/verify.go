// Package verify proves that the tables hold what the topics say: each record
// that the sink has committed has its rows, once, and there are no others.
//
//	report, err := verify.Run(ctx, verify.Options{Kafka: seeds, Database: dsn, Codec: codec})
//	if !report.Clean { … report.Findings … }
//
// What counts is lineage: every row names topic, partition and offset of its
// record. For each partition, the offsets of Kafka's committed records and those
// of the rows are compared as sums of hashes over spans of 65,536 offsets: one
// reading of the topic and one query, whatever the size, in memory that does not
// grow with it. Only where the sums disagree are single offsets compared.
//
//   - A record without row is a gap, unless the sink rejected it: then a dead
//     letter stands for it.
//   - A record with two rows, or with a row and a dead letter, is a double.
//   - A row without record is an orphan: its offset holds a commit marker, a
//     record of an aborted transaction, a replay meant for another stage, or
//     nothing yet.
//   - Tables with several rows a record are compared with the counts that the
//     record's row carries.
//
// Only what lies below the sink's committed offset is judged; the rest is on
// the way. Records that Kafka no longer has are checked by the counters in the
// commit metadata, as is everything with Options.Quick.
package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// Options say what to compare.
type Options struct {
	Kafka    []kgo.Opt      // seed brokers, TLS, SASL
	Database string         // such as http://127.0.0.1:8123/vislang
	Codec    *schemas.Codec // of dead letters that are on the way
	Ranges   []Range        // all if empty
	Quick    bool           // trust the sink's counters, do not read Kafka
	Limit    int            // how many findings are listed; 100 if 0
	Progress func(Progress) // may be nil
}

// Progress is how far a check is.
type Progress struct {
	Phase    string
	Done, Of int64 // offsets of Kafka; 0 while ClickHouse works
}

// Report is the outcome of a check.
type Report struct {
	Clean      bool        `json:"clean"`
	Quick      bool        `json:"quick"`
	Records    int64       `json:"records"`       // committed records, which were judged
	Rejected   int64       `json:"rejected"`      // of these, dead letters instead of rows
	Rows       int64       `json:"rows"`          // in the tables with one row a record
	Children   int64       `json:"child_rows"`    // in the tables with several rows a record
	CountsOnly int64       `json:"counts_only"`   // records that Kafka no longer has, judged by the sink's counters
	Unchecked  int64       `json:"unchecked"`     // rows of records that Kafka no longer has and no counter covers
	OnTheWay   int64       `json:"on_the_way"`    // offsets that the sink has not committed yet
	Read       int64       `json:"records_read"`  // from Kafka
	Rate       float64     `json:"read_a_second"` // while reading from Kafka
	Seconds    float64     `json:"seconds"`
	Partitions []Partition `json:"partitions"`
	Findings   []Finding   `json:"findings"`
	Unlisted   int64       `json:"findings_unlisted"` // beyond Options.Limit
}

// Partition is what was judged of one partition: offsets From to To-1.
type Partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"` // the sink's committed offset, or the end of the range asked for
	KafkaFrom int64  `json:"kafka_from"`
	Records   int64  `json:"records"`
	Rejected  int64  `json:"rejected"`
	Rows      int64  `json:"rows"`
	OnTheWay  int64  `json:"on_the_way"`
}

// Kinds of findings.
const (
	Gap       = "gap"       // a record without its row
	Double    = "double"    // a record with more rows than it makes
	Orphan    = "orphan"    // a row without record
	Counters  = "counters"  // rows differ from what the sink counted; the offsets are not known
	Recreated = "recreated" // the topic was deleted and made again: offsets mean other records
)

// Finding is something wrong with the records From to To of a partition, both
// included.
type Finding struct {
	Kind      string `json:"kind"`
	Table     string `json:"table"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
	Expected  int64  `json:"expected"` // rows, all records together
	Found     int64  `json:"found"`
	Note      string `json:"note,omitempty"`
}

func (f Finding) String() string {
	offsets := fmt.Sprintf("offset %d", f.From)
	if f.To > f.From {
		offsets = fmt.Sprintf("offsets %d to %d", f.From, f.To)
	}
	text := fmt.Sprintf("%-9s %s: topic %s, partition %d, %s: %d expected, %d found", f.Kind, f.Table, f.Topic, f.Partition, offsets, f.Expected, f.Found)
	if f.Note != "" {
		text += " (" + f.Note + ")"
	}
	return text
}

// checker is one run.
type checker struct {
	o      Options
	admin  *kadm.Client
	db     driver.Conn
	report *Report
	topics []clickhouse.TopicTable
	parts  []*part
	landed map[int32]int64 // by partition: dead letters below are in their table
}

// Run compares. Its error says that the comparison could not be made; what is
// wrong with the rows is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Limit <= 0 {
		o.Limit = 100
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	client, err := kgo.NewClient(o.Kafka...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	db, err := clickhouse.Open(o.Database)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	c := &checker{o: o, admin: kadm.NewClient(client), db: db, report: &Report{Quick: o.Quick, Findings: []Finding{}}}
	began := time.Now()
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	c.finish(time.Since(began))
	return c.report, nil
}

func (c *checker) run(ctx context.Context) error {
	c.o.Progress(Progress{Phase: "reading commits"})
	if err := c.plan(ctx); err != nil {
		return err
	}
	// Beyond the commits first: what lands while the rest is compared must
	// not look like an orphan.
	c.o.Progress(Progress{Phase: "looking for rows beyond the commits"})
	beyond, err := c.beyond(ctx)
	if err != nil {
		return err
	}
	if err := c.lettersOnTheWay(ctx); err != nil {
		return err
	}
	if !c.o.Quick {
		if err := c.readKafka(ctx); err != nil {
			return err
		}
	}
	for _, t := range c.topics {
		c.o.Progress(Progress{Phase: "comparing rows of " + t.Topic})
		if err := c.heads(ctx, t); err != nil {
			return err
		}
		for _, child := range t.Children {
			if err := c.children(ctx, t, child); err != nil {
				return err
			}
		}
	}
	return c.orphansBeyond(ctx, beyond)
}

func (c *checker) finish(took time.Duration) {
	r := c.report
	for _, p := range c.parts {
		r.Records += p.result.Records
		r.Rejected += p.result.Rejected
		r.Rows += p.result.Rows
		r.OnTheWay += p.result.OnTheWay
		r.Partitions = append(r.Partitions, p.result)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return slices.Index([]string{Recreated, Gap, Double, Orphan, Counters}, a.Kind) - slices.Index([]string{Recreated, Gap, Double, Orphan, Counters}, b.Kind)
	})
	r.Clean = len(r.Findings) == 0 && r.Unlisted == 0
	r.Seconds = took.Seconds()
}

// found lists a finding, or counts it when there are too many.
func (c *checker) found(f Finding) {
	if len(c.report.Findings) >= c.o.Limit {
		c.report.Unlisted++
		return
	}
	c.report.Findings = append(c.report.Findings, f)
}

func (c *checker) full() bool { return len(c.report.Findings) >= c.o.Limit }

var errNoGroup = errors.New("the sink has committed nothing yet: run the stage clickhouse first")
