package stream

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/twmb/franz-go/pkg/kgo"
)

// smallDisk is a disk that is full at times.
type smallDisk struct {
	vfs.FS
	full atomic.Bool
}

func (d *smallDisk) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	if d.full.Load() {
		return vfs.DiskUsage{}, nil
	}
	return d.FS.GetDiskUsage(path)
}

func (d *smallDisk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	return &smallFile{file, d}, nil
}

type smallFile struct {
	vfs.File
	disk *smallDisk
}

func (f *smallFile) Write(p []byte) (int, error) {
	if f.disk.full.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// A full disk has changes wait; with space again all are there, and a stop does
// not wait for it.
func TestAFullDiskIsWaitedFor(t *testing.T) {
	t.Parallel()
	disk := &smallDisk{FS: vfs.Default}
	dir := t.TempDir()
	var condition atomic.Value
	condition.Store("")
	open := func(ctx context.Context) (*store, *table) {
		s, err := openStoreOn(ctx, disk, dir, "counter", slog.New(slog.DiscardHandler), func(err error) { condition.Store(fmt.Sprint(err)) })
		if err != nil {
			t.Fatal(err)
		}
		return s, s.take(0)
	}
	s, table := open(t.Context())
	key := func(n int) []byte { return fmt.Appendf(nil, "%06d", n) }
	put := func(n int) error {
		return table.apply([]*kgo.Record{{Key: key(n), Value: key(n), Offset: int64(n)}}, nil)
	}
	for n := range 100 {
		if err := put(n); err != nil {
			t.Fatal(err)
		}
	}
	disk.full.Store(true)
	flushed := make(chan error, 1)
	go func() { flushed <- s.flush() }()
	for deadline := time.Now().Add(20 * time.Second); !s.room.none(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the full disk was not noticed")
		}
	}
	if got := condition.Load(); got != errFull.Error()+": "+s.dir {
		t.Errorf("condition %q", got)
	}
	waited := make(chan error, 1)
	go func() { waited <- put(100) }()
	select {
	case err := <-waited:
		t.Fatalf("a change did not wait: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	disk.full.Store(false)
	for _, done := range []chan error{flushed, waited} {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if got := condition.Load(); got != "<nil>" {
		t.Errorf("condition %q", got)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	s, table = open(ctx)
	for n := range 101 {
		if value, err := table.get(string(key(n))); err != nil || string(value) != string(key(n)) {
			t.Fatalf("key %d: %q, %v", n, value, err)
		}
	}
	if err := put(101); err != nil {
		t.Fatal(err)
	}
	disk.full.Store(true)
	go s.flush()
	for !s.room.none() {
		time.Sleep(time.Millisecond)
	}
	go func() { waited <- put(102) }()
	cancel()
	if err := <-waited; err != errMoved {
		t.Errorf("a change that was told to stop: %v", err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	disk.full.Store(false) // lets go of what still writes
	for s.room.none() {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	s.db.Close()
	s.unlock()
}
