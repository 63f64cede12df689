package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
)

// burnerCommand is the first argument of this program when it is not to
// measure but to be measured: a process of a stage, as `vislang run --stages`
// is one.
const burnerCommand = "burner"

// A burner is a stage that burns processor time, writes down when it worked
// on which record, and emits the record's position.
type burner struct {
	name, in, out string
	work          time.Duration // processor time a record

	mu  sync.Mutex
	log *bufio.Writer // a line an execution: partition, offset, begin and end in Unix nanoseconds
}

func (s *burner) Name() string     { return s.name }
func (s *burner) Inputs() []string { return []string{s.in} }
func (s *burner) Process(_ context.Context, in stream.Record, out *stream.Output) error {
	began := time.Now()
	if err := burn(s.work); err != nil {
		return err
	}
	out.Emit(s.out, []byte(position{in.Partition, in.Offset}.String()), in.Value)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := fmt.Fprintln(s.log, in.Partition, in.Offset, began.UnixNano(), time.Now().UnixNano())
	return err
}

// burn keeps a processor for a time that is counted by the processor, so that
// a busy machine makes it longer on the clock but not less work.
func burn(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, err := threadTime()
	for now := began; err == nil && now-began < d; now, err = threadTime() {
		for range 10_000 {
			spin()
		}
	}
	return err
}

//go:noinline
func spin() {}

// threadTime is the processor time that the calling thread has had.
func threadTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &usage); err != nil {
		return 0, fmt.Errorf("read the processor time of the thread: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// runBurner is a process of the stage, until it is told to end.
func runBurner(arguments []string) error {
	flags := flag.NewFlagSet(burnerCommand, flag.ExitOnError)
	brokers := flags.String("brokers", "", "host:port,…")
	in := flags.String("in", "", "input topic, and the name of the stage")
	out := flags.String("out", "", "output topic")
	instance := flags.String("instance", "", "name of this process")
	protocol := flags.String("protocol", stream.ProtocolClassic, "group protocol")
	workers := flags.Int("workers", 1, "group members")
	work := flags.Duration("work", 0, "processor time a record")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stage := &burner{name: *in, in: *in, out: *out, work: *work, log: bufio.NewWriter(os.Stdout)}
	err := stream.Run(ctx, stage, stream.Options{
		Kafka:    []kgo.Opt{kgo.SeedBrokers(strings.Split(*brokers, ",")...)},
		Instance: *instance, Workers: *workers, Protocol: *protocol,
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	return stage.log.Flush()
}

// A position is where an input record stands.
type position struct {
	partition int32
	offset    int64
}

func (p position) String() string { return fmt.Sprintf("%d/%d", p.partition, p.offset) }

func parsePosition(text string) (position, error) {
	partition, offset, _ := strings.Cut(text, "/")
	p, err := strconv.ParseInt(partition, 10, 32)
	if err != nil {
		return position{}, fmt.Errorf("read position %q: %w", text, err)
	}
	o, err := strconv.ParseInt(offset, 10, 64)
	if err != nil {
		return position{}, fmt.Errorf("read position %q: %w", text, err)
	}
	return position{int32(p), o}, nil
}

// An execution is the work on one record, whether it was committed or not.
type execution struct {
	position
	began, ended time.Time
}

// executions reads what an ended burner wrote down.
func executions(output []byte) ([]execution, error) {
	var all []execution
	for line := range strings.Lines(string(output)) {
		var e execution
		var began, ended int64
		if _, err := fmt.Sscan(line, &e.partition, &e.offset, &began, &ended); err != nil {
			return nil, fmt.Errorf("read execution %q: %w", line, err)
		}
		e.began, e.ended = time.Unix(0, began), time.Unix(0, ended)
		all = append(all, e)
	}
	return all, nil
}
