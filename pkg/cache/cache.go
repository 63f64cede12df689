// Package cache keeps the results of costly work, so that a replay or a second
// crawl of the same pages costs nothing.
//
//	results, err := cache.Open(cache.Options{Dir: "data/cache", Redis: os.Getenv("REDIS_URL")})
//	defer results.Close()
//	key := cache.Key{Image: sha256.Sum256(image), Engine: "tesseract 5.3.0", Models: hash, Settings: "dpi=300"}
//	if page, ok := results.Get(ctx, key); ok { … }
//	results.Put(ctx, key, page)
//
// There are three tiers: the memory of the process, a folder that processes of
// a machine share, and a Redis that machines share. A result found in a slower
// tier is kept in the faster ones.
//
// A cache is an extra. An entry that is damaged, or of another key, is not
// there; a tier that fails is passed over. Redis may be slow or away: a look-up
// waits [RedisWait] at most, writes wait for nothing, and after some failures in
// a row it is left alone for a while (Nygard 2007, circuit breaker).
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// Key is all that a result depends on. Two keys that differ anywhere are two
// results.
type Key struct {
	Image    [sha256.Size]byte // hash of the bytes that were worked on
	Engine   string            // name and version of what worked on them
	Models   string            // hash of the models that it used
	Settings string            // whatever else the result depends on
}

// sum is the name of the key's entry.
func (k Key) sum() sum {
	h := sha256.New()
	h.Write(k.Image[:])
	for _, part := range []string{k.Engine, k.Models, k.Settings} {
		// With its length before it, no part can be taken for the end of another.
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return sum(h.Sum(nil))
}

type sum [sha256.Size]byte

// Options of a cache. The zero value of each field means its default.
type Options struct {
	Dir         string                // folder of the disk tier; "" is none
	Redis       string                // redis://user:password@host:6379/0, rediss:// with TLS; "" is none
	MemoryBytes int64                 // most bytes of values in memory; default 32 MiB, below 0 none
	DiskBytes   int64                 // most bytes on disk, about; default 4 GiB
	Metrics     prometheus.Registerer // may be nil
	Log         *slog.Logger          // may be nil
}

const (
	defaultMemory = 32 << 20
	defaultDisk   = 4 << 30
	maxValue      = 16 << 20 // bytes of a value; a larger one is not kept
)

// tier is one place that keeps entries. What it returns may be damaged.
type tier interface {
	name() string
	get(ctx context.Context, key sum) ([]byte, outcome)
	put(ctx context.Context, key sum, entry []byte) outcome
	close() error
}

// outcome is the label `result` of a metric.
type outcome string

const (
	hit     outcome = "hit"
	miss    outcome = "miss"
	corrupt outcome = "corrupt" // damaged, or of another key
	failed  outcome = "error"
	away    outcome = "away" // not asked, because it failed before
	written outcome = "ok"
	dropped outcome = "dropped" // a write that would have had to wait
)

// Cache keeps results. It may be used by several goroutines; a nil one keeps
// nothing.
type Cache struct {
	codec   codec
	memory  *memory
	tiers   []tier // slower than memory, the fastest first
	metrics *metrics
}

// Open opens the tiers that o names. A Redis that cannot be reached is no
// error, an address that cannot be understood is.
func Open(o Options) (*Cache, error) {
	if o.MemoryBytes == 0 {
		o.MemoryBytes = defaultMemory
	}
	if o.DiskBytes <= 0 {
		o.DiskBytes = defaultDisk
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	entries, err := newCodec()
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c := &Cache{codec: entries, memory: newMemory(o.MemoryBytes), metrics: newMetrics()}
	if o.Dir != "" {
		d, err := openDisk(o.Dir, o.DiskBytes)
		if err != nil {
			return nil, fmt.Errorf("open cache: %w", err)
		}
		c.tiers = append(c.tiers, d)
	}
	if o.Redis != "" {
		r, err := openRedis(o.Redis, c.metrics, o.Log)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open cache: %w", err), c.Close())
		}
		c.tiers = append(c.tiers, r)
	}
	if err := c.metrics.register(o.Metrics, c); err != nil {
		return nil, errors.Join(fmt.Errorf("open cache: %w", err), c.Close())
	}
	return c, nil
}

// Get returns the result of key if a tier has it. It must not be changed.
func (c *Cache) Get(ctx context.Context, key Key) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	name := key.sum()
	if value, ok := c.memory.get(name); ok {
		c.metrics.read(tierMemory, hit)
		return value, true
	}
	c.metrics.read(tierMemory, miss)
	for i, t := range c.tiers {
		entry, result := t.get(ctx, name)
		var value []byte
		if result == hit {
			var err error
			if value, err = c.codec.decode(name, entry); err != nil {
				result = corrupt
			}
		}
		c.metrics.read(t.name(), result)
		if result != hit {
			continue
		}
		c.memory.put(name, value)
		for _, faster := range c.tiers[:i] {
			c.metrics.write(faster.name(), faster.put(ctx, name, entry))
		}
		return value, true
	}
	return nil, false
}

// Put keeps the result of key, which must not be changed any more. Nothing
// tells whether it was kept but the metrics.
func (c *Cache) Put(ctx context.Context, key Key, value []byte) {
	if c == nil || len(value) > maxValue {
		return
	}
	name := key.sum()
	c.memory.put(name, value)
	if len(c.tiers) == 0 {
		return
	}
	entry := c.codec.encode(name, value)
	for _, t := range c.tiers {
		c.metrics.write(t.name(), t.put(ctx, name, entry))
	}
}

// Close lets go of the tiers, after the writes to Redis at hand.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	var errs []error
	for _, t := range c.tiers {
		errs = append(errs, t.close())
	}
	return errors.Join(errs...)
}
