package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// space has a stage wait while the disk of its state is full, rather than end
// or go on without a copy: the state in Kafka is whole, so nothing is lost but
// time.
//
//	s := newSpace(ctx, vfs.Default, dir, log, told)
//	o.FS = s.fs()             // writes of the database wait
//	if !s.wait() { … }        // so do the changes that come; false: told to stop
type space struct {
	ctx  context.Context
	disk vfs.FS
	dir  string
	log  *slog.Logger
	told func(error) // when the wait begins, with nil when it is over

	opened atomic.Bool // a disk that is full before is an error

	mu   sync.Mutex
	free chan struct{} // closed when there is space; nil while there is
}

const (
	// storeSpace is how much must be free again: what is in memory, and the
	// compactions that follow.
	storeSpace = 64 << 20

	// spacePause is how often the disk is looked at.
	spacePause = time.Second
)

var errFull = errors.New("the disk of the local state is full")

func newSpace(ctx context.Context, disk vfs.FS, dir string, log *slog.Logger, told func(error)) *space {
	return &space{ctx: ctx, disk: disk, dir: dir, log: log, told: told}
}

// fs is the file system for the database.
func (s *space) fs() vfs.FS { return vfs.OnDiskFull(s.disk, s.full) }

// full is called when a write finds no space. All writes wait until it returns.
// It returns only when there is space: what Pebble cannot write it fails for,
// and that would end the process.
func (s *space) full() {
	if !s.opened.Load() {
		return
	}
	began := time.Now()
	free := make(chan struct{})
	s.mu.Lock()
	s.free = free
	s.mu.Unlock()
	s.log.Error("the disk of the local state is full; the stage waits for space and loses nothing", "folder", s.dir)
	s.told(fmt.Errorf("%w: %s", errFull, s.dir))
	for {
		time.Sleep(spacePause)
		if usage, err := s.disk.GetDiskUsage(s.dir); err == nil && usage.AvailBytes >= storeSpace {
			break
		}
	}
	s.mu.Lock()
	s.free = nil
	s.mu.Unlock()
	close(free)
	s.log.Info("there is space for the local state again", "folder", s.dir, "after", time.Since(began).Round(time.Second))
	s.told(nil)
}

// wait returns when there is space, true at once if there is, and false when
// the stage is to stop.
func (s *space) wait() bool {
	s.mu.Lock()
	free := s.free
	s.mu.Unlock()
	if free == nil {
		return true
	}
	select {
	case <-free:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// none tells whether the disk is full.
func (s *space) none() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free != nil
}
