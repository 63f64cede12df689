package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/blob"
	"vislang/pkg/stream/streamtest"
	"vislang/schemas"
)

// bench is a Kafka (an embedded one, or the brokers of `make test-kafka`), a ClickHouse, a registry and a blob store.
type bench struct {
	testing.TB
	seeds kgo.Opt
	codec *schemas.Codec
	blobs *blob.Store
	dsn   string
	conn  driver.Conn
	admin *kadm.Client
}

func newBench(t testing.TB, partitions int32) *bench {
	t.Helper()
	b := &bench{TB: t}
	b.dsn, b.conn = database(t)
	if brokers := streamtest.Kafka(t); brokers != nil {
		b.seeds = kgo.SeedBrokers(brokers...)
	} else {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "50"}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cluster.Close)
		b.seeds = kgo.SeedBrokers(cluster.ListenAddrs()...)
	}
	b.admin = kadm.NewClient(b.client())
	created, err := b.admin.CreateTopics(t.Context(), partitions, -1, nil, Topics()...)
	if err == nil {
		err = created.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
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
	return b
}

func (b *bench) client(opts ...kgo.Opt) *kgo.Client {
	b.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{b.seeds, kgo.RecordPartitioner(kgo.RoundRobinPartitioner())}, opts...)...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client
}

func (b *bench) options() Options {
	return Options{
		Kafka: []kgo.Opt{b.seeds}, Database: b.dsn, Codec: b.codec, Blobs: b.blobs,
		Version: "test", Linger: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(b.Output(), nil)),
	}
}

// running is a sink at work.
type running struct {
	*Sink
	cancel context.CancelFunc
	done   chan error
}

func (b *bench) start(o Options) *running {
	b.Helper()
	sink, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{sink, cancel, make(chan error, 1)}
	go func() { r.done <- sink.Run(ctx) }()
	b.Cleanup(func() { r.stop() })
	return r
}

func (r *running) stop() error {
	r.cancel()
	return r.wait()
}

func (r *running) wait() error {
	err := <-r.done
	r.done <- err
	return err
}

// encoded is a record of a topic.
func (b *bench) encoded(topic string, rec any) *kgo.Record {
	b.Helper()
	value, err := b.codec.Encode(b.Context(), rec)
	if err != nil {
		b.Fatal(err)
	}
	return &kgo.Record{Topic: topic, Value: value}
}

func (b *bench) produce(records ...*kgo.Record) {
	b.Helper()
	if err := b.client().ProduceSync(b.Context(), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) sample(n int) *kgo.Record {
	return b.encoded(schemas.TopicSamples, &schemas.Sample{SampleID: fmt.Sprint(n), Language: "swh_Latn", Response: "habari"})
}

func (b *bench) samples(from, to int) []*kgo.Record {
	b.Helper()
	var records []*kgo.Record
	for n := from; n < to; n++ {
		records = append(records, b.sample(n))
	}
	return records
}

// lag is how many offsets the group is behind.
func (b *bench) lag() int64 {
	b.Helper()
	ends, err := b.admin.ListEndOffsets(b.Context(), Topics()...)
	if err != nil {
		b.Fatal(err)
	}
	commits, err := b.admin.FetchOffsets(b.Context(), Group)
	if err != nil {
		return -1 // no group yet
	}
	var lag int64
	ends.Each(func(end kadm.ListedOffset) {
		at := int64(0)
		if commit, ok := commits.Lookup(end.Topic, end.Partition); ok && commit.At > 0 {
			at = commit.At
		}
		lag += end.Offset - at
	})
	return lag
}

func (b *bench) eventually(what string, done func() bool) {
	b.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("not in 60 s: %s", what)
		}
	}
}

func (b *bench) drained() {
	b.Helper()
	b.eventually("lag 0", func() bool { return b.lag() == 0 })
}

func (b *bench) count(query string) uint64 {
	b.Helper()
	return one[uint64](b.TB, b.conn, query)
}

// samples checks that the samples 0 to n-1 are there, each once.
func (b *bench) wantSamples(n int) {
	b.Helper()
	rows, ids := b.count("SELECT count() FROM samples"), b.count("SELECT uniqExact(sample_id) FROM samples")
	if rows != uint64(n) || ids != uint64(n) {
		b.Errorf("%d rows of %d samples, want %d", rows, ids, n)
	}
	if bad := b.count("SELECT count() FROM (SELECT topic, partition, offset FROM samples GROUP BY ALL HAVING count() != 1)"); bad > 0 {
		b.Errorf("%d records have more than one row", bad)
	}
}

var errCrash = errors.New("crash")
