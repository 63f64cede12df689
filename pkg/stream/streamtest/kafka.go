// Package streamtest gives tests the Apache Kafka brokers that `make test-kafka`
// starts:
//
//	if brokers := streamtest.Kafka(t); brokers != nil {
//		// real ones, empty, and this test's alone until it ends
//	}
package streamtest

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// clusterID is the id of the brokers of `make kafka`.
const clusterID = "Vk1zTGFuZ0thZmthVGVzdA"

// alone is held by the test that uses the brokers: all have the same names for
// their topics and groups.
var alone sync.Mutex

// Kafka returns the addresses of the brokers that VISLANG_TEST_BROKERS names,
// nil if there are none. All their topics, groups and access rules are removed
// before, and again when the test ends; until then other tests of the process
// wait.
func Kafka(t testing.TB) []string {
	t.Helper()
	list := os.Getenv("VISLANG_TEST_BROKERS")
	if list == "" {
		return nil
	}
	brokers := strings.Split(list, ",")
	alone.Lock()
	t.Cleanup(alone.Unlock)
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin := kadm.NewClient(client)
	// The first question about a group makes fresh brokers create the topic of
	// all commits, and fails until they have.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		_, err := admin.FetchOffsets(t.Context(), "any")
		if err == nil || errors.Is(err, kerr.GroupIDNotFound) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	empty(t, admin)
	t.Cleanup(func() { empty(t, admin) })
	return brokers
}

func empty(t testing.TB, admin *kadm.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	metadata, err := admin.Metadata(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// What is removed here nobody gets back.
	if metadata.Cluster != clusterID {
		t.Fatalf("VISLANG_TEST_BROKERS names cluster %s, which `make kafka` has not made", metadata.Cluster)
	}
	groups, err := admin.ListGroups(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range groups.Groups() {
		for {
			_, err := admin.DeleteGroup(ctx, group)
			if err == nil || errors.Is(err, kerr.GroupIDNotFound) {
				break
			}
			// A member that was killed stays one until its session is over.
			if !errors.Is(err, kerr.NonEmptyGroup) || ctx.Err() != nil {
				t.Fatalf("delete group %s: %v", group, err)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	var topics []string
	for _, topic := range metadata.Topics.Names() {
		if !strings.HasPrefix(topic, "__") {
			topics = append(topics, topic)
		}
	}
	if len(topics) > 0 {
		deleted, err := admin.DeleteTopics(ctx, topics...)
		if err != nil {
			t.Fatal(err)
		}
		if err := deleted.Error(); err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
			t.Fatalf("delete topics: %v", err)
		}
	}
	all := kadm.NewACLs().Topics().Groups().TransactionalIDs().Clusters().AnyResource().
		Allow().AllowHosts().Deny().DenyHosts().Operations(kadm.OpAny).ResourcePatternType(kadm.ACLPatternAny)
	if _, err := admin.DeleteACLs(ctx, all); err != nil {
		t.Fatal(err)
	}
}
