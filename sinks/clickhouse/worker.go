package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxQueued is how many bytes of records wait for a worker before its
// partition is paused.
const maxQueued = 8 << 20

// A worker loads one partition while this member owns it. Its loop is the
// only one that freezes, inserts and commits batches of that partition.
type worker struct {
	sink     *Sink
	tp       topicPartition
	topicID  string
	epoch    int64
	counters Counters // of what is before the batch that is frozen, or else next

	ctx      context.Context // ends when the worker must end at once
	cancel   context.CancelFunc
	reading  context.Context // ends when it shall finish the batch at hand
	finish   context.CancelFunc
	done     chan struct{}
	notified chan struct{}

	mu     sync.Mutex
	queue  []*kgo.Record
	queued int // bytes
	paused bool

	next   *batch // being filled
	flying *batch // being inserted
	landed chan error
	rest   []*kgo.Record // taken from the queue, not in a batch yet
	came   time.Time     // when the last records were taken from the queue
}

// newWorker reads what was committed for a partition.
func (s *Sink) newWorker(tp topicPartition, topicID string, committed kmsg.OffsetFetchResponseGroupTopicPartition) (*worker, error) {
	w := &worker{
		sink: s, tp: tp, topicID: topicID,
		done: make(chan struct{}), notified: make(chan struct{}, 1), landed: make(chan error, 1),
	}
	w.ctx, w.cancel = context.WithCancel(s.killed)
	w.reading, w.finish = context.WithCancel(w.ctx)
	w.next = s.newBatch(position{committed.Offset, committed.LeaderEpoch})
	if committed.Offset < 0 {
		// A new group: tokens of batches that begin and end as earlier ones
		// must not be those of the earlier.
		w.epoch = time.Now().UnixMilli()
		return w, nil
	}
	metadata := ""
	if committed.Metadata != nil {
		metadata = *committed.Metadata
	}
	in, err := parseIntent(metadata, committed.Offset)
	if err != nil {
		return nil, fmt.Errorf("topic %s partition %d: offset %d was set by another tool, which would lose or double rows: say where to load from with `vislang groups reset --group %s --topic %s --partition %d --to-offset %d`, or another target, which removes the rows from there on first: %w",
			tp.topic, tp.partition, committed.Offset, Group, tp.topic, tp.partition, committed.Offset, err)
	}
	if in.Topic != topicID {
		return nil, fmt.Errorf("topic %s was deleted and created again: offset %d of partition %d means another record now; reset the offsets of group %s", tp.topic, committed.Offset, tp.partition, Group)
	}
	if in.Reset {
		return nil, fmt.Errorf("topic %s partition %d: a reset to offset %d was begun and did not end: repeat `vislang groups reset --group %s`", tp.topic, tp.partition, committed.Offset, Group)
	}
	w.epoch = in.Epoch
	w.counters.From = committed.Offset
	if in.Counters != nil {
		w.counters = *in.Counters
	}
	if in.End > 0 {
		w.next.intent = in
	}
	return w, nil
}

// push gives the worker records of its partition.
func (w *worker) push(records []*kgo.Record) {
	w.mu.Lock()
	for _, rec := range records {
		w.queued += len(rec.Value) + rowBytes
	}
	w.queue = append(w.queue, records...)
	if w.queued > maxQueued {
		w.pause()
	}
	w.mu.Unlock()
	w.wake()
}

func (w *worker) wake() {
	select {
	case w.notified <- struct{}{}:
	default:
	}
}

// take returns the queued records.
func (w *worker) take() []*kgo.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	records := w.queue
	w.queue, w.queued = nil, 0
	w.resume()
	return records
}

func (w *worker) pause() {
	if !w.paused {
		w.paused = true
		w.sink.client.PauseFetchPartitions(map[string][]int32{w.tp.topic: {w.tp.partition}})
	}
}

func (w *worker) resume() {
	if w.paused {
		w.paused = false
		w.sink.client.ResumeFetchPartitions(map[string][]int32{w.tp.topic: {w.tp.partition}})
	}
}

// stop ends the worker, giving it some time to finish the batch at hand.
func (w *worker) stop(grace time.Duration) {
	w.finish()
	timer := time.AfterFunc(grace, w.cancel)
	<-w.done
	timer.Stop()
	w.cancel()
	w.mu.Lock()
	w.resume() // a pause outlives an assignment
	w.mu.Unlock()
}

func (w *worker) run() {
	defer close(w.done)
	err := w.loop()
	if w.flying != nil {
		w.cancel()
		<-w.landed
		w.sink.waiting.Add(-int64(w.flying.charged))
	}
	w.sink.waiting.Add(-int64(w.next.charged))
	w.sink.outages.report(w.tp.String(), nil)
	w.sink.outages.report(inserting(w.tp), nil)
	if err != nil && w.ctx.Err() == nil {
		w.sink.fail(err)
	}
}

