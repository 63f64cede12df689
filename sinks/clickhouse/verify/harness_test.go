package verify

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/blob"
	engine "vislang/pkg/embedded/clickhouse"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// database starts a ClickHouse with the sink's tables.
func database(t testing.TB) (string, driver.Conn) {
	t.Helper()
	server, err := engine.Start(context.Background(), engine.Options{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	dsn := server.URL() + "/vislang"
	if err := clickhouse.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return dsn, conn
}

func exec(t testing.TB, db driver.Conn, query string) {
	t.Helper()
	if err := db.Exec(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// bench is a Kafka, a ClickHouse and what a sink needs beside.
type bench struct {
	testing.TB
	seeds kgo.Opt
	codec *schemas.Codec
	blobs *blob.Store
	dsn   string
	db    driver.Conn
	admin *kadm.Client
}

const partitions = 2

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{TB: t}
	b.dsn, b.db = database(t)
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, clickhouse.Topics()...),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "50"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	b.seeds = kgo.SeedBrokers(kafka.ListenAddrs()...)
	registry, err := schemas.StartRegistry(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	b.codec = schemas.NewCodec(registry.Client())
	if b.blobs, err = blob.Open(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.blobs.Close() })
	b.admin = kadm.NewClient(b.client())
	return b
}

func (b *bench) client(opts ...kgo.Opt) *kgo.Client {
	b.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{b.seeds, kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client
}

func (b *bench) produce(records ...*kgo.Record) {
	b.Helper()
	if err := b.client().ProduceSync(b.Context(), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) encoded(topic string, partition int32, rec any) *kgo.Record {
	b.Helper()
	value, err := b.codec.Encode(b.Context(), rec)
	if err != nil {
		b.Fatal(err)
	}
	return &kgo.Record{Topic: topic, Partition: partition, Value: value}
}

// transaction writes records in one transaction, which is committed or not.
func (b *bench) transaction(commit bool, records ...*kgo.Record) {
	b.Helper()
	client := b.client(kgo.TransactionalID("t"))
	if err := client.BeginTransaction(); err != nil {
		b.Fatal(err)
	}
	if err := client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
	if err := client.EndTransaction(b.Context(), kgo.TransactionEndTry(commit)); err != nil {
		b.Fatal(err)
	}
}

// load runs the sink until it has nothing left to do.
func (b *bench) load() {
	b.Helper()
	sink, err := clickhouse.New(clickhouse.Options{Kafka: []kgo.Opt{b.seeds}, Database: b.dsn, Codec: b.codec, Blobs: b.blobs, Linger: 20 * time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sink.Run(ctx) }()
	for deadline := time.Now().Add(30 * time.Second); b.lag() != 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("the sink is not done after 30 s")
		}
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func (b *bench) lag() int64 {
	b.Helper()
	ends, err := b.admin.ListEndOffsets(b.Context(), clickhouse.Topics()...)
	if err != nil {
		b.Fatal(err)
	}
	commits, err := b.admin.FetchOffsets(b.Context(), clickhouse.Group)
	if err != nil {
		return -1 // no group yet
	}
	var lag int64
	ends.Each(func(end kadm.ListedOffset) {
		at, ok := commits.Lookup(end.Topic, end.Partition)
		if !ok || at.At < 0 {
			at.At = 0
		}
		lag += end.Offset - at.At
	})
	return lag
}

func (b *bench) verify(o Options) *Report {
	b.Helper()
	o.Kafka, o.Database, o.Codec = []kgo.Opt{b.seeds}, b.dsn, b.codec
	report, err := Run(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	return report
}

func (b *bench) exec(query string, args ...any) {
	b.Helper()
	if err := b.db.Exec(b.Context(), fmt.Sprintf(query, args...)); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
}
