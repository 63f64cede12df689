package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// committer sends the offset commits of all workers, several in one request
// when they come at the same time.
type committer struct {
	client *kgo.Client
	queue  chan *commit
	quit   chan struct{}
	ended  sync.WaitGroup
}

type commit struct {
	ctx      context.Context
	tp       topicPartition
	at       position
	metadata string
	done     chan error
}

var errNoAnswer = errors.New("the answer lacks the partition")

func newCommitter(client *kgo.Client) *committer {
	c := &committer{client: client, queue: make(chan *commit), quit: make(chan struct{})}
	c.ended.Go(c.run)
	return c
}

func (c *committer) close() {
	close(c.quit)
	c.ended.Wait()
}

// commit returns when the commit is answered, or known not to be sent. It does
// not return early when ctx ends: a worker that gave up while its commit waits
// to be sent could overwrite what the partition's next owner commits.
func (c *committer) commit(ctx context.Context, tp topicPartition, at position, metadata string) error {
	request := &commit{ctx, tp, at, metadata, make(chan error, 1)}
	select {
	case c.queue <- request:
		return <-request.done
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return context.Canceled
	}
}

func (c *committer) run() {
	for {
		var batch []*commit
		select {
		case first := <-c.queue:
			batch = append(batch, first)
		case <-c.quit:
			return
		}
		for more := true; more; {
			select {
			case next := <-c.queue:
				batch = append(batch, next)
			default:
				more = false
			}
		}
		c.send(batch)
	}
}

// send makes one commit request of a partition's commit each.
func (c *committer) send(batch []*commit) {
	waiting := map[topicPartition]*commit{}
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for _, request := range batch {
		if err := request.ctx.Err(); err != nil {
			request.done <- err
			continue
		}
		waiting[request.tp] = request
		if offsets[request.tp.topic] == nil {
			offsets[request.tp.topic] = map[int32]kgo.EpochOffset{}
		}
		offsets[request.tp.topic][request.tp.partition] = kgo.EpochOffset{Epoch: request.at.epoch, Offset: request.at.offset}
	}
	if len(waiting) == 0 {
		return
	}
	ctx := kgo.PreCommitFnContext(context.Background(), func(r *kmsg.OffsetCommitRequest) error {
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				p := &r.Topics[i].Partitions[j]
				request := waiting[topicPartition{r.Topics[i].Topic, p.Partition}]
				if request == nil {
					return fmt.Errorf("commit of %s/%d was not asked for", r.Topics[i].Topic, p.Partition)
				}
				p.Metadata = &request.metadata
			}
		}
		return nil
	})
	answer := func(tp topicPartition, err error) {
		if request := waiting[tp]; request != nil {
			delete(waiting, tp)
			request.done <- err
		}
	}
	c.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, r *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error) {
		if err == nil {
			names := map[[16]byte]string{}
			for _, t := range r.Topics {
				names[t.TopicID] = t.Topic
			}
			for _, t := range response.Topics {
				name := t.Topic
				if name == "" {
					name = names[t.TopicID]
				}
				for _, p := range t.Partitions {
					answer(topicPartition{name, p.Partition}, kerr.ErrorForCode(p.ErrorCode))
				}
			}
			err = errNoAnswer
		}
		for tp := range waiting {
			answer(tp, err)
		}
	})
}
