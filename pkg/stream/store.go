package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/twmb/franz-go/pkg/kgo"
)

// store is a stage's state on this machine: one Pebble database for all
// partitions that the workers of this process have or had.
//
// The changelog in Kafka is the truth and the store is a copy of it, up to the
// offset that stands beside the data as a checkpoint. Changes come in only
// after their transaction has committed, so the copy is at times behind Kafka
// and never ahead. That is why the database needs no write-ahead log of its
// own: the changelog is that log. What a kill takes from memory is read again.
//
// One database and not one a partition: partitions move between the workers of
// a process without closing anything, memory and files do not grow with their
// number, and to drop one is a single range deletion.
type store struct {
	dir  string
	lock *os.File
	db   *pebble.DB
	log  *slog.Logger
	room *space

	mu      sync.Mutex // one applies at a time; guards what follows
	owners  map[int32]*table
	dirty   bool  // not flushed
	damaged error // the files cannot be trusted any more

	stop chan struct{}
	done chan struct{}
}

// errDamaged means that the local files are broken. They are thrown away and
// made again from Kafka.
var errDamaged = errors.New("the local copy of the state is damaged")

const (
	storeCache    = 64 << 20
	storeMemTable = 16 << 20 // what a kill makes read again, at most

	// storeFlush bounds the age of the checkpoint on disk. It must stay far
	// below checkpointAge.
	storeFlush = time.Minute

	// storeSlots is how many processes may share a state folder.
	storeSlots = 1000
)

// openStore opens the state of a stage below dir, in memory if dir is empty.
// Each process takes the first folder that no other has: two processes can
// share dir, and one that restarts finds its own files again. When ctx ends
// nobody waits any longer for a disk that is full; told learns that it is, and,
// with nil, when it no longer is.
func openStore(ctx context.Context, dir, stage string, log *slog.Logger, told func(error)) (*store, error) {
	return openStoreOn(ctx, vfs.Default, dir, stage, log, told)
}

func openStoreOn(ctx context.Context, disk vfs.FS, dir, stage string, log *slog.Logger, told func(error)) (*store, error) {
	s := &store{log: log, owners: map[int32]*table{}, stop: make(chan struct{}), done: make(chan struct{})}
	if dir != "" {
		if err := s.claim(filepath.Join(dir, stage)); err != nil {
			return nil, fmt.Errorf("open state of stage %s: %w", stage, err)
		}
	} else {
		disk = vfs.NewMem()
	}
	s.room = newSpace(ctx, disk, s.dir, log, told)
	err := s.open()
	if err != nil && rebuildable(err) {
		log.Warn("the state's files are damaged; they are thrown away and restored from Kafka", "folder", s.dir, "error", err)
		if err = s.wipe(); err == nil {
			err = s.open()
		}
	}
	if err != nil {
		s.unlock()
		return nil, fmt.Errorf("open state of stage %s in %s: %w", stage, s.dir, err)
	}
	go s.flushes()
	return s, nil
}

// claim locks the first free folder. A flock ends with its process, so it
// cannot be stale.
func (s *store) claim(dir string) error {
	for slot := range storeSlots {
		folder := filepath.Join(dir, strconv.Itoa(slot))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		lock, err := os.OpenFile(folder+".lock", os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			s.dir, s.lock = folder, lock
			return nil
		}
		lock.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("lock %s: %w", folder, err)
		}
	}
	return fmt.Errorf("all %d folders below %s are in use", storeSlots, dir)
}

func (s *store) unlock() {
	if s.lock != nil {
		s.lock.Close()
	}
}

func (s *store) open() (err error) {
	cache := pebble.NewCache(storeCache)
	defer cache.Unref()
	o := &pebble.Options{
		FS: s.room.fs(), Cache: cache, MemTableSize: storeMemTable, MaxOpenFiles: 256,
		DisableWAL: true, Logger: storeLog{s.log}, FormatMajorVersion: pebble.FormatNewest,
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) {
				s.log.Error("writing the state's files failed; the stage waits if this goes on", "folder", s.dir, "error", err)
			},
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				go s.damage(info.Details) // called with locks held
			},
		},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // most keys looked up are new
		o.Levels[i].IndexBlockSize = 256 << 10            // one level of index: a lookup reads one block less
	}
	if s.db, err = pebble.Open(s.dir, o); err == nil {
		s.room.opened.Store(true)
	}
	return err
}

