package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ReadToEnd hands the committed records of a partition to fn, from its start
// to the end it has when the call begins; transactions open then are waited
// for. A record with a nil value is a tombstone. It is how compacted topics
// become tables.
func ReadToEnd(ctx context.Context, kafka []kgo.Opt, topic string, partition int32, fn func(*kgo.Record)) error {
	client, err := kgo.NewClient(kafka...)
	if err != nil {
		return err
	}
	defer client.Close()
	start, end, err := bounds(ctx, kadm.NewClient(client), topic, partition)
	if err != nil {
		return err
	}
	return readRange(ctx, kafka, topic, partition, start, end, func(rec *kgo.Record) error {
		fn(rec)
		return nil
	})
}

// bounds are the first offset of a partition and its high watermark.
func bounds(ctx context.Context, admin *kadm.Client, topic string, partition int32) (start, end int64, err error) {
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, 0, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, 0, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	first, ok := starts.Lookup(topic, partition)
	last, ok2 := ends.Lookup(topic, partition)
	if !ok || !ok2 {
		return 0, 0, fmt.Errorf("topic %s has no partition %d", topic, partition)
	}
	if err := errors.Join(first.Err, last.Err); err != nil {
		return 0, 0, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	return first.Offset, last.Offset, nil
}

// readRange hands the committed records of [from, to) to fn.
func readRange(ctx context.Context, kafka []kgo.Opt, topic string, partition int32, from, to int64, fn func(*kgo.Record) error) error {
	if from >= to {
		return nil
	}
	client, err := kgo.NewClient(append(slices.Clone(kafka),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(from)}}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// The last offset may be a commit marker: it must be seen.
		kgo.KeepControlRecords(),
		kgo.FetchMaxBytes(16<<20),
		kgo.FetchMaxPartitionBytes(8<<20),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	for position := from; position < to; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		for it := fetches.RecordIter(); !it.Done(); {
			rec := it.Next()
			position = rec.Offset + 1
			if rec.Offset >= to || rec.Attrs.IsControl() {
				continue
			}
			if err := fn(rec); err != nil {
				return err
			}
		}
	}
	return nil
}
