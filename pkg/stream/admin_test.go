package stream

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestAnAdminTakesANewClientAfterAFailure(t *testing.T) {
	t.Parallel()
	admin := NewAdmin(kgo.SeedBrokers("127.0.0.1:1"))
	defer admin.Close()
	away := errors.New("away")
	var used []*kgo.Client
	for _, want := range []error{nil, nil, away, nil} {
		if err := admin.Do(func(*kadm.Client) error {
			used = append(used, admin.client)
			return want
		}); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if used[0] != used[1] || used[1] != used[2] {
		t.Error("another client without a failure")
	}
	if used[2] == used[3] {
		t.Error("the same client after a failure")
	}
}