// rebuildable tells broken files from a disk that cannot be used.
func rebuildable(err error) bool {
	return !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EROFS) && !errors.Is(err, fs.ErrPermission)
}

func (s *store) wipe() error {
	if s.dir == "" {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return err
	}
	return os.MkdirAll(s.dir, 0o777)
}

func (s *store) damage(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.damaged == nil {
		s.damaged = fmt.Errorf("%w: %w", errDamaged, err)
	}
	return s.damaged
}

// close writes what is in memory and closes the files. Nobody may use the
// store any more.
func (s *store) close() error {
	close(s.stop)
	if s.room.none() {
		// Its writes wait for space, which may never come; its lock stays with
		// this process.
		s.log.Warn("the local state is left as it is on a full disk; what it lacks is read from Kafka again", "folder", s.dir)
		return nil
	}
	<-s.done
	defer s.unlock()
	if s.damaged != nil {
		s.db.Close()
		return s.wipe()
	}
	return errors.Join(s.flush(), s.db.Close())
}

// flushes bounds what a kill loses of a stage that writes little.
func (s *store) flushes() {
	defer close(s.done)
	tick := time.NewTicker(storeFlush)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			if err := s.flush(); err != nil {
				s.log.Error("cannot write the state's files", "folder", s.dir, "error", err)
			}
		}
	}
}

func (s *store) flush() error {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = false
	s.mu.Unlock()
	if !dirty {
		return nil
	}
	return s.db.Flush()
}

// checkpoint says what a table holds: all of the changelog before Offset.
type checkpoint struct {
	Version uint8
	Topic   [16]byte // id of the changelog, which a topic of the same name made anew does not have
	Offset  int64
	Time    int64 // of the last change, ms of this machine's clock
	Keys    int64
}

const checkpointVersion = 1

// table is one partition's state as one worker has it. It is no longer owned
// when another worker takes the partition, and refuses changes then.
type table struct {
	store     *store
	partition int32
	mark      checkpoint // guarded by store.mu once it is owned
}

// take makes a new owner of a partition.
func (s *store) take(partition int32) *table {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &table{store: s, partition: partition}
	s.owners[partition] = t
	value, closer, err := s.db.Get(t.key('c', ""))
	if err != nil {
		return t // no checkpoint, none to be trusted: it restores all
	}
	defer closer.Close()
	if _, err := binary.Decode(value, binary.BigEndian, &t.mark); err != nil || t.mark.Version != checkpointVersion {
		t.mark = checkpoint{}
	}
	return t
}

// key builds a database key: kind ('d' data, 'c' checkpoint), partition, key.
func (t *table) key(kind byte, key string) []byte {
	k := make([]byte, 0, 5+len(key))
	k = append(k, kind)
	k = binary.BigEndian.AppendUint32(k, uint32(t.partition))
	return append(k, key...)
}

// end is the first database key after all that begin with the given bytes.
func end(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			after := append([]byte(nil), prefix[:i+1]...)
			after[i]++
			return after
		}
	}
	return nil
}

func (t *table) owned() bool {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	return t.store.owners[t.partition] == t
}

func (t *table) get(key string) ([]byte, error) {
	value, closer, err := t.store.db.Get(t.key('d', key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, t.store.damage(err)
	}
	defer closer.Close()
	return append([]byte{}, value...), nil
}

func (t *table) scan(prefix string, yield func(string, []byte) bool) (err error) {
	lower := t.key('d', prefix)
	it, err := t.store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: end(lower)})
	if err != nil {
		return t.store.damage(err)
	}
	defer func() {
		if failed := errors.Join(it.Error(), it.Close()); failed != nil {
			err = t.store.damage(failed)
		}
	}()
	for it.First(); it.Valid(); it.Next() {
		if !yield(string(it.Key()[5:]), append([]byte{}, it.Value()...)) {
			break
		}
	}
	return nil
}

// apply makes committed changelog records part of the table, at once with the
// checkpoint after the last of them. present says of some keys whether the
// table has them; the others are looked up to keep count.
func (t *table) apply(records []*kgo.Record, present map[string]bool) error {
	if present == nil {
		present = map[string]bool{}
	}
	return t.change(records, func(rec *kgo.Record) (keys int64, err error) {
		was, known := present[string(rec.Key)]
		if !known {
			if was, err = t.has(rec.Key); err != nil {
				return 0, err
			}
		}
		is := rec.Value != nil
		present[string(rec.Key)] = is
		switch {
		case is && !was:
			keys = 1
		case was && !is:
			keys = -1
		}
		return keys, nil
	})
}

