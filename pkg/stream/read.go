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
// to the end it has when the call begins. A record with a nil value is a
// tombstone. It is how compacted topics become tables.
func ReadToEnd(ctx context.Context, kafka []kgo.Opt, topic string, partition int32, fn func(*kgo.Record)) error {
	client, err := kgo.NewClient(append(slices.Clone(kafka),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// The last offset may be a commit marker: it must be seen.
		kgo.KeepControlRecords(),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	start, ok := starts.Lookup(topic, partition)
	end, ok2 := ends.Lookup(topic, partition)
	if !ok || !ok2 {
		return fmt.Errorf("topic %s has no partition %d", topic, partition)
	}
	if err := errors.Join(start.Err, end.Err); err != nil {
		return fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	for position := start.Offset; position < end.Offset; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s: %w", topic, err)
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			position = rec.Offset + 1
			if rec.Offset < end.Offset && !rec.Attrs.IsControl() {
				fn(rec)
			}
		})
	}
	return nil
}
