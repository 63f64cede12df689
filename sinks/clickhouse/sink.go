// Package clickhouse loads the records of the pipeline's topics into
// ClickHouse, each exactly once.
//
//	sink, err := clickhouse.New(clickhouse.Options{
//		Kafka:    []kgo.Opt{kgo.SeedBrokers("127.0.0.1:9092")},
//		Database: "http://127.0.0.1:8123/vislang",
//		Codec:    codec,
//		Blobs:    blobs,
//	})
//	err = sink.Run(ctx) // until ctx ends
//
// # How a row comes to stand for one record
//
// Per partition the sink freezes a batch, the range [C, E) of offsets, and
// commits C to Kafka with the batch's end and token as metadata (an intent).
// Then it inserts the batch, one block a table, under that token, and commits
// E together with the intent of the next batch. A sink that dies leaves an
// intent behind; the next owner of the partition reads exactly [C, E) again
// and inserts it under the same token, and ClickHouse drops what had landed.
// This holds because
//
//   - nothing is inserted before its intent is known to be committed, so
//     whoever comes later knows the batch;
//   - Kafka takes a commit only from a member of the current generation, and a
//     worker has ended, commits included, before its partition is given up;
//   - every table keeps the tokens of its last 10,000 blocks;
//   - a block is one INSERT of one native block into an unpartitioned table;
//   - every commit goes through one function, so none erases an intent.
//
// A record that can never become rows goes to the dead letters whole. That is
// decided before the insert, and written down for good: one Kafka transaction
// writes the dead letters and commits C with an intent that lists what they
// replace. A later owner skips the listed records and rejects no others. A
// record of the dead letters themselves that cannot be decoded becomes a row
// that says so.
//
// Control records and records of aborted transactions count in ranges and make
// no rows; a batch without rows is committed without an insert.
//
// An insert that comes late, of a sink that was stopped in the middle and wakes
// after others have done its work, has a token that ClickHouse knows: that of the
// batch done again, or one that a Reset has spent. A commit that another tool set
// lacks the metadata of its offset: no sink starts from it, only a Reset goes on.
// What was announced before it is not known then, and a late insert of that not
// fenced: package verify finds what it doubles.
//
// What is left to chance: Kafka may in theory process a commit of a connection
// that broke after a newer one of the next connection.
package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/pkg/stream/control"
	"vislang/pkg/stream/tracing"
	"vislang/schemas"
)

// Group is the consumer group of the sink, and its stage name.
const Group = "clickhouse"

// Topics returns the topics that the sink reads.
func Topics() []string {
	return []string{
		schemas.TopicDocuments, schemas.TopicPageTexts, schemas.TopicFigures, schemas.TopicTexts,
		schemas.TopicMatches, schemas.TopicBitext, schemas.TopicSamples, schemas.TopicDeadLetters,
	}
}

// Bounds of a batch.
const (
	maxRows  = 100_000
	maxBytes = 64 << 20
)

// Bounds from which on a batch does not wait for more records.
const (
	plentyRows  = 25_000
	plentyBytes = 16 << 20
)

// DefaultLinger is how long a batch waits for more records.
const DefaultLinger = time.Second

// lull is the part of the linger after which a batch waits no longer if no
// records come.
const lull = 10

// Options say where the sink reads and writes.
type Options struct {
	Kafka    []kgo.Opt             // seed brokers, TLS, SASL
	Database string                // such as http://127.0.0.1:8123/vislang; the database is created if missing
	Codec    *schemas.Codec        // of the records
	Blobs    *blob.Store           // holds large bodies of records
	Version  string                // of the program, column stage_version
	Linger   time.Duration         // how long a batch waits for more records, a tenth of it when none come; DefaultLinger if 0
	Memory   int                   // bytes of rows that may wait, a soft bound; 512 MiB if 0
	Log      *slog.Logger          // may be nil
	Metrics  prometheus.Registerer // may be nil
	Instance string                // names this process to operators
	Control  *control.Control      // operators' orders; may be nil
	Health   *stream.Health        // learns what the sink is at; may be nil
	Tracer   *tracing.Tracer       // may be nil

	// hook is called where a crash would hurt; its error ends the sink like
	// one. For tests.
	hook func(point string) error
	// without leaves out a part of the design, for tests that show that it
	// is missed: the token, or the insert before the commit.
	without struct{ token, order bool }
}

// Sink loads records into ClickHouse.
type Sink struct {
	o        Options
	database *ch.Options
	log      *slog.Logger
	layouts  *layouts
	decoder  *decoder
	metrics  *metrics
	outages  *outages

	linger  atomic.Int64
	waiting atomic.Int64 // bytes of rows that are not in the database yet
	joined  atomic.Bool

	opened  chan struct{} // of a membership: closed when what follows is set
	client  *kgo.Client
	admin   *kadm.Client
	commits *committer
	letters *letterbox
	conn    driver.Conn
	post    *poster       // nil over the native protocol
	slots   chan struct{} // bounds concurrent inserts

	mu      sync.Mutex
	types   map[string]map[string]string // column types by table and column
	workers map[topicPartition]*worker

	kill   context.CancelCauseFunc // ends everything at once
	killed context.Context
}

