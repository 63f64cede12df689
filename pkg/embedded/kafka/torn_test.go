package kafka

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// brokenLog makes a folder as a killed broker leaves it, with three batches in one
// partition, and returns the path of the segment.
func brokenLog(t *testing.T) (dir, segment string) {
	t.Helper()
	dir = t.TempDir()
	broker, err := Start(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("value")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	broker.Close()
	if err := os.Remove(filepath.Join(dir, cleanName)); err != nil {
		t.Fatal(err)
	}
	segment = filepath.Join(dir, "partitions", "t-0", "0.dat")
	return dir, segment
}

func cut(t *testing.T, path string, by int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-by); err != nil {
		t.Fatal(err)
	}
}

func index(segment string) string { return strings.TrimSuffix(segment, ".dat") + ".idx" }

func TestTornWritesAreCutOff(t *testing.T) {
	for name, test := range map[string]struct {
		tear func(t *testing.T, segment string)
		left int64
	}{
		"nothing torn":              {func(*testing.T, string) {}, 3},
		"batch without index entry": {func(t *testing.T, s string) { cut(t, index(s), indexEntry) }, 2},
		"half an index entry":       {func(t *testing.T, s string) { cut(t, index(s), 4) }, 2},
		"half a batch":              {func(t *testing.T, s string) { cut(t, s, 5) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir, segment := brokenLog(t)
			test.tear(t, segment)
			broker, err := Start(t.Context(), Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer broker.Close()
			client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			ends, err := kadm.NewClient(client).ListEndOffsets(ctx, "t")
			if err != nil {
				t.Fatal(err)
			}
			if end, _ := ends.Lookup("t", 0); end.Offset != test.left {
				t.Errorf("%d records left, want %d", end.Offset, test.left)
			}
			whole, err := os.Stat(index(segment))
			if err != nil || whole.Size() != test.left*indexEntry {
				t.Errorf("index: %v, %v; want %d entries", whole.Size(), err, test.left)
			}
		})
	}
}

func TestALostIndexIsNotATornWrite(t *testing.T) {
	dir, segment := brokenLog(t)
	if err := os.Truncate(index(segment), 0); err != nil {
		t.Fatal(err)
	}
	if broker, err := Start(t.Context(), Options{Dir: dir}); err == nil {
		broker.Close()
		t.Error("a log whose index is lost was cut down to nothing")
	}
}
