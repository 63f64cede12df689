// Package control carries operators' commands to running processes, through
// the compacted topic vislang.control: pause a stage everywhere, take a
// process out of its groups, even out a group. A command reaches every process
// on the brokers, holds until it is taken back, and is known to a process from
// its start.
//
//	err := control.NewBoard(kafka).Set(ctx, control.Pause("ocr"), &control.Order{Since: time.Now()})
//
// A process watches the topic once, and each of its stages asks:
//
//	watch, err := control.Watch(ctx, kafka, log)
//	for {
//		turn, done := watch.Turn(ctx) // ends with ctx or at the next change
//		if watch.State("ocr", "host-1").Paused {
//			<-turn.Done()
//		} else {
//			poll(turn)
//		}
//		done()
//	}
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream/retry"
)

// Topic holds the orders, compacted, in one partition: key to Order.
const Topic = "vislang.control"

// Key says whom an order concerns.
type Key string

// Pause is the key of the order that stops a stage in all processes, which
// stay members of its group.
func Pause(stage string) Key { return Key("pause/" + stage) }

// Out is the key of the order that keeps an instance out of the group of a
// stage, or of all its stages if stage is "".
func Out(instance, stage string) Key {
	if stage == "" {
		stage = "*"
	}
	return Key("out/" + stage + "/" + instance)
}

// Rejoin is the key of the order that has all members of a stage join its
// group again.
func Rejoin(stage string) Key { return Key("rejoin/" + stage) }

// Order is what an operator wants.
type Order struct {
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitempty"` // it ends by itself then; nil: when it is taken back
	By    string     `json:"by,omitempty"`    // who gave it, for people
}

// holds tells whether the order is in force.
func (o Order) holds(now time.Time) bool { return o.Until == nil || now.Before(*o.Until) }

// State is what the orders mean for a stage of an instance.
type State struct {
	Paused bool      // take nothing, stay a member
	Out    bool      // leave the group
	Rejoin time.Time // of the latest order to join again; zero if none
}

// Orders are all orders by key.
type Orders map[Key]Order

// State picks out what concerns a stage of an instance at a time.
func (o Orders) State(stage, instance string, now time.Time) State {
	in := func(k Key) bool { order, ok := o[k]; return ok && order.holds(now) }
	return State{
		Paused: in(Pause(stage)),
		Out:    in(Out(instance, "")) || in(Out(instance, stage)),
		Rejoin: o[Rejoin(stage)].Since,
	}
}

// Absent returns the instances that are kept out of a stage's group, sorted.
func (o Orders) Absent(stage string, now time.Time) []string {
	set := map[string]bool{}
	for key, order := range o {
		for _, s := range []string{stage, "*"} {
			if instance, ok := strings.CutPrefix(string(key), "out/"+s+"/"); ok && order.holds(now) {
				set[instance] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// apply takes over one record of the topic.
func (o Orders) apply(rec *kgo.Record) error {
	key := Key(rec.Key)
	if rec.Value == nil {
		delete(o, key)
		return nil
	}
	var order Order
	if err := json.Unmarshal(rec.Value, &order); err != nil {
		return fmt.Errorf("order %s at offset %d of topic %s: %w", key, rec.Offset, Topic, err)
	}
	o[key] = order
	return nil
}

// Control follows the orders for one process. A nil *Control knows none.
type Control struct {
	mu     sync.Mutex
	orders Orders
	turns  map[int]context.CancelFunc
	next   int
	timer  *time.Timer // fires when the next order ends by itself
	failed chan error  // reading ended for good
}

// Watch reads the orders there are and follows the topic until ctx ends.
func Watch(ctx context.Context, kafka []kgo.Opt, log *slog.Logger) (c *Control, err error) {
	err = retry.Do(ctx, log, "read topic "+Topic, func(context.Context) (err error) {
		c, err = watch(ctx, kafka, log)
		return err
	})
	return c, err
}

func watch(ctx context.Context, kafka []kgo.Opt, log *slog.Logger) (*Control, error) {
	client, err := kgo.NewClient(append(slices.Clone(kafka), consume(),
		kgo.FetchMaxWait(5*time.Second), // a change ends the wait
	)...)
	if err != nil {
		return nil, err
	}
	c := &Control{orders: Orders{}, turns: map[int]context.CancelFunc{}, failed: make(chan error, 1)}
	end, err := endOf(ctx, client)
	if err != nil {
		client.Close()
		return nil, err
	}
	for position := int64(0); position < end; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			client.Close()
			return nil, fmt.Errorf("read topic %s: %w", Topic, err)
		}
		position = c.take(fetches, log)
	}
	go func() {
		defer client.Close()
		for {
			fetches := client.PollFetches(ctx)
			if ctx.Err() != nil {
				return
			}
			for _, e := range fetches.Errors() {
				if errors.Is(e.Err, kerr.TopicAuthorizationFailed) {
					c.failed <- fmt.Errorf("read topic %s: %w", Topic, e.Err)
					return
				}
				log.Warn("cannot read operators' orders", "topic", Topic, "error", e.Err)
			}
			if len(fetches.Errors()) > 0 {
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
				}
			}
			c.take(fetches, log)
		}
	}()
	return c, nil
}

// Deaf returns an error when orders cannot be read and no retry can mend that,
// nil when ctx ends.
func (c *Control) Deaf(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-c.failed:
		return err
	}
}

