package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/embedded/kafka"
	"vislang/pkg/stream"
)

// measureStage compares a stage that copies records with the shortest loop
// around kgo.GroupTransactSession that does the same, exactly once as well.
func measureStage(ctx context.Context, b *bench) error {
	broker, err := kafka.Start(ctx, kafka.Options{Dir: filepath.Join(b.scratch, "stage")})
	if err != nil {
		return err
	}
	defer broker.Close()
	if err := compareStage(ctx, "stage.embedded", broker.Addr(), b.copied<<20); err != nil {
		return err
	}
	if b.brokers == "" {
		return nil
	}
	return compareStage(ctx, "stage.brokers", b.brokers, b.copied<<20)
}

const stageRounds = 5

func compareStage(ctx context.Context, name, brokers string, bytes int) error {
	for _, size := range []int{1 << 10, 20 << 10} {
		c, err := newCopying(ctx, brokers, size, bytes/size)
		if err != nil {
			return err
		}
		var bare, stage, bareCost, stageCost []float64
		for round := range stageRounds {
			for _, way := range []struct {
				name        string
				by          func(context.Context, string, func()) error
				rates, cost *[]float64
			}{{"bare", c.bare, &bare, &bareCost}, {"stage", c.stage, &stage, &stageCost}} {
				used := processorTime()
				rate, err := c.run(ctx, fmt.Sprintf("%s-%d", way.name, round), way.by)
				if err != nil {
					return err
				}
				*way.rates = append(*way.rates, rate)
				*way.cost = append(*way.cost, (processorTime()-used).Seconds()*1e6/float64(c.records))
			}
		}
		c.close()
		kb := fmt.Sprintf("%s.%dKB", name, size>>10)
		figure(kb+".bare", median(bare), "records/s, median of rounds in turn, one worker, one machine")
		figure(kb+".stage", median(stage), "records/s, the same")
		figure(kb+".ratio", median(stage)/median(bare), "stage : bare loop")
		figure(kb+".bare.processor", median(bareCost), "processor µs/record of this process, which an embedded broker shares")
		figure(kb+".stage.processor", median(stageCost), "processor µs/record, the same")
	}
	return nil
}

// copying is a topic of records to be copied.
type copying struct {
	kafka   []kgo.Opt
	client  *kgo.Client
	admin   *kadm.Client
	in, out string
	records int
}

func newCopying(ctx context.Context, brokers string, size, records int) (*copying, error) {
	c := &copying{kafka: []kgo.Opt{kgo.SeedBrokers(strings.Split(brokers, ",")...)}, records: records}
	unique := time.Now().UnixNano()
	c.in, c.out = fmt.Sprintf("bench-in-%d", unique), fmt.Sprintf("bench-out-%d", unique)
	client, err := kgo.NewClient(c.kafka...)
	if err != nil {
		return nil, err
	}
	c.client, c.admin = client, kadm.NewClient(client)
	created, err := c.admin.CreateTopics(ctx, 6, -1, nil, c.in, c.out)
	if err := errors.Join(err, created.Error()); err != nil {
		return nil, err
	}
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(i * i >> 3)
	}
	var failed error
	for n := range records {
		client.Produce(ctx, &kgo.Record{Topic: c.in, Key: fmt.Appendf(nil, "%d", n), Value: value}, func(_ *kgo.Record, err error) {
			failed = errors.Join(failed, err)
		})
	}
	return c, errors.Join(client.Flush(ctx), failed)
}

func (c *copying) close() {
	c.admin.DeleteTopics(context.Background(), c.in, c.out)
	c.client.Close()
}

// run has all records copied by a new group and returns the records a second
// from the first one's arrival on.
func (c *copying) run(ctx context.Context, name string, by func(context.Context, string, func()) error) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var began time.Time
	group := fmt.Sprintf("%s-%s", c.in, name)
	done := make(chan error, 1)
	go func() {
		done <- by(ctx, group, func() {
			if began.IsZero() {
				began = time.Now()
			}
		})
	}()
	for {
		select {
		case err := <-done:
			return 0, fmt.Errorf("%s ended early: %w", name, err)
		case <-time.After(20 * time.Millisecond):
		}
		lags, err := stream.Lags(ctx, c.admin, map[string][]string{group: {c.in}})
		if err != nil {
			return 0, err
		}
		if lags[group].Records == 0 {
			ended := time.Now()
			cancel()
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				return 0, err
			}
			return float64(c.records) / ended.Sub(began).Seconds(), nil
		}
	}
}

// bare is the loop of the franz-go example, with the same limits as a stage.
func (c *copying) bare(ctx context.Context, group string, arrived func()) error {
	session, err := kgo.NewGroupTransactSession(append(slices.Clone(c.kafka),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(c.in), kgo.TransactionalID(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ProducerLinger(0))...)
	if err != nil {
		return err
	}
	defer session.Close()
	for {
		fetches := session.PollRecords(ctx, 4096)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		arrived()
		if err := session.Begin(); err != nil {
			return err
		}
		var failed error
		fetches.EachRecord(func(rec *kgo.Record) {
			session.Produce(ctx, &kgo.Record{Topic: c.out, Key: rec.Key, Value: rec.Value}, func(_ *kgo.Record, err error) {
				failed = errors.Join(failed, err)
			})
		})
		if _, err := session.End(ctx, kgo.TryCommit); err != nil || failed != nil {
			return errors.Join(err, failed)
		}
	}
}

func (c *copying) stage(ctx context.Context, group string, arrived func()) error {
	return stream.Run(ctx, &copier{c, group, arrived}, stream.Options{Kafka: c.kafka, Instance: "bench"})
}

// copier is the stage.
type copier struct {
	*copying
	name    string
	arrived func()
}

func (s *copier) Name() string     { return s.name }
func (s *copier) Inputs() []string { return []string{s.in} }
func (s *copier) Process(_ context.Context, in stream.Record, out *stream.Output) error {
	s.arrived()
	out.Emit(s.out, in.Key, in.Value)
	return nil
}
