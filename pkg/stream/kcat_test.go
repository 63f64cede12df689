package stream

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// flood makes many records of one.
type flood struct{ swell }

const flooded = 1000 // records

func (flood) Process(_ context.Context, in Record, out *Output) error {
	for n := range flooded {
		out.Emit("counts", fmt.Append(nil, in.Partition, n), []byte("drop"))
	}
	return nil
}

// lateEnd is a connection that holds back the requests that end a transaction,
// so that it stays open with all its records written.
type lateEnd struct{ net.Conn }

func (c lateEnd) Write(request []byte) (int, error) {
	const endTxn = 26
	if len(request) > 6 && binary.BigEndian.Uint16(request[4:]) == endTxn {
		time.Sleep(2 * time.Second) // longer than two runs of kcat on a busy machine
	}
	return c.Conn.Write(request)
}

// kcat counts the records of each partition of a topic as kcat reads them.
func kcat(t *testing.T, brokers []string, isolation, topic string) map[string]int {
	t.Helper()
	out, err := exec.Command("kcat", "-b", strings.Join(brokers, ","), "-C", "-t", topic, "-e", "-q", "-X", "isolation.level="+isolation, "-f", "%p\n").Output()
	if err != nil {
		t.Fatalf("kcat: %v", err)
	}
	counts := map[string]int{}
	for partition := range strings.Lines(string(out)) {
		counts[strings.TrimSpace(partition)]++
	}
	return counts
}

// TestKcatSeesNoPartOfATransaction has another client read what a stage writes
// while it writes: of a transaction's records in a partition it sees all or none.
// When the stage has left, that client joins its group and finds nothing to do.
func TestKcatSeesNoPartOfATransaction(t *testing.T) {
	if os.Getenv("VISLANG_TEST_BROKERS") == "" {
		t.Skip("needs the brokers of `make test-kafka`")
	}
	kafka, client := start(t, t.TempDir())
	brokers := strings.Split(os.Getenv("VISLANG_TEST_BROKERS"), ",")
	words := strings.Fields("a b c d e f g h i j")
	produce(t, client, words...)
	late := kgo.Dialer(func(ctx context.Context, network, host string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, host)
		return lateEnd{conn}, err
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := background(ctx, flood{swell{"flood"}}, Options{Kafka: append(kafka[:len(kafka):len(kafka)], late), MaxBatch: 1})
	hidden := 0
	looks := map[string]map[int]bool{} // counts seen, by partition
	look := func() (total int) {
		for partition, n := range kcat(t, brokers, "read_committed", "counts") {
			if looks[partition] == nil {
				looks[partition] = map[int]bool{}
			}
			looks[partition][n] = true
			total += n
		}
		return total
	}
	for look() < len(words)*flooded {
		all := 0
		for _, n := range kcat(t, brokers, "read_uncommitted", "counts") {
			all += n
		}
		if look() < all {
			hidden++
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if hidden == 0 {
		t.Error("no transaction was seen under way: this test shows nothing")
	}
	for partition, counts := range looks {
		p, err := strconv.ParseInt(partition, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		ends := endsOfTransactions(t, kafka, "counts", int32(p))
		for n := range counts {
			if !ends[n] {
				t.Errorf("kcat saw %d records in partition %d, in the middle of a transaction; they end after %v", n, p, slices.Sorted(maps.Keys(ends)))
			}
		}
	}
	t.Logf("%d looks at an open transaction; counts seen: %v", hidden, looks)

	out, err := exec.Command("kcat", "-b", strings.Join(brokers, ","), "-G", "flood", "-e", "-q", "-X", "auto.offset.reset=earliest", "-f", "%t/%p/%o\n", "words").Output()
	if err != nil || len(out) > 0 {
		t.Errorf("kcat in the group of a stage that has done everything reads %q, %v", out, err)
	}
	lags, err := kadm.NewClient(client).Lag(t.Context(), "flood")
	if err != nil || lags["flood"].Lag.Total() != 0 {
		t.Errorf("kadm: lag %v, %v", lags, err)
	}
}

// endsOfTransactions are the numbers of records of a partition after each
// commit marker.
func endsOfTransactions(t *testing.T, kafka []kgo.Opt, topic string, partition int32) map[int]bool {
	t.Helper()
	client, err := kgo.NewClient(append(kafka[:len(kafka):len(kafka)], kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, end, err := bounds(t.Context(), kadm.NewClient(client), topic, partition)
	if err != nil {
		t.Fatal(err)
	}
	ends, n := map[int]bool{0: true}, 0
	for position := int64(0); position < end; {
		client.PollFetches(t.Context()).EachRecord(func(rec *kgo.Record) {
			position = rec.Offset + 1
			if rec.Attrs.IsControl() {
				ends[n] = true
			} else {
				n++
			}
		})
	}
	return ends
}
