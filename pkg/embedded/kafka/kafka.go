// Package kafka runs a Kafka broker inside this process: franz-go's kfake,
// which speaks the real protocol with groups and transactions, keeping its log
// in a folder. It listens on loopback, so kcat and any other client can look.
//
//	broker, err := kafka.Start(ctx, kafka.Options{Dir: "data/kafka", Port: 9092})
//	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()))
//
// The log goes through the page cache: a killed process loses nothing that was
// acknowledged, a crashed machine may (set Sync for that, at a cost).
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Options say where the broker keeps its log and listens. The caller locks
// Dir: the broker does not.
type Options struct {
	Dir  string
	Port int // 0 takes a free one
	Sync bool
	Log  *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	dir     string
	journal *journal
}

// Start opens the log and listens.
func Start(ctx context.Context, o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	// kfake retries a taken port for a while; asking first gives a clear
	// error at once.
	probe, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("port %d of the embedded Kafka is taken: choose another with --kafka-port (0 takes a free one)", o.Port)
		}
		return nil, fmt.Errorf("listen for the embedded Kafka: %w", err)
	}
	probe.Close()
	killed, err := wasKilled(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("start the embedded Kafka in %s: %w", o.Dir, err)
	}
	if killed {
		if err := cutTorn(o.Dir); err != nil {
			return nil, fmt.Errorf("recover the embedded Kafka in %s: %w", o.Dir, err)
		}
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ClusterID("vislang-embedded"),
		kfake.Ports(o.Port),
		kfake.DataDir(o.Dir),
		kfake.WithLogger(logger{o.Log}),
		// Topics have a retention of their own; offsets must outlive any
		// pause of an operator.
		kfake.BrokerConfigs(map[string]string{"offsets.retention.minutes": strconv.Itoa(10 * 365 * 24 * 60)}),
	}
	if o.Sync {
		opts = append(opts, kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("start the embedded Kafka in %s: %w", o.Dir, err)
	}
	b := &Broker{cluster: cluster, dir: o.Dir}
	if err := b.begin(ctx, killed); err != nil {
		cluster.Close()
		return nil, fmt.Errorf("recover the embedded Kafka in %s: %w", o.Dir, err)
	}
	// Starting reads the whole log once; give that memory back.
	debug.FreeOSMemory()
	return b, nil
}

// begin puts the journal in place and mends what a kill left behind.
func (b *Broker) begin(ctx context.Context, killed bool) (err error) {
	if b.journal, err = openJournal(b.dir); err != nil {
		return err
	}
	b.journal.watch(b.cluster)
	if !killed {
		return nil
	}
	last, err := b.journal.read()
	if err != nil {
		return err
	}
	return b.recover(ctx, last)
}

// Addr is the broker's host:port.
func (b *Broker) Addr() string { return b.cluster.ListenAddrs()[0] }

// Close writes the state that makes the next start quick, and stops.
func (b *Broker) Close() error {
	b.cluster.Close()
	return errors.Join(b.journal.close(), os.WriteFile(filepath.Join(b.dir, cleanName), nil, 0o666))
}

type logger struct{ log *slog.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error(fmt.Sprintf(format, args...), "engine", "kafka")
	case kfake.LogLevelWarn:
		// Slow requests, mostly, which are no news on a busy machine.
		l.log.Info(fmt.Sprintf(format, args...), "engine", "kafka")
	case kfake.LogLevelNone, kfake.LogLevelInfo, kfake.LogLevelDebug:
		// The broker's small talk would drown ours.
	}
}
