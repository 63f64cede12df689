package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A process is a running program whose memory, its children's included, is
// watched.
type process struct {
	command *exec.Cmd
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	peak    atomic.Int64 // bytes
	ended   chan struct{}
	err     error // after ended is closed
}

// start starts a program. When ctx ends it is asked to stop, as by Ctrl-C.
func start(ctx context.Context, name string, arguments ...string) (*process, error) {
	p := &process{command: exec.CommandContext(ctx, name, arguments...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	p.command.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	p.command.Cancel = func() error { return p.command.Process.Signal(syscall.SIGTERM) }
	p.command.WaitDelay = 30 * time.Second
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	go p.watch()
	return p, nil
}

// wait waits for the end.
func (p *process) wait() error {
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(p.command.Args, " "), p.err, tail(p.stderr.Bytes()))
	}
	return nil
}

// stop asks the process to end and waits for it.
func (p *process) stop() error {
	if err := p.terminate(); err != nil {
		return err
	}
	return p.wait()
}

// terminate asks the process to end.
func (p *process) terminate() error { return p.command.Process.Signal(syscall.SIGTERM) }

// processor is the processor time of an ended process and of the children it
// waited for. Unlike the time on the clock it is nearly the same on a busy machine.
func (p *process) processor() time.Duration {
	state := p.command.ProcessState
	return state.UserTime() + state.SystemTime()
}

// processorOf is the processor time of a running process, in ticks of 10 ms.
func processorOf(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // none: it has ended
	_, rest, _ := strings.Cut(string(stat), ") ")             // after the name
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (p *process) watch() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-tick.C:
			p.peak.Store(max(p.peak.Load(), resident(p.command.Process.Pid)))
		}
	}
}

// resident is the resident memory in bytes of a process and all below it.
func resident(pid int) int64 {
	var sum int64
	for _, pid := range family(pid) {
		mib, _ := memoryOf(pid)
		sum += int64(mib * (1 << 20))
	}
	return sum
}

// family are a process and all below it.
func family(pid int) []int {
	all := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		children, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(children)) {
			if pid, err := strconv.Atoi(child); err == nil {
				all = append(all, family(pid)...)
			}
		}
	}
	return all
}

// memoryOf is the resident memory of one process, and its part that no file
// stands for, in MiB.
func memoryOf(pid int) (resident, anonymous float64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // none: it has ended
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			resident = kib / 1024
		case "RssAnon":
			anonymous = kib / 1024
		}
	}
	return resident, anonymous
}

func tail(output []byte) []byte { return output[max(0, len(output)-2000):] }

// summary is what `vislang run --until-idle --json` prints at its end.
type summary struct {
	Seconds   float64 `json:"seconds"`
	Documents float64 `json:"documents"`
	Done      float64 `json:"done"`
	Failed    float64 `json:"failed"`
	Stages    []struct {
		Stage  string  `json:"stage"`
		Work   float64 `json:"work_seconds"`
		Commit float64 `json:"commit_seconds"`
	} `json:"stages"`
}

// A pipelineRun is one `vislang run --until-idle` from start to end.
type pipelineRun struct {
	summary
	wall      time.Duration
	processor time.Duration
	peak      int64 // bytes
}

// runPipeline runs the whole pipeline over a folder, in a data folder of its own.
func (b *bench) runPipeline(ctx context.Context, name string, arguments ...string) (*pipelineRun, error) {
	data := filepath.Join(b.scratch, name)
	defer os.RemoveAll(data)
	return b.runPipelineIn(ctx, data, arguments...)
}

// runPipelineIn is runPipeline in a data folder that stays.
func (b *bench) runPipelineIn(ctx context.Context, data string, arguments ...string) (*pipelineRun, error) {
	arguments = append([]string{"run", "--data", data, "--until-idle", "--json", "--quiet",
		"--kafka-port", "0", "--clickhouse-port", "0", "--registry-port", "0"}, arguments...)
	began := time.Now()
	p, err := start(ctx, b.vislang, arguments...)
	if err != nil {
		return nil, err
	}
	if err := p.wait(); err != nil {
		return nil, err
	}
	r := &pipelineRun{wall: time.Since(began), processor: p.processor(), peak: p.peak.Load()}
	if err := json.Unmarshal(p.stdout.Bytes(), &r.summary); err != nil {
		return nil, fmt.Errorf("read the summary %q: %w", tail(p.stdout.Bytes()), err)
	}
	return r, nil
}

// shares prints how the work divides among the stages.
func (r *pipelineRun) shares(name string) {
	var all float64
	for _, s := range r.Stages {
		all += s.Work + s.Commit
	}
	for _, s := range r.Stages {
		figure(name+".share."+s.Stage, 100*(s.Work+s.Commit)/all, "% of all stages' time")
	}
}
