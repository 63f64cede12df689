package stream

import (
	"testing"
	"time"
)

func TestAdapt(t *testing.T) {
	for _, c := range []struct {
		name                   string
		batch, careful, count  int
		worked                 time.Duration
		wantBatch, wantCareful int
	}{
		{name: "the first quick record", batch: 1, count: 1, worked: time.Microsecond, wantBatch: 16},
		{name: "no clock that fine", batch: 1, count: 1, worked: 0, wantBatch: 16},
		{name: "quick records", batch: 256, count: 256, worked: time.Millisecond, wantBatch: 4096},
		{name: "never more than allowed", batch: 4096, count: 4096, worked: time.Millisecond, wantBatch: 4096},
		{name: "fewer came than wanted", batch: 16, count: 7, worked: time.Millisecond, wantBatch: 16},
		{name: "an eighth of the target", batch: 10, count: 10, worked: time.Second / 8, wantBatch: 40},
		{name: "just below half", batch: 10, count: 10, worked: 490 * time.Millisecond, wantBatch: 20},
		{name: "on target", batch: 10, count: 10, worked: time.Second, wantBatch: 10},
		{name: "slow records", batch: 10, count: 10, worked: 3 * time.Second, wantBatch: 5},
		{name: "one slow record", batch: 1, count: 1, worked: time.Minute, wantBatch: 1},
		{name: "one by one", batch: 1, careful: 8, count: 1, worked: time.Microsecond, wantBatch: 1, wantCareful: 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &worker{batch: c.batch, careful: c.careful, o: Options{Target: time.Second, MaxBatch: 4096}}
			w.adapt(c.count, c.worked)
			if w.batch != c.wantBatch || w.careful != c.wantCareful {
				t.Errorf("batch %d, careful %d, want %d and %d", w.batch, w.careful, c.wantBatch, c.wantCareful)
			}
		})
	}
}
