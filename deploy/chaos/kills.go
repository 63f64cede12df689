package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"vislang/sinks/clickhouse"
)

// A kill is one thing done to the pipeline.
type kill struct {
	kind   string
	target string
	at     time.Time
	took   time.Duration // until every partition concerned had moved on
	idle   bool          // nothing was waiting: there was nothing to recover
	late   bool          // had not recovered when the run ended
}

// kinds with how often each is chosen, of 100.
var kinds = []struct {
	name   string
	weight int
	do     func(*site, context.Context) *kill // nil: nothing there to kill now
}{
	{"stage", 30, (*site).killStage},
	{"child", 15, (*site).killChild},
	{"broker", 10, (*site).killBroker},
	{"engine", 6, (*site).killEngine},
	{"both", 4, (*site).killBoth},
	{"stop", 10, (*site).stopStage},
	{"cut", 12, (*site).cutInsert},
	{"disk", 6, (*site).fillDisk},
	{"state", 7, (*site).deleteState},
}

func (s *site) killAll(ctx context.Context) ([]*kill, error) {
	var kills []*kill
	// Nothing is killed before the pipeline works.
	for deadline := time.Now().Add(2 * time.Minute); s.watch.lag("clickhouse") == 0; {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no document reached the sink in two minutes: %s; see %s", s.watch, filepath.Join(s.o.dir, "logs"))
		}
		if !sleep(ctx, 200*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	for len(kills) < s.o.kills {
		if k := s.choose()(s, ctx); k != nil {
			kills = append(kills, k)
			fmt.Printf("%s %3d %-7s %-24s %s\n", k.at.Format(time.TimeOnly), len(kills), k.kind, k.target, s.watch)
			// Often the next comes before this one is healed.
			if !sleep(ctx, time.Duration((0.25+1.5*s.random.Float64())*float64(s.o.pause))) {
				return nil, ctx.Err()
			}
		} else if !sleep(ctx, 100*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	return kills, nil
}

func (s *site) choose() func(*site, context.Context) *kill {
	for {
		n := s.random.IntN(100)
		for _, k := range kinds {
			if n -= k.weight; n < 0 {
				if len(s.o.kinds) == 0 || slices.Contains(s.o.kinds, k.name) {
					return k.do
				}
				break
			}
		}
	}
}

// began notes a kill that is about to be done and, in the background, how long
// it takes until the work it interrupts moves on.
func (s *site) began(ctx context.Context, kind, target string, groups []string, owner string) *kill {
	k := &kill{kind: kind, target: target, at: time.Now()}
	m := s.watch.mark(groups, owner)
	if len(m) == 0 {
		k.idle = true
		return k
	}
	s.pending.Go(func() {
		for !s.watch.passed(m) {
			if !sleep(s.watching, 50*time.Millisecond) {
				k.late = true
				return
			}
		}
		k.took = time.Since(k.at)
	})
	return k
}

// groupsOf are the groups of a process: a source has none.
func groupsOf(p *process) []string {
	if p.stage == "sources" {
		return nil
	}
	return []string{p.stage}
}

// pick chooses a process that nothing else is being done to, and reserves it.
func (s *site) pick(fits func(*process) bool) *process {
	for range 20 {
		p := s.stages[s.random.IntN(len(s.stages))]
		if fits(p) && p.take() {
			return p
		}
	}
	return nil
}

func (s *site) killStage(ctx context.Context) *kill {
	p := s.pick(func(*process) bool { return true })
	if p == nil {
		return nil
	}
	defer p.release()
	k := s.began(ctx, "stage", p.name, groupsOf(p), p.name)
	p.kill()
	return k
}

func (s *site) killChild(ctx context.Context) *kill {
	p := s.pick(func(p *process) bool { return p.stage == "ocr" || p.stage == "extract" })
	if p == nil {
		return nil
	}
	defer p.release()
	pids := children(p.pid())
	if len(pids) == 0 {
		return nil
	}
	pid := pids[s.random.IntN(len(pids))]
	k := s.began(ctx, "child", fmt.Sprintf("%s, process %d", p.name, pid), groupsOf(p), p.name)
	if syscall.Kill(pid, syscall.SIGKILL) != nil {
		return nil
	}
	return k
}

func (s *site) killBroker(ctx context.Context) *kill {
	if !s.broker.CompareAndSwap(false, true) {
		return nil // with two away no topic takes records
	}
	n := 1 + s.random.IntN(3)
	away := time.Duration(2+s.random.IntN(6)) * time.Second
	k := s.began(ctx, "broker", fmt.Sprintf("%d, away %v", n, away), sortedKeys(inputs()), "")
	if err := s.cluster.Kill(n); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
	}
	s.pending.Go(func() {
		defer s.broker.Store(false)
		sleep(ctx, away)
		for attempt := 0; ctx.Err() == nil; attempt++ {
			err := s.cluster.StartBroker(ctx, n)
			if err == nil {
				err = s.cluster.Wait(ctx)
			}
			if err == nil || ctx.Err() != nil {
				return
			}
			if attempt == 5 {
				fmt.Fprintln(os.Stderr, "chaos:", err)
				return
			}
			sleep(ctx, time.Second)
		}
	})
	return k
}

func (s *site) killEngine(ctx context.Context) *kill {
	if !s.engines.take() {
		return nil
	}
	defer s.engines.release()
	k := s.began(ctx, "engine", "engines", []string{clickhouse.Group}, "")
	s.engines.kill()
	return k
}

// killBoth kills a sink while the engine that it inserts into is away: what
// both had at hand is gone.
func (s *site) killBoth(ctx context.Context) *kill {
	p := s.pick(func(p *process) bool { return p.stage == clickhouse.Group })
	if p == nil {
		return nil
	}
	defer p.release()
	if !s.engines.take() {
		return nil
	}
	defer s.engines.release()
	k := s.began(ctx, "both", "engines, "+p.name, []string{clickhouse.Group}, "")
	s.engines.hold(true)
	s.engines.kill()
	sleep(ctx, 4*time.Second) // long enough for a batch to be announced
	p.kill()
	s.engines.hold(false)
	return k
}

// stopStage makes a zombie: its group goes on without it, and it must not do
// harm when it wakes.
func (s *site) stopStage(ctx context.Context) *kill {
	p := s.pick(func(p *process) bool { return p.stage != "sources" })
	if p == nil {
		return nil
	}
	asleep := s.o.session + time.Duration(1000+s.random.IntN(4000))*time.Millisecond
	k := s.began(ctx, "stop", fmt.Sprintf("%s for %.1f s", p.name, asleep.Seconds()), groupsOf(p), p.name)
	pid := p.pid()
	syscall.Kill(pid, syscall.SIGSTOP)
	s.pending.Go(func() {
		defer p.release()
		sleep(ctx, asleep)
		syscall.Kill(pid, syscall.SIGCONT)
	})
	return k
}

func (s *site) cutInsert(ctx context.Context) *kill {
	select {
	case <-s.proxy.cut:
	default:
	}
	s.proxy.armed.Store(true)
	select {
	case <-s.proxy.cut:
		return s.began(ctx, "cut", "answer to an insert", []string{clickhouse.Group}, "")
	case <-time.After(20 * time.Second): // nothing is inserted now
		if !s.proxy.armed.CompareAndSwap(true, false) {
			<-s.proxy.cut
			return s.began(ctx, "cut", "answer to an insert", []string{clickhouse.Group}, "")
		}
		return nil
	case <-ctx.Done():
		return nil
	}
}

// fillDisk leaves no byte on one of the small disks for some seconds.
func (s *site) fillDisk(ctx context.Context) *kill {
	if len(s.mounts) == 0 {
		return nil
	}
	dir := s.mounts[s.random.IntN(len(s.mounts))]
	full := time.Duration(3+s.random.IntN(5)) * time.Second
	name := strings.TrimPrefix(dir, s.o.dir+"/")
	groups, owner := []string{"extract", "ocr", "assemble", "align"}, "" // all write blobs
	if name == "engines/clickhouse" {
		groups = []string{clickhouse.Group}
	} else if stage, _, found := strings.Cut(name, "-"); found {
		groups, owner = []string{stage}, name
	}
	fill := filepath.Join(dir, "fill")
	if _, err := os.Stat(fill); err == nil {
		return nil
	}
	k := s.began(ctx, "disk", fmt.Sprintf("%s for %v", name, full), groups, owner)
	if err := occupy(fill, dir); err != nil {
		fmt.Fprintln(os.Stderr, "chaos: fill a disk:", err)
	}
	s.pending.Go(func() {
		until := time.Now().Add(full)
		for time.Now().Before(until) && sleep(ctx, 100*time.Millisecond) {
			_ = occupy(fill, dir) // what others have deleted
		}
		os.Remove(fill)
	})
	return k
}

// occupy makes a file take all the room that is left.
func occupy(file, dir string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || disk.Bavail == 0 {
		return err
	}
	return syscall.Fallocate(int(f.Fd()), 0, info.Size(), int64(disk.Bavail)*disk.Bsize)
}

// deleteState takes a stage's folder away while it is dead.
func (s *site) deleteState(ctx context.Context) *kill {
	p := s.pick(func(p *process) bool { return stateful(p.stage) })
	if p == nil {
		return nil
	}
	defer p.release()
	k := s.began(ctx, "state", p.name, groupsOf(p), p.name)
	p.hold(true)
	p.kill()
	sleep(ctx, 200*time.Millisecond)
	entries, _ := os.ReadDir(p.dir)
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(p.dir, entry.Name())); err != nil {
			fmt.Fprintln(os.Stderr, "chaos:", err)
		}
	}
	p.hold(false)
	return k
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
