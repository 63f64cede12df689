package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/embedded"
	"vislang/schemas"
)

// measureSink compares the sink, from Kafka with exactly-once commits, with
// clickhouse-go inserting the same rows from memory.
func measureSink(ctx context.Context, b *bench) error {
	rows := b.rows
	data := filepath.Join(b.scratch, "sink")
	defer os.RemoveAll(data)
	engines, err := start(ctx, b.vislang, "engines", "--data", data,
		"--kafka-port", "0", "--clickhouse-port", "0", "--registry-port", "0")
	if err != nil {
		return err
	}
	defer engines.stop()
	info, err := waitForEngines(ctx, engines, data)
	if err != nil {
		return err
	}
	if err := produce(ctx, info, rows); err != nil {
		return fmt.Errorf("fill the topic: %w", err)
	}

	began := time.Now()
	sink, err := start(ctx, b.vislang, "run", "--stages", "clickhouse", "--until-idle", "--json", "--quiet",
		"--data", filepath.Join(b.scratch, "sink-run"), "--brokers", info.Kafka, "--database", info.ClickHouse+"/vislang",
		"--registry", info.Registry, "--blobs", filepath.Join(data, "blobs"))
	if err != nil {
		return err
	}
	if err := sink.wait(); err != nil {
		return err
	}
	took := time.Since(began)
	var end summary
	if err := json.Unmarshal(sink.stdout.Bytes(), &end); err != nil {
		return fmt.Errorf("read the summary: %w", err)
	}

	options, err := clickhouse.ParseDSN(info.ClickHouse + "/vislang")
	if err != nil {
		return err
	}
	db, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	defer db.Close()
	var landed uint64
	if err := db.QueryRow(ctx, "SELECT count() FROM bitext").Scan(&landed); err != nil {
		return err
	}
	if landed != uint64(rows) {
		return fmt.Errorf("%d of %d rows landed", landed, rows)
	}
	alone, err := insertAlone(ctx, db)
	if err != nil {
		return fmt.Errorf("insert without the sink: %w", err)
	}
	figure("sink.pipeline", float64(rows)/took.Seconds(), "rows/s from Kafka to the table, start of the process included")
	figure("sink.clickhouse_go", float64(rows)/alone.Seconds(), "rows/s of clickhouse-go alone")
	figure("sink.ratio", alone.Seconds()/took.Seconds(), "sink to clickhouse-go")
	return nil
}

func waitForEngines(ctx context.Context, engines *process, data string) (*embedded.Info, error) {
	for {
		if info, err := embedded.Running(data); err == nil && info != nil && info.Registry != "" {
			return info, nil
		}
		select {
		case <-engines.ended:
			return nil, fmt.Errorf("ended early: %w", engines.wait())
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// produce writes aligned pairs of the usual size into their topic.
func produce(ctx context.Context, info *embedded.Info, rows int) error {
	registry, err := sr.NewClient(sr.URLs(info.Registry))
	if err != nil {
		return err
	}
	codec := schemas.NewCodec(registry)
	client, err := kgo.NewClient(kgo.SeedBrokers(info.Kafka), kgo.MaxBufferedBytes(64<<20), kgo.DefaultProduceTopic(schemas.TopicBitext))
	if err != nil {
		return err
	}
	defer client.Close()
	var failed kgo.FirstErrPromise
	for n := range rows {
		document := fmt.Sprintf("2hQ%024d", n/80)
		value, err := codec.Encode(ctx, &schemas.Bitext{
			PairID: fmt.Sprintf("%032x", n), SourceDocumentID: document, TargetDocumentID: document[:26] + "t",
			GroupID: "bench", SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn",
			SourceText:      fmt.Sprintf("The health centre in ward %d received %d doses before the rains began.", n%97, n),
			TargetText:      fmt.Sprintf("Kituo cha afya katika kata ya %d kilipokea dozi %d kabla ya mvua kuanza.", n%97, n),
			SourceSentences: []int32{int32(n % 80)}, TargetSentences: []int32{int32(n % 80)},
			SourceBefore: "Roads to the north stayed open.", TargetBefore: "Barabara za kaskazini zilibaki wazi.",
			Bead: "1-1", Score: 0.93, Health: 0.97,
		})
		if err != nil {
			return err
		}
		client.Produce(ctx, &kgo.Record{Key: []byte("eng_Latn swh_Latn " + document), Value: value}, failed.Promise())
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	return failed.Err()
}

// insertAlone inserts the rows of table bitext into a table like it, in
// batches as large as the sink's, and returns the time that took.
func insertAlone(ctx context.Context, db driver.Conn) (time.Duration, error) {
	if err := db.Exec(ctx, "CREATE TABLE bitext_alone AS bitext"); err != nil {
		return 0, err
	}
	result, err := db.Query(ctx, "SELECT * FROM bitext")
	if err != nil {
		return 0, err
	}
	defer result.Close()
	var table [][]any
	for result.Next() {
		pointers := make([]any, len(result.ColumnTypes()))
		for i, column := range result.ColumnTypes() {
			pointers[i] = reflect.New(column.ScanType()).Interface()
		}
		if err := result.Scan(pointers...); err != nil {
			return 0, err
		}
		for i, p := range pointers {
			pointers[i] = reflect.ValueOf(p).Elem().Interface()
		}
		table = append(table, pointers)
	}
	if err := result.Err(); err != nil {
		return 0, err
	}
	const batchRows = 100_000
	began := time.Now()
	for from := 0; from < len(table); from += batchRows {
		batch, err := db.PrepareBatch(ctx, "INSERT INTO bitext_alone")
		if err != nil {
			return 0, err
		}
		for _, row := range table[from:min(from+batchRows, len(table))] {
			if err := batch.Append(row...); err != nil {
				return 0, err
			}
		}
		if err := batch.Send(); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}
