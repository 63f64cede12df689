package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/blob"
	"vislang/pkg/embedded"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// sinkRounds is how often the sink and clickhouse-go take turns; the best of
// each counts.
const sinkRounds = 2

// measureSink compares the sink, from Kafka with exactly-once commits, with
// clickhouse-go inserting the same rows from memory into the same engine, which
// runs in a process of its own. Nothing that starts is timed: the clock runs from
// when the sink has its partitions until the last row is in its table.
func measureSink(ctx context.Context, b *bench) error {
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
	m, err := newSinkBench(ctx, info, filepath.Join(data, "blobs"))
	if err != nil {
		return err
	}
	defer m.client.Close()
	defer m.db.Close()

	if err := m.produce(ctx, schemas.TopicBitext, b.rows, pair); err != nil {
		return fmt.Errorf("fill the topic: %w", err)
	}
	if err := m.compare(ctx, "sink.bitext", []string{"all_bitext"}, b.rows); err != nil {
		return err
	}
	if err := m.empty(ctx, schemas.TopicBitext); err != nil {
		return err
	}
	// A document has 50 sentences on 2 pages.
	const perText = 50 + 2 + 1
	texts := b.rows / perText
	if err := m.produce(ctx, schemas.TopicTexts, texts, document); err != nil {
		return fmt.Errorf("fill the topic: %w", err)
	}
	return m.compare(ctx, "sink.texts", []string{"all_sentences", "page_languages", "texts"}, texts*perText)
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

// sinkBench is what both sides of the comparison use.
type sinkBench struct {
	kafka  kgo.Opt
	dsn    string
	client *kgo.Client
	codec  *schemas.Codec
	blobs  *blob.Store
	db     driver.Conn
}

func newSinkBench(ctx context.Context, info *embedded.Info, blobs string) (*sinkBench, error) {
	m := &sinkBench{kafka: kgo.SeedBrokers(info.Kafka), dsn: info.ClickHouse + "/vislang"}
	registry, err := sr.NewClient(sr.URLs(info.Registry))
	if err != nil {
		return nil, err
	}
	m.codec = schemas.NewCodec(registry)
	if m.blobs, err = blob.Open(ctx, blobs); err != nil {
		return nil, err
	}
	if m.client, err = kgo.NewClient(m.kafka, kgo.MaxBufferedBytes(64<<20)); err != nil {
		return nil, err
	}
	if err := clickhouse.Migrate(ctx, m.dsn); err != nil {
		return nil, err
	}
	m.db, err = clickhouse.Open(m.dsn)
	return m, err
}

// produce fills a topic with n records, made by number.
func (m *sinkBench) produce(ctx context.Context, topic string, n int, record func(int) (key string, value any)) error {
	var failed kgo.FirstErrPromise
	for i := range n {
		key, rec := record(i)
		value, err := m.codec.Encode(ctx, rec)
		if err != nil {
			return err
		}
		m.client.Produce(ctx, &kgo.Record{Topic: topic, Key: []byte(key), Value: value}, failed.Promise())
	}
	if err := m.client.Flush(ctx); err != nil {
		return err
	}
	return failed.Err()
}

// empty removes the records of a topic.
func (m *sinkBench) empty(ctx context.Context, topic string) error {
	admin := kadm.NewClient(m.client)
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	_, err = admin.DeleteRecords(ctx, ends.Offsets())
	return err
}

// pair is an aligned pair of the usual size.
func pair(n int) (string, any) {
	document := fmt.Sprintf("2hQ%024d", n/80)
	return "eng_Latn swh_Latn " + document, &schemas.Bitext{
		PairID: fmt.Sprintf("%032x", n), SourceDocumentID: document, TargetDocumentID: document[:26] + "t",
		GroupID: "bench", SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn",
		SourceText:      fmt.Sprintf("The health centre in ward %d received %d doses before the rains began.", n%97, n),
		TargetText:      fmt.Sprintf("Kituo cha afya katika kata ya %d kilipokea dozi %d kabla ya mvua kuanza.", n%97, n),
		SourceSentences: []int32{int32(n % 80)}, TargetSentences: []int32{int32(n % 80)},
		SourceBefore: "Roads to the north stayed open.", TargetBefore: "Barabara za kaskazini zilibaki wazi.",
		Bead: "1-1", Score: 0.93, Health: 0.97,
	}
}

// document is a text of two pages with 50 sentences.
func document(n int) (string, any) {
	id := fmt.Sprintf("2hQ%024d", n)
	t := &schemas.Text{Context: schemas.Context{DocumentID: id, URL: "https://example.org/" + id, Title: "Ripoti", Pages: 2}, Language: "swh_Latn", Confidence: 0.99}
	for i := range int32(50) {
		if i%5 == 0 {
			t.Blocks = append(t.Blocks, schemas.Block{Page: i/25 + 1, Kind: schemas.BlockParagraph, Text: "Barabara za kaskazini zilibaki wazi.", Language: "swh_Latn"})
		}
		t.Sentences = append(t.Sentences, schemas.Sentence{Page: i/25 + 1, Block: i / 5, Language: "swh_Latn", Quality: 0.9,
			Text: fmt.Sprintf("Kituo cha afya katika kata ya %d kilipokea dozi %d kabla ya mvua kuanza.", i, n)})
	}
	return id, t
}

// compare prints the rates of the sink and of clickhouse-go for tables that hold
// rows in all.
func (m *sinkBench) compare(ctx context.Context, name string, tables []string, rows int) error {
	sink, byRow, byColumn := math.Inf(1), math.Inf(1), math.Inf(1)
	for range sinkRounds {
		took, err := m.runSink(ctx, tables, rows)
		if err != nil {
			return err
		}
		sink = min(sink, took.Seconds())
		for _, way := range []struct {
			best    *float64
			columns bool
		}{{&byRow, false}, {&byColumn, true}} {
			took, err := m.insertAlone(ctx, tables, way.columns)
			if err != nil {
				return fmt.Errorf("insert without the sink: %w", err)
			}
			*way.best = min(*way.best, took.Seconds())
		}
	}
	figure(name, float64(rows)/sink, "rows/s from Kafka to the tables, exactly once")
	figure(name+".clickhouse_go", float64(rows)/byRow, "rows/s of clickhouse-go, Append")
	figure(name+".clickhouse_go.columns", float64(rows)/byColumn, "rows/s of clickhouse-go, whole columns at once")
	figure(name+".ratio", byRow/sink, "sink to clickhouse-go, Append")
	figure(name+".ratio.columns", byColumn/sink, "sink to clickhouse-go, whole columns at once")
	return nil
}

// runSink loads all topics into empty tables.
func (m *sinkBench) runSink(ctx context.Context, tables []string, rows int) (time.Duration, error) {
	admin := kadm.NewClient(m.client)
	if _, err := admin.DeleteGroup(ctx, clickhouse.Group); err == nil {
		for _, table := range tables {
			if err := m.db.Exec(ctx, "TRUNCATE TABLE "+table); err != nil {
				return 0, err
			}
		}
	}
	counted := prometheus.NewRegistry()
	sink, err := clickhouse.New(clickhouse.Options{Metrics: counted, Kafka: []kgo.Opt{m.kafka}, Database: m.dsn, Codec: m.codec, Blobs: m.blobs, Version: "bench", Linger: 250 * time.Millisecond})
	if err != nil {
		return 0, err
	}
	debug.FreeOSMemory()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(896 << 20)) // as vislang does
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sink.Run(ctx) }()
	var began time.Time
	for {
		select {
		case err := <-done:
			return 0, fmt.Errorf("the sink ended early: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
		if !sink.Ready() {
			continue
		}
		if began.IsZero() {
			began = time.Now()
		}
		// Asking the engine would slow it down.
		if n, err := inserted(counted); err != nil {
			return 0, err
		} else if n >= rows {
			took := time.Since(began)
			cancel()
			if err := <-done; err != nil {
				return 0, err
			}
			if n, err := m.count(context.WithoutCancel(ctx), tables); err != nil || n != uint64(rows) {
				return 0, fmt.Errorf("%d of %d rows landed: %w", n, rows, err)
			}
			return took, nil
		}
	}
}

// inserted is how many rows the sink has had acknowledged.
func inserted(counted *prometheus.Registry) (rows int, err error) {
	families, err := counted.Gather()
	for _, family := range families {
		if family.GetName() == "vislang_clickhouse_rows_total" {
			for _, table := range family.GetMetric() {
				rows += int(table.GetCounter().GetValue())
			}
		}
	}
	return rows, err
}

func (m *sinkBench) count(ctx context.Context, tables []string) (n uint64, err error) {
	for _, table := range tables {
		var rows uint64
		if err := m.db.QueryRow(ctx, "SELECT count() FROM "+table).Scan(&rows); err != nil {
			return 0, err
		}
		n += rows
	}
	return n, nil
}

// insertAlone inserts the rows of tables into tables like them, in blocks as
// large as the sink's, and returns the time that took. The rows of a block lie in
// memory before the clock runs, by row or by column.
func (m *sinkBench) insertAlone(ctx context.Context, tables []string, columns bool) (time.Duration, error) {
	var took time.Duration
	for _, table := range tables {
		if err := m.db.Exec(ctx, "CREATE OR REPLACE TABLE alone AS "+table); err != nil {
			return 0, err
		}
		for from := 0; ; from += blockRows {
			block, err := m.read(ctx, fmt.Sprintf("SELECT * FROM %s LIMIT %d OFFSET %d", table, blockRows, from), columns)
			if err != nil {
				return 0, err
			}
			if len(block) == 0 {
				break
			}
			began := time.Now()
			batch, err := m.db.PrepareBatch(ctx, "INSERT INTO alone")
			if err != nil {
				return 0, err
			}
			for i, values := range block {
				if columns {
					err = batch.Column(i).Append(values)
				} else {
					err = batch.Append(values.([]any)...)
				}
				if err != nil {
					return 0, err
				}
			}
			if err := batch.Send(); err != nil {
				return 0, err
			}
			took += time.Since(began)
		}
	}
	return took, nil
}

const blockRows = 100_000 // as the sink's

// read reads rows, each a []any, or columns, each a slice of its type.
func (m *sinkBench) read(ctx context.Context, query string, columns bool) ([]any, error) {
	result, err := m.db.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	types := result.ColumnTypes()
	var rows []any
	slices := make([]reflect.Value, len(types))
	for i, t := range types {
		slices[i] = reflect.MakeSlice(reflect.SliceOf(t.ScanType()), 0, 0)
	}
	n := 0
	for ; result.Next(); n++ {
		row := make([]any, len(types))
		for i, t := range types {
			row[i] = reflect.New(t.ScanType()).Interface()
		}
		if err := result.Scan(row...); err != nil {
			return nil, err
		}
		for i, p := range row {
			value := reflect.ValueOf(p).Elem()
			if columns {
				slices[i] = reflect.Append(slices[i], value)
			} else {
				row[i] = value.Interface()
			}
		}
		if !columns {
			rows = append(rows, row)
		}
	}
	if columns && n > 0 {
		for _, slice := range slices {
			rows = append(rows, slice.Interface())
		}
	}
	return rows, result.Err()
}
