package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// handle works on one batch and commits it. Nothing of it remains when the
// transaction does not commit: the records come again, here or elsewhere.
func (w *worker) handle(ctx context.Context, session *kgo.GroupTransactSession, fetches kgo.Fetches) error {
	if fetches.NumRecords() == 0 {
		return nil
	}
	// A stop lets the batch finish: its work is not done twice.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()

	started := time.Now()
	var out []*kgo.Record
	var last *kgo.Record
	views := map[int32]*view{}
	count := 0
	for it := fetches.RecordIter(); !it.Done(); {
		rec := it.Next()
		if rec.Attrs.IsControl() {
			continue // its offset is committed with the rest
		}
		if w.doomed.Load() {
			return w.giveUp(work, session, count)
		}
		count++
		last = rec
		var err error
		out, err = w.traced(work, rec, views, out)
		if errors.Is(err, errMoved) {
			return w.giveUp(work, session, count)
		}
		if err != nil {
			return err
		}
	}
	worked := time.Since(started)
	w.o.Metrics.batch(w.stage.Name(), count, worked)
	w.adapt(count, worked)

	started = time.Now()
	changes := w.changes(views)
	out = append(out, changes...)
	if err := session.Begin(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	failed := w.write(work, session, out)
	committed, err := session.End(work, failed == nil)
	w.doomed.Store(false)
	switch {
	case err != nil:
		return fmt.Errorf("end transaction: %w", err)
	case refused(failed):
		return w.isolate(last, count, failed)
	case failed != nil:
		return failed
	case !committed:
		w.rebalanced(count)
		return nil
	}
	for it := fetches.RecordIter(); len(w.unwritten) > 0 && !it.Done(); {
		delete(w.unwritten, at(it.Next()))
	}
	w.o.Metrics.commit(w.stage.Name(), out, time.Since(started))
	return w.keep(changes, views)
}

// write produces records and waits for all of them. Of several failures the
// one that says most is returned: a record's own before what follows from it.
func (w *worker) write(ctx context.Context, session *kgo.GroupTransactSession, records []*kgo.Record) error {
	var mu sync.Mutex
	var failed error
	written := func(rec *kgo.Record, err error) {
		if err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if failed == nil || refused(err) && !refused(failed) {
			failed = fmt.Errorf("write %d bytes to topic %s: %w", len(rec.Key)+len(rec.Value), rec.Topic, err)
		}
	}
	for _, rec := range records {
		session.Produce(ctx, rec, written)
	}
	if err := session.Client().Flush(ctx); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return failed
}

// refused tells whether a broker takes a record as it is never. Its batch
// fails as a whole, so the error does not say which record it is.
func refused(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge) || errors.Is(err, kerr.InvalidRecord)
}

// coordinates are where a record stands.
type coordinates struct {
	topic     string
	partition int32
	offset    int64
}

func at(rec *kgo.Record) coordinates { return coordinates{rec.Topic, rec.Partition, rec.Offset} }

// isolate finds the record whose outputs were refused: the batch comes again
// one by one, and what is refused alone is dead-lettered when it comes once
// more. Its neighbours go on.
func (w *worker) isolate(last *kgo.Record, count int, cause error) error {
	w.o.Metrics.abort(w.stage.Name())
	w.batch, w.careful = 1, max(w.careful, 2*count)
	if count > 1 {
		w.log.Warn("a record of the batch cannot be written; taking them one by one", "records", count, "error", cause)
		return nil
	}
	if w.unwritten[at(last)] != nil {
		return fmt.Errorf("write the dead letter of %s partition %d offset %d: %w: raise max.message.bytes of that topic", last.Topic, last.Partition, last.Offset, cause)
	}
	if w.unwritten == nil {
		w.unwritten = map[coordinates]error{}
	}
	w.unwritten[at(last)] = cause
	return nil
}

// giveUp has a batch's records come again, here or elsewhere.
func (w *worker) giveUp(ctx context.Context, session *kgo.GroupTransactSession, count int) error {
	if err := session.Begin(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	_, err := session.End(ctx, kgo.TryAbort)
	w.doomed.Store(false)
	if err != nil {
		return fmt.Errorf("end transaction: %w", err)
	}
	w.rebalanced(count)
	return nil
}

func (w *worker) rebalanced(count int) {
	w.log.Info("batch given up because of a rebalance; its records come again", "records", count)
	w.o.Metrics.abort(w.stage.Name())
}

// adapt sets the size of the next batch so that its work takes about the
// target: records differ by orders of magnitude between stages and documents.
func (w *worker) adapt(count int, worked time.Duration) {
	if w.careful > 0 {
		w.careful -= count
		return
	}
	switch {
	case worked > 2*w.o.Target && w.batch > 1:
		w.batch /= 2
	case count >= w.batch && worked < w.o.Target/2:
		w.batch = min(w.batch*growth(worked, w.o.Target), w.o.MaxBatch)
	}
}

// maxGrowth bounds what a batch may grow at once: a few quick records say
// little of those that follow.
const maxGrowth = 16

// growth is by how much a batch that took less than half of the target can grow
// and still be expected within half of it, but at least 2. Doubling alone takes
// twelve transactions from one record to a full batch, which a stage of cheap
// records pays after every start.
func growth(worked, target time.Duration) int {
	return int(min(max(target/(2*max(worked, 1)), 2), maxGrowth))
}
