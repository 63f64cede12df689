package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/schemas"
)

// Range is a range [From, To) of offsets of a partition.
type Range struct {
	Topic     string
	Partition int32
	From, To  int64
}

// DocumentsIn returns the ids of the documents that the records of a range are
// about, of those records that a stage handles. It passes over what cannot be
// decoded: nothing was made of it.
func DocumentsIn(ctx context.Context, o Options, stage string, r Range, ids map[string]bool) error {
	client, err := kgo.NewClient(append(slices.Clone(o.Kafka),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.Topic: {r.Partition: kgo.NewOffset().At(r.From)}}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
	)...)
	if err != nil {
		return err
	}
	defer client.Close()
	for position := r.From; position < r.To; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("read %s/%d from offset %d: %w", r.Topic, r.Partition, r.From, err)
		}
		var failed error
		fetches.EachRecord(func(rec *kgo.Record) {
			position = rec.Offset + 1
			if rec.Offset >= r.To || rec.Attrs.IsControl() || !replayOf(rec).For(stage) {
				return
			}
			fields, err := o.Codec.Fields(ctx, r.Topic, rec.Value)
			if errors.Is(err, schemas.ErrRegistry) {
				failed = err
			}
			// A match is about two documents.
			for _, field := range []string{"document_id", "source_document_id", "target_document_id"} {
				if id, ok := fields[field].(string); ok {
					ids[id] = true
				}
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

func replayOf(rec *kgo.Record) stream.Replay {
	return stream.ReplayOf(func(key string) []byte {
		for _, h := range rec.Headers {
			if h.Key == key {
				return h.Value
			}
		}
		return nil
	})
}
