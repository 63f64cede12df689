//go:build !linux

package pdf

import (
	"os"
	"os/exec"
)

// dieWithParent has nothing to do: the child ends at the end of its input.
func dieWithParent(*exec.Cmd) {}

// selfPath is this binary.
func selfPath() (string, error) { return os.Executable() }
