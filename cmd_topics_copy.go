package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/blob"
	"vislang/pkg/embedded"
	"vislang/pkg/embedded/kafka"
	"vislang/pkg/stream"
	"vislang/producers"
	"vislang/schemas"
)

// copied are the topics that everything else can be made from again.
func copied() []string {
	return []string{schemas.TopicDocuments, producers.ListTopic, producers.MemoryTopic}
}

func newTopicsCopyCommand() *cobra.Command {
	var f copyFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "copy --from-data FOLDER",
		Short: "Take documents, their bytes and sources along from a data folder or other brokers",
		Long: `Copies the documents, the list of sources and what the sources remember to these
brokers, in one transaction, all or nothing, encoded anew for this schema registry;
before that, the bytes of the documents into this blob store. The topics here must
hold nothing. All else is made from the documents again, in the same way and with
the same ids.

--from-data opens the folder by itself: nothing may run on it. Without a folder,
--from-brokers and --from-registry say where to copy from, and --from-blobs which
blob store to copy from; without it the blobs are copied by other means.`,
		Example: `  vislang topics copy --from-data old \
      --brokers kafka-1:9092 --registry http://registry:8081 --database http://db:8123/vislang --blobs "s3://bucket?region=eu-west-1"
  vislang topics copy --from-brokers other:9092 --from-registry http://other:8081 --from-blobs s3://other --brokers …`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.data == "" && (f.brokers == "" || f.registry == "") {
				return usageError{errors.New("topics copy: say where to copy from: --from-data, or --from-brokers and --from-registry")}
			}
			if f.data != "" && f.brokers != "" {
				return usageError{errors.New("topics copy: --from-data and --from-brokers exclude each other")}
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) (err error) {
				if f.brokers != "" && slices.Equal(b.c.brokers, strings.Split(f.brokers, ",")) {
					return usageError{errors.New("--brokers and --from-brokers are the same")}
				}
				from, err := f.open(ctx, b.c.log)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, from.close()) }()
				counts, err := b.copy(ctx, from)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(counts)
				}
				if from.blobs != nil {
					fmt.Fprintf(cmd.OutOrStdout(), "blobs: %d, %d missing\n", counts[copiedBlobs], counts[missingBlobs])
				}
				for _, topic := range copied() {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %d records\n", topic, counts[topic])
				}
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "from-data", "", "data folder of an embedded Kafka to copy from, nothing running on it")
	flags.StringVar(&f.brokers, "from-brokers", "", "brokers to copy from, host:port,…")
	flags.StringVar(&f.registry, "from-registry", "", "schema registry of what is copied; empty: the embedded one of --from-data")
	flags.StringVar(&f.blobs, "from-blobs", "", "blob store to copy from; empty: FOLDER/blobs of --from-data, none of --from-brokers")
	flags.BoolVar(&asJSON, "json", false, "the result as JSON")
	return cmd
}

// What the counts of a copy call blobs.
const (
	copiedBlobs  = "blobs"
	missingBlobs = "missing_blobs"
)

// copyFlags say where to copy from.
type copyFlags struct{ data, brokers, registry, blobs string }

// source is where records are copied from.
type source struct {
	kafka   []kgo.Opt
	codec   *schemas.Codec
	blobs   *blob.Store // nil: not copied
	closers []func() error
}

func (s *source) close() error {
	var errs []error
	for _, f := range slices.Backward(s.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// open opens the source, and with --from-data its engines.
func (f copyFlags) open(ctx context.Context, log *slog.Logger) (from *source, err error) {
	from = &source{}
	defer func() {
		if err != nil {
			err = errors.Join(err, from.close())
		}
	}()
	if f.data != "" {
		folder := filepath.Join(f.data, "kafka")
		if _, err := os.Stat(folder); err != nil {
			return from, usageError{fmt.Errorf("--from-data %s: no embedded Kafka has run there: %w", f.data, err)}
		}
		lock, err := embedded.Acquire(f.data)
		if err != nil {
			return from, fmt.Errorf("--from-data: %w", err)
		}
		from.closers = append(from.closers, lock.Release)
		broker, err := kafka.Start(ctx, kafka.Options{Dir: folder, Log: log})
		if err != nil {
			return from, err
		}
		from.closers = append(from.closers, broker.Close)
		f.brokers, f.blobs = broker.Addr(), firstOf(f.blobs, filepath.Join(f.data, "blobs"))
		if f.registry == "" {
			registry, err := schemas.StartRegistry(ctx, "")
			if err != nil {
				return from, err
			}
			from.closers = append(from.closers, registry.Close)
			f.registry = registry.URL()
		}
	}
	from.kafka = []kgo.Opt{kgo.SeedBrokers(strings.Split(f.brokers, ",")...)}
	client, err := sr.NewClient(sr.URLs(f.registry))
	if err != nil {
		return from, usageError{fmt.Errorf("--from-registry: %w", err)}
	}
	from.codec = schemas.NewCodec(client)
	if f.blobs != "" {
		if from.blobs, err = blob.Open(ctx, f.blobs); err != nil {
			return from, fmt.Errorf("--from-blobs: %w", err)
		}
		from.closers = append(from.closers, from.blobs.Close)
	}
	return from, nil
}

func (b *board) copy(ctx context.Context, from *source) (map[string]int, error) {
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
	// Before the records that name them, and before the transaction: it may
	// not stay open as long as many gigabytes take.
	blobs, err := b.copyBlobs(ctx, from)
	if err != nil {
		return nil, err
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
	maps.Copy(counts, blobs)
	return counts, nil
}

// copyBlobs copies the bytes of the documents and of the pictures that they
// refer to. What is missing there was missing before, and is counted.
func (b *board) copyBlobs(ctx context.Context, from *source) (map[string]int, error) {
	counts := map[string]int{}
	if from.blobs == nil {
		return counts, nil
	}
	seen := map[string]bool{"": true} // a document that could not be read has none
	copyOne := func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		r, err := from.blobs.Reader(ctx, name)
		if errors.Is(err, blob.ErrNotFound) {
			if there, err := b.c.blobs.Reader(ctx, name); err == nil {
				return there.Close() // the store was shared, or copied by other means
			}
			b.c.log.Warn("a blob is missing where it is copied from", "blob", name)
			counts[missingBlobs]++
			return nil
		}
		if err != nil {
			return err
		}
		defer r.Close()
		if _, _, err := b.c.blobs.PutFile(ctx, r, 0); err != nil {
			return fmt.Errorf("copy blob %s: %w", name, err)
		}
		counts[copiedBlobs]++
		return nil
	}
	err := eachRecord(ctx, from.kafka, schemas.TopicDocuments, func(rec *kgo.Record) error {
		doc, err := schemas.Decode[schemas.Document](ctx, from.codec, rec.Value)
		if err != nil {
			return fmt.Errorf("document at %s/%d/%d: %w", rec.Topic, rec.Partition, rec.Offset, err)
		}
		err = copyOne(doc.SHA256)
		for _, resource := range doc.Resources {
			if err == nil {
				err = copyOne(resource.SHA256)
			}
		}
		return err
	})
	return counts, err
}

// fill writes the records into the open transaction.
func (b *board) fill(ctx context.Context, client *kgo.Client, from *source, to *schemas.Codec) (map[string]int, error) {
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
			at := rec.Timestamp
			if now := time.Now(); at.After(now) { // Kafka refuses the future, the embedded one does not
				at = now
			}
			client.Produce(ctx, &kgo.Record{Topic: topic, Key: rec.Key, Value: value, Headers: rec.Headers, Timestamp: at}, func(_ *kgo.Record, err error) {
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
