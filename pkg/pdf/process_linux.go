package pdf

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the child when its parent dies, even by
// SIGKILL while the child is busy.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// selfPath is this binary, even after its file was replaced or removed.
func selfPath() (string, error) { return "/proc/self/exe", nil }
