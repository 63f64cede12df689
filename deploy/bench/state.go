package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/embedded/kafka"
	"vislang/pkg/stream"
)

// measureState measures a join: a stage that looks up and changes one of many
// keys for each record. It starts with no local copy of the state, works, and
// starts again with one.
func measureState(ctx context.Context, b *bench) error {
	broker, err := kafka.Start(ctx, kafka.Options{Dir: filepath.Join(b.scratch, "state-kafka")})
	if err != nil {
		return err
	}
	defer broker.Close()
	j := &joining{
		kafka: []kgo.Opt{kgo.SeedBrokers(broker.Addr())}, keys: b.keys,
		dir: filepath.Join(b.scratch, "state"), random: rand.New(rand.NewPCG(1, 2)),
	}
	defer os.RemoveAll(j.dir)
	if j.client, err = kgo.NewClient(j.kafka...); err != nil {
		return err
	}
	defer j.client.Close()
	created, err := kadm.NewClient(j.client).CreateTopics(ctx, 1, 1, nil, "facts", "joined", j.Changelog())
	if err := errors.Join(err, created.Error()); err != nil {
		return err
	}
	if err := j.fill(ctx); err != nil {
		return err
	}

	const facts = 200_000
	whole, rate, err := j.run(ctx, facts)
	if err != nil {
		return err
	}
	figure("state.keys", float64(b.keys), "keys")
	figure("state.restore.whole", whole.Seconds(), "s from Run to the first record, no local copy")
	figure("state.restore.rate", float64(b.keys)/whole.Seconds(), "keys/s")
	figure("state.joins", rate, "joins/s: get, put, emit, commit")
	tail, rate, err := j.run(ctx, facts)
	if err != nil {
		return err
	}
	figure("state.restore.checkpoint", tail.Seconds(), "s from Run to the first record, with a checkpoint")
	figure("state.joins.again", rate, "joins/s")
	figure("memory.state", float64(resident(os.Getpid()))/(1<<20), "MiB resident, broker included")
	return nil
}

// joining is a stage with state, and its surroundings.
type joining struct {
	kafka  []kgo.Opt
	client *kgo.Client
	keys   int
	dir    string
	random *rand.Rand
	first  atomic.Pointer[time.Time] // when the first record of a run came
}

func (*joining) Name() string      { return "join" }
func (*joining) Inputs() []string  { return []string{"facts"} }
func (*joining) Changelog() string { return "join.state" }

func (j *joining) Process(_ context.Context, in stream.Record, out *stream.Output) error {
	if now := time.Now(); j.first.Load() == nil {
		j.first.Store(&now)
	}
	known := out.Get(string(in.Key))
	if known == nil {
		return fmt.Errorf("key %s is not in the state", in.Key)
	}
	out.Put(string(in.Key), append([]byte("+"), known[1:]...))
	out.Emit("joined", in.Key, known)
	return nil
}

func key(n int) []byte { return fmt.Appendf(nil, "document-%012d", n) }

// fill writes a changelog as a stage that ran for long would have left it.
func (j *joining) fill(ctx context.Context) error {
	var failed error
	for n := range j.keys {
		rec := &kgo.Record{Topic: j.Changelog(), Key: key(n), Value: fmt.Appendf(nil, "-what is known of document %012d", n)}
		j.client.Produce(ctx, rec, func(_ *kgo.Record, err error) {
			if err != nil {
				failed = err
			}
		})
	}
	return errors.Join(j.client.Flush(ctx), failed)
}

// run feeds facts to a new process of the stage, and returns how long it took
// to start and its rate from then on.
func (j *joining) run(ctx context.Context, facts int) (started time.Duration, rate float64, err error) {
	for range facts {
		j.client.Produce(ctx, &kgo.Record{Topic: "facts", Key: key(j.random.IntN(j.keys)), Value: []byte("x")}, nil)
	}
	if err := j.client.Flush(ctx); err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j.first.Store(nil)
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- stream.Run(ctx, j, stream.Options{Kafka: j.kafka, StateDir: j.dir, Instance: "bench"}) }()
	admin := kadm.NewClient(j.client)
	for {
		select {
		case err := <-done:
			return 0, 0, fmt.Errorf("the stage ended early: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
		lags, err := stream.Lags(ctx, admin, map[string][]string{"join": {"facts"}})
		if err != nil {
			return 0, 0, err
		}
		if lags["join"].Records == 0 {
			first, ended := *j.first.Load(), time.Now()
			cancel()
			return first.Sub(began), float64(facts) / ended.Sub(first).Seconds(), <-done
		}
	}
}
