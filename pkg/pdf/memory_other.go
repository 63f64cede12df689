//go:build !unix

package pdf

import "github.com/tetratelabs/wazero/experimental"

type memory []byte

func mapMemory(_, _ uint64) experimental.LinearMemory { return new(memory) }

func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(cap(*m)) {
		*m = append(make([]byte, 0, size+size/4), *m...)
	}
	*m = (*m)[:size]
	return *m
}

func (m *memory) Free() { *m = nil }
