package kafka

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const cleanName = "clean-shutdown"

// seal ends every partition with an abort marker after the broker was killed.
//
// kfake gives up the transactions that were open when it died without writing
// the marker that Kafka's recovery writes. Such a tail shows its readers no
// offset at all, so a reader that waits to reach the end, or a group that
// commits past what it has seen, would wait for ever. A transaction of our own
// that touches each partition and aborts puts the marker there.
func (b *Broker) seal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.TransactionalID("vislang-recovery"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx)
	if err != nil {
		return fmt.Errorf("list offsets: %w", err)
	}
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	var records []*kgo.Record
	ends.Each(func(o kadm.ListedOffset) {
		if o.Err == nil && o.Offset > 0 && !strings.HasPrefix(o.Topic, "__") {
			records = append(records, &kgo.Record{Topic: o.Topic, Partition: o.Partition, Value: []byte("aborted by recovery")})
		}
	})
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("write recovery marker: %w", err)
	}
	return client.EndTransaction(ctx, kgo.TryAbort)
}

// wasKilled tells whether the last broker on this folder ended without Close,
// and forgets it.
func wasKilled(dir string) (bool, error) {
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return false, nil
	}
	err := os.Remove(filepath.Join(dir, cleanName))
	if os.IsNotExist(err) {
		return true, nil
	}
	return false, err
}
