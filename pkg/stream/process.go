package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// maxAttempts is how often a record is tried whose error says neither that it
// is permanent nor that a dependency is away.
const maxAttempts = 4

// process turns one record into the records to write, dead letters included,
// and appends them to batch. Its error means that the batch cannot go on: the
// stop came, or the state could not be read.
func (w *worker) process(ctx context.Context, rec *kgo.Record, views map[int32]*view, batch []*kgo.Record) ([]*kgo.Record, error) {
	in := Record{
		Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset,
		Key: rec.Key, Value: rec.Value, Time: rec.Timestamp,
	}
	for _, h := range rec.Headers {
		in.Headers = append(in.Headers, Header{h.Key, h.Value})
	}
	if len(in.Headers) > 0 && !ReplayOf(in.Header).For(w.stage.Name()) {
		return batch, nil
	}
	state, err := w.view(ctx, in.Partition, views)
	if err != nil {
		return nil, err
	}
	var first time.Time // of a failure
	if err := w.unwritten[at(rec)]; err != nil {
		class := "too_large"
		if errors.Is(err, kerr.InvalidRecord) {
			class = "refused"
		}
		return w.fail(ctx, in, class, err, time.Now(), 1, batch)
	}
	for attempt := 1; ; attempt++ {
		// The changes of a failed attempt must not be seen by the next.
		out := newOutput(mapLayer(nil))
		if state != nil {
			out.state.base = state
		}
		err := w.try(ctx, in, out)
		if out.err != nil {
			return nil, fmt.Errorf("read state of stage %s partition %d: %w", w.stage.Name(), in.Partition, out.err)
		}
		if err == nil {
			err = w.fits(out)
		}
		if err == nil {
			if state != nil {
				state.merge(out.state)
			}
			return w.records(ctx, in, out, first, attempt, batch)
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("stopped in the middle of a batch: %w", ctx.Err())
		}
		if first.IsZero() {
			first = time.Now()
		}
		class, kind := classify(err)
		if kind == permanent || kind == transient && attempt >= maxAttempts {
			return w.fail(ctx, in, class, err, first, attempt, batch)
		}
		w.o.Metrics.retry(w.stage.Name())
		if attempt == 1 || kind == transient {
			w.about(ctx, in).Warn("record failed, trying again", "class", class, "attempt", attempt, "error", err)
		}
		w.o.Metrics.blocked(w.stage.Name(), kind == unavailable)
		if kind == unavailable {
			w.health(Waiting, err)
		}
		if !sleep(ctx, backoff(attempt)) {
			return nil, fmt.Errorf("stopped in the middle of a batch: %w", ctx.Err())
		}
		w.o.Metrics.blocked(w.stage.Name(), false)
		w.running()
	}
}

// fail appends the dead letter of a record that is given up.
func (w *worker) fail(ctx context.Context, in Record, class string, cause error, first time.Time, attempts int, batch []*kgo.Record) ([]*kgo.Record, error) {
	w.about(ctx, in).Warn("record failed for good", "class", class, "attempts", attempts, "error", cause)
	letter, err := w.letter(ctx, in, false, class, cause, first, attempts)
	if err != nil {
		return nil, err
	}
	return append(batch, letter), nil
}

// batchOverhead is what a record costs beside its key, value and headers, alone
// in a batch.
const batchOverhead = 512

// fits refuses output that is larger than its topic takes, before a broker
// does: there it would cost the whole batch.
func (w *worker) fits(out *Output) error {
	check := func(topic string, size int) error {
		if limit := w.o.BatchBytes(topic); size+batchOverhead > int(limit) {
			return Permanent("too_large", fmt.Errorf("a record for topic %s has %d bytes, more than the %d that it takes", topic, size, limit))
		}
		return nil
	}
	for _, e := range out.emitted {
		if err := check(e.topic, len(e.key)+len(e.value)+len(w.o.Version)); err != nil {
			return err
		}
	}
	if stage, ok := w.stage.(Stateful); ok {
		for key, value := range out.state.changes {
			if err := check(stage.Changelog(), len(key)+len(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// try calls the stage; a panic is the record's fault, not the process's.
func (w *worker) try(ctx context.Context, in Record, out *Output) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.about(ctx, in).Error("stage panicked", "panic", p, "stack", string(debug.Stack()))
			err = Permanent("panic", fmt.Errorf("the stage panicked: %v", p))
		}
	}()
	return w.stage.Process(ctx, in, out)
}

// records appends what the stage made of a record.
func (w *worker) records(ctx context.Context, in Record, out *Output, first time.Time, attempt int, batch []*kgo.Record) ([]*kgo.Record, error) {
	headers := w.headers
	if earlier := in.Header(HeaderEarlier); earlier != nil {
		headers = append(headers, kgo.RecordHeader{Key: HeaderEarlier, Value: earlier})
	}
	for _, e := range out.emitted {
		batch = append(batch, &kgo.Record{Topic: e.topic, Key: e.key, Value: e.value, Headers: headers})
	}
	for _, err := range out.letters {
		if first.IsZero() {
			first = time.Now()
		}
		class, _ := classify(err)
		letter, err := w.letter(ctx, in, true, class, err, first, attempt)
		if err != nil {
			return nil, err
		}
		batch = append(batch, letter)
	}
	return batch, nil
}

func (w *worker) letter(ctx context.Context, in Record, partial bool, class string, cause error, first time.Time, attempts int) (*kgo.Record, error) {
	w.o.Metrics.failed(w.stage.Name(), class)
	earlier := ReplayOf(in.Header)
	if !earlier.First.IsZero() {
		first = earlier.First
	}
	topic, key, value, err := w.o.DeadLetter(ctx, Failed{
		Stage: w.stage.Name(), Record: in, Partial: partial, Class: class, Err: cause,
		Attempts: earlier.Attempts + attempts, First: first, Last: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("encode dead letter for %s/%d/%d: %w", in.Topic, in.Partition, in.Offset, err)
	}
	return &kgo.Record{Topic: topic, Key: key, Value: value, Headers: w.headers}, nil
}

// about is the log for lines about a record.
func (w *worker) about(ctx context.Context, in Record) *slog.Logger {
	log := w.log.With("topic", in.Topic, "partition", in.Partition, "offset", in.Offset, "key", string(in.Key))
	if w.o.Document != nil {
		log = log.With("document", w.o.Document(ctx, in))
	}
	return log
}
