package stream

import (
	"context"
	"sync"
	"time"
)

// gate holds the workers of a process back until all of them are members of
// the group. Otherwise the first gets all partitions, begins to work, and has
// to give that work up when the second joins a moment later.
type gate struct {
	once    sync.Once
	mu      sync.Mutex
	missing map[int]bool
	opened  chan struct{}
}

const (
	gatePatience = 3 * time.Second        // for members that do not get in
	gateSettle   = 300 * time.Millisecond // for the rebalance that the last one caused
)

func newGate(workers int) *gate {
	g := &gate{missing: map[int]bool{}, opened: make(chan struct{})}
	for n := range workers {
		g.missing[n] = true
	}
	if workers == 1 {
		close(g.opened)
	}
	return g
}

// arrive says that a worker was given its partitions, maybe none.
func (g *gate) arrive(worker int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.missing[worker] {
		return
	}
	delete(g.missing, worker)
	if len(g.missing) == 0 {
		time.AfterFunc(gateSettle, g.open)
	}
}

func (g *gate) open() {
	g.once.Do(func() {
		select {
		case <-g.opened:
		default:
			close(g.opened)
		}
	})
}

// wait returns when the gate is open.
func (g *gate) wait(ctx context.Context) {
	timer := time.AfterFunc(gatePatience, g.open)
	defer timer.Stop()
	select {
	case <-g.opened:
	case <-ctx.Done():
	}
}
