package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream/control"
	"vislang/pkg/stream/retry"
	"vislang/processors/match"
	"vislang/producers"
	"vislang/producers/replay"
	"vislang/schemas"
)

// everyTopic is every topic of the pipeline: those of the records, and the
// compacted ones that hold sources, the state of stages, and orders.
func everyTopic() []schemas.Topic {
	topics := append(schemas.Topics(), producers.InternalTopics()...)
	topics = append(append(topics, match.InternalTopics()...), replay.Topics()...)
	topics = append(topics, changelogs()...)
	return append(topics, schemas.Topic{
		Name: control.Topic, Key: "kind/stage/instance", Partitions: 1,
		Configs: map[string]string{"cleanup.policy": "compact"},
	})
}

// replication returns how many copies topics get: as many as asked for, else
// 3 where there are as many brokers.
func (c *connection) replication(ctx context.Context, admin *kadm.Client) (int16, error) {
	if c.copies > 0 {
		return int16(c.copies), nil
	}
	brokers, err := admin.ListBrokers(ctx)
	if err != nil {
		return 0, fmt.Errorf("list brokers: %w", err)
	}
	// One that is away for a moment counts: the copies of a topic stay as few
	// as they were made.
	if max(len(brokers), len(c.brokers)) >= 3 {
		return 3, nil
	}
	return 1, nil
}

// configsOf are the settings of a topic with some copies. With three, a write
// needs two: one broker may be away and nothing acknowledged is lost with
// another.
func configsOf(topic schemas.Topic, copies int16) map[string]string {
	configs := maps.Clone(topic.Configs)
	if copies >= 3 {
		configs["min.insync.replicas"] = "2"
	}
	return configs
}

// createTopics creates the topics that are missing and returns their names.
func (c *connection) createTopics(ctx context.Context) (created []string, err error) {
	err = retry.Do(ctx, c.log, "create topics", func(ctx context.Context) error {
		some, err := c.createMissing(ctx)
		created = append(created, some...)
		return err
	})
	if errors.Is(err, kerr.InvalidReplicationFactor) {
		err = fmt.Errorf("%w: fewer brokers are up than copies are wanted: start the others, or say how many with --replication", err)
	}
	return created, err
}

func (c *connection) createMissing(ctx context.Context) ([]string, error) {
	client, err := kgo.NewClient(c.kafka...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	known, err := admin.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	copies, err := c.replication(ctx, admin)
	if err != nil {
		return nil, err
	}
	var created []string
	for _, topic := range everyTopic() {
		if known.Has(topic.Name) {
			continue
		}
		configs := map[string]*string{}
		for name, value := range configsOf(topic, copies) {
			configs[name] = &value
		}
		_, err := admin.CreateTopic(ctx, topic.Partitions, copies, configs, topic.Name)
		if errors.Is(err, kerr.TopicAlreadyExists) {
			continue
		}
		if errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) {
			return created, fmt.Errorf("the Kafka user sees no topic %s and may not create it: have somebody run `vislang topics create`, or grant DESCRIBE on the topic", topic.Name)
		}
		if err != nil {
			return created, fmt.Errorf("create topic %s: %w", topic.Name, err)
		}
		created = append(created, topic.Name)
	}
	return created, nil
}
