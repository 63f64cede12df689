package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// place is a span of a partition.
type place struct {
	partition int32
	span      int64
}

// nothing is a condition without rows.
const nothing = "false"

// within is the SQL condition for the offsets from to to-1 of partitions.
func within(parts []*part, partition, offset string, bounds func(*part) (from, to int64)) string {
	var some []string
	for _, p := range parts {
		if from, to := bounds(p); to > from {
			some = append(some, fmt.Sprintf("(%s = %d AND %s >= %d AND %s < %d)", partition, p.partition, offset, from, offset, to))
		}
	}
	if len(some) == 0 {
		return nothing
	}
	return "(" + strings.Join(some, " OR ") + ")"
}

func inKafka(p *part) (int64, int64) { return p.kafkaFrom, p.to }

// counted are the offsets that Kafka does not show and the sink's counters
// cover.
func counted(p *part) (int64, int64) {
	if !p.whole || p.counters == nil {
		return 0, 0
	}
	return p.counters.From, p.kafkaFrom
}

// untold are the offsets of which nothing is known.
func untold(p *part) (int64, int64) {
	if from, to := counted(p); to > from {
		return p.from, from
	}
	return p.from, p.kafkaFrom
}

// rowSums sums up the offsets of rows by span.
func (c *checker) rowSums(ctx context.Context, t clickhouse.TopicTable, parts []*part, bounds func(*part) (int64, int64)) (map[place]sum, error) {
	return c.sums(ctx, fmt.Sprintf("SELECT partition, offset FROM %s WHERE topic = '%s' AND %s",
		t.Name, t.Topic, within(parts, "partition", "offset", bounds)))
}

// rejectSums sums up the offsets of records that are dead letters of the sink.
func (c *checker) rejectSums(ctx context.Context, parts []*part, topic string, bounds func(*part) (int64, int64)) (map[place]sum, error) {
	sums, err := c.sums(ctx, c.rejects(topic, within(parts, "source_partition", "source_offset", bounds)))
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		from, to := bounds(p)
		for _, offset := range p.letters {
			if offset >= from && offset < to {
				at := place{p.partition, offset >> spanBits}
				s := sums[at]
				s.offset(offset)
				sums[at] = s
			}
		}
	}
	return sums, nil
}

// rejects is the query for the rejected records whose dead letters have landed.
func (c *checker) rejects(topic, where string) string {
	var landed []string
	for partition, offset := range c.landed {
		landed = append(landed, fmt.Sprintf("(partition = %d AND offset < %d)", partition, offset))
	}
	slices.Sort(landed)
	return fmt.Sprintf("SELECT DISTINCT source_partition AS partition, source_offset AS offset FROM (SELECT * FROM deadletters WHERE topic = '%s' AND (%s)) WHERE stage = '%s' AND source_topic = '%s' AND %s",
		schemas.TopicDeadLetters, strings.Join(append(landed, "false"), " OR "), clickhouse.Group, topic, where)
}

func (c *checker) sums(ctx context.Context, offsets string) (map[place]sum, error) {
	if strings.HasSuffix(offsets, " AND "+nothing) {
		return map[place]sum{}, nil
	}
	found, err := c.db.Query(ctx, fmt.Sprintf("SELECT partition, bitShiftRight(offset, %d) AS span, toInt64(count()), sum(intHash64(offset)) FROM (%s) GROUP BY partition, span", spanBits, offsets))
	if err != nil {
		return nil, fmt.Errorf("sum up rows: %w", err)
	}
	defer found.Close()
	sums := map[place]sum{}
	for found.Next() {
		var at place
		var s sum
		if err := found.Scan(&at.partition, &at.span, &s.count, &s.hash); err != nil {
			return nil, fmt.Errorf("sum up rows: %w", err)
		}
		sums[at] = s
	}
	return sums, found.Err()
}

// heads compares the records of a topic with the rows of its table.
func (c *checker) heads(ctx context.Context, t clickhouse.TopicTable) error {
	parts := c.partsOf(t.Topic)
	rows, err := c.rowSums(ctx, t, parts, inKafka)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	rejected, err := c.rejectSums(ctx, parts, t.Topic, inKafka)
	if err != nil {
		return fmt.Errorf("table deadletters: %w", err)
	}
	for _, p := range parts {
		expected := map[int64]sum{} // what Kafka says, less what was rejected
		for span, s := range p.kafka {
			expected[span] = s
			p.result.Records += s.count
		}
		for at, s := range rejected {
			if at.partition == p.partition {
				e := expected[at.span]
				e.add(sum{-s.count, -s.hash})
				expected[at.span] = e
				p.rejected.add(s)
				p.result.Rejected += s.count
			}
		}
		for at, s := range rows {
			if at.partition == p.partition {
				e := expected[at.span]
				e.add(sum{-s.count, -s.hash})
				expected[at.span] = e
				p.result.Rows += s.count
			}
		}
		var suspects []int64
		for span, s := range expected {
			if s != (sum{}) {
				suspects = append(suspects, span)
			}
		}
		if err := c.narrow(ctx, t, p, suspects); err != nil {
			return err
		}
	}
	return c.byCounters(ctx, t, parts)
}

// byCounters compares what Kafka does not show with the sink's counters.
func (c *checker) byCounters(ctx context.Context, t clickhouse.TopicTable, parts []*part) error {
	if !slices.ContainsFunc(parts, func(p *part) bool { return p.kafkaFrom > p.from }) {
		return nil
	}
	rows, err := c.rowSums(ctx, t, parts, counted)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	rejected, err := c.rejectSums(ctx, parts, t.Topic, counted)
	if err != nil {
		return fmt.Errorf("table deadletters: %w", err)
	}
	rest, err := c.rowSums(ctx, t, parts, untold)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	for _, p := range parts {
		for at, s := range rest {
			if at.partition == p.partition {
				c.report.Unchecked += s.count
				p.result.Rows += s.count
			}
		}
		from, to := counted(p)
		if to <= from {
			continue
		}
		found, dead := total(rows, p), total(rejected, p)
		// The counters go on to the commit: less what was compared one by one.
		want := sum{p.counters.Rows, p.counters.Sum}
		wantDead := p.counters.Rejected
		for _, s := range p.kafka {
			want.add(sum{-s.count, -s.hash})
		}
		want.add(p.rejected) // was never among the counted rows
		wantDead -= p.rejected.count
		p.result.Records += want.count + wantDead
		p.result.Rows += found.count
		p.result.Rejected += dead.count
		c.report.CountsOnly += want.count + wantDead
		if found != want {
			f := Finding{Kind: Counters, Table: t.Name, Topic: p.topic, Partition: p.partition, From: from, To: to - 1, Expected: want.count, Found: found.count, Note: "by the sink's counters"}
			if found.count == want.count {
				f.Note = "as many as the sink counted, but not of the same records"
			}
			c.found(f)
		}
		if dead.count != wantDead {
			c.found(Finding{Kind: Counters, Table: "deadletters", Topic: p.topic, Partition: p.partition, From: from, To: to - 1, Expected: wantDead, Found: dead.count, Note: "records that the sink rejected, by its counters"})
		}
	}
	return nil
}

func total(sums map[place]sum, p *part) sum {
	var all sum
	for at, s := range sums {
		if at.partition == p.partition {
			all.add(s)
		}
	}
	return all
}
