package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// TableHash stands for the content of a table, whatever the order of its rows.
type TableHash struct {
	Table string `json:"table"`
	Rows  uint64 `json:"rows"`
	Hash  string `json:"hash"` // 16 hex digits
}

// Hashes returns the row count and a content hash of every table that the sink
// fills. Two runs on the same input have the same hashes, however often they
// were killed: what differs from run to run is left out (lineage, times,
// versions, revisions), and a document counts by its address and bytes rather
// than by its id, which holds the second of the fetch. Of dead letters only
// what failed, where and why (its class) counts.
//
// The hash is the sum of a 64-bit hash of each row: equal for equal multisets
// of rows, and memory does not grow with the table. Each table is read once.
func Hashes(ctx context.Context, db driver.Conn) ([]TableHash, error) {
	tables, err := contentColumns(ctx, db)
	if err != nil {
		return nil, err
	}
	var all []TableHash
	for _, t := range tables {
		var sum uint64
		h := TableHash{Table: t.name}
		if err := db.QueryRow(ctx, t.query()).Scan(&h.Rows, &sum); err != nil {
			return nil, fmt.Errorf("hash table %s: %w", t.name, err)
		}
		h.Hash = fmt.Sprintf("%016x", sum)
		all = append(all, h)
	}
	return all, nil
}

// content is a table with the columns that say what was found.
type content struct {
	name      string
	columns   []string
	documents []string // columns with ids of documents
}

// derived are ids made of a document's id and of columns that count anyway.
var derived = []string{"figure_id", "match_id", "pair_id", "sample_id"}

// blobs are the texts that a match names, whose bytes hold ids of documents.
var blobs = []string{"source_text", "target_text"}

// accidental are the columns of dead letters that depend on when a record
// failed and where it stood.
var accidental = []string{"source_partition", "source_offset", "error", "attempts", "key", "value_bytes", "headers.key", "headers.value"}

func contentColumns(ctx context.Context, db driver.Conn) ([]content, error) {
	found, err := db.Query(ctx, `
		SELECT table, name, type LIKE 'DateTime%' FROM system.columns
		WHERE database = currentDatabase() AND name NOT IN ('stage_version', 'topic', 'partition', 'offset') AND name NOT LIKE '%revision'
			AND table IN (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'recorded_at')
			AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
		ORDER BY table, position`)
	if err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	defer found.Close()
	var tables []content
	for found.Next() {
		var table, column string
		var time bool
		if err := found.Scan(&table, &column, &time); err != nil {
			return nil, fmt.Errorf("list columns: %w", err)
		}
		if len(tables) == 0 || tables[len(tables)-1].name != table {
			tables = append(tables, content{name: table})
		}
		t := &tables[len(tables)-1]
		switch {
		case time, slices.Contains(derived, column), table == "all_matches" && slices.Contains(blobs, column), table == "deadletters" && slices.Contains(accidental, column):
		case strings.HasSuffix(column, "document_id"):
			t.documents = append(t.documents, column)
		default:
			t.columns = append(t.columns, "r.`"+column+"`")
		}
	}
	return tables, found.Err()
}

func (t *content) query() string {
	values := slices.Clone(t.columns)
	var joins strings.Builder
	for i, column := range t.documents {
		fmt.Fprintf(&joins, " ANY LEFT JOIN (SELECT document_id AS id, cityHash64(url, sha256) AS hash FROM fetches) AS d%d ON r.`%s` = d%d.id", i, column, i)
		values = append(values, fmt.Sprintf("d%d.hash", i))
	}
	return fmt.Sprintf("SELECT count(), sum(cityHash64(%s)) FROM %s AS r%s", strings.Join(values, ", "), t.name, joins.String())
}
