package stream

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// table is the committed state of one input partition: keys to values.
type table map[string][]byte

// view shows a table with uncommitted changes on top. Views stack: one for
// the batch, one more for each attempt at a record.
type view struct {
	base    table
	parent  *view
	changes map[string][]byte // nil value: deleted
}

func newView(base table) *view { return &view{base: base, changes: map[string][]byte{}} }

func (v *view) get(key string) []byte {
	if value, ok := v.changes[key]; ok {
		return value
	}
	if v.parent != nil {
		return v.parent.get(key)
	}
	return v.base[key]
}

func (v *view) put(key string, value []byte) { v.changes[key] = value }

func (v *view) merge(child *view) {
	for key, value := range child.changes {
		v.changes[key] = value
	}
}

// view returns the batch's view of a partition, reading the changelog first
// if this worker has just got the partition. That happens here, at the first
// record, and not when the partition is assigned: the offsets that led to the
// record are stable (KIP-447), so whatever the former owner committed with
// them is in the changelog by now.
func (w *worker) view(ctx context.Context, partition int32, views map[int32]*view) (*view, error) {
	stage, ok := w.stage.(Stateful)
	if !ok {
		return nil, nil
	}
	if v := views[partition]; v != nil {
		return v, nil
	}
	w.mu.Lock()
	base := w.tables[partition]
	w.mu.Unlock()
	if base == nil {
		started := time.Now()
		var err error
		if base, err = restore(ctx, w.o.Kafka, stage.Changelog(), partition); err != nil {
			return nil, fmt.Errorf("restore state of %s partition %d: %w", stage.Name(), partition, err)
		}
		w.log.Info("state restored", "partition", partition, "keys", len(base), "seconds", time.Since(started).Seconds())
		w.mu.Lock()
		w.tables[partition] = base
		w.mu.Unlock()
	}
	v := newView(base)
	views[partition] = v
	return v, nil
}

// changes turns a batch's state changes into changelog records, in a fixed
// order.
func (w *worker) changes(views map[int32]*view) []*kgo.Record {
	stage, ok := w.stage.(Stateful)
	if !ok {
		return nil
	}
	var records []*kgo.Record
	for partition, v := range views {
		for key, value := range v.changes {
			records = append(records, &kgo.Record{Topic: stage.Changelog(), Partition: partition, Key: []byte(key), Value: value})
		}
	}
	slices.SortFunc(records, func(a, b *kgo.Record) int {
		if a.Partition != b.Partition {
			return int(a.Partition - b.Partition)
		}
		return bytes.Compare(a.Key, b.Key)
	})
	return records
}

// keep makes a committed batch's changes part of the tables, except those of
// partitions that were taken away meanwhile.
func (w *worker) keep(views map[int32]*view) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for partition, v := range views {
		base := w.tables[partition]
		if base == nil {
			continue
		}
		for key, value := range v.changes {
			if value == nil {
				delete(base, key)
			} else {
				base[key] = value
			}
		}
		w.o.Metrics.state(w.stage.Name(), partition, len(base))
	}
}

// restore reads a changelog partition to its end.
func restore(ctx context.Context, kafka []kgo.Opt, topic string, partition int32) (table, error) {
	t := table{}
	err := ReadToEnd(ctx, kafka, topic, partition, func(rec *kgo.Record) {
		if rec.Value == nil {
			delete(t, string(rec.Key))
		} else {
			t[string(rec.Key)] = rec.Value
		}
	})
	return t, err
}
