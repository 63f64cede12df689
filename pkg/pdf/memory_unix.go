//go:build unix

package pdf

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// mapped is a WebAssembly memory that reserves its whole address space at
// once: it grows without copying, and goes back to the system when freed.
type mapped []byte

func mapMemory(_, limit uint64) experimental.LinearMemory {
	m, err := syscall.Mmap(-1, 0, int(limit), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return mapped(nil) // growing it fails, which wazero reports
	}
	return mapped(m)
}

func (m mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m)) {
		return nil
	}
	return m[:size]
}

func (m mapped) Free() {
	if m != nil {
		_ = syscall.Munmap(m) // it is ours, so this cannot fail
	}
}