// load is apply without keeping count: count follows.
func (t *table) load(records []*kgo.Record, _ map[string]bool) error {
	return t.change(records, func(*kgo.Record) (int64, error) { return 0, nil })
}

// change applies records; delta says by how much each changes the number of
// keys.
func (t *table) change(records []*kgo.Record, delta func(*kgo.Record) (int64, error)) error {
	if !t.store.room.wait() {
		return errMoved // the copy stays behind
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if t.store.owners[t.partition] != t {
		return nil
	}
	if t.store.damaged != nil {
		return t.store.damaged
	}
	b := t.store.db.NewBatch()
	defer b.Close()
	mark := t.mark
	for _, rec := range records {
		keys, err := delta(rec)
		if err != nil {
			t.store.damaged = fmt.Errorf("%w: %w", errDamaged, err)
			return t.store.damaged
		}
		key := t.key('d', string(rec.Key))
		if rec.Value == nil {
			b.Delete(key, nil)
		} else {
			b.Set(key, rec.Value, nil)
		}
		mark.Keys += keys
		mark.Offset = max(mark.Offset, rec.Offset+1)
	}
	return t.commit(b, mark)
}

func (t *table) has(key []byte) (bool, error) {
	_, closer, err := t.store.db.Get(t.key('d', string(key)))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, closer.Close()
}

// count counts the keys.
func (t *table) count() error {
	keys := int64(0)
	lower := t.key('d', "")
	it, err := t.store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: end(lower)})
	if err != nil {
		return t.store.damage(err)
	}
	for it.First(); it.Valid(); it.Next() {
		keys++
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return t.store.damage(err)
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	b := t.store.db.NewBatch()
	defer b.Close()
	mark := t.mark
	mark.Keys = keys
	return t.commit(b, mark)
}

// commit writes a batch with the checkpoint that goes with it. The store is
// locked.
func (t *table) commit(b *pebble.Batch, mark checkpoint) error {
	mark.Version, mark.Time = checkpointVersion, time.Now().UnixMilli()
	value, err := binary.Append(nil, binary.BigEndian, mark)
	if err != nil {
		return err
	}
	b.Set(t.key('c', ""), value, nil)
	if err := b.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("write state of partition %d: %w", t.partition, err)
	}
	t.mark = mark
	t.store.dirty = true
	return nil
}

// reset empties the table and begins a new one of a changelog at offset.
func (t *table) reset(topic [16]byte, offset int64) error {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	b := t.store.db.NewBatch()
	defer b.Close()
	if t.store.owners[t.partition] != t {
		return errMoved
	}
	prefix := t.key('d', "")
	b.DeleteRange(prefix, end(prefix), nil)
	return t.commit(b, checkpoint{Topic: topic, Offset: offset})
}

// advance moves the checkpoint over offsets that hold no change.
func (t *table) advance(offset int64) error {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if t.store.owners[t.partition] != t {
		return errMoved
	}
	b := t.store.db.NewBatch()
	defer b.Close()
	mark := t.mark
	mark.Offset = max(mark.Offset, offset)
	return t.commit(b, mark)
}

// size is the number of keys, and of bytes on disk, about.
func (t *table) size() (keys int64, size uint64) {
	t.store.mu.Lock()
	keys = t.mark.Keys
	t.store.mu.Unlock()
	prefix := t.key('d', "")
	size, _ = t.store.db.EstimateDiskUsage(prefix, end(prefix))
	return keys, size
}

// storeLog passes on what Pebble has to say. It calls Fatalf where it cannot go
// on: on a disk that fails under its manifest.
type storeLog struct{ log *slog.Logger }

func (l storeLog) Infof(format string, args ...any)  { l.log.Debug(fmt.Sprintf(format, args...)) }
func (l storeLog) Errorf(format string, args ...any) { l.log.Warn(fmt.Sprintf(format, args...)) }

func (l storeLog) Fatalf(format string, args ...any) {
	// Nothing is lost: the changelog in Kafka holds the state, and this
	// process's transaction ends with it.
	l.log.Error("the state's files cannot be written; this process ends", "error", fmt.Sprintf(format, args...))
	os.Exit(1)
}
