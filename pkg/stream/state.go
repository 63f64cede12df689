package stream

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// layer is keyed state that can be read: a table, or changes on top of one.
type layer interface {
	// get returns a value, nil if there is none.
	get(key string) ([]byte, error)
	// scan yields the keys that begin with prefix, in the order of their
	// bytes, until yield returns false.
	scan(prefix string, yield func(key string, value []byte) bool) error
}

// view is a layer with uncommitted changes on top. Views stack: one for the
// batch, one more for each attempt at a record.
type view struct {
	base    layer
	changes map[string][]byte // nil value: deleted
	present map[string]bool   // whether base has a key, of those asked for; nil if nobody wants to know
}

func newView(base layer) *view { return &view{base: base} }

func (v *view) get(key string) ([]byte, error) {
	if value, ok := v.changes[key]; ok {
		return value, nil
	}
	value, err := v.base.get(key)
	if v.present != nil {
		v.present[key] = value != nil
	}
	return value, err
}

func (v *view) scan(prefix string, yield func(string, []byte) bool) error {
	var own []string
	for key := range v.changes {
		if strings.HasPrefix(key, prefix) {
			own = append(own, key)
		}
	}
	slices.Sort(own)
	stopped := false
	emit := func(key string, value []byte) bool {
		stopped = stopped || value != nil && !yield(key, value)
		return !stopped
	}
	err := v.base.scan(prefix, func(key string, value []byte) bool {
		for len(own) > 0 && own[0] <= key {
			changed := own[0]
			own = own[1:]
			if !emit(changed, v.changes[changed]) {
				return false
			}
			if changed == key {
				return true
			}
		}
		return emit(key, value)
	})
	for _, key := range own {
		if err != nil || !emit(key, v.changes[key]) {
			break
		}
	}
	return err
}

func (v *view) put(key string, value []byte) {
	if v.changes == nil {
		v.changes = map[string][]byte{}
	}
	v.changes[key] = value
}

func (v *view) merge(child *view) {
	for key, value := range child.changes {
		v.put(key, value)
	}
}

// mapLayer is a table in memory.
type mapLayer map[string][]byte

func (m mapLayer) get(key string) ([]byte, error) { return m[key], nil }

func (m mapLayer) scan(prefix string, yield func(string, []byte) bool) error {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(key, prefix) && !yield(key, m[key]) {
			break
		}
	}
	return nil
}

// view returns the batch's view of a partition, bringing the table up to the
// end of its changelog first if this worker has just got the partition. That
// happens here, at the first record, and not when the partition is assigned:
// the offsets that led to the record are stable (KIP-447), so whatever the
// former owner committed with them is in the changelog by now.
func (w *worker) view(ctx context.Context, partition int32, views map[int32]*view) (*view, error) {
	stage, ok := w.stage.(Stateful)
	if !ok {
		return nil, nil
	}
	if v := views[partition]; v != nil {
		return v, nil
	}
	w.mu.Lock()
	t, epoch := w.tables[partition], w.epoch
	w.mu.Unlock()
	if t == nil || !t.owned() {
		t = w.store.take(partition)
		if err := w.catchUp(ctx, t, stage.Changelog()); err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.epoch != epoch {
			return nil, errMoved
		}
		w.tables[partition] = t
	}
	v := newView(t)
	v.present = map[string]bool{}
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

// keep applies a committed batch's changelog records to the tables, except
// those of partitions that were taken away meanwhile: the new owner reads them
// from the changelog.
func (w *worker) keep(changes []*kgo.Record, views map[int32]*view) error {
	for len(changes) > 0 {
		partition := changes[0].Partition
		n := slices.IndexFunc(changes, func(rec *kgo.Record) bool { return rec.Partition != partition })
		if n < 0 {
			n = len(changes)
		}
		w.mu.Lock()
		t := w.tables[partition]
		w.mu.Unlock()
		if t != nil {
			if err := t.apply(changes[:n], views[partition].present); err != nil {
				return err
			}
			w.o.Metrics.state(w.stage.Name(), t)
		}
		changes = changes[n:]
	}
	return nil
}
