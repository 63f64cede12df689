package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"vislang/pkg/stream/control"
	"vislang/pkg/stream/tracing"
)

// Options say how a stage runs.
type Options struct {
	Kafka    []kgo.Opt // seed brokers, TLS, SASL
	Instance string    // names this process among those that run the stage; stable over restarts, so that a restart ends the transaction its predecessor left open
	Version  string    // of the program; goes into the header stage_version of what it writes
	Workers  int       // group members in this process; 1 if 0
	MaxBatch int       // most records of one transaction; 4096 if 0

	// Protocol is ProtocolClassic, the default, or ProtocolConsumer.
	Protocol string

	// StateDir is the folder of the local copies of a stateful stage's
	// state, which processes may share; in memory if empty. Its loss costs
	// the time to read the changelog.
	StateDir string

	// Target is how long the work of one transaction may take; the batch
	// grows and shrinks to meet it. 1 s if 0: short enough that a kill
	// repeats little, long enough that transactions cost little.
	Target time.Duration

	// Spread are topics whose records go to the partitions in turn instead
	// of by key: for work without keyed state, which would otherwise be
	// shared out unevenly.
	Spread []string

	// BatchBytes is the largest batch that a topic takes; 1,000,000 bytes,
	// what Kafka allows unless told otherwise, if nil.
	BatchBytes func(topic string) int32

	// DeadLetter encodes a record that failed for good.
	DeadLetter func(context.Context, Failed) (topic string, key, value []byte, err error)

	// Document names the document that a record is about, for the log; "" if
	// it cannot be read. May be nil.
	Document func(context.Context, Record) string

	Log     *slog.Logger
	Metrics *Metrics
	Health  *Health          // learns what the workers are at; may be nil
	Control *control.Control // operators' orders; may be nil

	Registry prometheus.Registerer // for the metrics of the Kafka clients; may be nil
	Tracer   *tracing.Tracer       // may be nil
}

// Consumer group protocols. A group changes from one to the other by a rolling
// restart.
const (
	ProtocolClassic  = "classic"  // its members share out the partitions, cooperative-sticky
	ProtocolConsumer = "consumer" // the broker does (KIP-848)
)

// Failed is a record that could not be processed.
type Failed struct {
	Stage    string
	Record   Record
	Partial  bool // the stage went on without what failed: Output.DeadLetter
	Class    string
	Err      error
	Attempts int // at the record, those before it was replayed counted
	First    time.Time
	Last     time.Time
}

// Stateful is a stage that uses Output.Get and Output.Put. It has exactly one
// input topic; the state of each partition is kept in the compacted topic
// Changelog, which has as many partitions as the input.
type Stateful interface {
	Stage
	Changelog() string
}

func (o *Options) defaults() {
	if o.Workers <= 0 {
		o.Workers = 1
	}
	if o.MaxBatch <= 0 {
		o.MaxBatch = 4096
	}
	if o.Target <= 0 {
		o.Target = time.Second
	}
	if o.BatchBytes == nil {
		o.BatchBytes = func(string) int32 { return 1_000_000 }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Instance == "" {
		o.Instance = "vislang"
	}
}

// Run runs a stage until ctx ends, then finishes the batches at hand, commits
// them and leaves the group. It returns an error only for what no retry can
// mend, such as a missing permission.
func Run(ctx context.Context, stage Stage, o Options) error {
	o.defaults()
	for {
		err := runWorkers(ctx, stage, o)
		if !errors.Is(err, errDamaged) || ctx.Err() != nil {
			return err
		}
		o.Log.Error("the local state is thrown away and restored from Kafka", "stage", stage.Name(), "error", err)
	}
}

func runWorkers(ctx context.Context, stage Stage, o Options) (err error) {
	var state *store
	if _, ok := stage.(Stateful); ok {
		full := func(err error) {
			for n := range o.Workers {
				if err != nil {
					o.Health.Set(stage.Name(), n, Waiting, err)
				} else {
					o.Health.change(stage.Name(), n, Waiting, Running)
				}
			}
		}
		if state, err = openStore(ctx, o.StateDir, stage.Name(), o.Log.With("stage", stage.Name()), full); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, state.close()) }()
	}
	group, ctx := errgroup.WithContext(ctx)
	gate := newGate(o.Workers)
	for n := range o.Workers {
		w := &worker{
			n:      n,
			gate:   gate,
			stage:  stage,
			o:      o,
			id:     fmt.Sprintf("%s-%s-%d", o.Instance, stage.Name(), n),
			log:    o.Log.With("stage", stage.Name(), "worker", n),
			store:  state,
			tables: map[int32]*table{},
			batch:  1,
			// Shared by all records: who adds to it gets a copy.
			headers: slices.Clip([]kgo.RecordHeader{{Key: "stage_version", Value: []byte(o.Version)}}),
		}
		group.Go(func() error { return w.run(ctx) })
	}
	return group.Wait()
}
