// Package replay writes records again: a dead letter to the topic it came
// from, for the stage that failed, or a document as a new revision, for all
// stages.
//
//	r, err := replay.Open(ctx, replay.Options{Kafka: opts, Codec: codec})
//	done, err := r.Replay(ctx, replay.Filter{Stage: "ocr"})
//
// # Why nothing is doubled
//
// A record that failed whole left nothing behind, so writing it again makes its
// rows for the first time. That happens once: the record and the state of its
// letter are written in one transaction, and a state that says replayed is
// never replayed again. If it fails again, that is a new letter with the count
// of attempts added up. A record that failed in part (a page of a document, a
// pair of a text) left the rest behind. Its whole document is processed again
// under a higher revision, which takes the place of the older one as a whole.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/schemas"
)

// StateTopic holds what became of dead letters, compacted.
const StateTopic = "vislang.deadletters.state"

// Topics are the topics that this package needs besides those of the records.
func Topics() []schemas.Topic {
	return []schemas.Topic{{
		Name: StateTopic, Key: "stage topic/partition/offset", Partitions: 1,
		Configs: map[string]string{"cleanup.policy": "compact"},
	}}
}

// What became of a dead letter.
const (
	StateOpen      = "open"
	StateReplayed  = "replayed"
	StateDiscarded = "discarded"
)

// State is what became of a dead letter. Letters of the same record and stage
// share it: those of several pages of one document, and those of a record that
// the sink met again after a reset.
type State struct {
	State    string    `json:"state"`
	At       time.Time `json:"at,omitzero"`
	Reason   string    `json:"reason,omitempty"`   // of a discard, from who did it
	Revision int64     `json:"revision,omitempty"` // of the document that was begun again; 0 if the record itself was written again
}

// Letter is a dead letter with its place in the topic of dead letters.
type Letter struct {
	Partition int32
	Offset    int64
	Time      time.Time // of its writing
	Bytes     int       // size of its record
	schemas.DeadLetter
	Corrupt error // why the letter itself cannot be decoded; the rest is empty then
	State   State
}

// ID is the letter's place, partition/offset.
func (l *Letter) ID() string { return fmt.Sprintf("%d/%d", l.Partition, l.Offset) }

// Source is the place of the record that failed, topic/partition/offset.
func (l *Letter) Source() string {
	if l.Corrupt != nil {
		return ""
	}
	return fmt.Sprintf("%s/%d/%d", l.SourceTopic, l.SourcePartition, l.SourceOffset)
}

// key is what the letter's state is found by.
func (l *Letter) key() string {
	if l.Corrupt != nil {
		return "letter " + l.ID()
	}
	return l.Stage + " " + l.Source()
}

// whole tells whether the record left nothing behind. Letters of the first
// version do not say; they lack the timestamp, too.
func (l *Letter) whole() bool {
	if l.SourceTimestamp.IsZero() && l.Stage == "ocr" && l.DocumentID != "" {
		return false
	}
	return !l.Partial
}

// Filter selects dead letters. Its zero value selects all.
type Filter struct {
	IDs      []string // partition/offset, offset in partition 0, or topic/partition/offset of the record that failed; any of them
	Stage    string
	Class    string
	Topic    string // of the record that failed
	Document string
	State    string
	Since    time.Time // of the last failure, inclusive
	Until    time.Time // exclusive
}

// Check returns an error if an id is none.
func (f *Filter) Check() error {
	for _, id := range f.IDs {
		parts := strings.Split(id, "/")
		if len(parts) == 3 {
			parts = parts[1:]
		}
		for _, part := range parts {
			if n, err := strconv.ParseInt(part, 10, 64); err != nil || n < 0 || len(parts) > 2 {
				return fmt.Errorf("%q is no dead letter: give its id as in the list (0/17), or topic/partition/offset of the record that failed", id)
			}
		}
	}
	return nil
}

