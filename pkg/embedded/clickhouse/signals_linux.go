package clickhouse

import (
	"syscall"
	"unsafe"
)

// signalHandlers are the actions of signals 1 to 64 as the kernel keeps them.
type signalHandlers [64]kernelAction

// kernelAction is large enough for struct sigaction of every Linux port
// (32 bytes on amd64 and arm64). Its content is never looked at.
type kernelAction [64]byte

const kernelSignalSetSize = 8

// saveSignalHandlers reads the actions that the Go runtime installed. The
// engine sets some of them to their default when it is told to leave signals
// alone, after which a nil dereference in Go would end the process instead of
// panicking.
func saveSignalHandlers() *signalHandlers {
	h := &signalHandlers{}
	for i := range h {
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(i+1), 0,
			uintptr(unsafe.Pointer(&h[i])), kernelSignalSetSize, 0, 0)
	}
	return h
}

func (h *signalHandlers) restore() {
	for i := range h {
		sig := syscall.Signal(i + 1)
		if sig == syscall.SIGKILL || sig == syscall.SIGSTOP {
			continue
		}
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(i+1),
			uintptr(unsafe.Pointer(&h[i])), 0, kernelSignalSetSize, 0, 0)
	}
}
