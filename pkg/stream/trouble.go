package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lostError means that records were deleted before the stage had read them, or
// that the log is shorter than what it has read. Only an operator can tell
// whether that was meant.
type lostError struct {
	group     string
	topic     string
	partition int32
	committed int64
	start     int64
	end       int64
}

func (e *lostError) Error() string {
	what := fmt.Sprintf("%d records were deleted before they were read (retention?)", e.start-e.committed)
	if e.committed > e.end {
		what = "the log ends before what was read (brokers lost data, or the topic was made anew)"
	}
	return fmt.Sprintf("group %s cannot go on in topic %s partition %d: committed offset %d is outside of the log [%d, %d): %s; if that is accepted, move the group with `vislang groups reset %s` (--dry-run shows how far) and start again",
		e.group, e.topic, e.partition, e.committed, e.start, e.end, what, e.group)
}

// unreadable explains what a fetch reports. The client retries what it can by
// itself; what it reports stays.
func (w *worker) unreadable(ctx context.Context, client *kgo.Client, e kgo.FetchError) error {
	plain := fmt.Errorf("read topic %s partition %d: %w", e.Topic, e.Partition, e.Err)
	var loss *kgo.ErrDataLoss
	if !errors.Is(e.Err, kerr.OffsetOutOfRange) && !errors.As(e.Err, &loss) {
		return plain
	}
	admin := kadm.NewClient(client)
	commits, err := admin.FetchOffsets(ctx, w.stage.Name())
	if err != nil {
		return errors.Join(plain, err)
	}
	start, end, err := bounds(ctx, admin, e.Topic, e.Partition)
	if err != nil {
		return errors.Join(plain, err)
	}
	commit, ok := commits.Lookup(e.Topic, e.Partition)
	if !ok || commit.At >= start && commit.At <= end {
		return plain // it was so for a moment, while a leader changed
	}
	return &lostError{w.stage.Name(), e.Topic, e.Partition, commit.At, start, end}
}

// isFenced tells whether another session took over the transactional id, or
// the broker did because a transaction took too long.
func isFenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.InvalidProducerIDMapping)
}

// fencing counts how often a worker was fenced. Once is what happens to a
// process that slept; again and again means that two processes have one name.
type fencing struct {
	times int
	last  time.Time
}

const (
	fencedForget = 10 * time.Minute
	fencedPause  = 5 * time.Minute // the longest
)

// again tells the operator, and returns how long to stand back: longer each
// time, so that one of the two gets work done.
func (f *fencing) again(w *worker, err error) time.Duration {
	if time.Since(f.last) > fencedForget {
		f.times = 0
	}
	f.times++
	f.last = time.Now()
	if f.times == 1 {
		w.log.Warn("fenced: this worker stood still too long, or another process runs with the same --instance; starting a new session",
			"transactional_id", w.id, "error", err)
		return 0
	}
	pause := min(time.Second<<min(f.times, 16), fencedPause)
	err = fmt.Errorf("fenced %d times: another process runs stage %s with --instance %s: give each process a name of its own, or stop one: %w", f.times, w.stage.Name(), w.o.Instance, err)
	w.log.Error("two processes have the same transactional id and keep on stopping each other", "transactional_id", w.id, "error", err, "pause_seconds", pause.Seconds())
	w.health(Broken, err)
	return pause
}