// consume reads the topic from its start.
func consume() kgo.Opt {
	return kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{Topic: {0: kgo.NewOffset().AtStart()}})
}

// take applies what was read and returns the offset behind it.
func (c *Control) take(fetches kgo.Fetches, log *slog.Logger) (position int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := false
	fetches.EachRecord(func(rec *kgo.Record) {
		position, changed = rec.Offset+1, true
		if err := c.orders.apply(rec); err != nil {
			log.Warn("cannot understand an operator's order", "error", err)
		}
	})
	if changed {
		c.changed()
	}
	return position
}

// changed ends all turns, now and when the next order ends by itself.
func (c *Control) changed() {
	for n, cancel := range c.turns {
		cancel()
		delete(c.turns, n)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	var first time.Time
	for _, order := range c.orders {
		if order.Until != nil && time.Now().Before(*order.Until) && (first.IsZero() || order.Until.Before(first)) {
			first = *order.Until
		}
	}
	if !first.IsZero() {
		c.timer = time.AfterFunc(time.Until(first)+time.Millisecond, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.changed()
		})
	}
}

// State returns what the orders mean now for a stage of an instance.
func (c *Control) State(stage, instance string) State {
	if c == nil {
		return State{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.orders.State(stage, instance, time.Now())
}

// Turn returns a context that ends with parent or when an order changes after
// the call. Call done when it is no longer needed.
func (c *Control) Turn(parent context.Context) (turn context.Context, done context.CancelFunc) {
	turn, cancel := context.WithCancel(parent)
	if c == nil {
		return turn, cancel
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.next
	c.next++
	c.turns[n] = cancel
	return turn, func() {
		cancel()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.turns, n)
	}
}

// Wait returns when a stage of an instance is neither paused nor out, or with
// the error of ctx.
func (c *Control) Wait(ctx context.Context, stage, instance string) error {
	for {
		turn, done := c.Turn(ctx)
		if state := c.State(stage, instance); !state.Paused && !state.Out {
			done()
			return ctx.Err()
		}
		<-turn.Done()
		done()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Board is where orders are written and read.
type Board struct{ kafka []kgo.Opt }

// NewBoard opens the board on brokers.
func NewBoard(kafka []kgo.Opt) *Board { return &Board{kafka} }

// Set writes an order, or takes it back if order is nil.
func (b *Board) Set(ctx context.Context, key Key, order *Order) error {
	var value []byte
	if order != nil {
		var err error
		if value, err = json.Marshal(order); err != nil {
			return err
		}
	}
	client, err := kgo.NewClient(b.kafka...)
	if err != nil {
		return err
	}
	defer client.Close()
	limited, cancel := context.WithTimeout(ctx, retry.Patience) // the client would try for ever
	defer cancel()
	if err := client.ProduceSync(limited, &kgo.Record{Topic: Topic, Key: []byte(key), Value: value}).FirstErr(); err != nil {
		return fmt.Errorf("write order %s: %w", key, err)
	}
	return nil
}

// All returns the orders there are; none if the topic does not exist yet.
func (b *Board) All(ctx context.Context) (orders Orders, err error) {
	err = retry.Do(ctx, nil, "read topic "+Topic, func(ctx context.Context) (err error) {
		orders, err = b.all(ctx)
		return err
	})
	return orders, err
}

func (b *Board) all(ctx context.Context) (Orders, error) {
	client, err := kgo.NewClient(append(slices.Clone(b.kafka), consume())...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	orders := Orders{}
	end, err := endOf(ctx, client)
	if err != nil {
		return nil, err
	}
	for position := int64(0); position < end; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read topic %s: %w", Topic, err)
		}
		var broken error
		fetches.EachRecord(func(rec *kgo.Record) {
			position = rec.Offset + 1
			if err := orders.apply(rec); err != nil && broken == nil {
				broken = err
			}
		})
		if broken != nil {
			return nil, broken
		}
	}
	return orders, nil
}

// endOf returns the end offset of the topic.
func endOf(ctx context.Context, client *kgo.Client) (int64, error) {
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, Topic)
	if err != nil {
		return 0, fmt.Errorf("list offsets of topic %s: %w", Topic, err)
	}
	end, ok := ends.Lookup(Topic, 0)
	if !ok || errors.Is(end.Err, kerr.UnknownTopicOrPartition) {
		return 0, nil
	}
	if end.Err != nil {
		return 0, fmt.Errorf("list offsets of topic %s: %w", Topic, end.Err)
	}
	return end.Offset, nil
}
