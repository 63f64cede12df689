package clickhouse

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is the part of libchdb.so's C interface that is needed. Its
// streaming calls are not: they cut a result into documents of their own, of
// which a reader of Parquet or JSON sees the first.
type library struct {
	connecting sync.Mutex // while signal handlers are being put back

	setSignalHandlers func(enabled int32)
	connect           func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn         func(conn unsafe.Pointer)
	query             func(conn uintptr, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr,
		names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	destroyResult func(result uintptr)
	resultBuffer  func(result uintptr) unsafe.Pointer
	resultLength  func(result uintptr) uintptr
	resultError   func(result uintptr) string
	rowsRead      func(result uintptr) uint64
	bytesRead     func(result uintptr) uint64
	rowsWritten   func(result uintptr) uint64
	bytesWritten  func(result uintptr) uint64
}

// loadLibrary loads the engine. It is never unloaded: its threads and thread
// locals outlive every connection.
func loadLibrary(path string) (*library, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load the ClickHouse engine: %w", err)
	}
	l := &library{}
	for name, fn := range map[string]any{
		"chdb_set_signal_handlers_enabled": &l.setSignalHandlers,
		"chdb_connect":                     &l.connect,
		"chdb_close_conn":                  &l.closeConn,
		"chdb_query_with_params_n":         &l.query,
		"chdb_destroy_query_result":        &l.destroyResult,
		"chdb_result_buffer":               &l.resultBuffer,
		"chdb_result_length":               &l.resultLength,
		"chdb_result_error":                &l.resultError,
		"chdb_result_storage_rows_read":    &l.rowsRead,
		"chdb_result_storage_bytes_read":   &l.bytesRead,
		"chdb_result_rows_written":         &l.rowsWritten,
		"chdb_result_bytes_written":        &l.bytesWritten,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("%s has no %s: chdb 26.5 or later is needed", path, name)
		}
		purego.RegisterFunc(fn, symbol)
	}
	return l, nil
}

// open connects. It returns nil when the engine refuses; the engine says why on
// standard error only.
func (l *library) open(args []string) unsafe.Pointer {
	argv := newCStrings(args)
	l.connecting.Lock()
	defer l.connecting.Unlock()
	handlers := saveSignalHandlers()
	l.setSignalHandlers(0)
	conn := l.connect(int32(len(args)), argv.pointers())
	handlers.restore()
	runtime.KeepAlive(argv)
	return conn
}

// cstrings is an array of C strings and their lengths.
type cstrings struct {
	data [][]byte
	ptrs []unsafe.Pointer
	lens []uintptr
}

func newCStrings(values []string) *cstrings {
	c := &cstrings{}
	for _, v := range values {
		b := append([]byte(v), 0)
		c.data = append(c.data, b)
		c.ptrs = append(c.ptrs, unsafe.Pointer(&b[0]))
		c.lens = append(c.lens, uintptr(len(v)))
	}
	return c
}

func (c *cstrings) pointers() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(c.ptrs)) }
func (c *cstrings) lengths() unsafe.Pointer  { return unsafe.Pointer(unsafe.SliceData(c.lens)) }
