package clickhouse

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// freeze commits the intent of the next batch and starts to insert it. No
// other batch is being inserted.
func (w *worker) freeze() error {
	b := w.next
	replay := b.intent.End > 0
	if !replay {
		if b.blocks.rows == 0 && len(b.rejected) == 0 {
			// Nothing to insert, only a range to pass.
			w.counters.add(b.counted)
			if err := w.commit(b.end, intent{}); err != nil {
				return err
			}
			w.next = w.sink.newBatch(b.end)
			return nil
		}
		b.freeze(w.topicID, w.tp.partition, w.epoch, w.counters)
		if err := w.announce(b); err != nil {
			return err
		}
	} else {
		b.again = true
		if b.end.offset < b.intent.End {
			b.end.offset = b.intent.End
		}
		w.sink.metrics.replays.Inc()
		w.sink.log.Info("inserting the batch that was announced before", "topic", w.tp.topic, "partition", w.tp.partition, "start", b.start.offset, "end", b.intent.End, "rows", b.blocks.rows)
	}
	if commitEarly || w.sink.o.without.order {
		if err := w.commit(b.end, intent{}); err != nil {
			return err
		}
		sleep(w.ctx, earlyBy)
	}
	if err := w.sink.hook("announced"); err != nil {
		return err
	}
	w.flying = b
	w.next = w.sink.newBatch(b.end)
	go func() { w.landed <- w.sink.insert(w.ctx, w.tp, b) }()
	return nil
}

// land commits the batch that was inserted, with the next one's intent if that
// can be frozen already.
func (w *worker) land(err error) error {
	b := w.flying
	w.flying = nil
	w.sink.waiting.Add(-int64(b.charged))
	if err != nil {
		return err
	}
	w.counters.add(b.counted)
	if err := w.sink.hook("inserted"); err != nil {
		return err
	}
	if !w.next.empty() && w.untilFreeze() <= 0 {
		return w.freeze() // its start is the end of this one
	}
	return w.commit(b.end, intent{})
}

// settle finishes the batch that is being inserted before the worker ends.
func (w *worker) settle() error {
	if w.flying == nil {
		return nil
	}
	err := <-w.landed
	b := w.flying
	w.flying = nil
	w.sink.waiting.Add(-int64(b.charged))
	if err != nil {
		return err
	}
	w.counters.add(b.counted)
	return w.commit(b.end, intent{})
}

// announce commits the start of a frozen batch with its intent, and with it
// the dead letters of the records that the batch skips.
func (w *worker) announce(b *batch) error {
	if len(b.rejected) == 0 {
		return w.commit(b.start, b.intent)
	}
	letters := make([]*kgo.Record, 0, len(b.rejected))
	for _, r := range b.rejected {
		value, err := w.encode(r)
		if err != nil {
			return err
		}
		letters = append(letters, &kgo.Record{Topic: deadLetters, Key: letterKey(r.rec), Value: value})
	}
	err := w.retry(func(ctx context.Context) error {
		return w.sink.letters.send(ctx, w.tp, b.start, b.intent.String(), letters)
	})
	if err != nil {
		return err
	}
	for _, r := range b.rejected {
		w.sink.metrics.letters.WithLabelValues(r.why.class).Inc()
	}
	return nil
}

func (w *worker) encode(r rejected) (value []byte, err error) {
	err = w.retry(func(ctx context.Context) error {
		value, err = w.sink.o.Codec.Encode(ctx, letter(r.rec, r.why, r.at))
		return err
	})
	return value, err
}

// commit commits a position. Every commit of the group is made here or, with
// dead letters, by the letterbox.
func (w *worker) commit(at position, in intent) error {
	in.Topic, in.At, in.Epoch, in.Counters = w.topicID, &at.offset, w.epoch, &w.counters
	err := w.retry(func(ctx context.Context) error {
		return w.sink.commits.commit(ctx, w.tp, at, in.String())
	})
	if err != nil {
		return fmt.Errorf("commit offset %d of %v: %w", at.offset, w.tp, err)
	}
	w.sink.metrics.commit.SetToCurrentTime()
	return nil
}

// retry repeats what fails until it succeeds or the worker must end. A worker
// that was told to finish tries once: the intent keeps what it leaves behind.
func (w *worker) retry(do func(context.Context) error) error {
	for attempt := 0; ; attempt++ {
		err := do(w.ctx)
		if err == nil {
			if attempt > 0 {
				w.sink.outages.report(w.tp.String(), nil)
			}
			return nil
		}
		if w.reading.Err() != nil {
			w.sink.log.Info("batch left to the next owner", "topic", w.tp.topic, "partition", w.tp.partition, "error", err)
			w.cancel()
			return w.reading.Err()
		}
		w.sink.outages.report(w.tp.String(), err)
		if !sleep(w.reading, backoff(attempt)) {
			return w.reading.Err()
		}
	}
}
