package ocr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a running child.
type process struct {
	engine string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	stderr tail
	pages  int             // pages it has read
	models map[string]bool // model sets it has loaded
}

// spawner starts children from one thread that lives as long as the pool:
// the kernel sends the parent-death signal when the thread that started a
// child ends, not the process (prctl(2), PR_SET_PDEATHSIG).
type spawner struct {
	jobs chan func()
	once sync.Once
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

func (s *spawner) close() { s.once.Do(func() { close(s.jobs) }) }

// start starts a child that runs an engine.
func (s *spawner) start(engine string, o Options) (*process, error) {
	p := &process{engine: engine, models: map[string]bool{}}
	p.cmd = exec.Command("/proc/self/exe")
	p.cmd.Args = []string{childName, engine, strconv.FormatInt(o.MemoryLimit, 10), strconv.Itoa(max(1, int(o.CPULimit/time.Second))), o.Tessdata}
	// Nothing of the parent's environment: it may hold secrets. OpenMP reads
	// its limit before main, and so does the allocator of C: pictures and
	// models get mappings of their own, which go back when they are freed.
	p.cmd.Env = []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C.UTF-8", "GOTRACEBACK=none", "GOGC=50", "PATH=" + os.Getenv("PATH"),
		"MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=1048576", "MALLOC_TRIM_THRESHOLD_=16777216"}
	if dir := os.Getenv("TESSDATA_PREFIX"); dir != "" {
		p.cmd.Env = append(p.cmd.Env, "TESSDATA_PREFIX="+dir)
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start OCR process: %w", err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, fmt.Errorf("start OCR process: %w", err)
	}
	done := make(chan error)
	s.jobs <- func() { done <- p.cmd.Start() }
	if err := <-done; err != nil {
		return nil, fmt.Errorf("start OCR process: %w", err)
	}
	return p, nil
}

// call sends a request, with data its image, and waits for the answer. After
// an error other than an answer's the process is dead and reaped.
func (p *process) call(ctx context.Context, req request, data []byte, limit time.Duration, until time.Time) (*answer, error) {
	head, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	type result struct {
		body []byte
		err  error
	}
	results := make(chan result, 1)
	go func() {
		var r result
		if r.err = writeFrame(p.in, head); r.err == nil {
			r.err = writeFrame(p.in, data)
		}
		if r.err == nil {
			r.body, r.err = readFrame(p.out)
		}
		results <- r
	}()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case r := <-results:
		if r.err != nil {
			return nil, p.died(r.err)
		}
		var a answer
		if err := json.Unmarshal(r.body, &a); err != nil {
			p.kill()
			return nil, &Error{Crashed, fmt.Errorf("OCR process answered nonsense: %w", err)}
		}
		switch {
		case a.Class != "":
			return nil, &Error{a.Class, errors.New(a.Error)}
		case a.Page == nil:
			p.kill()
			return nil, &Error{Crashed, errors.New("OCR process answered nothing")}
		}
		return &a, nil
	case <-timer.C:
		p.kill()
		<-results
		return nil, &Error{Timeout, fmt.Errorf("page took longer than %v", limit)}
	case <-ctx.Done():
		p.kill()
		<-results
		return nil, ctx.Err()
	}
}

// died reaps a process that broke off and tells why.
func (p *process) died(cause error) error {
	p.kill()
	said := p.stderr.String()
	switch {
	case strings.Contains(said, cpuExceeded):
		return &Error{Timeout, errors.New("page took more CPU time than allowed")}
	case outOfMemory(said):
		return &Error{Memory, errors.New("page took more memory than allowed")}
	}
	reason := cause.Error()
	if state := p.cmd.ProcessState; state != nil {
		reason = state.String()
	}
	if words := lastWords(said); words != "" {
		reason += ": " + words
	}
	return &Error{Crashed, fmt.Errorf("OCR process died: %s", reason)}
}

// outOfMemory tells whether a program that died of its memory limit says so: Go
// and C++ do.
func outOfMemory(said string) bool {
	return strings.Contains(said, "out of memory") || strings.Contains(said, "cannot allocate memory") || strings.Contains(said, "bad_alloc")
}

// dead reports whether the process was reaped.
func (p *process) dead() bool { return p.cmd.ProcessState != nil }

// killed reports whether a reaped process was ended by SIGKILL: it does not do
// that to itself.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// kill ends and reaps the process at once.
func (p *process) kill() {
	if p.dead() {
		return
	}
	p.in.Close()
	p.out.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// tail keeps the end of what a child says.
type tail struct {
	mu   sync.Mutex
	last []byte
}

// tailSize has room for the traces that the Go runtime leaves.
const tailSize = 64 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

// lastWords picks the line that says why a process ended: the Go runtime
// prints traces after it.
func lastWords(said string) string {
	last := ""
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		last = line
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "SIG") {
			break
		}
	}
	return last
}

// resident is the memory that the process holds now, in bytes; 0 where the
// system does not tell.
func (p *process) resident() int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var total, pages int64
	if _, err := fmt.Sscan(string(data), &total, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
