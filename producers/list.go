package producers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/pkg/stream/retry"
)

// ListTopic holds the lasting sources, compacted: name to Definition.
const ListTopic = "vislang.sources"

// Definition is a lasting source, as an operator added it.
type Definition struct {
	Name    string        `json:"name"`
	Address string        `json:"address"` // folder, file or http(s) address
	Options Options       `json:"options"`
	Every   time.Duration `json:"every"` // pause between two passes
	Paused  bool          `json:"paused,omitempty"`
	Added   time.Time     `json:"added"`
}

// ErrNoSource says that no lasting source has the name.
var ErrNoSource = errors.New("no such source")

// List is the list of lasting sources. It lives in Kafka, so that every
// process sees the same.
type List struct{ kafka []kgo.Opt }

// NewList opens the list.
func NewList(kafka []kgo.Opt) *List { return &List{kafka} }

// All returns the sources by name.
func (l *List) All(ctx context.Context) ([]Definition, error) {
	var all map[string]Definition
	var broken error
	err := retry.Do(ctx, nil, "read topic "+ListTopic, func(ctx context.Context) error {
		all, broken = map[string]Definition{}, nil
		return stream.ReadToEnd(ctx, l.kafka, ListTopic, 0, func(rec *kgo.Record) {
			if rec.Value == nil {
				delete(all, string(rec.Key))
				return
			}
			var d Definition
			if err := json.Unmarshal(rec.Value, &d); err != nil {
				broken = errors.Join(broken, fmt.Errorf("definition of source %s: %w", rec.Key, err))
				return
			}
			all[d.Name] = d
		})
	})
	return slices.SortedFunc(maps.Values(all), func(a, b Definition) int { return cmp.Compare(a.Name, b.Name) }), errors.Join(err, broken)
}

// Get returns one source, or ErrNoSource.
func (l *List) Get(ctx context.Context, name string) (Definition, error) {
	all, err := l.All(ctx)
	if err != nil {
		return Definition{}, err
	}
	for _, d := range all {
		if d.Name == name {
			return d, nil
		}
	}
	return Definition{}, fmt.Errorf("%w: %s", ErrNoSource, name)
}

// Put adds a source or replaces the one of the same name.
func (l *List) Put(ctx context.Context, d Definition) error {
	value, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return l.write(ctx, d.Name, value)
}

// Remove takes a source off the list. Its documents stay.
func (l *List) Remove(ctx context.Context, name string) error { return l.write(ctx, name, nil) }

func (l *List) write(ctx context.Context, name string, value []byte) error {
	client, err := kgo.NewClient(l.kafka...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, retry.Patience) // the client would try for ever
	defer cancel()
	if err := client.ProduceSync(ctx, &kgo.Record{Topic: ListTopic, Key: []byte(name), Value: value}).FirstErr(); err != nil {
		return fmt.Errorf("write source %s: %w", name, err)
	}
	return nil
}