// loop returns nil when it was told to stop, and an error for what no retry
// can mend.
func (w *worker) loop() error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if err := w.fill(); err != nil && w.reading.Err() == nil {
			return err
		}
		if w.reading.Err() != nil {
			return w.unless(w.settle())
		}
		var more <-chan struct{}
		if !w.next.full() {
			more = w.notified
		}
		var linger <-chan time.Time
		if w.flying == nil && !w.next.empty() {
			wait := w.untilFreeze()
			if wait <= 0 {
				if err := w.freeze(); err != nil {
					return w.unless(err)
				}
				continue
			}
			if wait < time.Hour {
				timer.Reset(wait)
				linger = timer.C
			}
		}
		select {
		case <-w.reading.Done():
			return w.unless(w.settle())
		case <-more:
			w.rest = append(w.rest, w.take()...)
			w.came = time.Now()
		case <-linger:
		case err := <-w.landed:
			if err := w.land(err); err != nil {
				return w.unless(err)
			}
		}
	}
}

// unless drops an error that comes of being told to stop.
func (w *worker) unless(err error) error {
	if w.reading.Err() != nil && (errors.Is(err, context.Canceled) || w.ctx.Err() != nil) {
		return nil
	}
	return err
}

// fill moves records into the next batch until it is full or none is left.
func (w *worker) fill() error {
	for len(w.rest) > 0 && !w.next.full() {
		rec := w.rest[0]
		if end := w.next.intent.End; end > 0 && rec.Offset >= end {
			w.next.complete = true // the last records of the range are gone
			break
		}
		if err := w.add(rec); err != nil {
			return err
		}
		w.rest = w.rest[1:]
	}
	if len(w.rest) == 0 {
		w.rest = nil
	}
	return nil
}

// add decodes a record into the next batch. It waits for what is needed to
// decode it.
func (w *worker) add(rec *kgo.Record) error {
	b := w.next
	if rec.Offset < b.end.offset {
		return nil // came again with a fetch after a pause
	}
	if rec.Attrs.IsControl() || !ForSink(rec) {
		b.pass(rec)
		return nil
	}
	if b.intent.End > 0 && b.intent.skips(b.start.offset, rec.Offset) {
		b.counted.Rejected++
		b.pass(rec)
		return nil
	}
	for attempt := 0; ; attempt++ {
		before := b.blocks.bytes
		err := w.sink.decoder.add(w.reading, rec, b.blocks)
		if err == nil {
			if attempt > 0 {
				w.sink.outages.report(w.tp.String(), nil)
			}
			b.counted.row(rec.Offset)
			if w.sink.o.Tracer != nil {
				_, end := w.sink.o.Tracer.Consume(w.ctx, Group, rec)
				b.spans = append(b.spans, end)
			}
			b.pass(rec)
			b.charge(b.blocks.bytes - before)
			return nil
		}
		var why *rejection
		if errors.As(err, &why) {
			if rec.Topic == deadLetters {
				// Another dead letter would fail in the same way.
				b.blocks.addDeadLetter(b.blocks.lineage(rec, w.sink.o.Version), letter(rec, why, rec.Timestamp))
				b.counted.row(rec.Offset)
				b.charge(b.blocks.bytes - before)
				b.pass(rec)
				return nil
			}
			if b.intent.End == 0 {
				w.sink.log.Warn("record failed for good", "topic", rec.Topic, "partition", rec.Partition, "offset", rec.Offset, "document", why.documentID, "class", why.class, "error", err)
				b.reject(rec, why)
				b.pass(rec)
				return nil
			}
			// The previous owner could decode it and may have inserted
			// it. A dead letter now could stand beside its row.
			err = fmt.Errorf("it could be decoded when its batch was frozen: %w", err)
		}
		if w.reading.Err() != nil {
			return w.reading.Err()
		}
		w.sink.outages.report(w.tp.String(), fmt.Errorf("record at offset %d: %w", rec.Offset, err))
		if !sleep(w.reading, backoff(attempt)) {
			return w.reading.Err()
		}
	}
}

// untilFreeze tells how long the next batch may wait for more records. That
// makes blocks larger, which ClickHouse takes better; a batch with plenty of
// rows waits only while another is being inserted, and none waits long when
// nothing comes.
func (w *worker) untilFreeze() time.Duration {
	switch {
	case w.next.full():
		return 0
	case w.next.intent.End > 0:
		return time.Hour // it must be read to its end
	case w.next.blocks.rows >= plentyRows || w.next.blocks.bytes >= plentyBytes:
		return 0
	}
	linger := time.Duration(w.sink.linger.Load())
	return min(time.Until(w.next.since.Add(linger)), time.Until(w.came.Add(linger/lull)))
}
