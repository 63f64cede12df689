package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// worker is one member of a stage's group, with one transactional id. Its
// loop is single-threaded; only the rebalance callbacks come from elsewhere.
type worker struct {
	n     int
	gate  *gate
	stage Stage
	o     Options
	id    string
	log   *slog.Logger
	batch int // records to poll next

	headers []kgo.RecordHeader // of all records it writes: what wrote them

	careful   int                   // records still to be taken one by one
	unwritten map[coordinates]error // inputs whose outputs no broker takes

	client *kgo.Client // of the session
	store  *store      // nil if the stage has no state

	member   atomic.Bool
	doomed   atomic.Bool // partitions were taken away: the batch at hand cannot be committed
	rejoined time.Time   // the latest order to join again that was followed

	mu     sync.Mutex // guards tables and epoch
	tables map[int32]*table
	epoch  int // counts changes of the assignment
}

// grace is how long a batch may go on after a stop was asked for.
const grace = 30 * time.Second

func (w *worker) run(ctx context.Context) error {
	w.rejoined = w.o.Control.State(w.stage.Name(), w.o.Instance).Rejoin
	var fenced fencing
	for attempt := 0; ; attempt++ {
		if !w.admit(ctx) {
			return nil
		}
		started := time.Now()
		w.member.Store(false)
		w.health(Joining, nil)
		err := w.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errOut) {
			attempt = -1
			continue
		}
		w.health(Broken, err)
		if fatal(err) {
			return fmt.Errorf("stage %s: %w", w.stage.Name(), err)
		}
		if time.Since(started) > time.Minute {
			attempt = 0
		}
		// A session ends for good when its transactional id failed: by a
		// broker restart, or a fencing. A new session starts clean from the
		// last commit.
		pause := backoff(attempt)
		if isFenced(err) {
			pause = max(pause, fenced.again(w, err))
		} else {
			w.log.Warn("session ended, starting another", "error", err)
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

// fatal reports errors that stay until an operator acts.
func fatal(err error) bool {
	var few *partitionsError
	var lost *lostError
	return errors.As(err, &few) || errors.As(err, &lost) || errors.Is(err, errDamaged) || errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.GroupAuthorizationFailed) ||
		errors.Is(err, kerr.TransactionalIDAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) ||
		errors.Is(err, kerr.SaslAuthenticationFailed)
}

func (w *worker) session(ctx context.Context) error {
	opts := []kgo.Opt{
		kgo.ConsumerGroup(w.stage.Name()),
		kgo.ConsumeTopics(w.stage.Inputs()...),
		// A new group begins at the start; a commit that is no longer in
		// the log is never jumped from.
		kgo.ConsumeResetOffset(kgo.NoResetOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Without the control records, lag would never reach 0 on a topic
		// that ends with a commit marker.
		kgo.KeepControlRecords(),
		kgo.TransactionalID(w.id),
		// A transaction left open holds back all who read its partitions.
		kgo.TransactionTimeout(30 * time.Second),
		// The defaults are unbounded, and prefetch more than a slow stage
		// can use before a rebalance takes it away.
		kgo.FetchMaxBytes(8 << 20),
		// New partitions of a topic are noticed with the next metadata.
		kgo.MetadataMaxAge(30 * time.Second),
		// A partition that is new to this worker waits for the fetch under
		// way to end.
		kgo.FetchMaxWait(500 * time.Millisecond),
		kgo.FetchMaxPartitionBytes(1 << 20),
		kgo.MaxConcurrentFetches(2),
		kgo.MaxBufferedBytes(64 << 20),
		kgo.ProducerBatchMaxBytesFn(w.o.BatchBytes),
		kgo.ProducerLinger(0),
		kgo.RecordPartitioner(partitioner{w.stage, w.o.Spread}),
		kgo.OnPartitionsAssigned(func(ctx context.Context, client *kgo.Client, added map[string][]int32) {
			w.forget(ctx, client, added)
			w.gate.arrive(w.n)
			w.arrived()
		}),
		kgo.OnPartitionsRevoked(w.taken),
		kgo.OnPartitionsLost(func(ctx context.Context, client *kgo.Client, lost map[string][]int32) {
			w.taken(ctx, client, lost)
			w.member.Store(false)
		}),
	}
	opts = append(opts, balancing(w.o.Protocol)...)
	opts = append(opts, w.o.Kafka...)
	opts = append(opts,
		kgo.ClientID(w.id), // members are known by it
		ClientMetrics(w.o.Registry, w.stage.Name(), w.n),
	)
	w.doomed.Store(false)
	session, err := kgo.NewGroupTransactSession(opts...)
	if err != nil {
		return fmt.Errorf("open group session: %w", err)
	}
	defer session.Close()
	w.client = session.Client()
	w.forgetAll()
	// Take over the transactional id now: a transaction that a killed
	// predecessor left open holds back the group's offsets until it is
	// ended, and would otherwise be so only by its timeout.
	if _, _, err := session.Client().ProducerID(ctx); err != nil {
		return fmt.Errorf("take over transactional id %s: %w", w.id, err)
	}
	w.gate.wait(ctx)
	for {
		fetches, err := w.poll(ctx, session)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.handle(ctx, session, fetches); err != nil {
			return err
		}
	}
}

// balancing has either the members share out the partitions or the broker.
// Both move only what has to move.
func balancing(protocol string) []kgo.Opt {
	if protocol == ProtocolConsumer {
		return []kgo.Opt{kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer())}
	}
	return []kgo.Opt{
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(15 * time.Second),
		kgo.HeartbeatInterval(2 * time.Second),
	}
}

// forget drops the state of partitions that go to another worker, which will
// change it, and of those that come: GroupTransactSession tells of the first
// loss of a session only until a transaction has ended.
func (w *worker) forget(_ context.Context, _ *kgo.Client, moved map[string][]int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.epoch++
	for _, partitions := range moved {
		for _, p := range partitions {
			delete(w.tables, p)
		}
	}
}

// taken is forget for partitions that go: what was polled before will not be
// committed.
func (w *worker) taken(ctx context.Context, client *kgo.Client, moved map[string][]int32) {
	w.forget(ctx, client, moved)
	if len(moved) > 0 {
		w.doomed.Store(true)
	}
}

func (w *worker) forgetAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.epoch++
	clear(w.tables)
}

// partitioner keeps a changelog record in the partition that its state
// belongs to, deals out the records of topics to spread in turn, and places
// all others by key, as Kafka's own clients do.
type partitioner struct {
	stage  Stage
	spread []string
}

func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	if s, ok := p.stage.(Stateful); ok && topic == s.Changelog() {
		return kgo.ManualPartitioner().ForTopic(topic)
	}
	if slices.Contains(p.spread, topic) {
		return kgo.RoundRobinPartitioner().ForTopic(topic)
	}
	return kgo.StickyKeyPartitioner(nil).ForTopic(topic)
}

// backoff doubles from a quarter second to half a minute, with jitter so that
// many workers do not come back at once.
func backoff(attempt int) time.Duration {
	d := 250 * time.Millisecond << min(attempt, 7)
	return d/2 + rand.N(d/2)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
