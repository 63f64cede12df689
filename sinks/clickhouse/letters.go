package clickhouse

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/ksuid"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// letterbox writes dead letters and commits an intent in one transaction. It
// has a producer of its own, which exists only once a record was rejected.
type letterbox struct {
	options []kgo.Opt
	group   *kgo.Client // the member whose commit it is

	mu       sync.Mutex
	id       string // transactional id
	producer *kgo.Client
}

func (l *letterbox) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop()
}

func (l *letterbox) drop() {
	if l.producer != nil {
		l.producer.Close()
		l.producer = nil
	}
}

// send returns nil when the letters are written and the intent is committed.
// When it fails, neither is, unless ctx ended; then the next owner finds out.
func (l *letterbox) send(ctx context.Context, tp topicPartition, at position, metadata string, letters []*kgo.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	failed := l.try(ctx, tp, at, metadata, letters)
	if failed == nil {
		return nil
	}
	// Whether it took effect may be unknown. A new producer with the same
	// transactional id makes Kafka finish or abort what the old one left;
	// what is committed then is the truth.
	l.drop()
	if err := l.open(ctx); err != nil {
		return fmt.Errorf("%w; and then: %w", failed, err)
	}
	committed, err := l.committed(ctx, tp)
	if err != nil {
		return fmt.Errorf("%w; and then: %w", failed, err)
	}
	if committed == metadata {
		return nil
	}
	return failed
}

func (l *letterbox) open(ctx context.Context) error {
	if l.producer == nil {
		if l.id == "" {
			// Fencing is the work of the group's generation, so the id
			// need not be known to whoever comes after a crash.
			l.id = Group + "-" + ksuid.New().String()
		}
		producer, err := kgo.NewClient(append([]kgo.Opt{
			kgo.TransactionalID(l.id),
			kgo.TransactionTimeout(30 * time.Second),
			kgo.ProducerBatchMaxBytes(2_000_000),
			kgo.MaxBufferedBytes(64 << 20),
			// Later versions add partitions and groups to a transaction
			// implicitly; here the group's offset is added by hand.
			kgo.MaxVersions(kversion.V3_7_0()),
		}, l.options...)...)
		if err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
		l.producer = producer
	}
	if _, _, err := l.producer.ProducerID(ctx); err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	return nil
}

func (l *letterbox) try(ctx context.Context, tp topicPartition, at position, metadata string, letters []*kgo.Record) error {
	if err := l.open(ctx); err != nil {
		return err
	}
	if err := l.producer.BeginTransaction(); err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	copies := make([]*kgo.Record, len(letters)) // the producer fills in offsets
	for i, letter := range letters {
		copies[i] = &kgo.Record{Topic: letter.Topic, Key: letter.Key, Value: letter.Value}
	}
	if err := l.producer.ProduceSync(ctx, copies...).FirstErr(); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	if err := l.commit(ctx, tp, at, metadata); err != nil {
		return fmt.Errorf("commit with dead letters: %w", err)
	}
	if err := l.producer.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("commit dead letters: %w", err)
	}
	return nil
}

// commit adds the offset to the transaction. The member and generation make
// Kafka refuse it once the partition may have another owner.
func (l *letterbox) commit(ctx context.Context, tp topicPartition, at position, metadata string) error {
	id, epoch, err := l.producer.ProducerID(ctx)
	if err != nil {
		return err
	}
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = l.id, id, epoch, Group
	added, err := add.RequestWith(ctx, l.producer)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(added.ErrorCode); err != nil {
		return err
	}
	r := kmsg.NewPtrTxnOffsetCommitRequest()
	r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Group = l.id, id, epoch, Group
	r.MemberID, r.Generation = l.group.GroupMetadata()
	p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = tp.partition, at.offset, at.epoch, &metadata
	t := kmsg.NewTxnOffsetCommitRequestTopic()
	t.Topic, t.Partitions = tp.topic, append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	response, err := r.RequestWith(ctx, l.producer)
	if err != nil {
		return err
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return errNoAnswer
	}
	return kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode)
}

// committed returns the metadata of a partition's committed offset, once no
// transaction holds it.
func (l *letterbox) committed(ctx context.Context, tp topicPartition) (string, error) {
	for attempt := 0; ; attempt++ {
		g := kmsg.NewOffsetFetchRequestGroup()
		t := kmsg.NewOffsetFetchRequestGroupTopic()
		t.Topic, t.Partitions = tp.topic, []int32{tp.partition}
		g.Group, g.Topics = Group, append(g.Topics, t)
		r := kmsg.NewPtrOffsetFetchRequest()
		r.RequireStable, r.Groups = true, append(r.Groups, g)
		response, err := r.RequestWith(ctx, l.producer)
		if err != nil {
			return "", fmt.Errorf("read committed offset: %w", err)
		}
		metadata, err := metadataOf(response)
		if err == nil || err != kerr.UnstableOffsetCommit {
			return metadata, err
		}
		if !sleep(ctx, backoff(attempt)) {
			return "", ctx.Err()
		}
	}
}

func metadataOf(response *kmsg.OffsetFetchResponse) (string, error) {
	for _, g := range response.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return "", err
		}
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return "", err
				}
				if p.Metadata != nil {
					return *p.Metadata, nil
				}
			}
		}
	}
	return "", nil
}
