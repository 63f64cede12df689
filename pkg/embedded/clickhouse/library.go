package clickhouse

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is the C interface of libchdb.so. Every handle it passes around is
// a pointer owned by the engine.
type library struct {
	connecting sync.Mutex // while signal handlers are being put back

	version           func() string
	setSignalHandlers func(enabled int32)
	connect           func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn         func(conn unsafe.Pointer)
	query             func(conn uintptr, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr,
		names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	streamQuery func(conn uintptr, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr,
		names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	streamFetch   func(conn, stream uintptr) uintptr
	streamCancel  func(conn, stream uintptr)
	destroyResult func(result uintptr)
	resultBuffer  func(result uintptr) unsafe.Pointer
	resultLength  func(result uintptr) uintptr
	resultError   func(result uintptr) string
	rowsRead      func(result uintptr) uint64
	storageRead   func(result uintptr) uint64
	storageBytes  func(result uintptr) uint64
	rowsWritten   func(result uintptr) uint64
	bytesWritten  func(result uintptr) uint64
	streamInsert  func(conn uintptr, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr,
		names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	streamAppend  func(stream uintptr, data unsafe.Pointer, length uintptr) int32
	streamDone    func(stream uintptr) uintptr
	cancelInsert  func(stream uintptr)
	insertError   func(stream uintptr) string
	destroyInsert func(stream uintptr)
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
		"chdb_version":                     &l.version,
		"chdb_set_signal_handlers_enabled": &l.setSignalHandlers,
		"chdb_connect":                     &l.connect,
		"chdb_close_conn":                  &l.closeConn,
		"chdb_query_with_params_n":         &l.query,
		"chdb_stream_query_with_params_n":  &l.streamQuery,
		"chdb_stream_fetch_result":         &l.streamFetch,
		"chdb_stream_cancel_query":         &l.streamCancel,
		"chdb_destroy_query_result":        &l.destroyResult,
		"chdb_result_buffer":               &l.resultBuffer,
		"chdb_result_length":               &l.resultLength,
		"chdb_result_error":                &l.resultError,
		"chdb_result_rows_read":            &l.rowsRead,
		"chdb_result_storage_rows_read":    &l.storageRead,
		"chdb_result_storage_bytes_read":   &l.storageBytes,
		"chdb_result_rows_written":         &l.rowsWritten,
		"chdb_result_bytes_written":        &l.bytesWritten,
		"chdb_stream_insert_with_params_n": &l.streamInsert,
		"chdb_stream_append":               &l.streamAppend,
		"chdb_stream_done":                 &l.streamDone,
		"chdb_stream_cancel_insert":        &l.cancelInsert,
		"chdb_stream_insert_error":         &l.insertError,
		"chdb_destroy_insert_stream":       &l.destroyInsert,
	} {
		symbol, err := purego.Dlsym(handle, name)
		switch {
		case err == nil:
		case sinceVersion267(name):
			continue // its function stays nil
		default:
			return nil, fmt.Errorf("%s has no %s: version 26.5 or later is needed", path, name)
		}
		purego.RegisterFunc(fn, symbol)
	}
	return l, nil
}

// sinceVersion267 tells whether a function is missing from older libraries.
func sinceVersion267(name string) bool {
	return name == "chdb_version" || strings.Contains(name, "insert") || name == "chdb_stream_append" || name == "chdb_stream_done"
}

// cstrings is an array of C strings with their lengths, kept reachable by it.
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
