package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
)

// A fleet is a stage run by several processes on real brokers, with an input
// topic of its own and an output topic of one partition, whose transactions
// tell who committed what when.
type fleet struct {
	brokers    string
	protocol   string
	in, out    string
	partitions int
	client     *kgo.Client
	admin      *kadm.Client
	processes  map[string]*process
	ledger     ledger
	cancel     context.CancelFunc
	reading    sync.WaitGroup
}

// newFleet makes the topics. Close it with close.
func newFleet(ctx context.Context, brokers, protocol string, partitions int) (*fleet, error) {
	unique := time.Now().UnixNano()
	f := &fleet{
		brokers: brokers, protocol: protocol, partitions: partitions,
		in: fmt.Sprintf("bench-scaling-%d", unique), out: fmt.Sprintf("bench-scaled-%d", unique),
		processes: map[string]*process{},
	}
	seeds := kgo.SeedBrokers(strings.Split(brokers, ",")...)
	var err error
	if f.client, err = kgo.NewClient(seeds, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0)); err != nil {
		return nil, err
	}
	f.admin = kadm.NewClient(f.client)
	_, err = f.admin.CreateTopic(ctx, int32(partitions), -1, nil, f.in)
	if err == nil {
		_, err = f.admin.CreateTopic(ctx, 1, -1, nil, f.out)
	}
	if err != nil {
		f.client.Close()
		return nil, err
	}
	reader, err := kgo.NewClient(seeds,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{f.out: {0: kgo.NewOffset().AtStart()}}),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		f.client.Close()
		return nil, err
	}
	ctx, f.cancel = context.WithCancel(ctx)
	f.reading.Go(func() {
		defer reader.Close()
		f.ledger.read(ctx, reader)
	})
	return f, nil
}

// close stops what still runs and removes the topics.
func (f *fleet) close() error {
	_, err := f.stop()
	f.cancel()
	f.reading.Wait()
	deleted, failed := f.admin.DeleteTopics(context.Background(), f.in, f.out)
	err = errors.Join(err, failed, deleted.Error())
	f.client.Close()
	return err
}

// start starts a process of the stage with some workers.
func (f *fleet) start(ctx context.Context, name string, workers int, work time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f.processes[name], err = start(ctx, self, burnerCommand, "-brokers", f.brokers, "-in", f.in, "-out", f.out,
		"-instance", name, "-protocol", f.protocol, "-workers", fmt.Sprint(workers), "-work", work.String())
	return err
}

// stop has processes finish and returns what they worked on: the named ones,
// or all.
func (f *fleet) stop(names ...string) (map[string][]execution, error) {
	worked := map[string][]execution{}
	var errs []error
	for name, p := range f.processes {
		if len(names) == 0 || slices.Contains(names, name) {
			errs = append(errs, p.terminate())
		}
	}
	for name, p := range f.processes {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		delete(f.processes, name)
		if err := p.wait(); err != nil {
			errs = append(errs, err)
			continue
		}
		all, err := executions(p.stdout.Bytes())
		errs = append(errs, err)
		worked[name] = all
	}
	return worked, errors.Join(errs...)
}

// feed writes records evenly to all partitions.
func (f *fleet) feed(ctx context.Context, records int) error {
	var mu sync.Mutex
	var failed error
	value := make([]byte, 100)
	for n := range records {
		f.client.Produce(ctx, &kgo.Record{Topic: f.in, Partition: int32(n % f.partitions), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	return errors.Join(f.client.Flush(ctx), failed)
}

// shared waits until the partitions are shared out among so many members, none
// of which has two more than another, and returns how long that took.
func (f *fleet) shared(ctx context.Context, members int) (time.Duration, error) {
	began := time.Now()
	for {
		// An error passes: the first group of a new cluster has no coordinator yet.
		groups, failed := stream.Groups(ctx, f.admin, f.in)
		counts := []int{}
		total := 0
		for _, m := range groups[f.in].Members {
			n := 0
			for _, partitions := range m.Partitions {
				n += len(partitions)
			}
			total += n
			counts = append(counts, n)
		}
		if groups[f.in].State == "Stable" && len(counts) == members && total == f.partitions && slices.Max(counts)-slices.Min(counts) <= 1 {
			return time.Since(began), nil
		}
		if err := f.pause(ctx, 100*time.Millisecond); err != nil {
			return 0, err
		}
		if time.Since(began) > 2*time.Minute {
			return 0, errors.Join(failed, fmt.Errorf("%d members of %d have %d partitions of %d after two minutes, state %q", len(counts), members, total, f.partitions, groups[f.in].State))
		}
	}
}

// pause waits; it fails when a process has ended by itself.
func (f *fleet) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
	}
	for name, p := range f.processes {
		select {
		case <-p.ended:
			return fmt.Errorf("process %s ended: %w", name, p.wait())
		default:
		}
	}
	return nil
}

// await waits until the ledger holds what is wanted.
func (f *fleet) await(ctx context.Context, what string, enough func([]commit) bool) error {
	for began := time.Now(); !enough(f.ledger.commits()); {
		if err := f.pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		if time.Since(began) > 2*time.Minute {
			return fmt.Errorf("two minutes were not enough for %s", what)
		}
	}
	return nil
}

// A commit is one transaction of one worker.
type commit struct {
	at      time.Time // when the broker wrote its marker
	worker  int64     // its producer id
	records []position
}

// A ledger is what was committed.
type ledger struct {
	mu  sync.Mutex
	all []commit
}

func (l *ledger) commits() []commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[:len(l.all):len(l.all)]
}

// read follows the output topic, transactions that are open or come to nothing
// included.
func (l *ledger) read(ctx context.Context, client *kgo.Client) {
	open := map[int64][]position{}
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(rec *kgo.Record) {
			if !rec.Attrs.IsControl() {
				p, err := parsePosition(string(rec.Key))
				if err != nil {
					panic(err) // written by a burner
				}
				open[rec.ProducerID] = append(open[rec.ProducerID], p)
				return
			}
			// The key of a marker is a version and a type, 0 for an abort.
			if len(rec.Key) >= 4 && binary.BigEndian.Uint16(rec.Key[2:]) == 1 {
				l.mu.Lock()
				l.all = append(l.all, commit{rec.Timestamp, rec.ProducerID, open[rec.ProducerID]})
				l.mu.Unlock()
			}
			delete(open, rec.ProducerID)
		})
	}
}

// committed counts records.
func committed(commits []commit) int {
	n := 0
	for _, c := range commits {
		n += len(c.records)
	}
	return n
}

// workers counts the commits of each worker.
func workers(commits []commit) map[int64]int {
	n := map[int64]int{}
	for _, c := range commits {
		n[c.worker]++
	}
	return n
}

// onceEach says whether every record was committed once and only once.
func onceEach(commits []commit, records int) error {
	seen := map[position]bool{}
	for _, c := range commits {
		for _, p := range c.records {
			if seen[p] {
				return fmt.Errorf("record %s was committed twice", p)
			}
			seen[p] = true
		}
	}
	if len(seen) != records {
		return fmt.Errorf("%d records of %d were committed", len(seen), records)
	}
	return nil
}
