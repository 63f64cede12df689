package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const cleanName = "clean-shutdown"

// longest is more than any transaction takes: records of a transaction that
// was open at a kill are not older than the journal by more than this.
const longest = 20 * time.Minute

// wasKilled tells whether the last broker on this folder ended without Close,
// and forgets it.
func wasKilled(dir string) (bool, error) {
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return false, nil
	}
	err := os.Remove(filepath.Join(dir, cleanName))
	if os.IsNotExist(err) {
		return true, nil
	}
	return false, err
}

// recover mends what a kill left behind, which kfake by itself does in part.
//
//   - A transaction that was being committed is finished. What kfake did not
//     mark as committed it has given up by now, so those records are written
//     again, and then the offsets follow.
//   - A transaction that was open gets the abort markers that Kafka's recovery
//     writes and kfake's does not. Without them the tail of a partition shows
//     its readers no offset, so whoever waits to reach its end waits for ever;
//     and the next commit of the same producer would bring the records back.
//
// It can itself be killed at any point: its own transaction goes through the
// journal with the same offsets, and the rest is done again.
func (b *Broker) recover(ctx context.Context, last *ending) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.TransactionalID("vislang-recovery"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(64<<20), kgo.MaxBufferedRecords(1<<20))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	tails, err := b.scan(ctx, admin, last)
	if err != nil {
		return err
	}
	if last != nil {
		if err := b.finish(ctx, client, tails, last); err != nil {
			return err
		}
		if err := commitOffsets(ctx, admin, last); err != nil {
			return err
		}
	}
	var markers []kadm.TxnMarkers
	for at, t := range tails {
		for id, epoch := range t.open {
			topics := kadm.TopicsSet{}
			topics.Add(at.topic, at.partition)
			markers = append(markers, kadm.TxnMarkers{ProducerID: id, ProducerEpoch: epoch, Commit: false, Topics: topics})
		}
	}
	if len(markers) == 0 {
		return nil
	}
	responses, err := admin.WriteTxnMarkers(ctx, markers...)
	if err != nil {
		return fmt.Errorf("write abort markers: %w", err)
	}
	var failed error
	responses.EachPartition(func(r kadm.TxnMarkersPartitionResponse) { failed = errors.Join(failed, r.Err) })
	if failed != nil {
		return fmt.Errorf("write abort markers: %w", failed)
	}
	return nil
}

type place struct {
	topic     string
	partition int32
}

// tail is what the end of a partition's log tells about transactions.
type tail struct {
	end    int64           // where reading ends
	open   map[int64]int16 // producers with records after their last marker
	last   []*kgo.Record   // records of the transaction in the journal
	marked bool            // and whether its commit marker follows them
}

// scan reads the end of every partition, uncommitted records included.
func (b *Broker) scan(ctx context.Context, admin *kadm.Client, last *ending) (map[place]*tail, error) {
	since := int64(0)
	if last != nil {
		since = last.Time.Add(-longest).UnixMilli()
	}
	starts, err := admin.ListOffsetsAfterMilli(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	from := map[string]map[int32]kgo.Offset{}
	tails := map[place]*tail{}
	unread := 0
	ends.Each(func(end kadm.ListedOffset) {
		start, ok := starts.Lookup(end.Topic, end.Partition)
		if !ok || start.Err != nil || end.Err != nil || start.Offset < 0 || start.Offset >= end.Offset {
			return
		}
		if from[end.Topic] == nil {
			from[end.Topic] = map[int32]kgo.Offset{}
		}
		from[end.Topic][end.Partition] = kgo.NewOffset().At(start.Offset)
		tails[place{end.Topic, end.Partition}] = &tail{end: end.Offset, open: map[int64]int16{}}
		unread++
	})
	if unread == 0 {
		return tails, nil
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumePartitions(from), kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadUncommitted()))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	for unread > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read the log's end: %w", err)
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			t := tails[place{rec.Topic, rec.Partition}]
			if t == nil || rec.Offset >= t.end {
				return
			}
			if rec.Offset+1 == t.end {
				unread--
			}
			t.see(rec, last)
		})
	}
	return tails, nil
}

func (t *tail) see(rec *kgo.Record, last *ending) {
	ours := last != nil && rec.ProducerID == last.ProducerID && rec.ProducerEpoch == last.Epoch
	switch {
	case rec.Attrs.IsControl():
		delete(t.open, rec.ProducerID)
		t.marked = t.marked || ours && isCommit(rec.Key)
	case rec.Attrs.IsTransactional():
		t.open[rec.ProducerID] = rec.ProducerEpoch
		if ours {
			t.last = append(t.last, &kgo.Record{
				Topic: rec.Topic, Partition: rec.Partition, Key: rec.Key, Value: rec.Value, Headers: rec.Headers, Timestamp: rec.Timestamp,
			})
		}
	}
}

// isCommit reads the key of a control record: version, then type; 1 is commit.
func isCommit(key []byte) bool {
	return len(key) >= 4 && binary.BigEndian.Uint16(key[2:]) == 1
}

// finish writes those records of a transaction again that lie in partitions
// without its commit marker.
func (b *Broker) finish(ctx context.Context, client *kgo.Client, tails map[place]*tail, last *ending) error {
	var lost []*kgo.Record
	for _, t := range tails {
		if !t.marked {
			lost = append(lost, t.last...)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	id, epoch, err := client.ProducerID(ctx)
	if err != nil {
		return err
	}
	b.journal.expect(producer{id, epoch}, last.Offsets)
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	if err := client.ProduceSync(ctx, lost...).FirstErr(); err != nil {
		return fmt.Errorf("write records again: %w", err)
	}
	if err := client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("commit records again: %w", err)
	}
	return nil
}

// commitOffsets commits those offsets of a transaction that its groups do not
// have yet. No member can hold the groups: nobody knows the address so far.
func commitOffsets(ctx context.Context, admin *kadm.Client, last *ending) error {
	if len(last.Offsets) == 0 {
		return nil
	}
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	names := map[[16]byte]string{}
	for _, topic := range topics {
		names[topic.ID] = topic.Topic
	}
	byGroup := map[string]*kadm.Offsets{}
	for _, o := range last.Offsets {
		if o.Topic == "" {
			o.Topic = names[o.TopicID]
		}
		if o.Topic == "" {
			continue // deleted meanwhile
		}
		if byGroup[o.Group] == nil {
			byGroup[o.Group] = &kadm.Offsets{}
		}
		commit := kadm.Offset{Topic: o.Topic, Partition: o.Partition, At: o.Offset, LeaderEpoch: -1}
		if o.Metadata != nil {
			commit.Metadata = *o.Metadata
		}
		byGroup[o.Group].Add(commit)
	}
	for group, offsets := range byGroup {
		done, err := admin.FetchOffsets(ctx, group)
		if err != nil {
			return fmt.Errorf("fetch offsets of group %s: %w", group, err)
		}
		offsets.DeleteFunc(func(o kadm.Offset) bool {
			at, ok := done.Lookup(o.Topic, o.Partition)
			return ok && at.Err == nil && at.At >= o.At
		})
		if len(*offsets) == 0 {
			continue
		}
		responses, err := admin.CommitOffsets(ctx, group, *offsets)
		if err == nil {
			err = responses.Error()
		}
		if err != nil {
			return fmt.Errorf("commit offsets of group %s: %w", group, err)
		}
	}
	return nil
}
