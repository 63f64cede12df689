package stream

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestLagsWithADeadBrokerAmongTheAddresses asks about many groups, with a new
// client each time: once in two or so a client must ask the broker that lives.
func TestLagsWithADeadBrokerAmongTheAddresses(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "words"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	inputs := map[string][]string{}
	for n := range 40 {
		inputs[fmt.Sprint("group-", n)] = []string{"words"}
	}
	admin := NewAdmin(kgo.SeedBrokers(append(cluster.ListenAddrs(), dead.Addr().String())...))
	defer admin.Close()
	for n := 1; ; n++ {
		_, err := admin.Lags(t.Context(), inputs)
		if err == nil {
			return
		}
		if n == 30 {
			t.Fatalf("%d tries: %v", n, err)
		}
	}
}

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
