package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/embedded/kafka"
	"vislang/pkg/stream/streamtest"
)

// counter is a stateful stage: it counts words, and fails on some.
type counter struct {
	down  atomic.Bool // its dependency is away
	flaky atomic.Int32
}

func (*counter) Name() string      { return "counter" }
func (*counter) Inputs() []string  { return []string{"words"} }
func (*counter) Changelog() string { return "vislang.counter.state" }

func (c *counter) Process(_ context.Context, in Record, out *Output) error {
	n, _ := strconv.Atoi(string(out.Get(string(in.Value))))
	out.Put(string(in.Value), []byte(strconv.Itoa(n+1)))
	switch {
	case c.down.Load():
		return Unavailable(errors.New("the store is away"))
	case bytes.Equal(in.Value, []byte("poison")):
		return Permanent("corrupt", errors.New("cannot be read"))
	case bytes.Equal(in.Value, []byte("panic")):
		panic("a bug")
	case bytes.Equal(in.Value, []byte("flaky")) && c.flaky.Add(1) < 3:
		return errors.New("not this time")
	}
	out.Emit("counts", in.Value, []byte(strconv.Itoa(n+1)))
	return nil
}

// start starts a broker of its own for a test, or empties those of
// `make test-kafka` for it.
func start(t *testing.T, dir string) ([]kgo.Opt, *kgo.Client) {
	t.Helper()
	seeds := streamtest.Kafka(t)
	if seeds == nil {
		broker, err := kafka.Start(t.Context(), kafka.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { broker.Close() })
		seeds = []string{broker.Addr()}
	}
	kafka := []kgo.Opt{kgo.SeedBrokers(seeds...)}
	client, err := kgo.NewClient(kafka...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	created, err := kadm.NewClient(client).CreateTopics(t.Context(), 3, -1, nil, "words", "counts", "vislang.counter.state", "deadletters")
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range created {
		if topic.Err != nil && !errors.Is(topic.Err, kerr.TopicAlreadyExists) {
			t.Fatal(topic.Err)
		}
	}
	return kafka, client
}

func produce(t *testing.T, client *kgo.Client, words ...string) {
	t.Helper()
	for _, word := range words {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "words", Key: []byte(word), Value: []byte(word)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// run starts the stage and returns a function that stops it.
func run(t *testing.T, stage Stage, kafka []kgo.Opt) (stop func()) {
	t.Helper()
	return runIn(t, stage, kafka, "")
}

func waitIdle(t *testing.T, client *kgo.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for {
		lags, err := Lags(ctx, kadm.NewClient(client), map[string][]string{"counter": {"words"}})
		if err != nil {
			t.Fatal(err)
		}
		if lags["counter"].Records == 0 && lags["counter"].End > 0 {
			return
		}
		if !sleep(ctx, 20*time.Millisecond) {
			t.Fatalf("still behind: %+v", lags)
		}
	}
}

// read returns what a topic holds, committed, as key=value counted.
func read(t *testing.T, kafka []kgo.Opt, topic string) map[string]int {
	t.Helper()
	client, err := kgo.NewClient(kafka...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for p := range topics[topic].Partitions {
		err := ReadToEnd(t.Context(), kafka, topic, p, func(r *kgo.Record) { got[string(r.Key)+"="+string(r.Value)]++ })
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestStageCountsExactlyOnceOverRestarts(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{ProtocolClassic, ProtocolConsumer} {
		t.Run(protocol, func(t *testing.T) {
			kafka, client := start(t, t.TempDir())
			stage := &counter{}
			begin := func() (stop func()) {
				return runWith(t, stage, Options{Kafka: kafka, Workers: 2, Instance: t.Name(), Protocol: protocol})
			}
			for round := range 4 {
				stop := begin()
				for range 5 {
					produce(t, client, "a", "b", "c")
				}
				if round%2 == 0 {
					waitIdle(t, client)
				} // else the stop comes in the middle
				stop()
			}
			stop := begin()
			waitIdle(t, client)
			stop()
			got := read(t, kafka, "counts")
			for _, word := range []string{"a", "b", "c"} {
				for n := 1; n <= 20; n++ {
					if key := fmt.Sprintf("%s=%d", word, n); got[key] != 1 {
						t.Errorf("%s came %d times", key, got[key])
					}
				}
			}
		})
	}
}

func TestAFailureCostsOnlyItsRecord(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	produce(t, client, "good", "poison", "panic", "flaky", "good")
	stop := run(t, &counter{}, kafka)
	waitIdle(t, client)
	stop()
	got := read(t, kafka, "counts")
	if got["good=1"] != 1 || got["good=2"] != 1 || got["flaky=1"] != 1 || len(got) != 3 {
		t.Errorf("counts: %v (a failed attempt must not leave state behind)", got)
	}
	classes := map[string]int{}
	for letter := range read(t, kafka, "deadletters") {
		classes[letter[bytes.IndexByte([]byte(letter), '=')+1:]]++
	}
	if classes["corrupt"] != 1 || classes["panic"] != 1 || len(classes) != 2 {
		t.Errorf("dead letters: %v", classes)
	}
	state := read(t, kafka, "vislang.counter.state")
	if state["poison=1"] != 0 {
		t.Error("the state of a dead-lettered record was written")
	}
}

func TestAnAbsentDependencyFillsNoDeadLetters(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	stage := &counter{}
	stage.down.Store(true)
	produce(t, client, "a")
	stop := run(t, stage, kafka)
	time.Sleep(1500 * time.Millisecond)
	stage.down.Store(false)
	waitIdle(t, client)
	stop()
	if got := read(t, kafka, "counts"); got["a=1"] != 1 {
		t.Errorf("counts: %v", got)
	}
	if got := read(t, kafka, "deadletters"); len(got) != 0 {
		t.Errorf("dead letters: %v", got)
	}
}

// TestKilledBrokerAndWorker kills a process that holds both in the middle of
// its work, and finishes in this one.
func TestKilledBrokerAndWorker(t *testing.T) {
	t.Parallel()
	if os.Getenv("VISLANG_TEST_BROKERS") != "" {
		t.Skip("kills an embedded broker; make chaos kills real ones")
	}
	dir := t.TempDir()
	if os.Getenv("VISLANG_TEST_VICTIM") != "" {
		kafka, client := start(t, os.Getenv("VISLANG_TEST_VICTIM"))
		run(t, &counter{}, kafka)
		fmt.Println("ready")
		for {
			produce(t, client, "x", "y", "z")
		}
	}
	for range 3 {
		victim := exec.Command(os.Args[0], "-test.run=^TestKilledBrokerAndWorker$", "-test.v")
		victim.Env = append(os.Environ(), "VISLANG_TEST_VICTIM="+dir)
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		victim.Process.Kill()
		victim.Wait()
	}
	kafka, client := start(t, dir)
	stop := run(t, &counter{}, kafka)
	waitIdle(t, client)
	stop()
	counts := read(t, kafka, "counts")
	words := read(t, kafka, "words")
	for _, word := range []string{"x", "y", "z"} {
		total := words[word+"="+word]
		if total == 0 {
			t.Errorf("the victim wrote no %s", word)
		}
		for n := 1; n <= total; n++ {
			if got := counts[fmt.Sprintf("%s=%d", word, n)]; got != 1 {
				t.Errorf("%s=%d came %d times", word, n, got)
			}
		}
	}
	t.Logf("%d words, %d counts", words["x=x"], len(counts))
}

// slow stops at one record until another process has got a partition.
type slow struct {
	calls atomic.Int32
	stop  int32         // the call that waits
	taken chan struct{} // closed by the other's first call; nil here means that this is the other
	other chan struct{} // to close, nil if none
	once  sync.Once
}

func (*slow) Name() string     { return "slow" }
func (*slow) Inputs() []string { return []string{"words"} }

func (s *slow) Process(ctx context.Context, _ Record, _ *Output) error {
	if s.other != nil {
		s.once.Do(func() { close(s.other) })
	}
	if s.calls.Add(1) == s.stop {
		select {
		case <-s.taken:
		case <-ctx.Done():
		}
	}
	return nil
}

// A batch that can no longer be committed is not worked on to its end.
func TestADoomedBatchIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	var words []string
	for n := range 120 {
		words = append(words, fmt.Sprintf("w%d", n))
	}
	produce(t, client, words...)
	taken := make(chan struct{})
	first, second := &slow{stop: 30, taken: taken}, &slow{other: taken}
	givenUp := make(chan int32, 100)
	log := slog.New(watched{slog.DiscardHandler, func(message string) {
		if strings.HasPrefix(message, "batch given up") {
			givenUp <- first.calls.Load()
		}
	}})
	defer runWith(t, first, Options{Kafka: kafka, Workers: 1, Instance: "first", Log: log})()
	deadline := time.Now().Add(60 * time.Second)
	for first.calls.Load() < 30 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	defer runWith(t, second, Options{Kafka: kafka, Workers: 1, Instance: "second"})()
	for calls := int32(0); calls < 30; { // a batch may be given up before the other comes, too
		select {
		case calls = <-givenUp:
		case <-time.After(time.Until(deadline)):
			t.Fatal("no batch was given up")
		}
		if calls > 30 {
			t.Errorf("given up after %d records, want 30", calls)
		}
	}
}

// watched calls a function with each message of a log.
type watched struct {
	slog.Handler
	see func(message string)
}

func (w watched) Enabled(context.Context, slog.Level) bool { return true }
func (w watched) WithAttrs([]slog.Attr) slog.Handler       { return w }
func (w watched) Handle(_ context.Context, r slog.Record) error {
	w.see(r.Message)
	return nil
}
