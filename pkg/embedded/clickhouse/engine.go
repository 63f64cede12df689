package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"vislang/pkg/assets"
)

// DefaultDatabase is the database of a statement that names none.
const DefaultDatabase = "vislang"

// Engine is an opened data folder. A process can have one folder open at a
// time: the engine is a singleton.
type Engine struct {
	lib  *library
	dir  string
	args []string
	log  *slog.Logger
	base map[string]string // settings of every statement

	mu     sync.Mutex // guards closed and the start of statements
	closed bool
	active sync.WaitGroup
	keep   *conn // the engine shuts down with its last connection
	nextID atomic.Uint64
	ctx    context.Context // ends when the engine closes
	cancel context.CancelCauseFunc
}

// Runner runs statements: an Engine each on its own, a Session and a Client
// one after the other.
type Runner interface {
	Run(ctx context.Context, r Request, w io.Writer) (Summary, error)
}

var errClosed = errors.New("the ClickHouse engine is closed")

// Open opens a data folder without serving it.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if err := checkUnused(o.Dir); err != nil {
		return nil, err
	}
	return openUnchecked(ctx, o)
}

func openUnchecked(ctx context.Context, o Options) (*Engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o.setDefaults()
	if o.Library == "" {
		path, err := assets.Path("libchdb.so")
		if err != nil {
			return nil, fmt.Errorf("embedded ClickHouse: %w", err)
		}
		o.Library = path
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("embedded ClickHouse: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("embedded ClickHouse: create its folder: %w", err)
	}
	config := filepath.Join(dir, "config.xml")
	if err := os.WriteFile(config, serverConfig(o), 0o666); err != nil {
		return nil, fmt.Errorf("embedded ClickHouse: write its configuration: %w", err)
	}
	lib, err := loadLibrary(o.Library)
	if err != nil {
		return nil, fmt.Errorf("embedded ClickHouse: %w", err)
	}
	e := &Engine{
		lib:  lib,
		dir:  dir,
		args: []string{"clickhouse", "--path=" + dir, "--config-file=" + config, "--progress=off"},
		log:  o.Log,
		base: map[string]string{
			"max_memory_usage": strconv.FormatInt(o.MaxMemory*4/5, 10),
			// The engine takes itself for clickhouse-local: a misspelt SELECT
			// would be taken for a column with an alias.
			"implicit_select": "0",
		},
	}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	if e.keep, err = e.connect(); err != nil {
		return nil, err
	}
	if err := e.keep.exec("CREATE DATABASE IF NOT EXISTS " + DefaultDatabase); err != nil {
		e.keep.close()
		return nil, fmt.Errorf("create the database %s: %w", DefaultDatabase, err)
	}
	e.log.Debug("ClickHouse engine open", "dir", dir)
	return e, nil
}

// checkUnused tells who has the folder: the engine itself would only print it.
func checkUnused(dir string) error {
	status, err := os.Open(filepath.Join(dir, "status"))
	if err != nil {
		return nil // never used
	}
	defer status.Close()
	err = syscall.Flock(int(status.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil // closing the file unlocks it
	}
	text, _ := io.ReadAll(io.LimitReader(status, 1000))
	owner := "another process"
	for line := range strings.Lines(string(text)) {
		if pid, ok := strings.CutPrefix(line, "PID: "); ok {
			owner = "process " + strings.TrimSpace(pid)
		}
	}
	return fmt.Errorf("embedded ClickHouse: %s is in use by %s", dir, owner)
}

func (e *Engine) connect() (*conn, error) {
	handle := e.lib.open(e.args)
	if handle == nil {
		return nil, fmt.Errorf("embedded ClickHouse: the engine refused to open %s: it is damaged, not writable, or this process has another folder open", e.dir)
	}
	return &conn{lib: e.lib, handle: handle, conn: *(*uintptr)(unsafe.Pointer(handle))}, nil
}

// Close stops running statements, then the engine. Data is on disk when it
// returns. It is safe to call twice.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	e.cancel(errClosed)
	e.active.Wait()
	e.keep.close()
	return nil
}

// Run runs one statement and writes its result as it comes. Statements run
// concurrently. The error is an *Error if the engine raised it.
func (e *Engine) Run(ctx context.Context, r Request, w io.Writer) (Summary, error) {
	// A connection costs a fifth of a millisecond. One of its own keeps a
	// statement's settings away from the next.
	s, err := e.NewSession()
	if err != nil {
		return Summary{}, err
	}
	defer s.Close()
	return s.run(ctx, r, w)
}

// begin counts a connection that Close has to wait for.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	e.active.Add(1)
	return nil
}

// Query runs a statement and returns its result in a format, for example
// "JSONEachRow".
func (e *Engine) Query(ctx context.Context, sql, format string) ([]byte, error) {
	var out strings.Builder
	if _, err := e.Run(ctx, Request{SQL: sql, Format: format}, &out); err != nil {
		return nil, err
	}
	return []byte(out.String()), nil
}

// Exec runs a statement and drops its result.
func (e *Engine) Exec(ctx context.Context, sql string) error {
	_, err := e.Run(ctx, Request{SQL: sql, Format: "Null"}, io.Discard)
	return err
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

var (
	stringQuoter = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	nameQuoter   = strings.NewReplacer(`\`, `\\`, "`", "\\`")
	paramEscaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)
)

func quoteString(s string) string { return "'" + stringQuoter.Replace(s) + "'" }
func quoteName(s string) string   { return "`" + nameQuoter.Replace(s) + "`" }

// EscapeParam escapes a value of Request.Params.
func EscapeParam(value string) string { return paramEscaper.Replace(value) }
