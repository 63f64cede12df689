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
