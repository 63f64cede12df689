package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Lag is how far a group is behind on its topics.
type Lag struct {
	Group      string
	Records    int64 // offsets between the commits and the ends, as every Kafka tool counts them; commit markers count until they are committed past
	End        int64 // sum of the end offsets, which moves while anything is still written
	Partitions []PartitionLag
	Oldest     time.Time // when the oldest record not yet committed was written; zero if there is none, or before Ages
}

// PartitionLag is the lag of one partition, from its end offset to what the
// group committed.
type PartitionLag struct {
	Topic     string
	Partition int32
	Commit    int64 // -1 if nothing is committed
	Start     int64 // first offset that is still there
	End       int64
	Records   int64
	Oldest    time.Time
}

// position is the offset of the next record for the group.
func (p PartitionLag) position() int64 { return max(p.Commit, p.Start) }

// Lags computes the lag of groups by the topics each reads, sorted by topic
// and partition. The commits are read before the ends: when every lag of one
// result is 0, then at the moment of the first reading nothing was left to do
// anywhere, because a stage commits its input and its output at once.
func Lags(ctx context.Context, admin *kadm.Client, inputs map[string][]string) (map[string]Lag, error) {
	commits := map[string]kadm.OffsetResponses{}
	topics := map[string]bool{}
	// In one request: to look up a coordinator fails when the client happens to
	// ask a dead broker, and with one request a group some look-up nearly always
	// would.
	fetched := admin.FetchManyOffsets(ctx, slices.Sorted(maps.Keys(inputs))...)
	for group, names := range inputs {
		answer := fetched[group]
		if answer.Err != nil && !errors.Is(answer.Err, kerr.GroupIDNotFound) {
			return nil, fmt.Errorf("fetch offsets of group %s: %w", group, answer.Err)
		}
		commits[group] = answer.Fetched
		for _, name := range names {
			topics[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(topics))
	starts, err := admin.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	lags := map[string]Lag{}
	for group, names := range inputs {
		lag := Lag{Group: group}
		for _, name := range slices.Sorted(slices.Values(names)) {
			for _, partition := range slices.Sorted(maps.Keys(ends[name])) {
				end := ends[name][partition]
				if end.Err != nil {
					return nil, fmt.Errorf("end offset of %s/%d: %w", name, partition, end.Err)
				}
				p := PartitionLag{Topic: name, Partition: partition, Commit: -1, End: end.Offset}
				if start, ok := starts.Lookup(name, partition); ok {
					p.Start = start.Offset
				}
				if commit, ok := commits[group].Lookup(name, partition); ok && commit.Err == nil {
					p.Commit = commit.At
				}
				p.Records = p.End - p.position()
				lag.Records += p.Records
				lag.End += p.End
				lag.Partitions = append(lag.Partitions, p)
			}
		}
		lags[group] = lag
	}
	return lags, nil
}

// agePatience is how long Ages waits for records. A partition whose next
// record is in an open transaction has none to give.
const agePatience = 2 * time.Second

// Ages fills in the times of the oldest records not yet committed. It reads
// one batch of each partition that lags.
func Ages(ctx context.Context, kafka []kgo.Opt, lags map[string]Lag) error {
	ctx, cancel := context.WithTimeout(ctx, agePatience)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error
	for group, lag := range lags {
		if lag.Records == 0 {
			continue
		}
		all.Go(func() {
			err := lag.readAges(ctx, kafka)
			mu.Lock()
			defer mu.Unlock()
			lags[group] = lag
			if err != nil && failed == nil {
				failed = fmt.Errorf("age of the records that group %s has not read: %w", group, err)
			}
		})
	}
	all.Wait()
	return failed
}

func (l *Lag) readAges(ctx context.Context, kafka []kgo.Opt) error {
	type key struct {
		topic     string
		partition int32
	}
	waiting := map[key]*PartitionLag{}
	from := map[string]map[int32]kgo.Offset{}
	for i := range l.Partitions {
		p := &l.Partitions[i]
		if p.Records == 0 {
			continue
		}
		waiting[key{p.Topic, p.Partition}] = p
		if from[p.Topic] == nil {
			from[p.Topic] = map[int32]kgo.Offset{}
		}
		from[p.Topic][p.Partition] = kgo.NewOffset().At(p.position())
	}
	client, err := kgo.NewClient(append(slices.Clone(kafka),
		kgo.ConsumePartitions(from),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.FetchMaxPartitionBytes(1), // one batch: a broker sends at least that
		kgo.FetchMaxWait(100*time.Millisecond),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	for len(waiting) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		done := map[string][]int32{}
		fetches.EachRecord(func(rec *kgo.Record) {
			k := key{rec.Topic, rec.Partition}
			p := waiting[k]
			if p == nil {
				return
			}
			if !rec.Attrs.IsControl() {
				p.Oldest = rec.Timestamp
				if l.Oldest.IsZero() || rec.Timestamp.Before(l.Oldest) {
					l.Oldest = rec.Timestamp
				}
			}
			if !rec.Attrs.IsControl() || rec.Offset+1 >= p.End {
				delete(waiting, k)
				done[rec.Topic] = append(done[rec.Topic], rec.Partition)
			}
		})
		client.PauseFetchPartitions(done)
	}
	return nil
}

// Age is how long the oldest record has waited, 0 if none does.
func Age(oldest, now time.Time) time.Duration {
	if oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(oldest))
}
