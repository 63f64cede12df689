package cache

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func open(t *testing.T, o Options) *Cache {
	t.Helper()
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func keyOf(n int) Key {
	return Key{Image: sha256.Sum256(fmt.Append(nil, n)), Engine: "tesseract 5.3.0", Models: "models", Settings: "dpi=300"}
}

// noise are n bytes that do not compress.
func noise(n int) (out []byte) {
	for i := 0; len(out) < n; i++ {
		s := sha256.Sum256(fmt.Append(nil, "noise", i))
		out = append(out, s[:]...)
	}
	return out[:n]
}

func TestResultsOutliveTheProcess(t *testing.T) {
	dir, value := t.TempDir(), []byte("Kila mtu ana haki ya kuishi")
	first := open(t, Options{Dir: dir})
	if _, ok := first.Get(t.Context(), keyOf(1)); ok {
		t.Error("found before it was put")
	}
	first.Put(t.Context(), keyOf(1), value)
	registry := prometheus.NewRegistry()
	second := open(t, Options{Dir: dir, Metrics: registry})
	for range 2 {
		if got, ok := second.Get(t.Context(), keyOf(1)); !ok || !bytes.Equal(got, value) {
			t.Fatalf("%q, %v", got, ok)
		}
	}
	want := `# HELP vislang_cache_reads_total Look-ups in the cache of results, by tier (memory, disk, redis) and result: hit, miss, corrupt, error, away (not asked, because it failed before).
# TYPE vislang_cache_reads_total counter
vislang_cache_reads_total{result="hit",tier="disk"} 1
vislang_cache_reads_total{result="hit",tier="memory"} 1
vislang_cache_reads_total{result="miss",tier="memory"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "vislang_cache_reads_total"); err != nil {
		t.Error(err)
	}
}

func TestKeysDifferInEveryPart(t *testing.T) {
	keys := []Key{
		{},
		{Image: sha256.Sum256(nil)},
		{Engine: "ab"}, {Models: "ab"}, {Settings: "ab"},
		{Engine: "a", Models: "b"}, {Models: "a", Settings: "b"}, {Engine: "a", Settings: "b"},
		{Engine: "ab\x00"},
	}
	seen := map[sum]Key{}
	for _, k := range keys {
		if other, ok := seen[k.sum()]; ok {
			t.Errorf("%v and %v are one", k, other)
		}
		seen[k.sum()] = k
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDamagedEntriesAreMisses(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir}).Put(t.Context(), keyOf(1), []byte(strings.Repeat("page ", 20)))
	file := files(t, dir)[0]
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{
		"empty":               {},
		"longer":              append(slices.Clone(whole), 0),
		"of another key":      other.encode(keyOf(2).sum(), []byte("page")),
		"of a former version": append([]byte("VLC0"), whole[4:]...),
	}
	for i := range whole {
		damaged[fmt.Sprintf("cut at %d", i)] = whole[:i]
		flipped := slices.Clone(whole)
		flipped[i] ^= 1
		damaged[fmt.Sprintf("bit of %d", i)] = flipped
	}
	for what, entry := range damaged {
		if err := os.WriteFile(file, entry, 0o644); err != nil {
			t.Fatal(err)
		}
		c := open(t, Options{Dir: dir})
		if got, ok := c.Get(t.Context(), keyOf(1)); ok {
			t.Fatalf("%s: %q", what, got)
		}
		if n := testutil.ToFloat64(c.metrics.reads.WithLabelValues("disk", string(corrupt))); n != 1 {
			t.Errorf("%s: %v counted as corrupt", what, n)
		}
	}
	// The next result takes the place.
	c := open(t, Options{Dir: dir})
	c.Put(t.Context(), keyOf(1), []byte("new"))
	if got, ok := open(t, Options{Dir: dir}).Get(t.Context(), keyOf(1)); !ok || string(got) != "new" {
		t.Errorf("%q, %v", got, ok)
	}
}

func TestDiskIsBounded(t *testing.T) {
	dir := t.TempDir()
	const limit = 1 << 20
	c, err := Open(Options{Dir: dir, DiskBytes: limit, MemoryBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	value := noise(50_000)
	for n := range 60 {
		c.Put(t.Context(), keyOf(n), append(fmt.Append(nil, n), value...))
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, name := range files(t, dir) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > limit+limit/8 || total < limit/2 {
		t.Errorf("%d bytes, limit %d", total, limit)
	}
}

func TestDiskKeepsWhatIsUsed(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Options{Dir: dir, MemoryBytes: -1})
	old := time.Now().Add(-48 * time.Hour)
	for n := range 4 {
		c.Put(t.Context(), keyOf(n), noise(10_000))
	}
	left := filepath.Join(dir, temporary+"left")
	if err := os.WriteFile(left, noise(10), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, dir) {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.Get(t.Context(), keyOf(2)); !ok {
		t.Fatal("not kept")
	}
	small := open(t, Options{Dir: dir, MemoryBytes: -1, DiskBytes: 15_000})
	small.tiers[0].(*disk).working.Wait()
	for n := range 4 {
		if _, ok := small.Get(t.Context(), keyOf(n)); ok != (n == 2) {
			t.Errorf("entry %d: kept %v", n, ok)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a file that a kill has left is still there")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(10 * (1000 + overhead))
	for n := range 100 {
		m.put(keyOf(n).sum(), noise(1000))
		if n > 0 {
			if _, ok := m.get(keyOf(0).sum()); !ok {
				t.Fatalf("the entry in use is gone after %d", n)
			}
		}
	}
	if m.size() > m.limit || len(m.at) != 10 || m.recent.Len() != 10 {
		t.Errorf("%d bytes, %d entries", m.size(), len(m.at))
	}
	m.put(keyOf(0).sum(), noise(1<<20))
	if v, _ := m.get(keyOf(0).sum()); len(v) != 1000 {
		t.Errorf("a value larger than the memory: %d bytes", len(v))
	}
	for range 3 {
		m.put(keyOf(0).sum(), noise(10))
	}
	if len(m.at) != m.recent.Len() || m.size() > m.limit {
		t.Errorf("put again: %d bytes, %d entries, %d in order", m.size(), len(m.at), m.recent.Len())
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for worker := range 8 {
		c := open(t, Options{Dir: dir, MemoryBytes: 1000, DiskBytes: 100_000})
		group.Go(func() {
			for n := range 100 {
				key := keyOf((n + worker) % 20)
				want := fmt.Append(nil, "page ", (n+worker)%20)
				if got, ok := c.Get(t.Context(), key); ok && !bytes.Equal(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
				c.Put(t.Context(), key, want)
			}
		})
	}
	group.Wait()
}

func TestNothingKeepsNothing(t *testing.T) {
	var none *Cache
	none.Put(t.Context(), keyOf(1), []byte("x"))
	if _, ok := none.Get(t.Context(), keyOf(1)); ok {
		t.Error("found in nothing")
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
	c := open(t, Options{})
	c.Put(t.Context(), keyOf(1), make([]byte, maxValue+1))
	if _, ok := c.Get(t.Context(), keyOf(1)); ok {
		t.Error("a value beyond all bounds was kept")
	}
}

func FuzzDecode(f *testing.F) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	key := keyOf(1).sum()
	f.Add(c.encode(key, []byte("page")))
	f.Add([]byte(entryMagic))
	f.Fuzz(func(t *testing.T, entry []byte) {
		value, err := c.decode(key, entry)
		if err == nil && !bytes.Equal(c.encode(key, value)[:4], entry[:4]) {
			t.Errorf("%q is no entry", entry)
		}
		// With the right checksum the compressed bytes are still foreign.
		if len(entry) >= entryHead {
			check := checksum(key, entry[entryHead:])
			forged := slices.Concat([]byte(entryMagic), check[:], entry[entryHead:])
			if value, err := c.decode(key, forged); err == nil && len(value) > maxValue {
				t.Errorf("%d bytes", len(value))
			}
		}
	})
}
