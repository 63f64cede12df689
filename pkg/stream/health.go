package stream

import (
	"cmp"
	"slices"
	"sync"
)

// Condition is what a worker is at.
type Condition string

// The conditions of a worker. Paused and Out are an operator's wish and no
// trouble.
const (
	Joining   Condition = "joining"   // not a member of its group yet
	Restoring Condition = "restoring" // reading its state
	Waiting   Condition = "waiting"   // for something it depends on
	Broken    Condition = "broken"    // its session ended, by a fencing or a broker; it starts another
	Running   Condition = "running"
	Paused    Condition = "paused"
	Out       Condition = "out" // kept out of its group
)

// Ready tells whether a worker does what is wanted of it.
func (c Condition) Ready() bool { return c == Running || c == Paused || c == Out }

// Health knows what the workers of a process are at. A nil *Health knows
// nothing.
type Health struct {
	mu      sync.Mutex
	workers map[workerKey]WorkerHealth
}

type workerKey struct {
	stage string
	n     int
}

// WorkerHealth is the condition of one worker.
type WorkerHealth struct {
	Stage     string    `json:"stage"`
	Worker    int       `json:"worker"`
	Condition Condition `json:"condition"`
	Why       string    `json:"why,omitempty"`
}

// Set says what a worker is at.
func (h *Health) Set(stage string, worker int, c Condition, why error) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.workers == nil {
		h.workers = map[workerKey]WorkerHealth{}
	}
	w := WorkerHealth{Stage: stage, Worker: worker, Condition: c}
	if why != nil {
		w.Why = why.Error()
	}
	h.workers[workerKey{stage, worker}] = w
}

// change sets the condition of a worker that is in another.
func (h *Health) change(stage string, worker int, from, to Condition) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := workerKey{stage, worker}
	if w := h.workers[key]; w.Condition == from {
		w.Condition, w.Why = to, ""
		h.workers[key] = w
	}
}

// All returns the conditions by stage and number.
func (h *Health) All() []WorkerHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]WorkerHealth, 0, len(h.workers))
	for _, w := range h.workers {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b WorkerHealth) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Worker, b.Worker))
	})
	return all
}
