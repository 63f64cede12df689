package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/blob"
	"vislang/pkg/embedded"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// sinkRounds is how often the sink and clickhouse-go take turns; medians count.
const sinkRounds = 5

// measureSink compares the sink, from Kafka with exactly-once commits, with
// clickhouse-go inserting the same blocks from memory, one after the other, into
// the same engine. Kafka and the engine run in a process of their own. Nothing
// that starts is timed: the clock runs from when the sink has its partitions
// until the last row is acknowledged.
func measureSink(ctx context.Context, b *bench) error {
	m, err := openSinkBench(ctx, b, "sink")
	if err != nil {
		return err
	}
	defer m.close()

	if err := m.produce(ctx, schemas.TopicBitext, b.rows, pair); err != nil {
		return fmt.Errorf("fill the topic: %w", err)
	}
	if err := m.compare(ctx, "sink.bitext", schemas.TopicBitext, []string{"all_bitext"}, b.rows); err != nil {
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
	return m.compare(ctx, "sink.texts", schemas.TopicTexts, []string{"all_sentences", "page_languages", "texts"}, texts*perText)
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

// sinkBench is what both sides of the comparison use, Kafka and the engine in a
// process of their own.
type sinkBench struct {
	data    string // folder of the engines
	engines *process
	kafka   kgo.Opt
	dsn     string
	client  *kgo.Client
	codec   *schemas.Codec
	blobs   *blob.Store
	db      driver.Conn
}

// openSinkBench starts engines with empty tables.
func openSinkBench(ctx context.Context, b *bench, name string) (_ *sinkBench, err error) {
	m := &sinkBench{data: filepath.Join(b.scratch, name)}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if m.engines, err = start(ctx, b.vislang, "engines", "--data", m.data,
		"--kafka-port", "0", "--clickhouse-port", "0", "--registry-port", "0"); err != nil {
		return nil, err
	}
	info, err := waitForEngines(ctx, m.engines, m.data)
	if err != nil {
		return nil, err
	}
	m.kafka, m.dsn = kgo.SeedBrokers(info.Kafka), info.ClickHouse+"/vislang"
	registry, err := sr.NewClient(sr.URLs(info.Registry))
	if err != nil {
		return nil, err
	}
	m.codec = schemas.NewCodec(registry)
	if m.blobs, err = blob.Open(ctx, filepath.Join(m.data, "blobs")); err != nil {
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

// close ends the engines and removes their folder.
func (m *sinkBench) close() {
	if m.db != nil {
		m.db.Close()
	}
	if m.client != nil {
		m.client.Close()
	}
	if m.engines != nil {
		m.engines.stop()
	}
	os.RemoveAll(m.data)
}

// pid is the engines' process id.
func (m *sinkBench) pid() int { return m.engines.command.Process.Pid }

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

// timing is what a run took.
type timing struct {
	wall, client, engine time.Duration // on the clock; of processors, by this process and the engine's
}

// watch times what do does.
func (m *sinkBench) watch(do func() error) (timing, error) {
	began, client, engine := time.Now(), processorTime(), processorOf(m.pid())
	err := do()
	return timing{time.Since(began), processorTime() - client, processorOf(m.pid()) - engine}, err
}

// timings are the rounds of one way.
type timings []timing

// print prints medians.
func (t timings) print(name string, rows int, unit string) (rate float64) {
	typical := func(of func(timing) time.Duration) float64 {
		all := make([]float64, len(t))
		for i := range t {
			all[i] = of(t[i]).Seconds()
		}
		return median(all)
	}
	rate = float64(rows) / typical(func(t timing) time.Duration { return t.wall })
	figure(name, rate, unit)
	figure(name+".client", 1e6*typical(func(t timing) time.Duration { return t.client })/float64(rows), "processor µs/row of this process")
	figure(name+".engine", 1e6*typical(func(t timing) time.Duration { return t.engine })/float64(rows), "processor µs/row of Kafka and ClickHouse")
	return rate
}

// compare prints the rates of the sink, of parts of it and of clickhouse-go, for
// the tables of a topic that hold rows in all.
func (m *sinkBench) compare(ctx context.Context, name, topic string, tables []string, rows int) error {
	var sink, fetched, decoded, swallowed, byRow, byColumn timings
	var blocks []sinkBlock
	for range sinkRounds {
		for _, part := range []struct {
			to     *timings
			decode bool
		}{{&fetched, false}, {&decoded, true}} {
			took, err := m.watch(func() error { return m.fetch(ctx, topic, part.decode) })
			if err != nil {
				return fmt.Errorf("read %s alone: %w", topic, err)
			}
			*part.to = append(*part.to, took)
		}
		nothing, err := swallow(m.dsn)
		if err != nil {
			return err
		}
		took, _, err := m.runSink(ctx, nothing.URL, rows)
		nothing.Close()
		if err != nil {
			return fmt.Errorf("sink without an engine: %w", err)
		}
		swallowed = append(swallowed, took)
		for _, table := range tables {
			if err := m.db.Exec(ctx, "TRUNCATE TABLE "+table); err != nil {
				return err
			}
		}
		if took, blocks, err = m.runSink(ctx, m.dsn, rows); err != nil {
			return err
		}
		sink = append(sink, took)
		if n, err := m.count(ctx, tables); err != nil || n != uint64(rows) {
			return fmt.Errorf("%d of %d rows landed: %w", n, rows, err)
		}
		for _, way := range []struct {
			to      *timings
			columns bool
		}{{&byRow, false}, {&byColumn, true}} {
			took, err := m.insertAlone(ctx, tables, blocks, way.columns)
			if err != nil {
				return fmt.Errorf("insert without the sink: %w", err)
			}
			*way.to = append(*way.to, took)
		}
	}
	fetched.print(name+".fetch", rows, "rows/s of Kafka alone")
	decoded.print(name+".decode", rows, "rows/s, Kafka and decoding")
	swallowed.print(name+".swallowed", rows, "rows/s of the sink, inserts thrown away")
	rate := sink.print(name, rows, "rows/s from Kafka to the tables, exactly once")
	figure(name+".blocks", float64(len(blocks)), "blocks in the last round")
	figure(name+".ratio", rate/byRow.print(name+".clickhouse_go", rows, "rows/s of clickhouse-go, Append, the same blocks"), "sink : clickhouse-go, Append")
	figure(name+".ratio.columns", rate/byColumn.print(name+".columns", rows, "rows/s of clickhouse-go, whole columns at once, the same blocks"), "sink : clickhouse-go, whole columns")
	return nil
}

// fetch reads a topic as the sink does.
func (m *sinkBench) fetch(ctx context.Context, topic string, decode bool) error {
	ends, err := kadm.NewClient(m.client).ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	starts, err := kadm.NewClient(m.client).ListStartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	left := int64(0)
	from := map[int32]kgo.Offset{}
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, end.Partition)
		left += end.Offset - start.Offset
		from[end.Partition] = kgo.NewOffset().At(start.Offset)
	})
	client, err := kgo.NewClient(m.kafka, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(500*time.Millisecond),
		kgo.FetchMaxBytes(16<<20), kgo.FetchMaxPartitionBytes(4<<20), kgo.MaxConcurrentFetches(3))
	if err != nil {
		return err
	}
	defer client.Close()
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); left-- {
			rec := it.Next()
			if !decode {
				continue
			}
			if topic == schemas.TopicBitext {
				_, err = schemas.DecodeInPlace[schemas.Bitext](ctx, m.codec, rec.Value)
			} else {
				_, err = schemas.DecodeInPlace[schemas.Text](ctx, m.codec, rec.Value)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// swallow stands before a database and throws inserts away.
func swallow(dsn string) (*httptest.Server, error) {
	target, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("insert_deduplication_token") {
			io.Copy(io.Discard, r.Body)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	server.URL += target.Path
	return server, nil
}

// sinkBlock is what the sink said about a block it inserted.
type sinkBlock struct {
	table             string
	partition         int64
	offset, end, rows int64
}

// blockLog collects the blocks out of the sink's log.
type blockLog struct {
	slog.Handler
	mu     *sync.Mutex
	blocks *[]sinkBlock
}

func (blockLog) Enabled(context.Context, slog.Level) bool { return true }
func (l blockLog) WithAttrs([]slog.Attr) slog.Handler     { return l }

func (l blockLog) Handle(_ context.Context, line slog.Record) error {
	if line.Message != clickhouse.InsertedMessage {
		return nil
	}
	var b sinkBlock
	line.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "table":
			b.table = a.Value.String()
		case "partition":
			b.partition = a.Value.Int64()
		case "offset":
			b.offset = a.Value.Int64()
		case "end":
			b.end = a.Value.Int64()
		case "rows":
			b.rows = a.Value.Int64()
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.blocks = append(*l.blocks, b)
	return nil
}

// runSink loads all topics into a database, as a new group.
func (m *sinkBench) runSink(ctx context.Context, dsn string, rows int) (took timing, blocks []sinkBlock, err error) {
	if _, err := kadm.NewClient(m.client).DeleteGroup(ctx, clickhouse.Group); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return took, nil, err
	}
	counted := prometheus.NewRegistry()
	sink, err := clickhouse.New(clickhouse.Options{
		Metrics: counted, Kafka: []kgo.Opt{m.kafka}, Database: dsn, Codec: m.codec, Blobs: m.blobs, Version: "bench",
		Log: slog.New(blockLog{slog.DiscardHandler, &sync.Mutex{}, &blocks}),
	})
	if err != nil {
		return took, nil, err
	}
	debug.FreeOSMemory()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(896 << 20)) // as vislang does
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sink.Run(ctx) }()
	// until waits without asking the engine, which would slow it down.
	until := func(what func() (bool, error)) error {
		for {
			select {
			case err := <-done:
				return fmt.Errorf("the sink ended early: %w", err)
			case <-time.After(2 * time.Millisecond):
			}
			if is, err := what(); is || err != nil {
				return err
			}
		}
	}
	if err := until(func() (bool, error) { return sink.Ready(), nil }); err != nil {
		return took, nil, err
	}
	took, err = m.watch(func() error {
		return until(func() (bool, error) {
			n, err := inserted(counted)
			return n >= rows, err
		})
	})
	if err != nil {
		return took, nil, err
	}
	cancel()
	return took, blocks, <-done
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

// insertAlone inserts blocks into tables like those that the sink has put them
// into. Their rows lie in memory before the clock runs, by row or by column, in
// the order in which the sink sent them.
func (m *sinkBench) insertAlone(ctx context.Context, tables []string, blocks []sinkBlock, columns bool) (timing, error) {
	for _, table := range tables {
		if err := m.db.Exec(ctx, "CREATE OR REPLACE TABLE alone_"+table+" AS "+table); err != nil {
			return timing{}, err
		}
	}
	loaded := make([][]any, len(blocks))
	for i, b := range blocks {
		order := "offset"
		if b.table == "all_sentences" {
			order = "offset, sentence"
		}
		var err error
		loaded[i], err = m.read(ctx, fmt.Sprintf("SELECT * FROM %s WHERE partition = %d AND offset >= %d AND offset < %d ORDER BY %s", b.table, b.partition, b.offset, b.end, order), columns)
		if err != nil {
			return timing{}, err
		}
	}
	debug.FreeOSMemory()
	return m.watch(func() error {
		for i, b := range blocks {
			batch, err := m.db.PrepareBatch(ctx, "INSERT INTO alone_"+b.table)
			if err != nil {
				return err
			}
			for i, values := range loaded[i] {
				if columns {
					err = batch.Column(i).Append(values)
				} else {
					err = batch.Append(values.([]any)...)
				}
				if err != nil {
					return err
				}
			}
			if err := batch.Send(); err != nil {
				return err
			}
		}
		return nil
	})
}

// read reads rows, each a []any, or columns, each a slice of its type.
func (m *sinkBench) read(ctx context.Context, query string, columns bool) ([]any, error) {
	result, err := m.db.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	types := result.ColumnTypes()
	var rows []any
	all := make([]reflect.Value, len(types))
	for i, t := range types {
		all[i] = reflect.MakeSlice(reflect.SliceOf(t.ScanType()), 0, 0)
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
				all[i] = reflect.Append(all[i], value)
			} else {
				row[i] = value.Interface()
			}
		}
		if !columns {
			rows = append(rows, row)
		}
	}
	if columns && n > 0 {
		for _, slice := range all {
			rows = append(rows, slice.Interface())
		}
	}
	return rows, result.Err()
}
