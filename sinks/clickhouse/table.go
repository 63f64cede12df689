package clickhouse

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// A block is the rows of one table that are inserted together.
type block interface {
	table() string
	token() string  // what the table adds to the token of a batch
	insert() string // the INSERT statement
	columns() []string
	len() int
	done()                   // it was inserted
	native(*pieces)          // the rows for HTTP
	fill(driver.Batch) error // for the native protocol
}

// lineage is where a row comes from.
type lineage struct {
	*origin
	offset int64
	at     int64 // Unix milliseconds
}

// origin is what many rows have in common.
type origin struct {
	version   string
	topic     string
	partition int32
}

type row[T any] struct {
	lineage
	v T
}

// A column takes its values out of rows.
type column[T any] struct {
	name   string
	kind   string // ClickHouse's type
	write  func(*pieces, []row[T]) bool
	values func([]row[T]) any // a slice
}

func newColumn[T, V any](name string, value cell[T, V]) column[T] {
	kind, write := native(value)
	return column[T]{name, kind, write, func(rows []row[T]) any {
		values := make([]V, len(rows))
		for i := range rows {
			values[i] = value(&rows[i])
		}
		return values
	}}
}

func col[T, V any](name string, value func(*T) V) column[T] {
	return newColumn(name, func(r *row[T]) V { return value(&r.v) })
}

func lineageColumn[T, V any](name string, value func(*lineage) V) column[T] {
	return newColumn(name, func(r *row[T]) V { return value(&r.lineage) })
}

type layout[T any] struct {
	name      string
	cols      []column[T]
	statement string
	last      atomic.Int64 // rows of the block that was inserted last: the next may have as many
}

// newLayout describes a table: its own columns and those of the lineage.
func newLayout[T any](name string, own ...column[T]) *layout[T] {
	l := &layout[T]{name: name, cols: append(own,
		lineageColumn[T]("stage_version", func(l *lineage) string { return l.version }),
		lineageColumn[T]("topic", func(l *lineage) string { return l.topic }),
		lineageColumn[T]("partition", func(l *lineage) int32 { return l.partition }),
		lineageColumn[T]("offset", func(l *lineage) int64 { return l.offset }),
		lineageColumn[T]("recorded_at", func(l *lineage) time.Time { return time.UnixMilli(l.at).UTC() }),
	)}
	names := make([]string, len(l.cols))
	for i, c := range l.cols {
		names[i] = "`" + c.name + "`"
	}
	l.statement = fmt.Sprintf("INSERT INTO %s (%s)", name, strings.Join(names, ", "))
	return l
}

// rows are rows of one table.
type rows[T any] struct {
	*layout[T]
	rows []row[T]
}

func (r *rows[T]) add(l lineage, v T) {
	if r.rows == nil {
		r.rows = make([]row[T], 0, max(r.last.Load(), 64))
	}
	r.rows = append(r.rows, row[T]{l, v})
}

func (r *rows[T]) done() { r.last.Store(int64(len(r.rows))) }

func (r *rows[T]) table() string { return r.name }

func (r *rows[T]) token() string { return tokenName(r.name) }

// tokenName is the name that a table was created with: a batch that was
// announced before the table got another must keep its token.
func tokenName(table string) string { return strings.TrimPrefix(table, "all_") }

func (r *rows[T]) insert() string { return r.statement }
func (r *rows[T]) len() int       { return len(r.rows) }

func (r *rows[T]) columns() []string {
	names := make([]string, len(r.cols))
	for i, c := range r.cols {
		names[i] = c.name
	}
	return names
}

func (r *rows[T]) fill(batch driver.Batch) error {
	for i, c := range r.cols {
		if err := batch.Column(i).Append(c.values(r.rows)); err != nil {
			return fmt.Errorf("column %s.%s: %w", r.name, c.name, err)
		}
	}
	// clickhouse-go hides an error of its encoder, which is the one that
	// checks this, and sends an empty block instead.
	for i, c := range batch.Columns() {
		if c.Rows() != len(r.rows) {
			return fmt.Errorf("column %s.%s has %d rows of %d", r.name, r.cols[i].name, c.Rows(), len(r.rows))
		}
	}
	return nil
}
