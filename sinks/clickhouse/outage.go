package clickhouse

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// outages keeps what cannot go on at the moment, so that an outage is logged
// when it begins and when it is over, however often it is met.
type outages struct {
	log *slog.Logger

	mu      sync.Mutex
	failing map[string]error
	since   time.Time
}

// report says that something failed, or works again if err is nil.
func (o *outages) report(what string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		if _, failed := o.failing[what]; !failed {
			return
		}
		delete(o.failing, what)
		if len(o.failing) == 0 {
			o.log.Info("loading again", "after", time.Since(o.since).Round(time.Millisecond))
		}
		return
	}
	if len(o.failing) == 0 {
		o.since = time.Now()
		o.log.Warn("cannot load, trying until it works", "what", what, "error", err)
	}
	o.failing[what] = err
}

func (o *outages) none() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.failing) == 0
}

// any returns one of the outages, nil if there is none.
func (o *outages) any() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for what, err := range o.failing {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// backoff doubles from 0.1 s to 13 s, with jitter so that many do not come
// back at once.
func backoff(attempt int) time.Duration {
	d := 100 * time.Millisecond << min(attempt, 7)
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
