package cache

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// startRedis runs Debian's redis-server on the address until the test ends or
// stop is called.
func startRedis(t *testing.T, port int) (stop func()) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("%v: deploy/setup installs it", err)
	}
	log := filepath.Join(t.TempDir(), "log")
	server := exec.Command(path, "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--save", "", "--dir", t.TempDir(), "--logfile", log)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			server.Process.Kill()
			server.Wait()
		}
	}
	t.Cleanup(stop)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			return stop
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log)
			t.Fatalf("redis-server does not answer: %s", text)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually waits until done, and fails the test if that takes too long.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func (c *Cache) count(t *testing.T, write bool, result outcome) float64 {
	t.Helper()
	if write {
		return testutil.ToFloat64(c.metrics.writes.WithLabelValues("redis", string(result)))
	}
	return testutil.ToFloat64(c.metrics.reads.WithLabelValues("redis", string(result)))
}

func TestRedisSharesResults(t *testing.T) {
	port := freePort(t)
	stop := startRedis(t, port)
	address := fmt.Sprintf("redis://127.0.0.1:%d/0", port)
	one, two := open(t, Options{Redis: address, MemoryBytes: -1}), open(t, Options{Redis: address, Dir: t.TempDir()})
	value := noise(100_000)
	one.Put(t.Context(), keyOf(1), value)
	eventually(t, "written to Redis", func() bool { return one.count(t, true, written) == 1 })
	eventually(t, "found by the other", func() bool {
		got, ok := two.Get(t.Context(), keyOf(1))
		return ok && bytes.Equal(got, value)
	})
	if got := testutil.ToFloat64(two.metrics.writes.WithLabelValues("disk", string(written))); got != 1 {
		t.Errorf("%v entries came from Redis to the disk", got)
	}
	// The memory of the second has it now; the first has only Redis.
	stop()
	if _, ok := two.Get(t.Context(), keyOf(1)); !ok {
		t.Error("gone with Redis")
	}
	if _, ok := one.Get(t.Context(), keyOf(1)); ok {
		t.Error("found without Redis")
	}
	startRedis(t, port)
	one.Put(t.Context(), keyOf(2), value)
	eventually(t, "Redis is used again after it was away", func() bool {
		one.Put(t.Context(), keyOf(2), value)
		got, ok := one.Get(t.Context(), keyOf(2))
		return ok && bytes.Equal(got, value)
	})
}

