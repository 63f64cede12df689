// Package stream runs stages: consumers that turn the records of some topics
// into records of others, exactly once.
//
// A stage is a small value with no Kafka inside:
//
//	type upper struct{}
//
//	func (upper) Name() string     { return "upper" }
//	func (upper) Inputs() []string { return []string{"words"} }
//	func (upper) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
//		out.Emit("shouts", in.Key, bytes.ToUpper(in.Value))
//		return nil
//	}
//
// The runtime owns the rest: group sessions, transactions, retries, dead
// letters, state with its changelog, metrics and drain. The package knows no
// schema: keys and values are bytes.
package stream

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Record is one Kafka record, read.
type Record struct {
	Topic     string
	Partition int32
	Offset    int64
	Key       []byte
	Value     []byte // not to be kept or changed after Process returns
	Headers   []Header
	Time      time.Time
}

// Header is a Kafka record header.
type Header struct {
	Key   string
	Value []byte
}

// Stage turns records of its input topics into records of others.
type Stage interface {
	// Name names the stage in groups, metrics, logs and dead letters.
	Name() string
	// Inputs are the topics it consumes.
	Inputs() []string
	// Process handles one record; it may be slow: no transaction is open
	// while it runs. What it put into out is written only when it returns
	// nil. An error made with Permanent sends the record to the dead
	// letters, one made with Unavailable is retried until it goes away, any
	// other is retried a few times and then dead-lettered.
	Process(ctx context.Context, in Record, out *Output) error
}

// Permanent marks an error that no retry can mend. Class is a short machine
// name of the reason, such as "corrupt" or "unsupported".
func Permanent(class string, err error) error {
	return &failure{class: class, err: err, kind: permanent}
}

// Unavailable marks an error of something the stage depends on (database,
// blob store): the record is not at fault, so the stage waits for it.
func Unavailable(err error) error {
	return &failure{class: "unavailable", err: err, kind: unavailable}
}

type kind int

const (
	transient kind = iota
	permanent
	unavailable
)

type failure struct {
	class string
	err   error
	kind  kind
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// classify tells how an error of a stage is to be treated.
func classify(err error) (class string, k kind) {
	var f *failure
	if errors.As(err, &f) {
		return f.class, f.kind
	}
	return "error", transient
}

// Output collects what a stage makes of one record.
type Output struct {
	emitted []emission
	letters []error
	state   *view
	err     error // of reading the state
}

// newOutput returns an output on top of state.
func newOutput(state layer) *Output {
	o := &struct { // one allocation for most records
		Output
		view
		one [1]emission
	}{view: view{base: state}}
	o.Output.state, o.emitted = &o.view, o.one[:0]
	return &o.Output
}

type emission struct {
	topic string
	key   []byte
	value []byte
}

// Emit adds a record to be written to a topic.
func (o *Output) Emit(topic string, key, value []byte) {
	o.emitted = append(o.emitted, emission{topic, key, value})
}

// DeadLetter reports the input record as failed although Process goes on and
// returns nil, for a stage that can still tell those after it (a page without
// text). Make err with Permanent to give it a class.
func (o *Output) DeadLetter(err error) { o.letters = append(o.letters, err) }

// Get returns the state value of key in the input record's partition, nil if
// there is none. The value is not to be changed.
func (o *Output) Get(key string) []byte {
	value, err := o.state.get(key)
	o.err = errors.Join(o.err, err)
	return value
}

// Scan yields the state of the input record's partition whose keys begin with
// prefix, in the order of their bytes, what was Put for this record included.
// State that is Put while it runs may or may not be seen.
func (o *Output) Scan(prefix string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		o.err = errors.Join(o.err, o.state.scan(prefix, yield))
	}
}

// Put sets a state value, which is not to be changed after; nil deletes it. It
// is written in the transaction of the records that Process emits.
func (o *Output) Put(key string, value []byte) { o.state.put(key, value) }
