package verify

import (
	"context"
	"fmt"
	"strings"

	"vislang/sinks/clickhouse"
)

// stray are rows that no commit accounts for, as yet.
type stray struct {
	table, topic string
	partition    int32
	from, to     int64 // offsets, both included
	count        int64
}

// beyond finds rows of offsets that the sink has not committed, and of
// partitions that Kafka does not have.
func (c *checker) beyond(ctx context.Context) ([]stray, error) {
	var all []stray
	for _, t := range c.topics {
		parts := c.partsOf(t.Topic)
		known := "topic = '" + t.Topic + "' AND " + within(parts, "partition", "offset", func(p *part) (int64, int64) { return 0, p.committed })
		if len(c.o.Ranges) > 0 {
			known = "topic != '" + t.Topic + "' OR partition NOT IN (" + numbers(parts) + ") OR " + known
		}
		tables := []string{t.Name}
		for _, child := range t.Children {
			tables = append(tables, child.Name)
		}
		for _, table := range tables {
			some, err := c.strays(ctx, table, "NOT ("+known+")")
			if err != nil {
				return nil, fmt.Errorf("rows of table %s beyond the commits: %w", table, err)
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// escape makes a text fit between the quotes of SQL.
var escape = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func numbers(parts []*part) string {
	text := ""
	for i, p := range parts {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(p.partition)
	}
	return text
}

func (c *checker) strays(ctx context.Context, table, where string) ([]stray, error) {
	found, err := c.db.Query(ctx, fmt.Sprintf("SELECT topic, partition, min(offset), max(offset), toInt64(count()) FROM %s WHERE %s GROUP BY topic, partition ORDER BY topic, partition", table, where))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []stray
	for found.Next() {
		s := stray{table: table}
		if err := found.Scan(&s.topic, &s.partition, &s.from, &s.to, &s.count); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, found.Err()
}

// orphansBeyond tells orphans from rows that were being inserted: the sink
// commits the end of a batch before it inserts any of its rows, so by now there
// is a commit for each of those.
func (c *checker) orphansBeyond(ctx context.Context, seen []stray) error {
	if len(seen) == 0 {
		return nil
	}
	commits, err := c.admin.FetchOffsets(ctx, clickhouse.Group)
	if err != nil {
		return fmt.Errorf("read commits of group %s: %w", clickhouse.Group, err)
	}
	for _, s := range seen {
		bound := int64(0)
		if at, ok := commits.Lookup(s.topic, s.partition); ok {
			bound = at.At
			if in, err := clickhouse.ParseMetadata(at.Metadata, at.At); err == nil {
				bound = max(bound, in.End)
			}
		}
		if s.to < bound {
			continue
		}
		orphans, err := c.strays(ctx, s.table, fmt.Sprintf("topic = '%s' AND partition = %d AND offset >= %d AND offset <= %d", escape.Replace(s.topic), s.partition, bound, s.to))
		if err != nil {
			return fmt.Errorf("rows of table %s beyond the commits: %w", s.table, err)
		}
		for _, o := range orphans {
			c.found(Finding{Kind: Orphan, Table: o.table, Topic: o.topic, Partition: o.partition, From: o.from, To: o.to, Found: o.count, Note: "beyond what the sink has committed"})
		}
	}
	return nil
}
