package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"vislang/pkg/stream"
)

// grace is how long a worker may finish its batch when its partition is taken
// away. Kafka waits for 60 s before it goes on without a member.
const grace = 15 * time.Second

func (s *Sink) consumerOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumerGroup(Group),
		kgo.ConsumeTopics(Topics()...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Without them the offset after a transaction's marker would never
		// be committed, and lag never be 0.
		kgo.KeepControlRecords(),
		// A partition without a commit is read from its start; one whose
		// commit points outside the log has lost records.
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.DisableAutoCommit(),
		// Polled records reach their worker before it can change.
		kgo.BlockRebalanceOnPoll(),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.OnOffsetsFetched(s.assigned),
		kgo.OnPartitionsRevoked(s.revoked),
		kgo.OnPartitionsLost(s.lost),
		// A partition that is assigned while a fetch waits must wait with it.
		kgo.FetchMaxWait(500 * time.Millisecond),
		kgo.FetchMaxBytes(16 << 20),
		kgo.FetchMaxPartitionBytes(4 << 20),
		kgo.MaxConcurrentFetches(3),
		// A topic may be created after the sink has started.
		kgo.MetadataMaxAge(30 * time.Second),
		kgo.MetadataMinAge(250 * time.Millisecond),
	}
}

// consume hands polled records to the workers of their partitions, until ctx
// ends or an operator wants the sink out of its group.
func (s *Sink) consume(ctx context.Context) error {
	rejoined := s.o.Control.State(Group, s.o.Instance).Rejoin
	for ctx.Err() == nil {
		turn, done := s.o.Control.Turn(ctx)
		state := s.o.Control.State(Group, s.o.Instance)
		if state.Out {
			done()
			return nil
		}
		if !state.Rejoin.Equal(rejoined) {
			rejoined = state.Rejoin
			s.client.ForceRebalance()
		}
		if state.Paused {
			s.health(stream.Paused) // the workers finish what they have
			<-turn.Done()
			done()
			continue
		}
		s.running()
		fetches := s.client.PollFetches(turn)
		done()
		for _, e := range fetches.Errors() {
			if errors.Is(e.Err, context.Canceled) { // the turn is over
				continue
			}
			if err := fatal(e); err != nil {
				return err
			}
			s.log.Warn("cannot read", "topic", e.Topic, "partition", e.Partition, "error", e.Err)
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if len(p.Records) == 0 {
				return
			}
			if w := s.worker(topicPartition{p.Topic, p.Partition}); w != nil {
				w.push(p.Records)
			}
		})
		s.client.AllowRebalance()
	}
	return nil
}

// admit waits until the sink may join its group; false when ctx ended.
func (s *Sink) admit(ctx context.Context) bool {
	for ctx.Err() == nil {
		turn, done := s.o.Control.Turn(ctx)
		if !s.o.Control.State(Group, s.o.Instance).Out {
			done()
			return true
		}
		s.health(stream.Out)
		<-turn.Done()
		done()
	}
	return false
}

func (s *Sink) health(c stream.Condition) { s.o.Health.Set(Group, 0, c, nil) }

func (s *Sink) running() {
	if s.joined.Load() {
		s.health(stream.Running)
	} else {
		s.health(stream.Joining)
	}
}

// fatal returns an error for what no retry can mend.
func fatal(e kgo.FetchError) error {
	var loss *kgo.ErrDataLoss
	switch {
	case errors.Is(e.Err, kerr.OffsetOutOfRange):
		return fmt.Errorf("topic %s partition %d: the next record to load is no longer in the topic, records are lost (retention shorter than the sink was away?): %w", e.Topic, e.Partition, e.Err)
	case errors.As(e.Err, &loss):
		return fmt.Errorf("topic %s partition %d: Kafka lost records that were read before: %w", e.Topic, e.Partition, e.Err)
	case errors.Is(e.Err, kerr.TopicAuthorizationFailed), errors.Is(e.Err, kerr.GroupAuthorizationFailed), errors.Is(e.Err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("read topic %s: %w", e.Topic, e.Err)
	}
	return nil
}

func (s *Sink) worker(tp topicPartition) *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workers[tp]
}

func (s *Sink) all() []*worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*worker, 0, len(s.workers))
	for _, w := range s.workers {
		all = append(all, w)
	}
	return all
}

// assigned starts the workers of new partitions with what was committed for
// them. Fetching begins after it returns.
func (s *Sink) assigned(ctx context.Context, _ *kgo.Client, response *kmsg.OffsetFetchResponse) error {
	<-s.opened // the client joins the group before NewClient returns
	s.joined.Store(true)
	if !s.o.Control.State(Group, s.o.Instance).Paused {
		s.health(stream.Running)
	}
	var topics []string
	for _, g := range response.Groups {
		for _, t := range g.Topics {
			topics = append(topics, t.Topic)
		}
	}
	if len(topics) == 0 {
		return nil
	}
	details, err := s.admin.ListTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("ids of topics: %w", err)
	}
	for _, g := range response.Groups {
		for _, t := range g.Topics {
			detail := details[t.Topic]
			if detail.Err != nil {
				return fmt.Errorf("id of topic %s: %w", t.Topic, detail.Err)
			}
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					continue // kgo reports it
				}
				w, err := s.newWorker(topicPartition{t.Topic, p.Partition}, topicID(detail.ID), p)
				if err != nil {
					s.fail(err)
					return err
				}
				s.start(w)
			}
		}
	}
	return nil
}

func (s *Sink) start(w *worker) {
	s.mu.Lock()
	old := s.workers[w.tp]
	s.workers[w.tp] = w
	s.mu.Unlock()
	if old != nil { // an assignment that was cut short and came again
		old.cancel()
		<-old.done
	}
	go w.run()
}

// revoked lets the workers of partitions finish what they are inserting and
// waits for their end: from the moment it returns another member may commit.
func (s *Sink) revoked(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	s.stop(partitions, grace)
}

// lost ends the workers of partitions that have another owner already.
func (s *Sink) lost(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	s.stop(partitions, 0)
}

func (s *Sink) stop(partitions map[string][]int32, grace time.Duration) {
	var ended sync.WaitGroup
	for topic, numbers := range partitions {
		for _, n := range numbers {
			tp := topicPartition{topic, n}
			s.mu.Lock()
			w := s.workers[tp]
			delete(s.workers, tp)
			s.mu.Unlock()
			if w != nil {
				ended.Go(func() { w.stop(grace) })
			}
		}
	}
	ended.Wait()
}

func (s *Sink) stopAll() {
	for _, w := range s.all() {
		w.stop(0)
	}
}
