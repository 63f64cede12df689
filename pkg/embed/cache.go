package embed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
)

// cache keeps vectors in two files: new ones go to the younger, and when that
// has half of the bytes allowed the older is given up for it. A nil cache keeps
// nothing.
//
// A record is the key (32 bytes), the number of numbers (uint32) and they
// themselves (float32), little-endian. One that a kill cut off is dropped.
type cache struct {
	dir   string
	limit int64 // of a file

	mu    sync.Mutex
	files [2]*os.File // younger, older (may be nil)
	size  int64       // of the younger
	at    [2]map[[32]byte]int64
}

var names = [2]string{"young", "old"}

const header = 32 + 4

func openCache(dir string, limit int64) (*cache, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	c := &cache{dir: dir, limit: limit / 2}
	for k, name := range names {
		if err := c.open(k, name); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *cache) open(k int, name string) error {
	file, err := os.OpenFile(filepath.Join(c.dir, name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	c.files[k], c.at[k] = file, map[[32]byte]int64{}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	var at int64
	var head [header]byte
	for {
		if _, err := file.ReadAt(head[:], at); err != nil {
			break // the end, or a head that was cut off
		}
		size := header + 4*int64(binary.LittleEndian.Uint32(head[32:]))
		if at+size > info.Size() {
			break
		}
		c.at[k][[32]byte(head[:32])] = at
		at += size
	}
	if k == 0 {
		c.size = at
	}
	return file.Truncate(at)
}

func (c *cache) close() error {
	var errs []error
	for _, file := range c.files {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

// get returns a vector, nil if it is not kept.
func (c *cache) get(key [32]byte) []float32 {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, file := range c.files {
		at, ok := c.at[k][key]
		if !ok {
			continue
		}
		var head [header]byte
		if _, err := file.ReadAt(head[:], at); err != nil {
			continue
		}
		data := make([]byte, 4*binary.LittleEndian.Uint32(head[32:]))
		if _, err := file.ReadAt(data, at+header); err != nil && !errors.Is(err, io.EOF) {
			continue
		}
		vector := make([]float32, len(data)/4)
		for i := range vector {
			vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		return vector
	}
	return nil
}

func (c *cache) put(key [32]byte, vector []float32) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	record := binary.LittleEndian.AppendUint32(key[:], uint32(len(vector)))
	for _, x := range vector {
		record = binary.LittleEndian.AppendUint32(record, math.Float32bits(x))
	}
	if c.size > 0 && c.size+int64(len(record)) > c.limit {
		if err := c.rotate(); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
	}
	if _, err := c.files[0].WriteAt(record, c.size); err != nil {
		return err
	}
	c.at[0][key] = c.size
	c.size += int64(len(record))
	return nil
}

func (c *cache) rotate() error {
	if err := c.files[1].Close(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(c.dir, names[0]), filepath.Join(c.dir, names[1])); err != nil {
		return err
	}
	c.files[1], c.at[1] = c.files[0], c.at[0]
	return c.open(0, names[0])
}
