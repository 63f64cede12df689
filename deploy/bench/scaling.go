package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
)

var errNoBrokers = errors.New("needs Apache Kafka: `make kafka`, then -brokers with what it prints")

var protocols = []string{stream.ProtocolClassic, stream.ProtocolConsumer}

// target prints a figure with what it has to be.
func target(name string, value float64, unit string, met bool, wanted string) {
	verdict := "ok"
	if !met {
		verdict = "MISS"
	}
	figure(name, value, fmt.Sprintf("%s; target %s: %s", unit, wanted, verdict))
}

const heavyWork = 25 * time.Millisecond // of a page, say

// measureWorkers is what a second worker brings to a stage that is bound by
// the processor. It takes some three minutes and prints each round's rates, so
// that a slow machine is not taken for a hung one.
func measureWorkers(ctx context.Context, b *bench) error {
	if b.brokers == "" {
		return errNoBrokers
	}
	const rounds = 3
	layouts := []struct {
		name               string
		processes, workers int
	}{{"one", 1, 1}, {"one_process", 1, 2}, {"two_processes", 2, 1}}
	rates := map[string][]float64{}
	for round := range rounds {
		// What the machine itself gives two at once, without Kafka: a second
		// core that others use is no fault of the stage's.
		one, err := bareRate(1)
		if err != nil {
			return err
		}
		two, err := bareRate(2)
		if err != nil {
			return err
		}
		rates["machine"] = append(rates["machine"], two/one)
		for _, l := range layouts {
			rate, err := workRate(ctx, b.brokers, l.processes, l.workers)
			if err != nil {
				return fmt.Errorf("%d processes of %d workers: %w", l.processes, l.workers, err)
			}
			rates[l.name] = append(rates[l.name], rate)
			figure(fmt.Sprintf("scaling.workers.round.%d.%s", round+1, l.name), rate, "records/s")
		}
	}
	one := median(rates["one"])
	figure("scaling.workers.machine", median(rates["machine"]), "of one: two loops at once without Kafka, median of 3")
	figure("scaling.workers.one", one, "records/s, one worker, 25 ms of processor time a record")
	for _, l := range layouts[1:] {
		ratio := median(rates[l.name]) / one
		target("scaling.workers."+l.name, ratio, "of one worker: two", ratio >= 1.85, "≥ 1.85")
	}
	return nil
}

// bareRate is how many records a second so many loops work on.
func bareRate(loops int) (float64, error) {
	const records = 80
	began := time.Now()
	var group sync.WaitGroup
	errs := make([]error, loops)
	for n := range loops {
		group.Go(func() {
			for range records {
				errs[n] = errors.Join(errs[n], burn(heavyWork))
			}
		})
	}
	group.Wait()
	return float64(loops*records) / time.Since(began).Seconds(), errors.Join(errs...)
}

// workRate is how many records a second a stage works on in the middle of a
// long backlog.
func workRate(ctx context.Context, brokers string, processes, workersEach int) (rate float64, err error) {
	const window = 10 * time.Second
	f, err := newFleet(ctx, brokers, stream.ProtocolClassic, 12)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := f.feed(ctx, 3000); err != nil {
		return 0, err
	}
	for n := range processes {
		if err := f.start(ctx, fmt.Sprintf("p%d", n), workersEach, heavyWork); err != nil {
			return 0, err
		}
	}
	if _, err := f.shared(ctx, processes*workersEach); err != nil {
		return 0, err
	}
	settled := len(f.ledger.commits())
	err = f.await(ctx, "two commits of each worker", func(all []commit) bool {
		by := workers(all[settled:])
		least := 0
		if len(by) == processes*workersEach {
			least = slices.Min(slices.Collect(maps.Values(by)))
		}
		return least >= 2
	})
	if err != nil {
		return 0, err
	}
	from := time.Now()
	if err := f.pause(ctx, window); err != nil {
		return 0, err
	}
	to := from.Add(window)
	worked, err := f.stop()
	if err != nil {
		return 0, err
	}
	seen := map[position]bool{} // what was worked on twice counts once
	for _, all := range worked {
		for _, e := range all {
			if e.ended.After(from) && !e.ended.After(to) {
				seen[e.position] = true
			}
		}
	}
	return float64(len(seen)) / window.Seconds(), nil
}