// Match tells whether a letter is selected.
func (f *Filter) Match(l *Letter) bool {
	at := l.FailedAt
	if at.IsZero() {
		at = l.Time
	}
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, l.ID()) || slices.Contains(f.IDs, l.Source()) ||
		l.Partition == 0 && slices.Contains(f.IDs, fmt.Sprint(l.Offset))) &&
		(f.Stage == "" || f.Stage == l.Stage) &&
		(f.Class == "" || f.Class == l.Class) &&
		(f.Topic == "" || f.Topic == l.SourceTopic) &&
		(f.Document == "" || f.Document == l.DocumentID) &&
		(f.State == "" || f.State == l.State.State) &&
		(f.Since.IsZero() || !at.Before(f.Since)) &&
		(f.Until.IsZero() || at.Before(f.Until))
}

// Options say where dead letters are.
type Options struct {
	Kafka []kgo.Opt
	Codec *schemas.Codec

	// hook is called before a transaction ends; its error leaves it open, as
	// a kill would. For tests.
	hook func() error
}

// Read hands the selected letters to fn, in the order in which they were
// written, with what became of them.
func Read(ctx context.Context, o Options, f Filter, fn func(*Letter) error) error {
	states, err := readStates(ctx, o.Kafka)
	if err != nil {
		return err
	}
	return read(ctx, o, f, states, fn)
}

func read(ctx context.Context, o Options, f Filter, states map[string]State, fn func(*Letter) error) error {
	return readTopic(ctx, o.Kafka, schemas.TopicDeadLetters, func(rec *kgo.Record) error {
		l := &Letter{Partition: rec.Partition, Offset: rec.Offset, Time: rec.Timestamp.UTC(), Bytes: len(rec.Value)}
		decoded, err := schemas.Decode[schemas.DeadLetter](ctx, o.Codec, rec.Value)
		switch {
		case errors.Is(err, schemas.ErrRegistry):
			return err
		case err != nil:
			l.Corrupt, l.Key, l.Value = err, rec.Key, rec.Value
		default:
			l.DeadLetter = *decoded
		}
		l.State = State{State: StateOpen}
		if state, ok := states[l.key()]; ok {
			l.State = state
		}
		if !f.Match(l) {
			return nil
		}
		return fn(l)
	})
}

func readStates(ctx context.Context, kafka []kgo.Opt) (map[string]State, error) {
	states := map[string]State{}
	err := readTopic(ctx, kafka, StateTopic, func(rec *kgo.Record) error {
		var state State
		if err := json.Unmarshal(rec.Value, &state); err != nil {
			return fmt.Errorf("state of dead letter %s at offset %d: %w", rec.Key, rec.Offset, err)
		}
		states[string(rec.Key)] = state
		return nil
	})
	return states, err
}

// errEnough ends readTopic early.
var errEnough = errors.New("enough")

// readTopic hands the committed records of a topic to fn, partition by
// partition. A topic that does not exist has none.
func readTopic(ctx context.Context, kafka []kgo.Opt, topic string, fn func(*kgo.Record) error) error {
	client, err := kgo.NewClient(kafka...)
	if err != nil {
		return err
	}
	defer client.Close()
	details, err := kadm.NewClient(client).ListTopics(ctx, topic)
	if err != nil {
		return fmt.Errorf("partitions of topic %s: %w", topic, err)
	}
	for _, p := range details[topic].Partitions.Numbers() {
		reading, cancel := context.WithCancel(ctx)
		var failed error
		err := stream.ReadToEnd(reading, kafka, topic, p, func(rec *kgo.Record) {
			if failed == nil && rec.Value != nil {
				if failed = fn(rec); failed != nil {
					cancel()
				}
			}
		})
		cancel()
		if errors.Is(failed, errEnough) {
			return nil
		}
		if failed != nil {
			return failed
		}
		if err != nil {
			return err
		}
	}
	return nil
}
