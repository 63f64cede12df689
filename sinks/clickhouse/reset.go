package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Reset sets the offsets of the group, which must have no members, so that the
// sink loads each partition from its target on again. Rows of records at and
// after the target are removed first, and the tokens to come are of a new
// epoch, which ClickHouse has never seen: no row is doubled or dropped.
//
// A partition whose reset has begun says so in its commit, and no sink loads it
// before a Reset has come to its end. One that is repeated, with the same
// target or another, goes back at least as far as the one that was cut short.
//
// A sink that was stopped in the middle of an insert may wake after all of this
// and send it. Kafka fences its commits but not its inserts. So the token of
// every batch that was announced is spent first, on a row that is removed with
// the others: ClickHouse drops the late insert as one it has had.
func Reset(ctx context.Context, admin *kadm.Client, database string, targets kadm.Offsets) error {
	o, err := parse(database)
	if err != nil {
		return err
	}
	// A mutation answers when it is done.
	o.ReadTimeout = time.Hour
	conn, err := ch.Open(o)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer conn.Close()
	details, err := admin.ListTopics(ctx, targets.TopicsSet().Topics()...)
	if err != nil {
		return fmt.Errorf("ids of topics: %w", err)
	}
	committed, err := admin.FetchOffsets(ctx, Group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("offsets of group %s: %w", Group, err)
	}
	epoch := time.Now().UnixMilli()
	begun, done := kadm.Offsets{}, kadm.Offsets{}
	tokens := map[topicPartition]string{}
	ranges := map[string][]string{}   // conditions on the lineage, by topic
	announced := map[string][]spent{} // batches that may still be on their way, by topic
	for topic, partitions := range targets {
		for partition, target := range partitions {
			at, from := target.At, target.At
			if before, ok := committed.Lookup(topic, partition); ok && before.At >= 0 {
				in, err := parseIntent(before.Metadata, before.At)
				if err == nil && in.Reset {
					at = min(at, before.At)
				}
				if err == nil { // or another tool set it, which says nothing of rows
					// A batch that was announced may have landed in part.
					from = min(at, before.At)
				}
				epoch = max(epoch, in.Epoch+1)
				if err == nil && in.Token != "" {
					tokens[topicPartition{topic, partition}] = in.Token
					announced[topic] = append(announced[topic], spent{partition, from, in.Token})
				}
			}
			ranges[topic] = append(ranges[topic], fmt.Sprintf("partition = %d AND offset >= %d", partition, from))
			begun.Add(kadm.Offset{Topic: topic, Partition: partition, At: at, LeaderEpoch: -1})
		}
	}
	for topic, partitions := range begun {
		for partition, offset := range partitions {
			in := intent{Topic: topicID(details[topic].ID), At: &offset.At, Epoch: epoch, Counters: &Counters{From: offset.At}}
			offset.Metadata = in.String()
			done.Add(offset)
			in.Reset, in.Token = true, tokens[topicPartition{topic, partition}]
			offset.Metadata = in.String()
			begun[topic][partition] = offset
		}
	}
	if err := admin.CommitAllOffsets(ctx, Group, begun); err != nil {
		return fmt.Errorf("begin to reset group %s: %w", Group, err)
	}
	for _, t := range TopicTables() {
		conditions := ranges[t.Topic]
		if len(conditions) == 0 {
			continue
		}
		for _, name := range append([]string{t.Name}, childNames(t)...) {
			for _, batch := range announced[t.Topic] {
				if err := spend(ctx, conn, name, t.Topic, batch); err != nil {
					return fmt.Errorf("spend the token of the batch announced for topic %s partition %d: %w: the sink waits; repeat the reset", t.Topic, batch.partition, err)
				}
			}
			query := fmt.Sprintf("DELETE FROM %s WHERE topic = '%s' AND (%s) SETTINGS lightweight_deletes_sync = 2", name, t.Topic, strings.Join(conditions, " OR "))
			if err := conn.Exec(ctx, query); err != nil {
				return fmt.Errorf("remove rows of topic %s from %s: %w: the sink waits; repeat the reset", t.Topic, name, err)
			}
		}
	}
	if err := admin.CommitAllOffsets(ctx, Group, done); err != nil {
		return fmt.Errorf("end the reset of group %s: %w: the sink waits; repeat the reset", Group, err)
	}
	return nil
}

// spent is a token that nobody may use any more.
type spent struct {
	partition int32
	offset    int64 // of the row it is spent on, which is about to be removed
	token     string
}

func spend(ctx context.Context, conn driver.Conn, table, topic string, s spent) error {
	ctx = ch.Context(ctx, ch.WithSettings(insertSettings(s.token+"/"+tokenName(table))))
	return conn.Exec(ctx, fmt.Sprintf("INSERT INTO %s (topic, partition, `offset`) VALUES ('%s', %d, %d)", table, topic, s.partition, s.offset))
}

func childNames(t TopicTable) []string {
	names := make([]string, len(t.Children))
	for i, child := range t.Children {
		names[i] = child.Name
	}
	return names
}

// FirstOffsets returns the first offset of each partition that has rows of a
// document.
func FirstOffsets(ctx context.Context, database, document string) (kadm.Offsets, error) {
	o, err := parse(database)
	if err != nil {
		return nil, err
	}
	conn, err := ch.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	defer conn.Close()
	offsets := kadm.Offsets{}
	for _, t := range TopicTables() {
		condition := "document_id = {id:String}"
		if t.Name == newLayouts().bitext.name {
			condition = "(source_document_id = {id:String} OR target_document_id = {id:String})"
		}
		rows, err := conn.Query(ctx, fmt.Sprintf("SELECT partition, min(offset) FROM %s WHERE topic = '%s' AND %s GROUP BY partition", t.Name, t.Topic, condition), ch.Named("id", document))
		if err != nil {
			return nil, fmt.Errorf("find document %s in %s: %w", document, t.Name, err)
		}
		for rows.Next() {
			var partition int32
			var offset int64
			if err := rows.Scan(&partition, &offset); err != nil {
				return nil, fmt.Errorf("find document %s in %s: %w", document, t.Name, err)
			}
			offsets.AddOffset(t.Topic, partition, offset, -1)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("find document %s in %s: %w", document, t.Name, err)
		}
	}
	return offsets, nil
}
