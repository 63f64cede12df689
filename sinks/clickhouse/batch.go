package clickhouse

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

const deadLetters = schemas.TopicDeadLetters

// position is an offset with the leader epoch that Kafka checks it by.
type position struct {
	offset int64 // -1: unknown, the start of the partition
	epoch  int32
}

// A batch is a range of offsets of one partition and the rows its records
// make.
type batch struct {
	sink       *Sink
	start, end position // [start, end)
	blocks     *blocks
	rejected   []rejected
	since      time.Time // when its first record came
	charged    int       // bytes counted in sink.waiting
	counted    Counters

	spans []func(error) // of its records, to be ended when they have landed

	intent   intent // what is committed of it; End is 0 until it is frozen
	complete bool   // all records of intent's range were read
	again    bool   // an earlier owner may have inserted it
}

type rejected struct {
	rec *kgo.Record
	why *rejection
	at  time.Time
}

func (s *Sink) newBatch(start position) *batch {
	return &batch{sink: s, start: start, end: start, blocks: newBlocks(s.layouts)}
}

func (b *batch) empty() bool { return b.end.offset == b.start.offset && !b.complete }

// full tells that no more records belong into the batch.
func (b *batch) full() bool {
	if b.intent.End > 0 {
		return b.complete
	}
	// When too much waits for the database, everyone makes do with what they
	// have. A batch that must be read to a given end is not cut short.
	crowded := b.charged > 0 && b.sink.waiting.Load() > int64(b.sink.o.Memory)
	return crowded || b.blocks.rows >= maxRows || b.blocks.bytes >= maxBytes || len(b.rejected) >= maxSkip
}

// pass moves the end behind a record.
func (b *batch) pass(rec *kgo.Record) {
	if b.start.offset < 0 {
		b.start = position{rec.Offset, rec.LeaderEpoch}
	}
	if b.since.IsZero() {
		b.since = time.Now()
	}
	b.end = position{rec.Offset + 1, rec.LeaderEpoch}
	if b.intent.End > 0 && b.end.offset >= b.intent.End {
		b.complete = true
	}
}

func (b *batch) charge(bytes int) {
	b.charged += bytes
	b.sink.waiting.Add(int64(bytes))
}

func (b *batch) reject(rec *kgo.Record, why *rejection) {
	b.rejected = append(b.rejected, rejected{rec, why, time.Now()})
	b.counted.Rejected++
	b.blocks.bytes += len(rec.Value)
	b.charge(len(rec.Value))
}

// freeze fixes the range of the batch and names it.
func (b *batch) freeze(topicID string, partition int32, epoch int64, before Counters) {
	b.intent = intent{
		Topic: topicID, At: &b.start.offset, Epoch: epoch, End: b.end.offset, Counters: &before,
		Token: token(topicID, partition, b.start.offset, b.end.offset, epoch),
	}
	for _, r := range b.rejected {
		b.intent.Skip = append(b.intent.Skip, r.rec.Offset-b.start.offset)
	}
	b.complete = true
}
