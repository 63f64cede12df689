package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/stream"
	"vislang/producers"
	"vislang/schemas"
)

// copied are the topics that everything else can be made from again.
func copied() []string {
	return []string{schemas.TopicDocuments, producers.ListTopic, producers.MemoryTopic}
}

func newTopicsCopyCommand() *cobra.Command {
	var brokers, registry string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "copy --from-brokers HOST:PORT --from-registry URL",
		Short: "Take documents and sources along from other brokers, all or nothing",
		Long: `Copies the documents, the list of sources and what the sources remember from
other brokers to these, in one transaction, encoded anew for this schema
registry. The topics here must hold nothing. All else is made from the
documents again, in the same way and with the same ids; their bytes are in the
blob store, whose folder or bucket is copied by other means.`,
		Example: `  vislang engines --data old &
  vislang topics copy --from-brokers 127.0.0.1:9092 --from-registry http://127.0.0.1:8081 \
      --brokers kafka-1:9092 --registry http://registry:8081 --database http://db:8123/vislang`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if brokers == "" || registry == "" {
				return usageError{fmt.Errorf("topics copy: --from-brokers and --from-registry say where to copy from")}
			}
			client, err := sr.NewClient(sr.URLs(registry))
			if err != nil {
				return usageError{fmt.Errorf("--from-registry: %w", err)}
			}
			from := source{kafka: []kgo.Opt{kgo.SeedBrokers(strings.Split(brokers, ",")...)}, codec: schemas.NewCodec(client)}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				if slices.Equal(b.c.brokers, strings.Split(brokers, ",")) {
					return usageError{fmt.Errorf("--brokers and --from-brokers are the same")}
				}
				counts, err := b.copy(ctx, from)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(counts)
				}
				for _, topic := range copied() {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %d records\n", topic, counts[topic])
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&brokers, "from-brokers", "", "brokers to copy from, host:port,…")
	cmd.Flags().StringVar(&registry, "from-registry", "", "schema registry of those brokers")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	return cmd
}

// source is where records are copied from.
type source struct {
	kafka []kgo.Opt
	codec *schemas.Codec
}

func (b *board) copy(ctx context.Context, from source) (map[string]int, error) {
	if _, err := b.c.createTopics(ctx); err != nil {
		return nil, err
	}
	if err := schemas.Register(ctx, b.c.registry); err != nil {
		return nil, fmt.Errorf("register schemas: %w", err)
	}
	to := schemas.NewCodec(b.c.registry)
	for _, topic := range copied() {
		held := 0
		if err := eachRecord(ctx, b.c.kafka, topic, func(*kgo.Record) error { held++; return nil }); err != nil {
			return nil, err
		}
		if held > 0 {
			return nil, fmt.Errorf("topic %s holds %d records here already: copy into fresh topics, before anything runs", topic, held)
		}
	}
	client, err := kgo.NewClient(append(slices.Clone(b.c.kafka),
		kgo.TransactionalID("vislang-topics-copy"), kgo.TransactionTimeout(15*time.Minute),
		kgo.ProducerBatchMaxBytesFn(schemas.BatchBytes), kgo.MaxBufferedBytes(64<<20))...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	counts, err := b.fill(ctx, client, from, to)
	if err == nil {
		err = client.Flush(ctx)
	}
	// Not ctx: a stop must still abort.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err != nil {
		client.AbortBufferedRecords(end)
		client.EndTransaction(end, kgo.TryAbort)
		return nil, err
	}
	if err := client.EndTransaction(end, kgo.TryCommit); err != nil {
		return nil, fmt.Errorf("end transaction: %w", err)
	}
	return counts, nil
}

// fill writes the records into the open transaction.
func (b *board) fill(ctx context.Context, client *kgo.Client, from source, to *schemas.Codec) (map[string]int, error) {
	counts := map[string]int{}
	failed := make(chan error, 1)
	for _, topic := range copied() {
		err := eachRecord(ctx, from.kafka, topic, func(rec *kgo.Record) error {
			value := rec.Value
			if topic == schemas.TopicDocuments {
				doc, err := schemas.Decode[schemas.Document](ctx, from.codec, value)
				if err == nil {
					value, err = to.Encode(ctx, doc)
				}
				if err != nil {
					return fmt.Errorf("document at %s/%d/%d: %w", rec.Topic, rec.Partition, rec.Offset, err)
				}
			}
			client.Produce(ctx, &kgo.Record{Topic: topic, Key: rec.Key, Value: value, Headers: rec.Headers, Timestamp: rec.Timestamp}, func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case failed <- fmt.Errorf("write to topic %s: %w", topic, err):
					default:
					}
				}
			})
			counts[topic]++
			select {
			case err := <-failed:
				return err
			default:
				return nil
			}
		})
		if err != nil {
			return nil, err
		}
	}
	if err := client.Flush(ctx); err != nil {
		return nil, err
	}
	select {
	case err := <-failed:
		return nil, err
	default:
		return counts, nil
	}
}

// eachRecord hands over the committed records of a topic, partition after
// partition.
func eachRecord(ctx context.Context, kafka []kgo.Opt, topic string, fn func(*kgo.Record) error) error {
	client, err := kgo.NewClient(kafka...)
	if err != nil {
		return err
	}
	details, err := kadm.NewClient(client).ListTopics(ctx, topic)
	client.Close()
	if err == nil {
		err = details.Error()
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w", topic, err)
	}
	for _, p := range details[topic].Partitions.Sorted() {
		var failed error
		if err := stream.ReadToEnd(ctx, kafka, topic, p.Partition, func(rec *kgo.Record) {
			if failed == nil {
				failed = fn(rec)
			}
		}); err != nil {
			return err
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}
