package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// swell is a stage without state whose output is as large as its input says.
type swell struct{ name string }

func (s swell) Name() string   { return s.name }
func (swell) Inputs() []string { return []string{"words"} }
func (swell) Process(_ context.Context, in Record, out *Output) error {
	size, err := strconv.Atoi(string(in.Value))
	if err != nil {
		return Permanent("corrupt", err)
	}
	value := make([]byte, size)
	for i := range value { // nothing that compresses
		value[i] = byte(i*7919 ^ i>>8*31)
	}
	out.Emit("counts", in.Key, value)
	return nil
}

// logged is a log that a test can read while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// sizes returns how many records of each size a topic holds.
func sizes(t *testing.T, kafka []kgo.Opt, topic string) map[int]int {
	t.Helper()
	got := map[int]int{}
	for record, n := range read(t, kafka, topic) {
		_, value, _ := strings.Cut(record, "=")
		got[len(value)] += n
	}
	return got
}

func waitGroup(t *testing.T, client *kgo.Client, group string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for {
		lags, err := Lags(ctx, kadm.NewClient(client), map[string][]string{group: {"words"}})
		if err != nil {
			t.Fatal(err)
		}
		if lags[group].Records == 0 && lags[group].End > 0 {
			return
		}
		if !sleep(ctx, 20*time.Millisecond) {
			t.Fatalf("still behind: %+v", lags)
		}
	}
}

// background runs a stage and returns the end of Run.
func background(ctx context.Context, stage Stage, o Options) <-chan error {
	done := make(chan error, 1)
	o.DeadLetter = letter
	go func() { done <- Run(ctx, stage, o) }()
	return done
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(string) int32{
		"the stage knows the limit":       func(string) int32 { return 5000 },
		"only the broker knows the limit": nil,
	} {
		t.Run(name, func(t *testing.T) {
			kafka, client := start(t, t.TempDir())
			admin := kadm.NewClient(client)
			value := "5000"
			if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &value}}, "counts"); err != nil {
				t.Fatal(err)
			}
			for n := range 60 {
				word := strconv.Itoa(100 + n)
				if n%20 == 10 {
					word = "9000"
				}
				produce(t, client, word)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := background(ctx, swell{"swell"}, Options{Kafka: kafka, Instance: "a", BatchBytes: limit})
			waitGroup(t, client, "swell")
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			got := sizes(t, kafka, "counts")
			for n := range 60 {
				if want := 1; n%20 != 10 && got[100+n] != want {
					t.Errorf("size %d came %d times", 100+n, got[100+n])
				}
			}
			if got[9000] != 0 {
				t.Error("a record above the limit was written")
			}
			letters := read(t, kafka, "deadletters")
			n := 0
			for letter := range letters {
				if !strings.HasSuffix(letter, "=too_large") {
					t.Errorf("dead letter %s", letter)
				}
				n++
			}
			if n != 3 {
				t.Errorf("%d dead letters, want 3: %v", n, letters)
			}
		})
	}
}

// TestARecordThatKafkaRefuses has a stage write without a key to a compacted
// topic, which only real brokers refuse.
func TestARecordThatKafkaRefuses(t *testing.T) {
	if os.Getenv("VISLANG_TEST_BROKERS") == "" {
		t.Skip("needs the brokers of `make test-kafka`")
	}
	kafka, client := start(t, t.TempDir())
	compact := "compact"
	if _, err := kadm.NewClient(client).AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "cleanup.policy", Value: &compact}}, "counts"); err != nil {
		t.Fatal(err)
	}
	produce(t, client, "101", "102")
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "words", Value: []byte("103")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	produce(t, client, "104", "105")
	ctx, cancel := context.WithCancel(t.Context())
	done := background(ctx, swell{"swell"}, Options{Kafka: kafka, Instance: "a"})
	waitGroup(t, client, "swell")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, want := sizes(t, kafka, "counts"), map[int]int{101: 1, 102: 1, 104: 1, 105: 1}; !maps.Equal(got, want) {
		t.Errorf("written: %v, want %v", got, want)
	}
	letters := read(t, kafka, "deadletters")
	for letter := range letters {
		if len(letters) != 1 || !strings.HasSuffix(letter, "=refused") {
			t.Errorf("dead letters: %v", letters)
		}
	}
	if len(letters) == 0 {
		t.Error("no dead letter")
	}
}

