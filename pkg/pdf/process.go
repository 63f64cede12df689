package pdf

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	goruntime "runtime"
	"time"
)

// process is a child that runs PDFium.
type process struct {
	cmd       *exec.Cmd
	stdin     io.WriteCloser
	requests  *gob.Encoder
	responses *gob.Decoder
}

// errKilled says that the child had to be killed.
var errKilled = errors.New("the PDF process was killed")

// starter starts children from one thread that lives as long as the pool: the
// kernel sends the parent-death signal when the thread that started a child
// ends, not the process (prctl(2), PR_SET_PDEATHSIG).
type starter chan func()

func newStarter() starter {
	s := make(starter)
	go func() {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		for job := range s {
			job()
		}
	}()
	return s
}

func (s starter) start(cmd *exec.Cmd) error {
	done := make(chan error)
	s <- func() { done <- cmd.Start() }
	return <-done
}

func (s starter) startProcess(ctx context.Context, options Options) (*process, error) {
	binary, err := selfPath()
	if err != nil {
		return nil, fmt.Errorf("start PDF process: %w", err)
	}
	cmd := exec.Command(binary)
	cmd.Args = []string{childName}
	cmd.Stderr = os.Stderr
	// Nothing of the parent's environment, which may hold secrets. The memory
	// limit makes the garbage collector free rendered pages early.
	cmd.Env = []string{"GOMEMLIMIT=256MiB", "GOMAXPROCS=2", "GOTRACEBACK=none"}
	dieWithParent(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start PDF process: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start PDF process: %w", err)
	}
	if err := s.start(cmd); err != nil {
		return nil, fmt.Errorf("start PDF process: %w", err)
	}
	p := &process{cmd: cmd, stdin: stdin, requests: gob.NewEncoder(stdin), responses: gob.NewDecoder(stdout)}
	// Compiling takes seconds when the cache is cold, more on a busy machine.
	if _, err := p.ask(ctx, request{Setup: &options}, 3*time.Minute); err != nil {
		p.kill()
		return nil, fmt.Errorf("start PDF process: %w", err)
	}
	return p, nil
}

// ask sends a request and waits for its response. After an error wrapping
// errKilled the process is gone.
func (p *process) ask(ctx context.Context, q request, limit time.Duration) (*response, error) {
	type result struct {
		a   response
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		if r.err = p.requests.Encode(&q); r.err == nil {
			r.err = p.responses.Decode(&r.a)
		}
		done <- r
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.err != nil { // it died: out of memory, or killed from outside
			p.kill()
			return nil, fmt.Errorf("%w: %w", errKilled, r.err)
		}
		if r.a.Class != "" {
			return nil, &Error{class: r.a.Class, message: r.a.Error}
		}
		if r.a.Error != "" {
			return nil, errors.New(r.a.Error)
		}
		return &r.a, nil
	case <-timer.C:
		p.kill()
		<-done
		return nil, fmt.Errorf("%w: %w", errKilled, failf(ClassTimeout, "no result within %v", limit))
	case <-ctx.Done():
		p.kill()
		<-done
		return nil, fmt.Errorf("%w: %w", errKilled, ctx.Err())
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when it is gone
	_ = p.cmd.Wait()
}

// stop ends an idle process.
func (p *process) stop() {
	p.stdin.Close()
	p.kill()
}
