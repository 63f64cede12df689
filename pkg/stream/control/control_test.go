package control

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestOrdersConcernWhoTheyName(t *testing.T) {
	now := time.Now()
	past, future := now.Add(-time.Second), now.Add(time.Second)
	orders := Orders{
		Pause("ocr"):            {},
		Out("one", ""):          {},
		Out("two", "extract"):   {Until: &future},
		Out("three", "extract"): {Until: &past},
		Rejoin("align"):         {Since: past},
	}
	for _, test := range []struct {
		stage, instance string
		want            State
	}{
		{"ocr", "two", State{Paused: true}},
		{"ocr", "one", State{Paused: true, Out: true}},
		{"extract", "one", State{Out: true}},
		{"extract", "two", State{Out: true}},
		{"extract", "three", State{}},
		{"align", "two", State{Rejoin: past}},
	} {
		if got := orders.State(test.stage, test.instance, now); got != test.want {
			t.Errorf("%s of %s: %+v, want %+v", test.stage, test.instance, got, test.want)
		}
	}
	if got := orders.Absent("extract", now); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("absent: %v", got)
	}
}

func TestATurnEndsWithAChangeAndWithTime(t *testing.T) {
	c := &Control{orders: Orders{}, turns: map[int]context.CancelFunc{}}
	write := func(key Key, value string) {
		rec := &kgo.Record{Topic: Topic, Key: []byte(key), Value: []byte(value)}
		if value == "" {
			rec.Value = nil
		}
		c.take(kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: Topic, Partitions: []kgo.FetchPartition{{Records: []*kgo.Record{rec}}}}}}}, nil)
	}
	turn, done := c.Turn(t.Context())
	defer done()
	write(Pause("ocr"), `{"since":"2026-01-01T00:00:00Z","until":"`+time.Now().Add(50*time.Millisecond).Format(time.RFC3339Nano)+`"}`)
	if turn.Err() == nil || !c.State("ocr", "").Paused {
		t.Error("an order did not end the turn, or has no effect")
	}
	started := time.Now()
	if err := c.Wait(t.Context(), "ocr", ""); err != nil || time.Since(started) < 20*time.Millisecond {
		t.Errorf("waited for %s: %v", time.Since(started), err)
	}
	write(Pause("ocr"), `{"since":"2026-01-01T00:00:00Z"}`)
	write(Pause("ocr"), "")
	if c.State("ocr", "").Paused {
		t.Error("an order that was taken back holds")
	}
	var none *Control
	if none.State("ocr", "") != (State{}) || none.Wait(t.Context(), "ocr", "") != nil {
		t.Error("no control gives orders")
	}
}
