package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// errMoved means that a partition went to another worker in the middle of
// something: the batch is given up.
var errMoved = errors.New("the partition was taken away")

// checkpointAge is how old a checkpoint may be whose changelog has gone on.
// Kafka keeps the tombstones of a compacted topic for delete.retention.ms, 24
// hours unless told otherwise: after that a table could miss a deletion.
const checkpointAge = 12 * time.Hour

// restoreChunk is how many bytes of changelog are applied at once.
const restoreChunk = 2 << 20

// extent is where a changelog partition begins and ends, and of which topic.
type extent struct {
	topic      [16]byte
	start, end int64
}

// stale says why a table cannot go on from its checkpoint, "" if it can.
func (mark checkpoint) stale(at extent, now time.Time) string {
	switch {
	case mark.Version == 0:
		return "there is no local copy"
	case mark.Topic != at.topic:
		return "the changelog was made anew"
	case mark.Offset > at.end:
		return "the local copy is ahead of the changelog"
	case mark.Offset < at.start:
		return "the changelog begins after the local copy"
	case mark.Offset < at.end-1 && now.Sub(time.UnixMilli(mark.Time)) > checkpointAge:
		return "the local copy is too old"
	}
	return ""
}

// catchUp brings a table to the end of its changelog: from its checkpoint, or
// from nothing where that does not hold.
func (w *worker) catchUp(ctx context.Context, t *table, topic string) (err error) {
	defer func() {
		if err != nil && !errors.Is(err, errMoved) && !errors.Is(err, errDamaged) {
			err = fmt.Errorf("restore state of stage %s partition %d: %w", w.stage.Name(), t.partition, err)
		}
	}()
	began := time.Now()
	at, err := changelogExtent(ctx, w.client, topic, t.partition)
	if err != nil {
		return err
	}
	reason := t.mark.stale(at, began)
	if reason != "" {
		if err := t.reset(at.topic, at.start); err != nil {
			return err
		}
	}
	r := restoring{w: w, t: t, from: t.mark.Offset, to: at.end, began: began, said: began, full: reason != ""}
	if r.from < r.to { // or it is the first record of a partition, and nothing is held up
		w.health(Restoring, nil)
		defer w.running()
	}
	if err := r.read(ctx, topic); err != nil {
		return err
	}
	if r.full {
		if err := t.count(); err != nil {
			return err
		}
	}
	keys, _ := t.size()
	w.log.Info("state restored", "partition", t.partition, "whole", r.full, "why", reason,
		"from", r.from, "to", r.to, "records", r.records, "bytes", r.bytes, "keys", keys,
		"seconds", time.Since(began).Seconds())
	w.o.Metrics.restored(w.stage.Name(), &r)
	w.o.Metrics.state(w.stage.Name(), t)
	return nil
}

// restoring is the reading of a changelog partition.
type restoring struct {
	w              *worker
	t              *table
	from, to       int64 // offsets
	full           bool
	began, said    time.Time
	records, bytes int64
	chunk          []*kgo.Record
	size           int // bytes of chunk
}

func (r *restoring) read(ctx context.Context, topic string) error {
	w := r.w
	defer w.o.Metrics.restoring(w.stage.Name(), r.t.partition, 0)
	err := readRange(ctx, w.o.Kafka, topic, r.t.partition, r.from, r.to, func(rec *kgo.Record) error {
		r.chunk = append(r.chunk, rec)
		r.size += len(rec.Key) + len(rec.Value)
		if r.size < restoreChunk {
			return nil
		}
		if !r.t.owned() {
			return errMoved
		}
		w.o.Metrics.restoring(w.stage.Name(), r.t.partition, r.to-rec.Offset)
		if time.Since(r.said) > 5*time.Second {
			r.said = time.Now()
			w.log.Info("restoring state", "partition", r.t.partition, "offset", rec.Offset, "of", r.to, "bytes", r.bytes,
				"seconds", time.Since(r.began).Seconds())
		}
		return r.apply()
	})
	if err != nil {
		return err
	}
	if err := r.apply(); err != nil {
		return err
	}
	return r.t.advance(r.to)
}

func (r *restoring) apply() error {
	if len(r.chunk) == 0 {
		return nil
	}
	r.records += int64(len(r.chunk))
	r.bytes += int64(r.size)
	apply := r.t.apply
	if r.full {
		apply = r.t.load
	}
	err := apply(r.chunk, nil)
	r.chunk, r.size = r.chunk[:0], 0
	return err
}

// changelogExtent finds out where a changelog partition begins and ends.
//
// Its end is the high watermark, not the last stable offset: a transaction's
// markers reach its partitions one by one, so the former owner's offsets can
// be stable already while the last stable offset of the changelog is still
// before the changes that belong to them. Reading committed records up to the
// high watermark waits for the markers.
func changelogExtent(ctx context.Context, client *kgo.Client, topic string, partition int32) (extent, error) {
	admin := kadm.NewClient(client)
	metadata, err := admin.Metadata(ctx, topic)
	if err != nil {
		return extent{}, fmt.Errorf("look up changelog %s: %w", topic, err)
	}
	detail := metadata.Topics[topic]
	if detail.Err != nil {
		return extent{}, fmt.Errorf("look up changelog %s: %w", topic, detail.Err)
	}
	if _, ok := detail.Partitions[partition]; !ok {
		return extent{}, &partitionsError{topic: topic, has: len(detail.Partitions), wants: partition}
	}
	at := extent{topic: detail.ID}
	if at.start, at.end, err = bounds(ctx, admin, topic, partition); err != nil {
		return extent{}, err
	}
	return at, nil
}

// partitionsError means that the input got more partitions than its state.
type partitionsError struct {
	topic string
	has   int
	wants int32
}

func (e *partitionsError) Error() string {
	return fmt.Sprintf("changelog %s has %d partitions, and a record came from partition %d of the stage's input: the input was given more partitions, which moves keys away from their state; `vislang topics partitions --help` says how to grow both", e.topic, e.has, e.wants)
}
