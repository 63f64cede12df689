package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"vislang/pkg/stream"
	"vislang/processors/match"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// inputs are the topics of each group.
func inputs() map[string][]string {
	return map[string][]string{
		"extract": {schemas.TopicDocuments}, "ocr": {schemas.TopicPages}, "assemble": {schemas.TopicPageTexts},
		"pair": {schemas.TopicTexts}, "sight": {schemas.TopicFigures}, "match": {match.Topic}, "align": {schemas.TopicMatches}, clickhouse.Group: clickhouse.Topics(),
	}
}

type partition struct {
	topic  string
	number int32
}

// place is where a group is in a partition.
type place struct {
	committed, end int64
	client         string // of the member that has it
}

// A watch follows what the groups have committed.
type watch struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	groups map[string]map[partition]place
	at     time.Time // of the last complete look
}

func newWatch(ctx context.Context, admin *kadm.Client) *watch {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{cancel: cancel, done: make(chan struct{}), groups: map[string]map[partition]place{}}
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			look, cancel := context.WithTimeout(ctx, 5*time.Second)
			w.look(look, admin)
			cancel()
			select {
			case <-ctx.Done():
			case <-time.After(250 * time.Millisecond):
			}
		}
	}()
	return w
}

func (w *watch) stop() {
	w.cancel()
	<-w.done
}

// look updates what it can learn: with a broker away some of it has to wait.
func (w *watch) look(ctx context.Context, admin *kadm.Client) {
	began := time.Now()
	var topics []string
	for _, topic := range schemas.Topics() {
		topics = append(topics, topic.Name)
	}
	complete := true
	commits := map[string]kadm.OffsetResponses{}
	owners := map[string]map[partition]string{}
	for group := range inputs() {
		offsets, err := admin.FetchOffsets(ctx, group)
		if err != nil {
			complete = false
			continue
		}
		commits[group] = offsets
		if described, err := stream.Groups(ctx, admin, group); err == nil {
			owners[group] = map[partition]string{}
			for _, member := range described[group].Members {
				for topic, numbers := range member.Partitions {
					for number := range numbers {
						owners[group][partition{topic, number}] = member.Client
					}
				}
			}
		}
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for group, names := range inputs() {
		offsets, ok := commits[group]
		if !ok {
			continue
		}
		places := map[partition]place{}
		for _, name := range names {
			for number, end := range ends[name] {
				key := partition{name, number}
				if end.Err != nil {
					complete = false
					places[key] = w.groups[group][key]
					continue
				}
				p := place{end: end.Offset, client: owners[group][key]}
				if commit, ok := offsets.Lookup(name, number); ok && commit.At > 0 {
					p.committed = commit.At
				}
				places[key] = p
			}
		}
		w.groups[group] = places
	}
	if complete && len(w.groups) == len(inputs()) {
		w.at = began
	}
}

func (w *watch) lag(group string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lag int64
	for _, p := range w.groups[group] {
		lag += max(0, p.end-p.committed)
	}
	return lag
}

// idle tells whether nothing was left to do at the last look.
func (w *watch) idle() bool {
	for group := range inputs() {
		if w.lag(group) > 0 {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.at) < 5*time.Second
}

func (w *watch) String() string {
	var parts []string
	for _, group := range sortedKeys(inputs()) {
		parts = append(parts, fmt.Sprintf("%s %d", group, w.lag(group)))
	}
	return "lag " + strings.Join(parts, ", ")
}

// A mark is where groups were at some moment, in the partitions where work was
// waiting.
type mark map[string]map[partition]int64

// mark notes the partitions with work to do: those of a process if owner names
// one that has any, else all of the groups.
func (w *watch) mark(groups []string, owner string) mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := mark{}
	for _, group := range groups {
		all, own := map[partition]int64{}, map[partition]int64{}
		owns := false
		for key, p := range w.groups[group] {
			mine := owner != "" && strings.HasPrefix(p.client, owner+"-")
			owns = owns || mine
			if p.end > p.committed {
				all[key] = p.committed
				if mine {
					own[key] = p.committed
				}
			}
		}
		if owns {
			all = own
		}
		if len(all) > 0 {
			m[group] = all
		}
	}
	return m
}

// passed drops the partitions that have moved on since, and tells whether none
// is left.
func (w *watch) passed(m mark) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := 0
	for group, places := range m {
		for key, committed := range places {
			if w.groups[group][key].committed > committed {
				delete(places, key)
			}
		}
		left += len(places)
	}
	return left == 0
}
