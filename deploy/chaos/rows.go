package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rows are the rows of every copy of a set, by the copy's number.
type rows map[int]content

// content are the rows of one copy: how often each is there, by table and by
// what it says.
type content map[string]map[string]int

func (c content) documents() int { return len(c["fetches"]) }

func (r rows) documents() (n int) {
	for _, c := range r {
		n += c.documents()
	}
	return n
}

func (r rows) rows() (n int) {
	for _, c := range r {
		for _, table := range c {
			for _, count := range table {
				n += count
			}
		}
	}
	return n
}

// unlike are columns in which two runs on the same input differ: where a record
// lay, when things happened, and ids, which contain the time of the fetch.
// Ids of documents are not among them: the document's file stands for them.
var unlike = []string{
	"partition", "offset", "recorded_at", "source_recorded_at", "fetched_at", "first_failed_at", "failed_at", "source", "source_partition", "source_offset",
	"group_id", "match_id", "pair_id", "figure_id", "sample_id", "split_group", "revision", "value_bytes", "attempts",
}

// unlikeMatches are those of the table all_matches alone: there a text is a
// blob's name, and the blob holds ids.
var unlikeMatches = []string{"source_text", "target_text"}

var (
	documentID = regexp.MustCompile(`\b[0-9A-Za-z]{27}\b`)
	copyPath   = regexp.MustCompile(`copy-(\d{4})`)
)

// readRows reads every table. Rows that belong to no copy go under -1.
func readRows(ctx context.Context, address, inbox string) (rows, error) {
	documents := map[string]string{} // path below the inbox by id
	err := query(ctx, address, "SELECT document_id, url FROM vislang.fetches", func(row []json.RawMessage) {
		var id, address string
		json.Unmarshal(row[0], &id)
		json.Unmarshal(row[1], &address)
		_, path, _ := strings.Cut(address, "/inbox/")
		documents[id] = path
	})
	if err != nil {
		return nil, err
	}
	all := rows{}
	tables, err := tablesOf(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		var columns []string
		err := query(ctx, address, "SELECT name FROM system.columns WHERE database = 'vislang' AND table = '"+table+"' ORDER BY name", func(row []json.RawMessage) {
			var name string
			json.Unmarshal(row[0], &name)
			if !slices.Contains(unlike, name) && (table != "all_matches" || !slices.Contains(unlikeMatches, name)) {
				columns = append(columns, column(name))
			}
		})
		if err != nil {
			return nil, err
		}
		err = query(ctx, address, "SELECT "+strings.Join(columns, ", ")+" FROM vislang."+table, func(row []json.RawMessage) {
			var line strings.Builder
			for _, value := range row {
				line.Write(value)
				line.WriteByte('\n')
			}
			text := documentID.ReplaceAllStringFunc(line.String(), func(id string) string {
				if path, ok := documents[id]; ok {
					return path
				}
				return id
			})
			number := -1
			if m := copyPath.FindStringSubmatch(text); m != nil {
				number, _ = strconv.Atoi(m[1])
			}
			text = copyPath.ReplaceAllString(text, "copy")
			if all[number] == nil {
				all[number] = content{}
			}
			if all[number][table] == nil {
				all[number][table] = map[string]int{}
			}
			sum := sha256.Sum256([]byte(text))
			all[number][table][string(sum[:16])]++
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// column is how a column is read. Of what read a page the library is left out:
// when its child is killed twice in a row the command line takes the page over,
// which says the same with the same models.
func column(name string) string {
	if name == "engine" {
		return "replaceOne(engine, 'gosseract ', '')"
	}
	return "`" + name + "`"
}

func tablesOf(ctx context.Context, address string) (tables []string, err error) {
	err = query(ctx, address, "SELECT name FROM system.tables WHERE database = 'vislang' AND engine LIKE '%MergeTree' AND name NOT LIKE 'goose%' ORDER BY name", func(row []json.RawMessage) {
		var name string
		json.Unmarshal(row[0], &name)
		tables = append(tables, name)
	})
	return tables, err
}

// forgetTokens has ClickHouse remember no token of an insert.
func forgetTokens(ctx context.Context, address string) error {
	tables, err := tablesOf(ctx, address)
	if err != nil {
		return err
	}
	for _, table := range tables {
		body, err := send(ctx, address, "ALTER TABLE vislang."+table+" MODIFY SETTING non_replicated_deduplication_window = 0")
		if err != nil {
			return err
		}
		body.Close()
	}
	return nil
}

// query hands the rows of an answer to fn.
func query(ctx context.Context, address, statement string, fn func([]json.RawMessage)) error {
	body, err := send(ctx, address, statement+" FORMAT JSONCompactEachRow")
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewReaderSize(body, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			var row []json.RawMessage
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("query %s: %w in %.200s", statement, err, line)
			}
			fn(row)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("query %s: %w", statement, err)
		}
	}
}

func scalar(ctx context.Context, address, statement string) (uint64, error) {
	body, err := send(ctx, address, statement)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

func send(ctx context.Context, address, statement string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/", strings.NewReader(statement))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		response.Body.Close()
		return nil, fmt.Errorf("query %s: %s: %s", statement, response.Status, text)
	}
	return response.Body, nil
}
