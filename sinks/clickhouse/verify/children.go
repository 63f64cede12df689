package verify

import (
	"context"
	"fmt"

	"vislang/sinks/clickhouse"
)

// family stands for the children of a set of records: how many they are, of
// which records, and at which places.
type family struct {
	n              int64
	owners, places uint64
}

func judged(p *part) (int64, int64) { return p.from, p.to }

// children compares a table with several rows a record with what the records'
// own rows say about it.
func (c *checker) children(ctx context.Context, t clickhouse.TopicTable, child clickhouse.ChildTable) error {
	parts := c.partsOf(t.Topic)
	offsets := within(parts, "partition", "offset", judged)
	if offsets == nothing {
		return nil
	}
	where := fmt.Sprintf("topic = '%s' AND %s", t.Topic, offsets)
	expected, _, err := c.families(ctx, t.Name, child.Rows, child.Places, where)
	if err != nil {
		return fmt.Errorf("rows of %s by table %s: %w", child.Name, t.Name, err)
	}
	found, rows, err := c.families(ctx, child.Name, child.Row, child.Place, where)
	if err != nil {
		return fmt.Errorf("table %s: %w", child.Name, err)
	}
	c.report.Children += rows
	for _, p := range parts {
		var suspects []int64
		for at, want := range expected {
			if at.partition == p.partition && found[at] != want {
				suspects = append(suspects, at.span)
			}
		}
		for at, have := range found {
			if _, known := expected[at]; !known && at.partition == p.partition && have != (family{}) {
				suspects = append(suspects, at.span)
			}
		}
		all := runs(suspects)
		for i, run := range all {
			if c.full() {
				c.report.Unlisted += int64(len(all) - i) // at least
				break
			}
			if err := c.narrowChildren(ctx, t, child, p, max(run[0], p.from), min(run[1], p.to)); err != nil {
				return fmt.Errorf("table %s: %w", child.Name, err)
			}
		}
	}
	return nil
}

func (c *checker) families(ctx context.Context, table, n, position, where string) (map[place]family, int64, error) {
	found, err := c.db.Query(ctx, fmt.Sprintf(`
		SELECT partition, bitShiftRight(offset, %d) AS span, toInt64(count()), toInt64(sum(n)), sum(toUInt64(n) * hash), sum(toUInt64(place) * hash)
		FROM (SELECT partition, offset, toInt64(%s) AS n, toInt64(%s) AS place, intHash64(offset) AS hash FROM %s WHERE %s)
		GROUP BY partition, span`, spanBits, n, position, table, where))
	if err != nil {
		return nil, 0, err
	}
	defer found.Close()
	all, rows := map[place]family{}, int64(0)
	for found.Next() {
		var at place
		var f family
		var count int64
		if err := found.Scan(&at.partition, &at.span, &count, &f.n, &f.owners, &f.places); err != nil {
			return nil, 0, err
		}
		all[at] = f
		rows += count
	}
	return all, rows, found.Err()
}

// narrowChildren finds the records whose children disagree with their row.
func (c *checker) narrowChildren(ctx context.Context, t clickhouse.TopicTable, child clickhouse.ChildTable, p *part, from, to int64) error {
	where := fmt.Sprintf("topic = '%s' AND partition = %d AND offset >= %d AND offset < %d", t.Topic, p.partition, from, to)
	found, err := c.db.Query(ctx, fmt.Sprintf(`
		SELECT offset, max(own), max(n) AS expected, sum(m) AS found
		FROM (
			SELECT offset, true AS own, toInt64(%s) AS n, toInt64(%s) AS places, toInt64(0) AS m, toInt64(0) AS place FROM %s WHERE %s
			UNION ALL
			SELECT offset, false, 0, 0, toInt64(%s), toInt64(%s) FROM %s WHERE %s
		)
		GROUP BY offset HAVING expected != found OR max(places) != sum(place) ORDER BY offset`,
		child.Rows, child.Places, t.Name, where, child.Row, child.Place, child.Name, where))
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		f := Finding{Table: child.Name, Topic: p.topic, Partition: p.partition}
		var own bool
		if err := found.Scan(&f.From, &own, &f.Expected, &f.Found); err != nil {
			return err
		}
		f.To = f.From
		switch {
		case !own:
			f.Kind = Orphan
		case f.Found < f.Expected:
			f.Kind = Gap
		default:
			f.Kind = Double
		}
		if own && f.Found == f.Expected {
			f.Note = "some are there twice and others are missing"
		} else if child.Rows == "characters" {
			f.Note = "in characters"
		}
		c.found(f)
	}
	return found.Err()
}
