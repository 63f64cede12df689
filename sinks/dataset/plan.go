package dataset

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// plan is one set with the query that yields its rows.
type plan struct {
	name     string
	rows     int64 // to read; a row may be there twice
	filtered bool  // the user's condition is part of the query
	from     string
}

// source returns the table expression of a set, whose columns a condition may
// name, and the condition that always holds.
func source(set string) (table, condition string) {
	if set == Pairs {
		return `(SELECT b.*, s.url AS source_url, t.url AS target_url FROM bitext AS b
			ANY LEFT JOIN (SELECT document_id, url FROM fetches) AS s ON b.source_document_id = s.document_id
			ANY LEFT JOIN (SELECT document_id, url FROM fetches) AS t ON b.target_document_id = t.document_id)`,
			"score >= {min_score:Float64}"
	}
	return "figures", "caption != '' AND media_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/tiff', 'image/bmp')"
}

// planSets counts the rows of each set. A condition that names columns which a
// set lacks does not apply to it; one that applies to no set is an error.
func planSets(ctx context.Context, o Options) ([]plan, error) {
	var plans []plan
	var misfit error
	fits := o.Where == ""
	var total int64
	for _, set := range o.Sets {
		p := plan{name: set, filtered: o.Where != ""}
		err := p.count(ctx, o, o.Where)
		if isUnknownColumn(err) && o.Where != "" {
			misfit = err
			p.filtered = false
			err = p.count(ctx, o, "")
		} else if err == nil {
			fits = true
		}
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", set, shorten(err))
		}
		total += p.rows
		plans = append(plans, p)
	}
	if !fits {
		return nil, misfitError(ctx, o, plans, misfit)
	}
	if total == 0 {
		return nil, ErrNothing
	}
	return plans, nil
}

// count sets the query of a plan and its number of rows.
func (p *plan) count(ctx context.Context, o Options, where string) error {
	table, condition := source(p.name)
	p.from = table + " WHERE " + condition
	if where != "" {
		p.from += " AND (" + where + "\n)" // the line feed ends a comment
	}
	var rows uint64
	err := o.Database.QueryRow(p.context(ctx, o), "SELECT count() FROM "+p.from).Scan(&rows)
	p.rows = int64(rows)
	return err
}

// sortBytes is the memory that the database sorts in before it goes on on
// disk, so that an export of any size fits beside the embedded engine.
const sortBytes = 128 << 20

// context carries the settings and parameters of the plan's queries.
func (p *plan) context(ctx context.Context, o Options) context.Context {
	options := []clickhouse.QueryOption{clickhouse.WithSettings(clickhouse.Settings{"max_bytes_before_external_sort": sortBytes})}
	if p.name == Pairs {
		options = append(options, clickhouse.WithParameters(clickhouse.Parameters{"min_score": fmt.Sprint(o.MinScore)}))
	}
	return clickhouse.Context(ctx, options...)
}

// isUnknownColumn tells whether a query names a column that is not there.
// Over HTTP the driver has no more than the text.
func isUnknownColumn(err error) bool {
	return err != nil && strings.Contains(err.Error(), "UNKNOWN_IDENTIFIER")
}

// misfitError says which columns there are.
func misfitError(ctx context.Context, o Options, plans []plan, err error) error {
	name := "a column"
	if quoted := strings.Split(err.Error(), "`"); len(quoted) > 2 {
		name = quoted[1]
	}
	message := fmt.Sprintf("the condition does not fit: there is no column %s", name)
	for _, p := range plans {
		columns, err := p.columns(ctx, o)
		if err != nil {
			return fmt.Errorf("list columns of %s: %w", p.name, err)
		}
		message += fmt.Sprintf("; %s have %s", p.name, strings.Join(columns, ", "))
	}
	return errors.New(message)
}

// columns returns the names that a condition on the set may use.
func (p *plan) columns(ctx context.Context, o Options) ([]string, error) {
	rows, err := o.Database.Query(p.context(ctx, o), "DESCRIBE TABLE (SELECT * FROM "+p.from+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row := make([]any, len(rows.Columns()))
	for i := range row {
		row[i] = new(string)
	}
	var names []string
	for rows.Next() {
		if err := rows.Scan(row...); err != nil {
			return nil, err
		}
		names = append(names, *row[0].(*string)) // name, type, default, comment, …
	}
	return names, rows.Err()
}

// shorten takes the query that we wrap around a condition, and what the
// driver adds, out of an error of the database.
func shorten(err error) error {
	_, text, ok := strings.Cut(err.Error(), "message: ")
	if !ok {
		return err // not the database's
	}
	text, _, _ = strings.Cut(text, " in scope ")
	text, _, _ = strings.Cut(text, ". Expected one of")
	if syntax, _, ok := strings.Cut(text, ": failed at position"); ok {
		text = syntax + " in the condition"
	}
	return errors.New(text)
}
