package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/deploy/brokers"
)

// stageNames are the stages that are killed, two processes each but for the
// source: one that reads it twice would make two versions of a document.
var stageNames = []string{"sources", "extract", "ocr", "assemble", "align", "clickhouse"}

// stateful stages keep state in a folder.
func stateful(stage string) bool { return stage == "assemble" || stage == "align" }

// A site is the pipeline under test with all that it stands on.
type site struct {
	o       options
	random  *rand.Rand
	inbox   string
	sets    []set
	fed     int // copies
	cluster *brokers.Cluster
	client  *kgo.Client
	admin   *kadm.Client
	proxy   *proxy
	engines *process
	stages  []*process
	mounts  []string
	ports   [2]int // of ClickHouse and the registry
	watch   *watch
	pending sync.WaitGroup // kills whose recovery is awaited

	watching context.Context // ends when no recovery is awaited any more
	enough   context.CancelFunc

	broker atomic.Bool // one is away, or its replicas are
}

func newSite(ctx context.Context, o options) (*site, error) {
	s := &site{o: o, random: rand.New(rand.NewPCG(o.seed, 0)), inbox: filepath.Join(o.dir, "inbox")}
	if _, err := os.Stat(o.vislang); err != nil {
		return nil, fmt.Errorf("the program is missing: %w: run make build", err)
	}
	var err error
	if s.sets, err = sets(o.corpus, o.sets); err != nil {
		return nil, err
	}
	if s.cluster, err = brokers.Open(filepath.Join(o.dir, "kafka"), o.port); err != nil {
		return nil, err
	}
	if err := s.cluster.Stop(); err != nil { // of a run that was killed
		return nil, err
	}
	for _, mount := range []string{"blobs", "engines/clickhouse", "assemble-1", "assemble-2", "align-1", "align-2"} {
		for syscall.Unmount(filepath.Join(o.dir, mount), 0) == nil {
		}
	}
	if err := os.RemoveAll(o.dir); err != nil {
		return nil, err
	}
	for _, dir := range []string{s.inbox, filepath.Join(o.dir, "logs")} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	for i := range s.ports {
		if s.ports[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// reference runs every set once through an undisturbed pipeline in one process.
func (s *site) reference(ctx context.Context) (rows, error) {
	for n := range s.sets {
		if err := s.sets[n].write(s.inbox, copyName(n)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(s.o.dir, "reference")
	flags := []string{"--data", data, "--kafka-port", "0", "--registry-port", "0"}
	run := s.vislang(ctx, append([]string{"run", "--until-idle", "--quiet", "--find=false", "--learn=false", "--cache", "off", "--clickhouse-port", "0", s.inbox}, flags...)...)
	if out, err := run.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	engines := &process{name: "reference", log: filepath.Join(s.o.dir, "logs", "reference.log"), make: func() *exec.Cmd {
		return s.vislang(context.Background(), append([]string{"engines", "--clickhouse-port", fmt.Sprint(port)}, flags...)...)
	}}
	if err := engines.run(); err != nil {
		return nil, err
	}
	defer engines.stop(30 * time.Second)
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := waitFor(ctx, address); err != nil {
		return nil, err
	}
	want, err := readRows(ctx, address, s.inbox)
	if err != nil {
		return nil, err
	}
	return want, os.RemoveAll(s.inbox)
}

// start starts brokers, engines and stages.
func (s *site) start(ctx context.Context) error {
	if err := os.MkdirAll(s.inbox, 0o777); err != nil {
		return err
	}
	if err := s.cluster.Start(ctx); err != nil {
		return err
	}
	var err error
	if s.client, err = kgo.NewClient(kgo.SeedBrokers(s.cluster.Addrs()...), kgo.DisableClientMetrics(), kgo.RetryTimeout(5*time.Second)); err != nil {
		return err
	}
	s.admin = kadm.NewClient(s.client)
	s.mount("blobs", "1g")
	s.mount("engines/clickhouse", "3g")
	if s.proxy, err = newProxy(fmt.Sprintf("127.0.0.1:%d", s.ports[0]), s.o.broken == "token"); err != nil {
		return err
	}
	s.engines = s.process("engines", "", func() *exec.Cmd {
		return s.vislang(context.Background(), "engines", "--data", filepath.Join(s.o.dir, "engines"), "--brokers", strings.Join(s.cluster.Addrs(), ","),
			"--clickhouse-port", fmt.Sprint(s.ports[0]), "--registry-port", fmt.Sprint(s.ports[1]))
	})
	if err := s.engines.run(); err != nil {
		return err
	}
	if err := waitFor(ctx, s.clickhouse()); err != nil {
		return err
	}
	// Brings the tables up, before stages do.
	migrate := s.vislang(ctx, append([]string{"run", "--until-idle", "--quiet", "--stages", "clickhouse", "--instance", "first", "--metrics-port", "-1"}, s.connection()...)...)
	if out, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("create the tables: %w\n%s", err, out)
	}
	if s.o.broken == "window" {
		if err := forgetTokens(ctx, s.clickhouse()); err != nil {
			return err
		}
	}
	// Lasting sources are kept in Kafka.
	add := s.vislang(ctx, append([]string{"source", "add", "inbox", s.inbox, "--every", "1s"}, s.connection()...)...)
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("add the source: %w\n%s", err, out)
	}
	for _, stage := range stageNames {
		count := 2
		if stage == "sources" {
			count = 1
		}
		for n := 1; n <= count; n++ {
			name := fmt.Sprintf("%s-%d", stage, n)
			if stateful(stage) {
				s.mount(name, "256m")
			}
			p := s.process(name, stage, nil)
			p.make = func() *exec.Cmd {
				arguments := []string{"run", "--stages", stage, "--instance", name, "--workers", "1", "--metrics-port", "-1", "--quiet", "--find=false", "--learn=false", "--cache", "off",
					"--session-timeout", s.o.session.String(), "--log-level", "info"}
				arguments = append(append(arguments, s.connection()...), s.o.extra...)
				cmd := s.vislang(context.Background(), append(arguments, "--data", p.dir)...)
				if s.o.broken != "" {
					cmd.Env = append(cmd.Env, "VISLANG_CHAOS_BROKEN="+s.o.broken)
				}
				return cmd
			}
			if err := p.run(); err != nil {
				return err
			}
			s.stages = append(s.stages, p)
		}
	}
	s.watch = newWatch(ctx, s.admin)
	s.watching, s.enough = context.WithCancel(ctx)
	return nil
}

func (s *site) connection() []string {
	return []string{
		"--brokers", strings.Join(s.cluster.Addrs(), ","), "--database", "http://" + s.proxy.addr() + "/vislang",
		"--registry", fmt.Sprintf("http://127.0.0.1:%d", s.ports[1]), "--blobs", filepath.Join(s.o.dir, "blobs"),
	}
}

// clickhouse is the address of the engine without the proxy.
func (s *site) clickhouse() string { return fmt.Sprintf("http://127.0.0.1:%d", s.ports[0]) }

func (s *site) process(name, stage string, start func() *exec.Cmd) *process {
	return &process{
		name: name, stage: stage, make: start,
		dir: filepath.Join(s.o.dir, name), log: filepath.Join(s.o.dir, "logs", name+".log"),
	}
}

// vislang prepares the program, in a process group of its own: Ctrl-C is for
// this program alone.
func (s *site) vislang(ctx context.Context, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.o.vislang, arguments...)
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// mount gives a folder a small disk of its own. Where that is not allowed the
// folder stays on the big one, and is not filled.
func (s *site) mount(name, size string) {
	dir := filepath.Join(s.o.dir, name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err == nil {
		s.mounts = append(s.mounts, dir)
	} else if len(s.mounts) == 0 {
		fmt.Printf("no small disks: %v; the kind disk is left out\n", err)
	}
}

// disturb feeds documents and kills until all kills are done.
func (s *site) disturb(ctx context.Context) ([]*kill, error) {
	feeding, stop := context.WithCancel(ctx)
	fed := make(chan error, 1)
	go func() { fed <- s.feed(feeding) }()
	kills, err := s.killAll(ctx)
	stop()
	if feedErr := <-fed; err == nil {
		err = feedErr
	}
	return kills, err
}

// feed keeps the stages busy: there is always a little more than they can do.
func (s *site) feed(ctx context.Context) error {
	for {
		if s.watch.lag("ocr") < 8 && s.watch.lag("extract") < 10 && s.watch.lag("assemble") < 40 || s.fed == 0 {
			if err := s.sets[s.fed%len(s.sets)].write(s.inbox, copyName(s.fed)); err != nil {
				return err
			}
			s.fed++
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
	}
}

// patience is for how many seconds nothing must have been left to do before
// documents that are not there are taken for lost.
const patience = 60

// drain waits until all that was fed is done.
func (s *site) drain(ctx context.Context, want rows) error {
	defer s.pending.Wait()
	defer s.enough()
	documents := 0
	for n := range s.fed {
		documents += want[n%len(s.sets)].documents()
	}
	fmt.Printf("%d copies were fed, %d documents; waiting for the rest\n", s.fed, documents)
	deadline := time.Now().Add(20 * time.Minute)
	for quiet := 0; quiet < patience; {
		if time.Now().After(deadline) {
			fmt.Printf("still not idle after twenty minutes: %s\n", s.watch)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		if !s.watch.idle() {
			quiet = 0
			continue
		}
		quiet++
		count, err := scalar(ctx, s.clickhouse(), "SELECT uniqExact(url) FROM vislang.fetches")
		if err == nil && count >= uint64(documents) && quiet > 3 {
			return nil
		}
	}
	fmt.Printf("documents are missing, and nothing was left to do for %d s\n", patience)
	return nil
}

// unplanned lists ends of processes that nobody asked for.
func (s *site) unplanned() []string {
	var all []string
	for _, p := range append(s.stages, s.engines) {
		p.mu.Lock()
		all = append(all, p.surprises...)
		p.mu.Unlock()
	}
	return all
}

func (s *site) close() error {
	if s.watch != nil {
		s.enough()
		s.watch.stop()
	}
	var stopping sync.WaitGroup
	for _, p := range s.stages {
		stopping.Go(func() { p.stop(20 * time.Second) })
	}
	stopping.Wait()
	if s.engines != nil && s.engines.done != nil {
		s.engines.stop(20 * time.Second)
	}
	if s.proxy != nil {
		s.proxy.close()
	}
	if s.client != nil {
		s.client.Close()
	}
	errs := []error{s.cluster.Stop()}
	for _, dir := range s.mounts {
		errs = append(errs, syscall.Unmount(dir, 0))
	}
	return errors.Join(errs...)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func waitFor(ctx context.Context, address string) error {
	for deadline := time.Now().Add(2 * time.Minute); ; {
		_, err := scalar(ctx, address, "SELECT 1")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("ClickHouse does not answer after two minutes: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