func TestAnOffsetPastRetentionStopsTheStage(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	admin := kadm.NewClient(client)
	// A key keeps them in one partition.
	write := func(n int) (last int64) {
		for range n {
			rec := &kgo.Record{Topic: "words", Key: []byte("k"), Value: []byte("10")}
			if err := client.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
				t.Fatal(err)
			}
			last = rec.Offset
		}
		return last
	}
	write(5)
	ctx, cancel := context.WithCancel(t.Context())
	done := background(ctx, swell{"swell"}, Options{Kafka: kafka})
	waitGroup(t, client, "swell")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	last := write(10)
	starts, err := admin.ListEndOffsets(t.Context(), "words")
	if err != nil {
		t.Fatal(err)
	}
	partition := int32(-1)
	starts.Each(func(o kadm.ListedOffset) {
		if o.Offset > last {
			partition = o.Partition
		}
	})
	if _, err := admin.DeleteRecords(t.Context(), kadm.Offsets{"words": {partition: {Topic: "words", Partition: partition, At: last - 2}}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = <-background(ctx, swell{"swell"}, Options{Kafka: kafka})
	var lost *lostError
	if !errors.As(err, &lost) {
		t.Fatalf("the stage went on: %v", err)
	}
	for _, part := range []string{"group swell", "topic words", fmt.Sprintf("partition %d", partition), "offset 5", fmt.Sprintf("[%d, %d)", last-2, last+1), "vislang groups reset swell"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
	// A group that has no offset begins where the log begins.
	ctx, cancel = context.WithCancel(t.Context())
	done = background(ctx, swell{"newcomer"}, Options{Kafka: kafka})
	waitGroup(t, client, "newcomer")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestTwoProcessesOfOneName(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	var log logged
	var ends []<-chan error
	health := &Health{}
	for range 2 {
		ends = append(ends, background(ctx, &counter{}, Options{Kafka: kafka, Instance: "same", Log: log.logger(), Health: health}))
	}
	for n := 0; n < 400 && !strings.Contains(log.String(), "two processes have the same transactional id"); n++ {
		produce(t, client, "a", "b", "c", "d", "e", "f")
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	for _, end := range ends {
		if err := <-end; err != nil {
			t.Error(err)
		}
	}
	said := log.String()
	if !strings.Contains(said, "fenced: this worker stood still too long") || !strings.Contains(said, "--instance same") {
		t.Errorf("no warning that names the option:\n%s", said)
	}
	// One alone does the rest, and nothing was doubled.
	stop := runIn(t, &counter{}, kafka, "")
	waitIdle(t, client)
	stop()
	counts, words := read(t, kafka, "counts"), read(t, kafka, "words")
	for word, total := range words {
		word, _, _ = strings.Cut(word, "=")
		for n := 1; n <= total; n++ {
			if got := counts[fmt.Sprintf("%s=%d", word, n)]; got != 1 {
				t.Errorf("%s=%d came %d times", word, n, got)
			}
		}
	}
}

// TestAZombieIsFenced stops a process for longer than its session lasts, with
// its transactions under way, lets another do its work, and wakes it.
func TestAZombieIsFenced(t *testing.T) {
	t.Parallel()
	session := kgo.SessionTimeout(6 * time.Second)
	if addr := os.Getenv("VISLANG_TEST_ZOMBIE"); addr != "" {
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		Run(t.Context(), &counter{}, Options{
			Kafka: []kgo.Opt{kgo.SeedBrokers(addr), session}, Instance: "zombie", StateDir: os.Getenv("VISLANG_TEST_STATE"), DeadLetter: letter, Log: log,
		})
		return
	}
	kafka, client := start(t, t.TempDir())
	state := t.TempDir()
	zombie := exec.Command(os.Args[0], "-test.run=^TestAZombieIsFenced$")
	zombie.Env = append(os.Environ(), "VISLANG_TEST_ZOMBIE="+client.OptValue(kgo.SeedBrokers).([]string)[0], "VISLANG_TEST_STATE="+state)
	var log logged
	zombie.Stderr = &log
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		zombie.Process.Kill()
		zombie.Wait()
		if t.Failed() {
			t.Logf("the zombie's log:\n%s", log.String())
		}
	}()
	words := []string{"a", "b", "c", "d", "e", "f"}
	for range 20 {
		produce(t, client, words...)
	}
	waitIdle(t, client)
	wanted := 20
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		time.Sleep(30 * time.Millisecond)
		zombie.Process.Signal(syscall.SIGSTOP)
	}()
	for range 20 {
		produce(t, client, words...)
	}
	wanted += 20
	<-stopped
	ctx, cancel := context.WithCancel(t.Context())
	done := background(ctx, &counter{}, Options{Kafka: append(kafka, session), Instance: "heir", StateDir: state})
	waitGroup(t, client, "counter")
	zombie.Process.Signal(syscall.SIGCONT)
	for range 10 {
		produce(t, client, words...)
	}
	wanted += 10
	waitGroup(t, client, "counter")
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	produce(t, client, words...)
	wanted++
	waitGroup(t, client, "counter") // by the one that woke
	counts := read(t, kafka, "counts")
	for _, word := range words {
		for n := 1; n <= wanted; n++ {
			if got := counts[fmt.Sprintf("%s=%d", word, n)]; got != 1 {
				t.Errorf("%s=%d came %d times", word, n, got)
			}
		}
	}
	if t.Failed() {
		t.Log(log.String())
	}
}

func TestMorePartitions(t *testing.T) {
	t.Parallel()
	kafka, client := start(t, t.TempDir())
	admin := kadm.NewClient(client)
	fast := append(kafka, kgo.MetadataMaxAge(time.Second), kgo.MetadataMinAge(100*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stateless := background(ctx, swell{"swell"}, Options{Kafka: fast, Instance: "a"})
	stateful := background(ctx, &counter{}, Options{Kafka: fast, Instance: "b"})
	produce(t, client, "1", "2", "3")
	waitGroup(t, client, "swell")
	waitGroup(t, client, "counter")
	if _, err := admin.UpdatePartitions(t.Context(), 5, "words"); err != nil {
		t.Fatal(err)
	}
	for p := range int32(5) {
		rec := &kgo.Record{Topic: "words", Partition: p, Value: []byte("7")}
		manual, err := kgo.NewClient(append(kafka, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			t.Fatal(err)
		}
		if err := manual.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
			t.Fatal(err)
		}
		manual.Close()
	}
	waitGroup(t, client, "swell")
	if got := sizes(t, kafka, "counts"); got[7] != 5 {
		t.Errorf("the stage without state read %d of 5 partitions", got[7])
	}
	select {
	case err := <-stateful:
		var few *partitionsError
		if !errors.As(err, &few) || few.has != 3 {
			t.Errorf("the stage with state: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the stage with state went on with keys away from their state")
	}
	cancel()
	if err := <-stateless; err != nil {
		t.Error(err)
	}
}

func TestBothGroupProtocolsAndDrain(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{ProtocolClassic, ProtocolConsumer} {
		t.Run(protocol, func(t *testing.T) {
			kafka, client := start(t, t.TempDir())
			for round := range 2 {
				ctx, cancel := context.WithCancel(t.Context())
				done := background(ctx, &counter{}, Options{Kafka: kafka, Workers: 2, Instance: "a", Protocol: protocol})
				for range 5 {
					produce(t, client, "a", "b", "c")
				}
				waitIdle(t, client)
				groups, err := Groups(t.Context(), kadm.NewClient(client), "counter")
				if err != nil {
					t.Fatal(err)
				}
				if got := groups["counter"].Protocol; got != protocol {
					t.Errorf("the group's protocol is %q: %+v", got, groups)
				}
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				// It has left: nobody waits for its session to end.
				groups, err = Groups(t.Context(), kadm.NewClient(client), "counter")
				if err != nil {
					t.Fatal(err)
				}
				if got := groups["counter"].State; got != "Empty" {
					t.Errorf("round %d: after the drain the group is %s", round, got)
				}
			}
			got := read(t, kafka, "counts")
			for _, word := range []string{"a", "b", "c"} {
				for n := 1; n <= 10; n++ {
					if key := fmt.Sprintf("%s=%d", word, n); got[key] != 1 {
						t.Errorf("%s came %d times", key, got[key])
					}
				}
			}
		})
	}
}
