package stream

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestScanMergesChanges(t *testing.T) {
	t.Parallel()
	base := mapLayer{"a/1": []byte("1"), "a/3": []byte("3"), "a/5": []byte("5"), "b": []byte("b")}
	batch := newView(base)
	batch.put("a/2", []byte("2"))
	batch.put("a/3", nil)
	batch.put("a/9", []byte("9"))
	attempt := newView(batch)
	attempt.put("a/5", []byte("five"))
	attempt.put("a/9", nil)
	attempt.put("a/0", []byte("0"))
	out := &Output{state: attempt}
	var got []string
	for key, value := range out.Scan("a/") {
		got = append(got, key+"="+string(value))
	}
	if want := "a/0=0 a/1=1 a/2=2 a/5=five"; strings.Join(got, " ") != want || out.err != nil {
		t.Errorf("got %v, error %v, want %s", got, out.err, want)
	}
	for key := range out.Scan("a/") {
		if key != "a/0" {
			t.Errorf("the scan went on to %s", key)
		}
		break
	}
	for key := range out.Scan("b") {
		if key != "b" {
			t.Errorf("scan of b yields %s", key)
		}
	}
}

// dump is all that a database holds, checkpoints' clocks aside.
func dump(t *testing.T, s *store) map[string][]byte {
	t.Helper()
	it, err := s.db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	got := map[string][]byte{}
	for it.First(); it.Valid(); it.Next() {
		value := bytes.Clone(it.Value())
		if it.Key()[0] == 'c' {
			var mark checkpoint
			if _, err := binary.Decode(value, binary.BigEndian, &mark); err != nil {
				t.Fatal(err)
			}
			mark.Time = 0
			value = fmt.Appendf(nil, "%v", mark)
		}
		got[string(it.Key())] = value
	}
	return got
}

