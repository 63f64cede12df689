package ocr

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startParent starts a process with a pool and a page that hangs, and returns
// it with its OCR child.
func startParent(t *testing.T) (parent *exec.Cmd, child int) {
	t.Helper()
	parent = exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"=1")
	// A group of its own, as a shell gives to a job.
	parent.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	parent.Stderr = os.Stderr
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { parent.Process.Kill(); parent.Wait() })
	waitFor(t, "the child to start", func() bool {
		child = childOf(parent.Process.Pid)
		return child != 0
	})
	return parent, child
}

// childOf finds the OCR child of a process.
func childOf(parent int) int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		args, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) && bytes.HasPrefix(args, []byte(childName+"\x00")) {
			return pid
		}
	}
	return 0
}

// gone tells whether a process has ended; one that init has not yet reaped
// has.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z"))
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

func TestKilledParentLeavesNoChild(t *testing.T) {
	parent, child := startParent(t)
	if gone(child) {
		t.Fatal("the child ended before its parent")
	}
	parent.Process.Kill()
	parent.Wait()
	waitFor(t, "the child to end", func() bool { return gone(child) })
}

func TestInterruptLeavesNoChild(t *testing.T) {
	parent, child := startParent(t)
	time.Sleep(200 * time.Millisecond) // until the parent listens for signals
	// Ctrl-C reaches every process of the group.
	if err := syscall.Kill(-parent.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err != nil {
		t.Errorf("interrupted parent: %v", err)
	}
	if !gone(child) {
		t.Error("the child lives on")
	}
}

func TestEnvironmentStaysWithParent(t *testing.T) {
	t.Setenv("OCR_TEST_SECRET", "secret")
	pool := newTestPool(t, Options{})
	if _, err := pool.Recognize(t.Context(), encodePNG(textImage(300, 120, 30, "page")), english); err != nil {
		t.Fatal(err)
	}
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pool.idle[0].cmd.Process.Pid) + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(env, []byte("secret")) || !bytes.Contains(env, []byte("OMP_THREAD_LIMIT=1")) {
		t.Errorf("environment of the child: %q", env)
	}
}
