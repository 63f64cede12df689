package cache

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/rueidis"
)

const (
	// RedisWait is the longest that a look-up waits for Redis.
	RedisWait = 4 * time.Millisecond

	redisPrefix  = "vislang:cache:"
	redisLife    = 30 * 24 * time.Hour // of an entry
	redisPatient = 2 * time.Second     // for what nobody waits for
	redisAtOnce  = 64                  // look-ups under way, also those that nobody waits for any more
	redisQueue   = 256                 // entries that wait to be written
)

// redis is the tier that machines share. Its client is made in the background,
// and again until Redis answers: an outage delays no start.
type redis struct {
	option  rueidis.ClientOption
	metrics *metrics
	log     *slog.Logger
	breaker breaker
	slots   chan struct{}
	queue   chan queued
	ready   chan struct{}  // closed when client is set
	client  rueidis.Client // after ready
	ctx     context.Context
	stop    context.CancelFunc
	done    chan struct{} // closed when the writer has ended
}

type queued struct {
	key   string
	entry []byte
}

func openRedis(address string, m *metrics, log *slog.Logger) (*redis, error) {
	option, err := rueidis.ParseURL(address)
	if err != nil {
		// The address holds a password, and errors of net/url repeat it.
		return nil, errors.New("REDIS_URL cannot be understood: want redis://user:password@host:6379/0")
	}
	option.DisableCache, option.DisableRetry, option.AlwaysPipelining = true, true, true
	option.Dialer = net.Dialer{Timeout: redisPatient, KeepAlive: redisPatient}
	option.ConnWriteTimeout = redisPatient
	option.ClientName = "vislang"
	option.ReadBufferEachConn, option.WriteBufferEachConn = 64<<10, 64<<10
	r := &redis{
		option: option, metrics: m, log: log, breaker: breaker{now: time.Now},
		slots: make(chan struct{}, redisAtOnce), queue: make(chan queued, redisQueue),
		ready: make(chan struct{}), done: make(chan struct{}),
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	go r.work()
	return r, nil
}

func (*redis) name() string { return "redis" }

func (r *redis) connected() bool {
	select {
	case <-r.ready:
		return true
	default:
		return false
	}
}

// get asks in another goroutine and gives up waiting after RedisWait: no state
// of a connection can hold up the caller.
func (r *redis) get(ctx context.Context, key sum) ([]byte, outcome) {
	if !r.connected() || !r.breaker.allow() {
		return nil, away
	}
	select {
	case r.slots <- struct{}{}:
	default:
		r.finish(errors.New("too many look-ups are under way"))
		return nil, failed
	}
	type answer struct {
		entry []byte
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-r.slots }()
		ctx, cancel := context.WithTimeout(r.ctx, redisPatient)
		defer cancel()
		entry, err := r.client.Do(ctx, r.client.B().Get().Key(name(key)).Build()).AsBytes()
		answers <- answer{entry, err}
	}()
	timer := time.NewTimer(RedisWait)
	defer timer.Stop()
	select {
	case a := <-answers:
		if rueidis.IsRedisNil(a.err) {
			r.finish(nil)
			return nil, miss
		}
		r.finish(a.err)
		if a.err != nil {
			return nil, failed
		}
		return a.entry, hit
	case <-timer.C:
		r.finish(fmt.Errorf("no answer in %s", RedisWait))
		return nil, failed
	case <-ctx.Done():
		return nil, failed
	}
}

// put hands the entry to the writer.
func (r *redis) put(_ context.Context, key sum, entry []byte) outcome {
	select {
	case r.queue <- queued{name(key), entry}:
		return ""
	default:
		return dropped
	}
}

func name(key sum) string { return redisPrefix + hex.EncodeToString(key[:]) }

// finish notes how asking Redis went, and says so when that is new.
func (r *redis) finish(err error) {
	if !r.breaker.finish(err == nil) {
		return
	}
	if err != nil {
		r.log.Warn("Redis is away, its cache is passed over", "error", err)
	} else {
		r.log.Info("Redis is back")
	}
}

// work connects, then writes until the tier is closed.
func (r *redis) work() {
	defer close(r.done)
	if !r.connect() {
		return
	}
	for {
		select {
		case q := <-r.queue:
			r.write(r.ctx, q)
		case <-r.ctx.Done():
			// What is left is written if that is quick.
			ctx, cancel := context.WithTimeout(context.Background(), redisPatient/4)
			defer cancel()
			for len(r.queue) > 0 {
				r.write(ctx, <-r.queue)
			}
			return
		}
	}
}

// connect makes the client; it tells whether the tier was still open by then.
func (r *redis) connect() bool {
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		client, err := rueidis.NewClient(r.option)
		if err == nil {
			r.client = client
			close(r.ready)
			return true
		}
		if pause == firstPause {
			r.log.Warn("Redis cannot be reached, its cache is passed over", "error", err)
		}
		select {
		case <-time.After(pause):
		case <-r.ctx.Done():
			return false
		}
		r.discard()
	}
}

// discard drops the entries that wait.
func (r *redis) discard() {
	for {
		select {
		case <-r.queue:
			r.metrics.write(r.name(), away)
		default:
			return
		}
	}
}

func (r *redis) write(ctx context.Context, q queued) {
	// Only a look-up may find that Redis is back: a write is patient, and
	// tells nothing of an answer in time.
	if !r.breaker.closed() {
		r.metrics.write(r.name(), away)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatient)
	defer cancel()
	err := r.client.Do(ctx, r.client.B().Set().Key(q.key).Value(rueidis.BinaryString(q.entry)).Ex(redisLife).Build()).Error()
	if err != nil {
		r.finish(err)
		r.metrics.write(r.name(), failed)
		return
	}
	r.metrics.write(r.name(), written)
}

func (r *redis) close() error {
	r.stop()
	select {
	case <-r.done:
	case <-time.After(2 * redisPatient):
		return nil // a connection that is being made ends by itself
	}
	if r.connected() {
		r.client.Close()
	}
	return nil
}
