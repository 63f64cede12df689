package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// span are the offsets from to to-1 of a partition.
type span struct {
	topic     string
	partition int32
	from, to  int64
}

// readKafka sums up the offsets that must have a row.
func (c *checker) readKafka(ctx context.Context) error {
	var spans []span
	var all int64
	at := map[string]map[int32]*part{}
	for _, p := range c.parts {
		if at[p.topic] == nil {
			at[p.topic] = map[int32]*part{}
		}
		at[p.topic][p.partition] = p
		if p.to > p.kafkaFrom {
			spans = append(spans, span{p.topic, p.partition, p.kafkaFrom, p.to})
			all += p.to - p.kafkaFrom
		}
	}
	began, shown := time.Now(), time.Time{}
	var passed int64
	err := c.scan(ctx, spans, func(rec *kgo.Record) {
		passed++
		if passed&0xfff == 0 && time.Since(shown) > 200*time.Millisecond {
			shown = time.Now()
			c.o.Progress(Progress{Phase: "reading Kafka", Done: passed, Of: all})
		}
		if !makesRow(rec) {
			return
		}
		c.report.Read++
		p := at[rec.Topic][rec.Partition]
		s := p.kafka[rec.Offset>>spanBits]
		s.offset(rec.Offset)
		p.kafka[rec.Offset>>spanBits] = s
	})
	if took := time.Since(began).Seconds(); took > 0 {
		c.report.Rate = float64(c.report.Read) / took
	}
	return err
}

func makesRow(rec *kgo.Record) bool { return !rec.Attrs.IsControl() && clickhouse.ForSink(rec) }

// patience is how long a partition may give nothing before it is looked into.
const patience = 20 * time.Second

// scan visits the committed records of spans, markers included, as fast as
// Kafka gives them.
func (c *checker) scan(ctx context.Context, spans []span, visit func(*kgo.Record)) error {
	if len(spans) == 0 {
		return nil
	}
	left := map[string]map[int32]int64{} // ends
	start := map[string]map[int32]kgo.Offset{}
	for _, s := range spans {
		if left[s.topic] == nil {
			left[s.topic], start[s.topic] = map[int32]int64{}, map[int32]kgo.Offset{}
		}
		left[s.topic][s.partition] = s.to
		start[s.topic][s.partition] = kgo.NewOffset().At(s.from)
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumePartitions(start),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // they show that the end is reached
		// Small records that compress well take a hundred times the memory.
		kgo.FetchMaxBytes(4 << 20),
		kgo.FetchMaxPartitionBytes(1 << 20),
		kgo.MaxConcurrentFetches(2),
	}, c.o.Kafka...)...)
	if err != nil {
		return err
	}
	defer client.Close()
	open := len(spans)
	for open > 0 {
		wait, cancel := context.WithTimeout(ctx, patience)
		fetches := client.PollFetches(wait)
		cancel()
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, e := range fetches.Errors() {
			if errors.Is(e.Err, kerr.OffsetOutOfRange) {
				return fmt.Errorf("topic %s partition %d: records were removed by retention while they were read: run again", e.Topic, e.Partition)
			}
			if errors.Is(e.Err, context.DeadlineExceeded) {
				return fmt.Errorf("%d partitions give no records up to the sink's commits: are all brokers up?", open)
			}
			return fmt.Errorf("read topic %s partition %d: %w", e.Topic, e.Partition, e.Err)
		}
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			end, ok := left[f.Topic][f.Partition]
			if !ok || len(f.Records) == 0 {
				return
			}
			for _, rec := range f.Records {
				if rec.Offset < end {
					visit(rec)
				}
			}
			if f.Records[len(f.Records)-1].Offset+1 >= end {
				delete(left[f.Topic], f.Partition)
				client.PauseFetchPartitions(map[string][]int32{f.Topic: {f.Partition}})
				open--
			}
		})
	}
	return nil
}

// lettersOnTheWay finds the sink's dead letters that are committed in Kafka and
// not in the table yet: they stand for records that have no row.
func (c *checker) lettersOnTheWay(ctx context.Context) error {
	details, err := c.admin.ListCommittedOffsets(ctx, schemas.TopicDeadLetters)
	if err != nil {
		return fmt.Errorf("list offsets: %w", err)
	}
	var spans []span
	for partition, end := range details[schemas.TopicDeadLetters] {
		if from := c.landed[partition]; end.Offset > from {
			spans = append(spans, span{schemas.TopicDeadLetters, partition, from, end.Offset})
		}
	}
	var failed error
	err = c.scan(ctx, spans, func(rec *kgo.Record) {
		if rec.Attrs.IsControl() || failed != nil {
			return
		}
		d, err := schemas.Decode[schemas.DeadLetter](ctx, c.o.Codec, rec.Value)
		if err != nil {
			if errors.Is(err, schemas.ErrRegistry) {
				failed = err
			}
			return // not one of the sink's
		}
		if d.Stage != clickhouse.Group {
			return
		}
		for _, p := range c.parts {
			if p.topic == d.SourceTopic && p.partition == d.SourcePartition && d.SourceOffset >= p.from && d.SourceOffset < p.to {
				p.letters = append(p.letters, d.SourceOffset)
			}
		}
	})
	return errors.Join(err, failed)
}
