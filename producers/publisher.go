package producers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/pkg/stream/control"
	"vislang/pkg/stream/retry"
	"vislang/pkg/stream/tracing"
	"vislang/schemas"
)

// MemoryTopic holds what sources remember, compacted. It has one partition,
// so that one read at start restores it in order.
const MemoryTopic = "vislang.sources.memory"

// PublisherOptions say where a Publisher writes.
type PublisherOptions struct {
	Kafka    []kgo.Opt
	Instance string // makes the transactional id; stable over restarts
	Codec    *schemas.Codec
	Control  *control.Control // operators' orders; may be nil

	Registry prometheus.Registerer // for the metrics of the Kafka client; may be nil
	Tracer   *tracing.Tracer       // may be nil
	Log      *slog.Logger          // may be nil
}

// Stage is the name of all sources together in operators' orders.
const Stage = "sources"

// Publisher writes documents and what their sources remember of them to
// Kafka, each document and its memory in one transaction. Writing goes on
// behind the callers: what they hand over while one transaction commits makes
// the next.
type Publisher struct {
	o      PublisherOptions
	client *kgo.Client
	done   chan struct{}

	mu      sync.Mutex
	changed *sync.Cond
	memory  map[string][]byte // by source, NUL, key
	pending []*kgo.Record
	busy    bool // a transaction is under way
	closed  bool
	failed  error
}

// maxPending bounds the memory of records not yet written; sources wait
// beyond it.
const maxPending = 1000

// NewPublisher reads what sources remember and starts the writer.
func NewPublisher(ctx context.Context, o PublisherOptions) (*Publisher, error) {
	p := &Publisher{o: o, done: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	if err := retry.Do(ctx, o.Log, "open producer", p.open); err != nil {
		return nil, err
	}
	if err := retry.Do(ctx, o.Log, "read topic "+MemoryTopic, func(ctx context.Context) (err error) {
		p.memory, err = readMemory(ctx, o.Kafka)
		return err
	}); err != nil {
		p.client.Close()
		return nil, err
	}
	go p.write()
	return p, nil
}

func (p *Publisher) open(ctx context.Context) error {
	client, err := kgo.NewClient(append(slices.Clone(p.o.Kafka),
		kgo.TransactionalID(p.o.Instance+"-producers"),
		kgo.TransactionTimeout(time.Minute),
		kgo.ProducerBatchMaxBytes(1_000_000),
		kgo.ProducerLinger(0),
		stream.ClientMetrics(p.o.Registry, Stage, 0),
	)...)
	if err != nil {
		return fmt.Errorf("open producer: %w", err)
	}
	// Ends what a killed predecessor left open, before its memory is read.
	if _, _, err := client.ProducerID(ctx); err != nil {
		client.Close()
		return fmt.Errorf("take over transactional id %s-producers: %w", p.o.Instance, err)
	}
	p.client = client
	return nil
}

// Output is the view of one source on the publisher.
func (p *Publisher) Output(source string) *SourceOutput {
	return &SourceOutput{publisher: p, prefix: source + "\x00"}
}

// Flush waits until all that was handed over is committed.
func (p *Publisher) Flush(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.mu.Lock(); p.changed.Broadcast(); p.mu.Unlock() })
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for (len(p.pending) > 0 || p.busy) && p.failed == nil && ctx.Err() == nil {
		p.changed.Wait()
	}
	return errors.Join(p.failed, ctx.Err())
}

// Close writes what is pending and stops.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.changed.Broadcast()
	p.mu.Unlock()
	<-p.done
	p.client.Close()
	return p.failed
}

func (p *Publisher) add(ctx context.Context, key string, memory []byte, records ...*kgo.Record) error {
	if err := p.o.Control.Wait(ctx, Stage, p.o.Instance); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.pending) >= maxPending && p.failed == nil && ctx.Err() == nil {
		p.changed.Wait()
	}
	if err := errors.Join(p.failed, ctx.Err()); err != nil {
		return err
	}
	p.pending = append(p.pending, records...)
	p.memory[key] = memory
	p.changed.Broadcast()
	return nil
}

// write commits what is pending, batch after batch, until Close.
func (p *Publisher) write() {
	defer close(p.done)
	for {
		p.mu.Lock()
		for len(p.pending) == 0 && !p.closed {
			p.changed.Wait()
		}
		if len(p.pending) == 0 {
			p.mu.Unlock()
			return
		}
		batch := p.pending
		p.pending, p.busy = nil, true
		p.mu.Unlock()

		err := p.commit(batch)

		p.mu.Lock()
		p.busy = false
		if err != nil {
			p.failed = fmt.Errorf("write documents: %w", err)
			p.changed.Broadcast()
			p.mu.Unlock()
			return
		}
		p.changed.Broadcast()
		p.mu.Unlock()
	}
}

// commit writes a batch in one transaction. A transaction whose end is
// unknown is not repeated: it may have been committed. The sources read again
// from what the topic remembers.
func (p *Publisher) commit(batch []*kgo.Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := p.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := p.client.ProduceSync(ctx, batch...).FirstErr(); err != nil {
		return errors.Join(err, p.client.EndTransaction(ctx, kgo.TryAbort))
	}
	return p.client.EndTransaction(ctx, kgo.TryCommit)
}

// SourceOutput is an Output that writes through a Publisher.
type SourceOutput struct {
	publisher   *Publisher
	prefix      string
	found, done atomic.Int64
}

// Seen implements Output.
func (o *SourceOutput) Seen(key string) []byte {
	o.publisher.mu.Lock()
	defer o.publisher.mu.Unlock()
	return o.publisher.memory[o.prefix+key]
}

// Document implements Output. It returns before the record is committed; a
// failure shows in a later call or in Flush.
func (o *SourceOutput) Document(ctx context.Context, doc *schemas.Document, key string, memory []byte) error {
	key = o.prefix + key
	records := []*kgo.Record{{Topic: MemoryTopic, Key: []byte(key), Value: memory}}
	if doc != nil {
		value, err := o.publisher.o.Codec.Encode(ctx, doc)
		if err != nil {
			return fmt.Errorf("encode document %s: %w", doc.URL, err)
		}
		document := &kgo.Record{Topic: schemas.TopicDocuments, Key: []byte(doc.DocumentID), Value: value}
		o.publisher.o.Tracer.Produce(ctx, Stage, document)
		records = append(records, document)
	}
	return o.publisher.add(ctx, key, memory, records...)
}

// Found implements Output.
func (o *SourceOutput) Found(n int) { o.found.Add(int64(n)) }

// Done implements Output.
func (o *SourceOutput) Done(n int) { o.done.Add(int64(n)) }

// Progress tells how many things are known to be there, and how many of them
// were read.
func (o *SourceOutput) Progress() (found, done int64) { return o.found.Load(), o.done.Load() }

// readMemory reads the memory topic to its end.
func readMemory(ctx context.Context, kafka []kgo.Opt) (map[string][]byte, error) {
	memory := map[string][]byte{}
	err := stream.ReadToEnd(ctx, kafka, MemoryTopic, 0, func(rec *kgo.Record) {
		if rec.Value == nil {
			delete(memory, string(rec.Key))
		} else {
			memory[string(rec.Key)] = rec.Value
		}
	})
	return memory, err
}

// InternalTopics are the topics that sources need besides the documents.
func InternalTopics() []schemas.Topic {
	compacted := map[string]string{"cleanup.policy": "compact"}
	return []schemas.Topic{
		{Name: ListTopic, Partitions: 1, Configs: compacted},
		{Name: MemoryTopic, Partitions: 1, Configs: compacted},
	}
}