// measureJoin adds a process to a running stage.
func measureJoin(ctx context.Context, b *bench) error {
	if b.brokers == "" {
		return errNoBrokers
	}
	for _, protocol := range protocols {
		name := "scaling.join." + protocol
		if err := joinLive(ctx, name, b.brokers, protocol); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := joinBusy(ctx, name, b.brokers, protocol); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// joinLive has records come as they are worked on, so that a partition's
// commits follow one another by a tenth of a second, and looks how long those
// partitions stood still that stayed where they were.
func joinLive(ctx context.Context, name, brokers, protocol string) (err error) {
	const partitions, work, span = 8, 4 * time.Millisecond, 8 * time.Second
	f, err := newFleet(ctx, brokers, protocol, partitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := f.start(ctx, "first", 2, work); err != nil {
		return err
	}
	if _, err := f.shared(ctx, 2); err != nil {
		return err
	}
	feeding, enough := context.WithCancel(ctx)
	defer enough()
	fed := make(chan int, 1)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		n := 0
		for {
			select {
			case <-feeding.Done():
				fed <- n
				return
			case <-tick.C:
				for p := range partitions {
					f.client.Produce(ctx, &kgo.Record{Topic: f.in, Partition: int32(p), Value: []byte("live")}, nil)
				}
				n += partitions
			}
		}
	}()
	if err := f.await(ctx, "the first commits", func(all []commit) bool { return committed(all) > 20*partitions }); err != nil {
		return err
	}
	before := time.Now()
	if err := f.pause(ctx, span); err != nil {
		return err
	}
	joined := time.Now()
	old := workers(f.ledger.commits())
	if err := f.start(ctx, "second", 2, work); err != nil {
		return err
	}
	if _, err := f.shared(ctx, 4); err != nil {
		return err
	}
	shared := time.Since(joined)
	if err := f.pause(ctx, span); err != nil {
		return err
	}
	after := time.Now()
	enough()
	records := <-fed
	if err := f.client.Flush(ctx); err != nil {
		return err
	}
	if err := f.await(ctx, "the last commits", func(all []commit) bool { return committed(all) >= records }); err != nil {
		return err
	}
	if _, err := f.stop(); err != nil {
		return err
	}
	commits := f.ledger.commits()
	if err := onceEach(commits, records); err != nil {
		return err
	}
	moved := map[int32]bool{}
	for _, c := range commits {
		for _, p := range c.records {
			if _, ok := old[c.worker]; !ok {
				moved[p.partition] = true
			}
		}
	}
	if len(moved) == 0 || len(moved) == partitions {
		return fmt.Errorf("%d partitions of %d moved", len(moved), partitions)
	}
	figure(name+".shared", shared.Seconds(), "s from the start of a second process until it has its share")
	figure(name+".moved", longestGap(commits, joined, after, func(p int32) bool { return moved[p] }).Seconds(), "s without a commit of a partition that moved")
	stayed := func(p int32) bool { return !moved[p] }
	figure(name+".undisturbed", longestGap(commits, before, joined, stayed).Seconds(), "s without a commit of one that stays, before")
	gap := longestGap(commits, joined, after, stayed).Seconds()
	target(name+".unmoved", gap, "s without a commit of one that stays, meanwhile", gap < 1, "< 1")
	return nil
}

// longestGap is the longest time between two commits of one partition.
func longestGap(commits []commit, from, to time.Time, which func(int32) bool) time.Duration {
	latest := map[int32]time.Time{}
	var longest time.Duration
	for _, c := range commits {
		for _, r := range c.records {
			if !which(r.partition) || c.at.Before(from) || c.at.After(to) {
				continue
			}
			since, ok := latest[r.partition]
			if !ok {
				since = from
			}
			longest = max(longest, c.at.Sub(since))
			latest[r.partition] = c.at
		}
	}
	for _, at := range latest {
		longest = max(longest, to.Sub(at))
	}
	return longest
}

// joinBusy adds the process in the middle of a backlog and counts what is
// worked on twice.
func joinBusy(ctx context.Context, name, brokers, protocol string) (err error) {
	const records, partitions = 600, 8
	f, err := newFleet(ctx, brokers, protocol, partitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := f.feed(ctx, records); err != nil {
		return err
	}
	if err := f.start(ctx, "first", 1, heavyWork); err != nil {
		return err
	}
	if err := f.await(ctx, "the first commits", func(all []commit) bool { return committed(all) >= 120 }); err != nil {
		return err
	}
	if err := f.start(ctx, "second", 1, heavyWork); err != nil {
		return err
	}
	if err := f.await(ctx, "the whole backlog", func(all []commit) bool { return committed(all) >= records }); err != nil {
		return err
	}
	worked, err := f.stop()
	if err != nil {
		return err
	}
	commits := f.ledger.commits()
	if err := onceEach(commits, records); err != nil {
		return err
	}
	batch := 0
	for _, c := range commits {
		batch = max(batch, len(c.records))
	}
	twice := len(worked["first"]) + len(worked["second"]) - records
	figure(name+".batch", float64(batch), "records, the largest batch")
	target(name+".rework", float64(twice), "records worked on twice, of 600 that wait", twice <= batch, "≤ one batch")
	figure(name+".taken", float64(len(worked["second"])), "records that the second process worked on")
	return nil
}

// measureBurst has 100,000 records come at once to a stage that has had
// nothing to do.
func measureBurst(ctx context.Context, b *bench) error {
	if b.brokers == "" {
		return errNoBrokers
	}
	if err := burst(ctx, "scaling.burst.copy", b.brokers, 0); err != nil {
		return err
	}
	return burst(ctx, "scaling.burst.work", b.brokers, 200*time.Microsecond)
}

func burst(ctx context.Context, name, brokers string, work time.Duration) (err error) {
	const records, idle = 100_000, 20 * time.Second
	f, err := newFleet(ctx, brokers, stream.ProtocolClassic, 12)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := f.start(ctx, "first", 2, work); err != nil {
		return err
	}
	if _, err := f.shared(ctx, 2); err != nil {
		return err
	}
	if err := f.pause(ctx, idle); err != nil {
		return err
	}
	arrived := time.Now()
	if err := f.feed(ctx, records); err != nil {
		return err
	}
	wrote := time.Since(arrived)
	if err := f.await(ctx, "the burst", func(all []commit) bool { return committed(all) >= records }); err != nil {
		return err
	}
	worked, err := f.stop()
	if err != nil {
		return err
	}
	commits := f.ledger.commits()
	if err := onceEach(commits, records); err != nil {
		return err
	}
	ends := []time.Duration{}
	for _, e := range worked["first"] {
		ends = append(ends, e.ended.Sub(arrived))
	}
	slices.Sort(ends)
	steady, full := fullRate(ends)
	drained := commits[len(commits)-1].at.Sub(arrived).Seconds()
	figure(name+".written", wrote.Seconds(), "s to write 100,000 records to a stage that was idle")
	figure(name+".steady", steady, "records/s, two workers, over the middle half of them")
	target(name+".full", full.Seconds(), "s from the first one's arrival to 90 % of that rate", full < 5*time.Second, "< 5")
	if work == 0 {
		target(name+".drained", drained, "s from the first one's arrival to the last commit", drained <= 5, "≤ 5")
	} else {
		figure(name+".drained", drained, "s from the first one's arrival to the last commit")
	}
	return nil
}

// fullRate is the rate of the middle half of events, and when 90 % of it was
// first reached over half a second (or, if that is less, a tenth of the events).
func fullRate(at []time.Duration) (rate float64, reached time.Duration) {
	from, to := len(at)/4, len(at)*3/4
	rate = float64(to-from) / (at[to] - at[from]).Seconds()
	window := max(1, min(int(rate/2), len(at)/10))
	for n := window; n < len(at); n++ {
		if float64(window)/(at[n]-at[n-window]).Seconds() >= 0.9*rate {
			return rate, at[n]
		}
	}
	return rate, at[len(at)-1]
}

// measureCrowd is a group of many workers with cheap work.
func measureCrowd(ctx context.Context, b *bench) error {
	if b.brokers == "" {
		return errNoBrokers
	}
	for _, protocol := range protocols {
		name := "scaling.crowd." + protocol
		if err := crowd(ctx, name, b.brokers, protocol, b.workers/crowdProcesses); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

const crowdProcesses = 4

func crowd(ctx context.Context, name, brokers, protocol string, each int) (err error) {
	workers := crowdProcesses * each
	partitions, records := 2*workers, 200*workers
	f, err := newFleet(ctx, brokers, protocol, partitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	for n := range crowdProcesses {
		if err := f.start(ctx, fmt.Sprintf("p%d", n), each, 0); err != nil {
			return err
		}
	}
	started, err := f.shared(ctx, workers)
	if err != nil {
		return err
	}
	figure(name+".started", started.Seconds(), fmt.Sprintf("s until %d workers in %d processes have 2 of %d partitions each", workers, crowdProcesses, partitions))
	if err := f.feed(ctx, records); err != nil {
		return err
	}
	if err := f.await(ctx, "the records", func(all []commit) bool { return committed(all) >= records }); err != nil {
		return err
	}
	commits := f.ledger.commits()
	share := map[int64]int{}
	for _, c := range commits {
		share[c.worker] += len(c.records)
	}
	counts := slices.Collect(maps.Values(share))
	least, most := slices.Min(counts), slices.Max(counts)
	if len(counts) < workers {
		least = 0
	}
	mean := float64(records) / float64(workers)
	figure(name+".least", float64(least)/mean, "of the mean: records of the worker with the fewest")
	target(name+".most", float64(most)/mean, "of the mean: records of the worker with the most", float64(most-least) <= mean/10, "within a tenth of the fewest")
	began := time.Now()
	if _, err := f.stop("p0"); err != nil {
		return err
	}
	if _, err := f.shared(ctx, workers-each); err != nil {
		return err
	}
	figure(name+".left", time.Since(began).Seconds(), fmt.Sprintf("s from the order to one process to stop until the other %d have 2 or 3 each", workers-each))
	return onceEach(f.ledger.commits(), records)
}
