package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// Range is a part of the topics: offsets From to To-1 of one partition, or of
// all if Partition is -1; To 0 means up to the end.
type Range struct {
	Topic     string
	Partition int32
	From, To  int64
}

// ParseRange reads TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/FROM-TO, the last
// with both ends included.
func ParseRange(text string) (Range, error) {
	r := Range{Partition: -1}
	parts := strings.Split(text, "/")
	wrong := fmt.Errorf("range %q is not TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/FROM-TO", text)
	if len(parts) > 3 {
		return r, wrong
	}
	r.Topic = parts[0]
	if !slices.Contains(clickhouse.Topics(), r.Topic) {
		return r, fmt.Errorf("range %q: the sink reads no topic %q, but %s", text, r.Topic, strings.Join(clickhouse.Topics(), ", "))
	}
	if len(parts) > 1 {
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil || n < 0 {
			return r, wrong
		}
		r.Partition = int32(n)
	}
	if len(parts) > 2 {
		from, to, _ := strings.Cut(parts[2], "-")
		var err, err2 error
		r.From, err = strconv.ParseInt(from, 10, 64)
		r.To, err2 = strconv.ParseInt(to, 10, 64)
		if err != nil || err2 != nil || r.From < 0 || r.To < r.From {
			return r, wrong
		}
		r.To++
	}
	return r, nil
}

// part is what is judged of a partition.
type part struct {
	topic     string
	partition int32
	committed int64 // the sink's commit
	from, to  int64 // offsets that are judged
	kafkaFrom int64 // the first of these that Kafka has
	whole     bool  // no range was asked for
	counters  *clickhouse.Counters
	kafka     map[int64]sum // by span
	rejected  sum           // of what Kafka has
	letters   []int64       // rejected records whose dead letters are on the way
	result    Partition
}

// sum stands for a set of offsets.
type sum struct {
	count int64
	hash  uint64
}

func (s *sum) add(more sum) { s.count += more.count; s.hash += more.hash }

func (s *sum) offset(offset int64) { s.add(sum{1, clickhouse.OffsetHash(offset)}) }

const spanBits = 16 // offsets are compared in spans of 65,536

// plan reads what is committed and what Kafka has.
func (c *checker) plan(ctx context.Context) error {
	names := clickhouse.Topics()
	details, err := c.admin.ListTopics(ctx, names...)
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	commits, err := c.admin.FetchOffsets(ctx, clickhouse.Group)
	if errors.Is(err, kerr.GroupIDNotFound) || err == nil && len(commits) == 0 {
		return errNoGroup
	}
	if err != nil {
		return fmt.Errorf("read commits of group %s: %w", clickhouse.Group, err)
	}
	starts, err := c.admin.ListStartOffsets(ctx, names...)
	if err != nil {
		return fmt.Errorf("list offsets: %w", err)
	}
	ends, err := c.admin.ListCommittedOffsets(ctx, names...)
	if err != nil {
		return fmt.Errorf("list offsets: %w", err)
	}
	c.landed = map[int32]int64{}
	for n, start := range starts[schemas.TopicDeadLetters] {
		c.landed[n] = start.Offset
		if at, ok := commits.Lookup(schemas.TopicDeadLetters, n); ok {
			c.landed[n] = max(start.Offset, at.At)
		}
	}
	for _, t := range clickhouse.TopicTables() {
		detail := details[t.Topic]
		if detail.Err != nil {
			return fmt.Errorf("topic %s: %w: nothing has run here yet; start `vislang run`", t.Topic, detail.Err)
		}
		asked := false
		for _, d := range detail.Partitions.Sorted() {
			from, to, ok := c.asked(t.Topic, d.Partition)
			if !ok {
				continue
			}
			asked = true
			start, ok := starts.Lookup(t.Topic, d.Partition)
			end, ok2 := ends.Lookup(t.Topic, d.Partition)
			if !ok || !ok2 || start.Err != nil || end.Err != nil {
				return fmt.Errorf("offsets of %s/%d: %w", t.Topic, d.Partition, errors.Join(start.Err, end.Err))
			}
			p := &part{topic: t.Topic, partition: d.Partition, from: from, kafka: map[int64]sum{}, whole: from == 0 && to == 0}
			if err := p.read(commits, detail.ID); err != nil {
				c.found(Finding{Kind: Recreated, Table: t.Name, Topic: t.Topic, Partition: d.Partition, Note: err.Error()})
			}
			p.to = p.committed
			if to > 0 {
				p.to = min(to, p.committed)
			}
			p.to = max(p.to, p.from)
			p.kafkaFrom = min(max(p.from, start.Offset), p.to)
			if c.o.Quick {
				p.kafkaFrom = p.to
			}
			p.result = Partition{Topic: p.topic, Partition: p.partition, From: p.from, To: p.to, KafkaFrom: p.kafkaFrom,
				OnTheWay: end.Offset - max(p.committed, start.Offset)}
			c.parts = append(c.parts, p)
		}
		if asked {
			c.topics = append(c.topics, t)
		}
	}
	if len(c.parts) == 0 {
		return errors.New("no partition lies in the ranges asked for")
	}
	return nil
}

// read takes over what the group committed for the partition. Its error says
// that the commit was for other records.
func (p *part) read(commits kadm.OffsetResponses, topicID kadm.TopicID) error {
	at, ok := commits.Lookup(p.topic, p.partition)
	if !ok || at.At < 0 {
		return nil
	}
	p.committed = at.At
	if at.Metadata == "" { // set by another tool
		return nil
	}
	in, err := clickhouse.ParseMetadata(at.Metadata, at.At)
	if err != nil {
		return err
	}
	p.counters = in.Counters
	if id := hex.EncodeToString(topicID[:]); in.TopicID != id {
		return fmt.Errorf("the commit is of the topic with id %s, Kafka has %s", in.TopicID, id)
	}
	return nil
}

// asked returns the range of a partition that was asked for.
func (c *checker) asked(topic string, partition int32) (from, to int64, ok bool) {
	if len(c.o.Ranges) == 0 {
		return 0, 0, true
	}
	for _, r := range c.o.Ranges {
		if r.Topic == topic && (r.Partition < 0 || r.Partition == partition) {
			return r.From, r.To, true
		}
	}
	return 0, 0, false
}

func (c *checker) partsOf(topic string) []*part {
	var some []*part
	for _, p := range c.parts {
		if p.topic == topic {
			some = append(some, p)
		}
	}
	return some
}
