package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	_ "github.com/ClickHouse/clickhouse-go/v2" // driver "clickhouse"
)

// overview is what the database says of a whole run. The documents of one
// count are those of the three after it together.
type overview struct {
	Documents   uint64  `json:"documents"`  // fetched versions
	Done        uint64  `json:"done"`       // with their text in the database
	Failed      uint64  `json:"failed"`     // ended as a dead letter
	Processing  uint64  `json:"processing"` // still on the way
	Pages       []count `json:"pages_by_text_source"`
	Sentences   uint64  `json:"sentences"`
	Pairs       uint64  `json:"bitext"`
	Figures     uint64  `json:"figures"`
	Captioned   uint64  `json:"figures_with_caption"`
	DeadLetters []count `json:"dead_letters_by_reason"`
}

type count struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// openDatabase opens the database and checks that it answers.
func openDatabase(ctx context.Context, dsn string) (*sql.DB, error) {
	db, err := sql.Open("clickhouse", dsn)
	if err != nil {
		return nil, usageError{fmt.Errorf("--database: %w", err)}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("the database does not answer: %w: check --database and its user and password", err)
	}
	return db, nil
}

func readOverview(ctx context.Context, db *sql.DB) (*overview, error) {
	o := &overview{}
	rows := []struct {
		query string
		into  []any
	}{
		{"SELECT count(), countIf(state = 'done'), countIf(state = 'failed'), countIf(state = 'processing') FROM documents", []any{&o.Documents, &o.Done, &o.Failed, &o.Processing}},
		{"SELECT count() FROM sentences", []any{&o.Sentences}},
		{"SELECT count() FROM bitext", []any{&o.Pairs}},
		{"SELECT count(), countIf(caption != '') FROM figures", []any{&o.Figures, &o.Captioned}},
	}
	for _, r := range rows {
		if err := db.QueryRowContext(ctx, r.query).Scan(r.into...); err != nil {
			return nil, fmt.Errorf("query the database: %w", err)
		}
	}
	var err error
	if o.Pages, err = counts(ctx, db, "SELECT toString(text_source), count() FROM pages GROUP BY 1 ORDER BY 2 DESC, 1"); err != nil {
		return nil, err
	}
	o.DeadLetters, err = counts(ctx, db, "SELECT concat(stage, ' ', class), count() FROM deadletters GROUP BY 1 ORDER BY 2 DESC, 1")
	return o, err
}

func counts(ctx context.Context, db *sql.DB, query string) ([]count, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("query the database: %w", err)
	}
	defer rows.Close()
	list := []count{}
	for rows.Next() {
		var c count
		if err := rows.Scan(&c.Name, &c.Count); err != nil {
			return nil, fmt.Errorf("query the database: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