type topicPartition struct {
	topic     string
	partition int32
}

func (tp topicPartition) String() string { return fmt.Sprintf("%s/%d", tp.topic, tp.partition) }

// New checks the options. Nothing is contacted before Run.
func New(o Options) (*Sink, error) {
	database, err := parse(o.Database)
	if err != nil {
		return nil, err
	}
	if o.Codec == nil || o.Blobs == nil {
		return nil, errors.New("clickhouse sink: Codec and Blobs are required")
	}
	if o.Linger <= 0 {
		o.Linger = DefaultLinger
	}
	if o.Memory <= 0 {
		o.Memory = 512 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	log := o.Log.With("stage", Group)
	slots := max(4, 2*runtime.GOMAXPROCS(0))
	database.MaxOpenConns, database.MaxIdleConns = slots+2, slots+2
	if database.Compression == nil && !onLoopback(database.Addr) {
		database.Compression = &ch.Compression{Method: ch.CompressionLZ4}
	}
	s := &Sink{
		o: o, database: database, log: log,
		layouts: newLayouts(),
		decoder: &decoder{o.Codec, o.Blobs, o.Version},
		slots:   make(chan struct{}, slots),
		workers: map[topicPartition]*worker{},
	}
	s.metrics = newMetrics(o.Metrics, s)
	s.outages = &outages{log: log, failing: map[string]error{}}
	s.linger.Store(int64(o.Linger))
	s.killed, s.kill = context.WithCancelCause(context.Background())
	return s, nil
}

// onLoopback tells whether all addresses are on this machine: there compressing
// costs more than sending.
func onLoopback(addresses []string) bool {
	return !slices.ContainsFunc(addresses, func(address string) bool {
		host, _, err := net.SplitHostPort(address)
		ip := net.ParseIP(host)
		return err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback())
	})
}

// Ready tells whether the sink is a member of its group and can insert.
func (s *Sink) Ready() bool { return s.joined.Load() && s.outages.none() && s.killed.Err() == nil }

// Outage returns what the sink waits for, nil if nothing.
func (s *Sink) Outage() error { return s.outages.any() }

// SetLinger changes how long a batch waits for more records. A short one
// empties the topics soonest when no more is to come.
func (s *Sink) SetLinger(d time.Duration) { s.linger.Store(int64(max(d, time.Millisecond))) }

// Run loads records until ctx ends; then it finishes the batches at hand,
// commits them and leaves the group. It waits for a database that is away. Its
// error is for good: records lost before they were read, or offsets that are
// not the group's own. Run is called once.
func (s *Sink) Run(ctx context.Context) error {
	defer s.kill(nil)
	s.health(stream.Joining)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(s.killed, cancel)
	if err := s.openDatabase(ctx); err != nil {
		return err
	}
	if s.conn == nil {
		return nil // told to stop before the database came
	}
	defer s.conn.Close()
	if s.post != nil {
		defer s.post.close()
	}
	for s.admit(ctx) {
		if err := s.member(ctx); err != nil {
			return err
		}
	}
	return nil
}

// member loads records as a member of the group until ctx ends or an operator
// wants it out.
func (s *Sink) member(ctx context.Context) error {
	s.health(stream.Joining)
	s.opened = make(chan struct{})
	client, err := kgo.NewClient(append(append(s.consumerOptions(), s.o.Kafka...),
		kgo.ClientID(s.o.Instance+"-"+Group+"-0"), stream.ClientMetrics(s.o.Metrics, Group, 0))...)
	if err != nil {
		return fmt.Errorf("clickhouse sink: %w", err)
	}
	s.client, s.admin = client, kadm.NewClient(client)
	defer client.CloseAllowingRebalance()
	s.commits = newCommitter(client)
	defer s.commits.close()
	s.letters = &letterbox{options: s.o.Kafka, group: client}
	defer s.letters.close()
	close(s.opened)

	err = s.consume(ctx)
	if s.killed.Err() == nil {
		// Leaving calls revoked, which lets the workers finish.
		leave, cancel := context.WithTimeout(context.Background(), 2*grace)
		defer cancel()
		client.AllowRebalance()
		if left := client.LeaveGroupContext(leave); left != nil && err == nil {
			s.log.Warn("left the group without saying so", "error", left)
		}
	}
	s.stopAll()
	s.joined.Store(false)
	if cause := context.Cause(s.killed); err == nil && cause != nil {
		err = cause
	}
	return err
}

// fail ends the sink at once, as a crash would: what it has begun is finished
// by whoever reads the intents next.
func (s *Sink) fail(err error) { s.kill(err) }

func (s *Sink) hook(point string) error {
	if s.o.hook == nil {
		return nil
	}
	return s.o.hook(point)
}
