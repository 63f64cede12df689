package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/sinks/clickhouse"
)

// runSpans is how many neighbouring spans are looked into at once: a million
// offsets, a few megabytes.
const runSpans = 16

// runs joins neighbouring spans and returns their offsets.
func runs(spans []int64) [][2]int64 {
	slices.Sort(spans)
	var all [][2]int64
	for _, s := range spans {
		from, to := s<<spanBits, (s+1)<<spanBits
		if n := len(all); n > 0 && all[n-1][1] == from && to-all[n-1][0] <= runSpans<<spanBits {
			all[n-1][1] = to
		} else {
			all = append(all, [2]int64{from, to})
		}
	}
	return all
}

// fate is what is known of one offset.
type fate struct {
	record, rejected bool
	rows             int64
}

func (f fate) kind() string {
	found := f.rows
	if f.rejected {
		found++
	}
	switch {
	case f.record && found == 0:
		return Gap
	case f.record && found > 1:
		return Double
	case !f.record && found > 0:
		return Orphan
	}
	return ""
}

// narrow finds the offsets that make spans disagree.
func (c *checker) narrow(ctx context.Context, t clickhouse.TopicTable, p *part, suspects []int64) error {
	for i, run := range runs(suspects) {
		if c.full() {
			c.report.Unlisted += int64(len(runs(suspects)) - i) // at least
			return nil
		}
		c.o.Progress(Progress{Phase: fmt.Sprintf("looking into %s/%d at offset %d", p.topic, p.partition, run[0])})
		from, to := max(run[0], p.kafkaFrom), min(run[1], p.to)
		fates := make([]fate, to-from)
		err := c.scan(ctx, []span{{p.topic, p.partition, from, to}}, func(rec *kgo.Record) {
			fates[rec.Offset-from].record = makesRow(rec)
		})
		if err != nil {
			return err
		}
		bounds := func(*part) (int64, int64) { return from, to }
		err = c.offsets(ctx, fmt.Sprintf("SELECT offset, toInt64(count()) FROM %s WHERE topic = '%s' AND %s GROUP BY offset",
			t.Name, t.Topic, within([]*part{p}, "partition", "offset", bounds)),
			func(offset, count int64) { fates[offset-from].rows = count })
		if err != nil {
			return fmt.Errorf("offsets in table %s: %w", t.Name, err)
		}
		err = c.offsets(ctx, fmt.Sprintf("SELECT offset, toInt64(1) FROM (%s)",
			c.rejects(t.Topic, within([]*part{p}, "source_partition", "source_offset", bounds))),
			func(offset, _ int64) { fates[offset-from].rejected = true })
		if err != nil {
			return fmt.Errorf("offsets in table deadletters: %w", err)
		}
		for _, offset := range p.letters {
			if offset >= from && offset < to {
				fates[offset-from].rejected = true
			}
		}
		c.list(t, p, from, fates)
	}
	return nil
}

func (c *checker) offsets(ctx context.Context, query string, visit func(offset, count int64)) error {
	found, err := c.db.Query(ctx, query)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var offset, count int64
		if err := found.Scan(&offset, &count); err != nil {
			return err
		}
		visit(offset, count)
	}
	return found.Err()
}

// list turns neighbouring offsets with the same fate into findings.
func (c *checker) list(t clickhouse.TopicTable, p *part, from int64, fates []fate) {
	for i := 0; i < len(fates); {
		first := fates[i]
		n := 1
		for i+n < len(fates) && fates[i+n] == first {
			n++
		}
		if kind := first.kind(); kind != "" {
			f := Finding{Kind: kind, Table: t.Name, Topic: p.topic, Partition: p.partition,
				From: from + int64(i), To: from + int64(i+n-1), Found: first.rows * int64(n)}
			if first.record {
				f.Expected = int64(n)
			}
			if first.rejected {
				f.Note = "a dead letter of the sink stands for each of them"
			}
			c.found(f)
		}
		i += n
	}
}
