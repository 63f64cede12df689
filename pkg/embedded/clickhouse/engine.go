package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
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

var errClosed = errors.New("the ClickHouse engine is closed")

// Open opens a data folder without serving it.
func Open(ctx context.Context, o Options) (*Engine, error) {
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
	if err := checkUnused(dir); err != nil {
		return nil, err
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
	e.log.Debug("ClickHouse engine open", "dir", dir, "version", lib.version())
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
	if err := e.begin(); err != nil {
		return Summary{}, err
	}
	defer e.active.Done()
	// Connecting costs a fifth of a millisecond; a connection of its own
	// keeps one statement's settings away from the next.
	c, err := e.connect()
	if err != nil {
		return Summary{}, err
	}
	defer c.close()
	return e.runOn(ctx, c, r, w)
}

func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	e.active.Add(1)
	return nil
}

func (e *Engine) runOn(ctx context.Context, c *conn, r Request, w io.Writer) (Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.ctx, func() { cancel(errClosed) })()
	if err := c.exec("USE " + quoteName(or(r.Database, DefaultDatabase))); err != nil {
		return Summary{}, err
	}
	id := fmt.Sprintf("vislang-%d", e.nextID.Add(1))
	settings := map[string]string{"log_comment": id}
	for name, value := range e.base {
		settings[name] = value
	}
	for name, value := range r.Settings {
		settings[name] = value
	}
	if err := c.set(settings); err != nil {
		return Summary{}, err
	}
	ended, killed := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		e.kill(settings["log_comment"], ended)
	})
	sum, err := c.run(ctx, r, w)
	close(ended)
	if !stop() {
		<-killed
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sum, err
}

// kill ends a running statement. The C interface can cancel only between two
// blocks of a result, so it goes by SQL. It repeats itself until the statement
// has ended, because one that has just begun is not in the list yet.
func (e *Engine) kill(comment string, ended <-chan struct{}) {
	c, err := e.connect()
	if err != nil {
		return
	}
	defer c.close()
	sql := "KILL QUERY WHERE Settings['log_comment'] = " + quoteString(comment) + " ASYNC"
	for {
		if err := c.exec(sql); err != nil {
			e.log.Debug("cancel a statement", "error", err)
		}
		select {
		case <-ended:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// set applies settings. readonly comes last, as it forbids the others.
func (c *conn) set(settings map[string]string) error {
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == "readonly") != (b == "readonly") {
			if a == "readonly" {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = quoteName(name) + " = " + quoteString(settings[name])
	}
	if len(names) == 0 {
		return nil
	}
	return c.exec("SET " + strings.Join(names, ", "))
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
)

func quoteString(s string) string { return "'" + stringQuoter.Replace(s) + "'" }
func quoteName(s string) string   { return "`" + nameQuoter.Replace(s) + "`" }