// holder opens the state as a worker would and catches up.
func holder(t *testing.T, kafka []kgo.Opt, client *kgo.Client, dir string, partitions ...int32) (*store, *bytes.Buffer) {
	t.Helper()
	s, err := openStore(t.Context(), dir, "counter", slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w := &worker{stage: &counter{}, client: client, store: s, log: slog.New(slog.NewTextHandler(&log, nil))}
	w.o.defaults()
	w.o.Kafka = kafka
	for _, p := range partitions {
		if err := w.catchUp(t.Context(), s.take(p), "vislang.counter.state"); err != nil {
			t.Fatal(err)
		}
	}
	return s, &log
}

func TestALostDiskIsRestoredFromKafka(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	kept := t.TempDir()
	for range 3 { // restarts on the way
		stop := runIn(t, &counter{}, kafka, kept)
		for n := range 40 {
			produce(t, client, fmt.Sprintf("w%d", n))
		}
		waitIdle(t, client)
		stop()
	}
	partitions := []int32{0, 1, 2}
	here, log := holder(t, kafka, client, kept, partitions...)
	defer here.close()
	lost, log2 := holder(t, kafka, client, t.TempDir(), partitions...)
	defer lost.close()
	a, b := dump(t, here), dump(t, lost)
	if !maps.EqualFunc(a, b, bytes.Equal) {
		t.Errorf("restored state differs:\n%q\n%q", a, b)
	}
	if len(a) != 40+3 {
		t.Errorf("%d keys", len(a))
	}
	if strings.Contains(log.String(), "whole=true") {
		t.Errorf("a kept folder was restored as a whole:\n%s", log)
	}
	if strings.Count(log2.String(), "whole=true") != 3 {
		t.Errorf("a lost folder was not:\n%s", log2)
	}
}

// A stage that reads nothing back is not held up, and does not say so.
func TestRestoringIsSaidWhenThereIsSomethingToRestore(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	written := &kgo.Record{Topic: "vislang.counter.state", Partition: 1, Key: []byte("k"), Value: []byte("1")}
	writer, err := kgo.NewClient(append(kafka, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if err := writer.ProduceSync(t.Context(), written).FirstErr(); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(t.Context(), t.TempDir(), "counter", slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, c := range []struct {
		what          string
		partition     int32
		during, after Condition
	}{
		{"an empty changelog", 0, Paused, Paused},
		{"a changelog with a record", 1, Restoring, Running},
		{"one that was read before", 1, Paused, Paused},
	} {
		w := &worker{stage: &counter{}, client: client, store: s}
		w.member.Store(true)
		w.o.defaults()
		w.o.Kafka, w.o.Health = kafka, &Health{}
		var during Condition
		w.log = slog.New(watched{slog.DiscardHandler, func(string) { during = w.o.Health.All()[0].Condition }})
		w.health(Paused, nil)
		if err := w.catchUp(t.Context(), s.take(c.partition), "vislang.counter.state"); err != nil {
			t.Fatal(err)
		}
		if after := w.o.Health.All()[0].Condition; during != c.during || after != c.after {
			t.Errorf("%s: %s, then %s; want %s, then %s", c.what, during, after, c.during, c.after)
		}
	}
}

func TestCheckpointsThatDoNotHold(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := extent{topic: [16]byte{1}, start: 10, end: 100}
	good := checkpoint{Version: checkpointVersion, Topic: at.topic, Offset: 50, Time: now.UnixMilli()}
	for name, c := range map[string]struct {
		change func(*checkpoint)
		want   string
	}{
		"good":            {func(*checkpoint) {}, ""},
		"none":            {func(m *checkpoint) { *m = checkpoint{} }, "no local copy"},
		"other topic":     {func(m *checkpoint) { m.Topic[0] = 2 }, "made anew"},
		"ahead":           {func(m *checkpoint) { m.Offset = 101 }, "ahead"},
		"at the end":      {func(m *checkpoint) { m.Offset = 100 }, ""},
		"behind start":    {func(m *checkpoint) { m.Offset = 9 }, "begins after"},
		"old":             {func(m *checkpoint) { m.Time -= checkpointAge.Milliseconds() + 1 }, "too old"},
		"old, at the end": {func(m *checkpoint) { m.Offset, m.Time = 99, 0 }, ""},
	} {
		mark := good
		c.change(&mark)
		if got := mark.stale(at, now); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// everywhere waits until each broker knows a topic that was made anew: real ones
// hear of it one after another.
func everywhere(t *testing.T, client *kgo.Client, topic kadm.CreateTopicResponse) {
	t.Helper()
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic.Topic}}
	for _, broker := range client.DiscoveredBrokers() {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			answer, err := request.RequestWith(t.Context(), broker)
			if err == nil && len(answer.Topics) == 1 && answer.Topics[0].ErrorCode == 0 && answer.Topics[0].TopicID == topic.ID {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("a broker does not know topic %s: %v", topic.Topic, err)
			}
		}
	}
}

func TestAChangelogMadeAnew(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	dir := t.TempDir()
	stop := runIn(t, &counter{}, kafka, dir)
	produce(t, client, "a", "b", "c")
	waitIdle(t, client)
	stop()
	admin := kadm.NewClient(client)
	if _, err := admin.DeleteTopic(t.Context(), "vislang.counter.state"); err != nil {
		t.Fatal(err)
	}
	created, err := admin.CreateTopic(t.Context(), 3, -1, nil, "vislang.counter.state")
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, client, created)
	s, _ := holder(t, kafka, client, dir, 0, 1, 2)
	defer s.close()
	for key := range dump(t, s) {
		if key[0] == 'd' {
			t.Errorf("key %q of the former changelog is still there", key)
		}
	}
}

func TestDamagedFilesAreMadeAgain(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	dir := t.TempDir()
	stop := runIn(t, &counter{}, kafka, dir)
	produce(t, client, "a", "b", "c")
	waitIdle(t, client)
	stop()
	files, _ := filepath.Glob(filepath.Join(dir, "counter", "0", "*"))
	for _, file := range files {
		if err := os.WriteFile(file, []byte("rubbish"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	stop = runIn(t, &counter{}, kafka, dir)
	produce(t, client, "a", "b", "c")
	waitIdle(t, client)
	stop()
	got := read(t, kafka, "counts")
	for _, word := range []string{"a", "b", "c"} {
		if got[word+"=1"] != 1 || got[word+"=2"] != 1 {
			t.Errorf("counts: %v", got)
		}
	}
}

// TestDamagedTableWhileRunning breaks a table file whose content is not in
// memory, under a stage that runs.
func TestDamagedTableWhileRunning(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	dir := t.TempDir()
	stop := runIn(t, &counter{}, kafka, dir)
	produce(t, client, "a", "b", "c")
	waitIdle(t, client)
	stop()
	tables, _ := filepath.Glob(filepath.Join(dir, "counter", "0", "*.sst"))
	if len(tables) == 0 {
		t.Fatal("no table files: a stop did not write the state")
	}
	for _, name := range tables {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range min(len(data), 40) { // the data blocks come first
			data[i] ^= 0xff
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	stop = runIn(t, &counter{}, kafka, dir)
	produce(t, client, "a", "b", "c")
	waitIdle(t, client)
	stop()
	got := read(t, kafka, "counts")
	for _, word := range []string{"a", "b", "c"} {
		if got[word+"=1"] != 1 || got[word+"=2"] != 1 {
			t.Errorf("counts: %v", got)
		}
	}
}

func TestProcessesShareAStateFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	var dirs []string
	for range 3 {
		s, err := openStore(t.Context(), dir, "counter", log, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		dirs = append(dirs, filepath.Base(s.dir))
	}
	if !slices.Equal(dirs, []string{"0", "1", "2"}) {
		t.Errorf("folders %v", dirs)
	}
}

// TestAFormerOwnerChangesNothing: two workers of one process share the store.
func TestAFormerOwnerChangesNothing(t *testing.T) {
	t.Parallel()
	s, err := openStore(t.Context(), "", "counter", slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	former := s.take(0)
	if err := former.apply([]*kgo.Record{{Key: []byte("k"), Value: []byte("1"), Offset: 7}}, nil); err != nil {
		t.Fatal(err)
	}
	owner := s.take(0)
	if owner.mark.Offset != 8 || owner.mark.Keys != 1 {
		t.Errorf("checkpoint %+v", owner.mark)
	}
	if err := former.apply([]*kgo.Record{{Key: []byte("k"), Value: []byte("late"), Offset: 9}}, nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := owner.get("k"); string(got) != "1" {
		t.Errorf("the former owner wrote %q", got)
	}
	if err := owner.apply([]*kgo.Record{
		{Key: []byte("k"), Offset: 9}, {Key: []byte("k"), Value: []byte("2"), Offset: 10}, {Key: []byte("k"), Offset: 11},
	}, nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := owner.get("k"); got != nil || owner.mark.Keys != 0 {
		t.Errorf("after a deletion: %q, %d keys", got, owner.mark.Keys)
	}
}

func runIn(t *testing.T, stage Stage, kafka []kgo.Opt, state string) (stop func()) {
	t.Helper()
	return runWith(t, stage, Options{Kafka: kafka, Workers: 2, Instance: t.Name(), StateDir: state})
}

func runWith(t *testing.T, stage Stage, o Options) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := background(ctx, stage, o)
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

func letter(_ context.Context, f Failed) (string, []byte, []byte, error) {
	key := fmt.Sprintf("%s/%d/%d", f.Record.Topic, f.Record.Partition, f.Record.Offset)
	return "deadletters", []byte(key), []byte(f.Class), nil
}
