package cache

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// disk keeps an entry a file, `ab/cdef…`, in a folder that processes share. A
// file is put into its place whole; one that a crash has torn all the same
// fails its checksum. The files used longest ago go when there are too many
// bytes, told by their times of modification.
type disk struct {
	dir   string
	limit int64

	bytes   atomic.Int64 // in the folder when it was last looked through, and written since
	written atomic.Int64 // since then
	sweep   sync.Mutex
	working sync.WaitGroup
}

const (
	temporary = ".new-"
	// stale is the age from which a temporary file is one that a kill has left.
	stale = time.Hour
	// touched is how old the time of a file may get before a hit renews it.
	touched = time.Hour
)

func openDisk(dir string, limit int64) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &disk{dir: dir, limit: limit}
	d.tidy()
	return d, nil
}

func (*disk) name() string { return "disk" }

func (d *disk) path(key sum) string {
	name := hex.EncodeToString(key[:])
	return filepath.Join(d.dir, name[:2], name[2:])
}

func (d *disk) get(_ context.Context, key sum) ([]byte, outcome) {
	path := d.path(key)
	entry, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, miss
	case err != nil:
		return nil, failed
	}
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > touched {
		now := time.Now()
		os.Chtimes(path, now, now) // if it fails, the file goes a little earlier
	}
	return entry, hit
}

func (d *disk) put(_ context.Context, key sum, entry []byte) outcome {
	path := d.path(key)
	if err := replace(path, entry); err != nil {
		return failed
	}
	n := int64(len(entry))
	d.bytes.Add(n)
	// Other processes write, too: the folder is looked through now and then.
	if d.written.Add(n) > d.limit/16 || d.bytes.Load() > d.limit {
		d.tidy()
	}
	return written
}

// replace puts a file into its place whole.
func replace(path string, data []byte) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, temporary)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		f, err = os.CreateTemp(folder, temporary)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// tidy looks through the folder in the background and removes what has been
// unused longest, down to nine tenths of the limit. One call works at a time.
func (d *disk) tidy() {
	if !d.sweep.TryLock() {
		return
	}
	d.working.Go(func() {
		defer d.sweep.Unlock()
		type file struct {
			path string
			size int64
			used time.Time
		}
		var files []file
		total := int64(0)
		d.written.Store(0)
		filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil
			}
			info, err := e.Info()
			if err != nil {
				return nil // gone meanwhile
			}
			if strings.HasPrefix(e.Name(), temporary) {
				if time.Since(info.ModTime()) > stale {
					os.Remove(path)
				}
				return nil
			}
			files = append(files, file{path, info.Size(), info.ModTime()})
			total += info.Size()
			return nil
		})
		if total > d.limit {
			slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path)) })
			for _, f := range files {
				if total <= d.limit/10*9 {
					break
				}
				if os.Remove(f.path) == nil {
					total -= f.size
				}
			}
		}
		d.bytes.Store(total + d.written.Load())
	})
}

func (d *disk) close() error {
	d.working.Wait()
	return nil
}
