package retry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

func TestPassing(t *testing.T) {
	t.Parallel()
	_, refused := net.Dial("tcp", "127.0.0.1:1")
	for _, test := range []struct {
		err  error
		want bool
	}{
		{refused, true},
		{fmt.Errorf("look up: %w", refused), true},
		{kerr.CoordinatorNotAvailable, true},
		{kerr.NotLeaderForPartition, true},
		{kerr.InvalidReplicationFactor, true},
		{kerr.ConcurrentTransactions, true},
		{&sr.ResponseError{StatusCode: 503}, true},
		{&sr.ResponseError{StatusCode: 409}, false},
		{kerr.UnknownTopicOrPartition, false},
		{kerr.TopicAuthorizationFailed, false},
		{kerr.SaslAuthenticationFailed, false},
		{kgo.ErrClientClosed, false},
		{errors.New("a bug"), false},
	} {
		if got := Passing(test.err); got != test.want {
			t.Errorf("%v: %v", test.err, got)
		}
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	calls := 0
	if err := Do(t.Context(), nil, "try", func(context.Context) error {
		if calls++; calls < 3 {
			return kerr.NotCoordinator
		}
		return nil
	}); err != nil || calls != 3 {
		t.Errorf("%d calls: %v", calls, err)
	}
	calls = 0
	if err := Do(t.Context(), nil, "try", func(context.Context) error { calls++; return kerr.InvalidTopicException }); !errors.Is(err, kerr.InvalidTopicException) || calls != 1 {
		t.Errorf("an error for good: %d calls: %v", calls, err)
	}
	err := within(t.Context(), nil, time.Second, "try", func(context.Context) error { return kerr.NotCoordinator })
	if !errors.Is(err, kerr.NotCoordinator) || !strings.Contains(err.Error(), "try: given up after") {
		t.Errorf("%v", err)
	}
}
