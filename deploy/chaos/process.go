package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is started again whenever it ends, as a supervisor would.
type process struct {
	name  string
	stage string // "" for the engines
	dir   string // its data folder
	log   string
	make  func() *exec.Cmd

	mu        sync.Mutex
	cmd       *exec.Cmd
	killed    bool // by this program, so that its end is no surprise
	stopping  bool
	held      bool     // not to be started again yet
	busy      bool     // something is being done to it
	surprises []string // ends that nobody asked for
	done      chan struct{}
}

func (p *process) run() error {
	p.done = make(chan struct{})
	if err := p.startOnce(); err != nil {
		return err
	}
	go p.supervise()
	return nil
}

func (p *process) startOnce() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := p.make()
	cmd.Stdout, cmd.Stderr = log, log
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.killed = cmd, false
	return nil
}

func (p *process) supervise() {
	defer close(p.done)
	for {
		err := p.cmd.Wait()
		p.mu.Lock()
		if p.stopping {
			p.mu.Unlock()
			return
		}
		if !p.killed {
			p.surprises = append(p.surprises, fmt.Sprintf("%s %s: %v: %s", time.Now().Format(time.TimeOnly), p.name, err, lastLine(p.log)))
		}
		p.mu.Unlock()
		for wait := 300 * time.Millisecond; ; wait = 50 * time.Millisecond {
			time.Sleep(wait)
			p.mu.Lock()
			held, stopping := p.held, p.stopping
			p.mu.Unlock()
			if stopping {
				return
			}
			if !held {
				break
			}
		}
		if err := p.startOnce(); err != nil {
			fmt.Fprintln(os.Stderr, "chaos:", err)
			return
		}
	}
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// kill ends the process as a crash would.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	p.cmd.Process.Kill()
}

func (p *process) hold(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = yes
}

// take reserves the process for one kill at a time.
func (p *process) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		return false
	}
	p.busy = true
	return true
}

func (p *process) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
}

// stop asks the process to end, and makes it after a while.
func (p *process) stop(patience time.Duration) {
	p.mu.Lock()
	p.stopping = true
	if p.cmd != nil {
		p.cmd.Process.Signal(syscall.SIGCONT)
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	p.mu.Unlock()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.mu.Lock()
		p.cmd.Process.Kill()
		p.mu.Unlock()
		<-p.done
	}
}

// children are the processes below it.
func children(pid int) []int {
	var all []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		data, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
				all = append(all, children(child)...)
			}
		}
	}
	return all
}

func lastLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	last := string(lines[len(lines)-1])
	return last[:min(len(last), 400)]
}
