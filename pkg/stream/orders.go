package stream

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"
)

// errOut ends a session because an operator wants the worker out of its group.
var errOut = errors.New("told to leave the group")

// admit waits until the worker may join its group.
func (w *worker) admit(ctx context.Context) bool {
	for ctx.Err() == nil {
		turn, done := w.o.Control.Turn(ctx)
		if !w.o.Control.State(w.stage.Name(), w.o.Instance).Out {
			done()
			return true
		}
		w.health(Out, nil)
		<-turn.Done()
		done()
	}
	return false
}

// poll returns the next records, or none when ctx ended or an order changed.
// While the stage is paused it takes nothing: what the client has fetched
// stays in it, heartbeats go on. errOut says to leave.
func (w *worker) poll(ctx context.Context, session *kgo.GroupTransactSession) (kgo.Fetches, error) {
	turn, done := w.o.Control.Turn(ctx)
	defer done()
	state := w.o.Control.State(w.stage.Name(), w.o.Instance)
	if !state.Rejoin.Equal(w.rejoined) {
		w.rejoined = state.Rejoin
		session.Client().ForceRebalance()
	}
	switch {
	case state.Out:
		return nil, errOut
	case state.Paused:
		w.health(Paused, nil)
		<-turn.Done()
		return nil, nil
	}
	w.running()
	fetches := session.PollRecords(turn, w.batch)
	for _, e := range fetches.Errors() {
		// The client retries what it can by itself; what it reports stays.
		if turn.Err() == nil || !errors.Is(e.Err, context.Canceled) {
			return nil, w.unreadable(ctx, session.Client(), e)
		}
	}
	return fetches, nil
}

func (w *worker) health(c Condition, why error) { w.o.Health.Set(w.stage.Name(), w.n, c, why) }

// running says that nothing holds the worker up, once it is a member.
func (w *worker) running() {
	switch {
	case !w.member.Load():
		w.health(Joining, nil)
	case w.store != nil && w.store.room.none():
		w.health(Waiting, errFull)
	default:
		w.health(Running, nil)
	}
}

// arrived is called when the group gave the worker its partitions, maybe none.
func (w *worker) arrived() {
	w.member.Store(true)
	w.o.Health.change(w.stage.Name(), w.n, Joining, Running)
}
