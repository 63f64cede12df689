// Package retry repeats what Kafka or the schema registry may yet grant: a
// broker has just died and its partitions have no new leader, a registry starts
// a moment later than its clients.
//
//	err := retry.Do(ctx, log, "create topics", func(ctx context.Context) error { … })
package retry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// Patience is how long Do goes on: Kafka needs about 10 s to notice that a
// broker is dead, and some more to elect new leaders.
const Patience = 45 * time.Second

// Do calls fn until it succeeds, fails with an error that time does not mend,
// ctx ends, or Patience is over; fn must bear repetition. A nil log says
// nothing.
func Do(ctx context.Context, log *slog.Logger, what string, fn func(context.Context) error) error {
	return within(ctx, log, Patience, what, fn)
}

func within(ctx context.Context, log *slog.Logger, patience time.Duration, what string, fn func(context.Context) error) error {
	began := time.Now()
	for attempt := 0; ; attempt++ {
		err := fn(ctx)
		if err == nil || ctx.Err() != nil || !Passing(err) {
			return err
		}
		pause := min(200*time.Millisecond<<min(attempt, 5), 4*time.Second)
		pause = pause/2 + rand.N(pause/2)
		if time.Since(began)+pause > patience {
			return fmt.Errorf("%s: given up after %s: %w", what, time.Since(began).Round(time.Second), err)
		}
		if log != nil {
			log.Warn("failed, trying again", "what", what, "attempt", attempt+1, "error", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// Passing tells whether an error may be gone a moment later.
func Passing(err error) bool {
	var dial *net.OpError
	var answer *sr.ResponseError
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID):
		return false // Kafka counts it as passing, but what is not there is not made by waiting
	case errors.As(err, &answer):
		return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests
	case errors.As(err, &dial):
		return true
	}
	return kerr.IsRetriable(err) || kgo.IsRetryableBrokerErr(err) ||
		// Fewer brokers are up than a topic is to have copies.
		errors.Is(err, kerr.InvalidReplicationFactor) ||
		// Another session's transaction is being ended.
		errors.Is(err, kerr.ConcurrentTransactions) ||
		// An attempt's own.
		errors.Is(err, context.DeadlineExceeded)
}
