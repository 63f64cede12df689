package dataset

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// plan is one set with the query that yields its rows.
type plan struct {
	name     string
	rows     int64
	filtered bool // the user's condition is part of the query
	from     string
}

// source returns the table expression of a set, whose columns a condition may
// name, the condition that always holds, and what must stay distinct.
func source(set string) (table, condition, key string) {
	if set == Pairs {
		return `(SELECT b.*, s.url AS source_url, t.url AS target_url FROM bitext AS b
			ANY LEFT JOIN (SELECT document_id, url FROM fetches) AS s ON b.source_document_id = s.document_id
			ANY LEFT JOIN (SELECT document_id, url FROM fetches) AS t ON b.target_document_id = t.document_id)`,
			"score >= {min_score:Float64}", "pair_id"
	}
	return "figures", "caption != '' AND media_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/tiff', 'image/bmp')", "figure_id"
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
			return nil, fmt.Errorf("count %s: %w", set, err)
		}
		total += p.rows
		plans = append(plans, p)
	}
	if !fits {
		return nil, fmt.Errorf("the condition fits the columns of none of %s: %w", strings.Join(o.Sets, ", "), misfit)
	}
	if total == 0 {
		return nil, ErrNothing
	}
	return plans, nil
}

// count sets the query of a plan and its number of rows.
func (p *plan) count(ctx context.Context, o Options, where string) error {
	table, condition, key := source(p.name)
	p.from = table + " WHERE " + condition
	if where != "" {
		p.from += " AND (" + where + "\n)" // the line feed ends a comment
	}
	var rows uint64
	err := o.Database.QueryRow(p.context(ctx, o), "SELECT uniqExact("+key+") FROM "+p.from).Scan(&rows)
	p.rows = int64(rows)
	return err
}

// context carries the parameters of the plan's queries, and forbids them to
// write, whatever the condition holds.
func (p *plan) context(ctx context.Context, o Options) context.Context {
	options := []clickhouse.QueryOption{clickhouse.WithSettings(clickhouse.Settings{"readonly": 2})}
	if p.name == Pairs {
		options = append(options, clickhouse.WithParameters(clickhouse.Parameters{"min_score": fmt.Sprint(o.MinScore)}))
	}
	return clickhouse.Context(ctx, options...)
}

// isUnknownColumn tells whether a query names a column that is not there.
// Over HTTP the driver has no more than the text.
func isUnknownColumn(err error) bool {
	var exception *proto.Exception
	if errors.As(err, &exception) {
		return exception.Code == 47
	}
	return err != nil && strings.Contains(err.Error(), "UNKNOWN_IDENTIFIER")
}
