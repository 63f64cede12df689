package ocr

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// childName is the name (argv[0]) by which a process knows that it is a
// child. Its arguments are the engine, the memory limit in bytes, the CPU limit
// of a page in seconds and the tessdata folder.
const childName = "vislang-ocr-child"

// cpuExceeded is what a child says last when a page took too much CPU time.
const cpuExceeded = "SIGXCPU: page took more CPU time than allowed"

var errNoScripts = errors.New("no script model is installed: install tesseract-ocr-script-latn or tesseract-ocr-eng")

// ChildMain serves pages and ends the process if this process is a child of a
// Pool; otherwise it returns at once. Call it first thing in main.
func ChildMain() { childMain(newEngine) }

func childMain(newEngine func(name, tessdata string) (engine, error)) {
	if os.Args[0] != childName {
		return
	}
	if err := runChild(newEngine); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runChild(newEngine func(name, tessdata string) (engine, error)) error {
	if len(os.Args) != 5 {
		return fmt.Errorf("%s: want engine, memory limit, CPU limit and tessdata folder", childName)
	}
	// What the engine starts dies with this thread.
	runtime.LockOSThread()
	engine, err := newEngine(os.Args[1], os.Args[4])
	if err != nil {
		return err
	}
	memory, err := strconv.ParseUint(os.Args[2], 10, 64)
	if err != nil {
		return fmt.Errorf("memory limit: %w", err)
	}
	cpu, err := strconv.ParseUint(os.Args[3], 10, 64)
	if err != nil {
		return fmt.Errorf("CPU limit: %w", err)
	}
	// The parent decides when a child ends: a Ctrl-C that reaches the whole
	// process group must not look like a crash of the page.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	// Go would ignore the signal.
	exceeded := make(chan os.Signal, 1)
	signal.Notify(exceeded, syscall.SIGXCPU)
	go func() {
		<-exceeded
		fmt.Fprintln(os.Stderr, cpuExceeded)
		os.Exit(1)
	}()
	// What C++ prints goes to standard error, never between the frames.
	out, err := syscall.Dup(1)
	if err != nil {
		return fmt.Errorf("duplicate standard output: %w", err)
	}
	syscall.CloseOnExec(out)
	if err := syscall.Dup3(2, 1, 0); err != nil {
		return fmt.Errorf("redirect standard output: %w", err)
	}
	// Data, not address space: the Go runtime reserves much more than it uses.
	for resource, limit := range map[int]uint64{syscall.RLIMIT_DATA: memory, syscall.RLIMIT_CORE: 0, syscall.RLIMIT_FSIZE: 0} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("set resource limit %d: %w", resource, err)
		}
	}
	c, err := openCatalog(os.Args[4])
	if err != nil {
		return err
	}
	return serve(os.Stdin, os.NewFile(uintptr(out), "answers"), engine, c, cpu)
}

// serve answers requests until the parent closes its end.
func serve(in io.Reader, out io.Writer, e engine, c *catalog, cpu uint64) error {
	incoming, writer := bufio.NewReaderSize(in, 1<<16), bufio.NewWriter(out)
	var page *reader // the last one
	for {
		head, err := readFrame(incoming)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		var req request
		if err := json.Unmarshal(head, &req); err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		data, err := readFrame(incoming)
		if err != nil {
			return fmt.Errorf("read image: %w", err)
		}
		began := processorTime()
		if len(data) > 0 {
			if err := limitCPU(cpu); err != nil {
				return err
			}
			page, err = newReader(e, c, req, data)
		}
		var a answer
		if err == nil {
			a.Page, err = page.answer(req)
		}
		if err != nil {
			if a = (answer{Class: ClassOf(err), Error: err.Error()}); a.Class == "" {
				a.Class = Crashed
			}
		}
		a.Spent = processorTime() - began
		body, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
		if err := writeFrame(writer, body); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
		if err := writer.Flush(); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
}

// processorTime is what this process and the programs that it ran took so far.
func processorTime() (sum time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if syscall.Getrusage(who, &usage) == nil {
			sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		}
	}
	return sum
}

// limitCPU gives the process so many more seconds from now on; past them the
// kernel sends SIGXCPU. The limit is a soft one, as a hard one could not be
// raised for the next page; the parent's wall time stands behind it.
func limitCPU(seconds uint64) error {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("read CPU time: %w", err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &limit); err != nil {
		return fmt.Errorf("read CPU limit: %w", err)
	}
	limit.Cur = min(uint64(usage.Utime.Sec+usage.Stime.Sec)+seconds+1, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_CPU, &limit); err != nil {
		return fmt.Errorf("set CPU limit: %w", err)
	}
	return nil
}