func TestRedisDamageIsAMiss(t *testing.T) {
	port := freePort(t)
	startRedis(t, port)
	c := open(t, Options{Redis: fmt.Sprintf("redis://127.0.0.1:%d", port), MemoryBytes: -1})
	r := c.tiers[0].(*redis)
	eventually(t, "connected", r.connected)
	for _, bad := range []string{"", "page", entryMagic + strings.Repeat("x", 100)} {
		if err := r.client.Do(t.Context(), r.client.B().Set().Key(name(keyOf(1).sum())).Value(bad).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		before := c.count(t, false, corrupt)
		eventually(t, "the damage is seen", func() bool {
			if _, ok := c.Get(t.Context(), keyOf(1)); ok {
				t.Fatalf("%q was taken for an entry", bad)
			}
			return c.count(t, false, corrupt) > before
		})
	}
	// A value of another type is an error to Redis, none to us.
	for _, command := range [][]string{{"DEL"}, {"LPUSH"}} {
		args := append(command[1:], "x")
		if command[0] == "DEL" {
			args = nil
		}
		if err := r.client.Do(t.Context(), r.client.B().Arbitrary(command[0]).Keys(name(keyOf(1).sum())).Args(args...).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.Get(t.Context(), keyOf(1)); ok {
		t.Error("a list was taken for an entry")
	}
}

// A server that takes connections and never answers, and an address where
// nothing listens: neither costs a page more than 5 ms, neither makes an error.
func TestRedisThatDoesNotAnswerCostsLittle(t *testing.T) {
	stalled := listen(t, func(conn net.Conn) { select {} })
	port := freePort(t)
	kinds := map[string]string{
		"takes connections only": stalled,
		"nothing listens":        fmt.Sprintf("127.0.0.1:%d", port),
	}
	for kind, address := range kinds {
		t.Run(kind, func(t *testing.T) {
			c := open(t, Options{Redis: "redis://" + address, MemoryBytes: -1})
			pages(t, c, 200)
		})
	}
}

func TestRedisThatStopsAnswering(t *testing.T) {
	port := freePort(t)
	startRedis(t, port)
	hang := make(chan struct{})
	proxy := listen(t, func(conn net.Conn) { relay(conn, fmt.Sprintf("127.0.0.1:%d", port), hang) })
	c := open(t, Options{Redis: "redis://" + proxy, MemoryBytes: -1})
	eventually(t, "connected", c.tiers[0].(*redis).connected)
	c.Put(t.Context(), keyOf(1), []byte("page"))
	eventually(t, "found", func() bool { _, ok := c.Get(t.Context(), keyOf(1)); return ok })
	close(hang)
	pages(t, c, 200)
	if n := c.count(t, false, away); n < 150 {
		t.Errorf("Redis was left alone for %v of 200 pages", n)
	}
}

// pages looks up and writes pages, and checks what that costs.
func pages(t *testing.T, c *Cache, n int) {
	t.Helper()
	start := time.Now()
	slow := 0
	for i := range n {
		page := time.Now()
		if _, ok := c.Get(t.Context(), keyOf(1000+i)); ok {
			t.Fatal("found what was never put")
		}
		c.Put(t.Context(), keyOf(1000+i), []byte("page"))
		if time.Since(page) > 5*time.Millisecond {
			slow++
		}
	}
	// A busy machine may stop a goroutine anywhere, so single pages may be
	// late; without the breaker all of them would be.
	if slow > n/20 || time.Since(start) > time.Duration(n)*5*time.Millisecond {
		t.Errorf("%d pages took %s, %d of them more than 5 ms", n, time.Since(start), slow)
	}
}

// listen serves connections on loopback until the test ends.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			go serve(conn)
		}
	}()
	return l.Addr().String()
}

// relay passes bytes on in both directions until hang is closed; the
// connections stay open.
func relay(client net.Conn, address string, hang <-chan struct{}) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		client.Close()
		return
	}
	pass := func(to, from net.Conn) {
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			select {
			case <-hang:
				return
			default:
			}
			if err != nil {
				to.Close()
				return
			}
			to.Write(buffer[:n])
		}
	}
	go pass(server, client)
	pass(client, server)
}

func TestRedisAddressIsChecked(t *testing.T) {
	for _, address := range []string{"http://user:hush@host", "127.0.0.1:6379", "redis://user:hush@ho st", "redis://user:hush@host/no"} {
		if _, err := Open(Options{Redis: address}); err == nil {
			t.Errorf("%s: no error", address)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error shows the password: %v", address, err)
		}
	}
}

func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	b := breaker{now: func() time.Time { return now }}
	for n := range failures {
		if !b.allow() {
			t.Fatalf("open after %d failures", n)
		}
		if changed := b.finish(false); changed != (n == failures-1) {
			t.Errorf("failure %d: changed %v", n, changed)
		}
	}
	for _, pause := range []time.Duration{firstPause, 2 * firstPause, 4 * firstPause} {
		now = now.Add(pause - 1)
		if b.allow() {
			t.Errorf("asked before %s have passed", pause)
		}
		now = now.Add(1)
		if !b.allow() {
			t.Errorf("not asked after %s", pause)
		}
		if b.allow() {
			t.Error("asked twice in a pause")
		}
		b.finish(false)
	}
	now = now.Add(time.Hour)
	if !b.allow() || !b.finish(true) || !b.allow() || !b.closed() {
		t.Error("still open after it went well")
	}
	b.finish(false)
	if !b.allow() {
		t.Error("a single failure opens it")
	}
}
