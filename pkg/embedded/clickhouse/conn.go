package clickhouse

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unsafe"
)

// Request is one statement to run.
type Request struct {
	SQL string
	// Data holds the rows of an INSERT that continue SQL; nil means none.
	Data io.Reader
	// Format is the output format unless SQL has a FORMAT clause; "" is
	// TabSeparated.
	Format   string
	Database string            // "" is the engine's own
	Settings map[string]string // of this statement only
	Params   map[string]string // values of {name:Type}, escaped as in TabSeparated
	// Started, if set, is called once before the first byte of the result
	// is written, with what is known by then.
	Started func(Summary)
}

// Summary counts what a statement did.
type Summary struct {
	ReadRows, ReadBytes       uint64
	WrittenRows, WrittenBytes uint64
	ResultBytes               uint64
}

// conn is a connection to the engine: settings, current database and temporary
// tables live in it. It runs one statement at a time.
//
// Results and the rows of an INSERT pass through pipes that the engine opens
// as files, so that any amount of them fits into memory.
type conn struct {
	lib    *library
	handle unsafe.Pointer // chdb_connection *, as close wants it
	conn   uintptr        // chdb_connection, as everything else wants it
}

func (c *conn) close() { c.lib.closeConn(c.handle) }

// run runs a request on this connection. abort asks the engine to end the
// statement and returns when it has been asked.
func (c *conn) run(abort func(error), r Request, w io.Writer) (Summary, error) {
	out := &resultWriter{w: w, started: r.Started}
	s := parseStatement(r.SQL)
	var sum Summary
	var err error
	switch s.kind {
	case kindInsert:
		sum, err = c.insert(abort, s, r)
	case kindSelect:
		sum, err = c.query(abort, r, out)
	default:
		sum, err = c.call(r.SQL, r.Format, r.Params, out)
	}
	if err != nil {
		return sum, err
	}
	err = out.close(&sum)
	return sum, err
}

// query runs a SELECT.
func (c *conn) query(abort func(error), r Request, out *resultWriter) (Summary, error) {
	head, format, tail := splitOutput(r.SQL)
	format = or(or(format, r.Format), "TabSeparated")
	if !isName(format) {
		return Summary{}, &Error{Code: 73, Name: "UNKNOWN_FORMAT", Message: "Unknown format " + format}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return Summary{}, fmt.Errorf("make a pipe for a result: %w", err)
	}
	defer reader.Close()
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(out, reader)
		if err != nil {
			go abort(err)
			io.Copy(io.Discard, reader) // the engine may be waiting to write
		}
		copied <- err
	}()
	sql := head + "\nINTO OUTFILE " + pipePath(writer) + " TRUNCATE COMPRESSION 'none' FORMAT " + format + " " + tail
	sum, err := c.call(sql, "Null", r.Params, io.Discard)
	writer.Close()
	if copyErr := <-copied; err == nil {
		err = copyErr
	}
	return sum, err
}

// insert runs an INSERT whose rows follow it. If reading them fails it aborts
// the statement before it closes the pipe, as the engine would take that for
// the end of the rows.
func (c *conn) insert(abort func(error), s statement, r Request) (Summary, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return Summary{}, fmt.Errorf("make a pipe for the rows to insert: %w", err)
	}
	rows := io.Reader(strings.NewReader(r.SQL[s.data:]))
	if r.Data != nil {
		rows = io.MultiReader(rows, r.Data)
	}
	source := &errReader{r: rows}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		io.Copy(writer, source)
		if source.err != nil {
			abort(fmt.Errorf("read the rows to insert: %w", source.err))
		}
		writer.Close()
	}()
	sql := s.head[:s.settings] + " FROM INFILE " + pipePath(reader) + " COMPRESSION 'none' " + s.head[s.settings:] + " FORMAT " + s.inputFormat
	sum, err := c.call(sql, "Null", r.Params, io.Discard)
	reader.Close() // the engine may have stopped before the end
	if err != nil {
		return sum, err // without waiting for rows that nobody wants
	}
	<-fed
	if source.err != nil {
		err = fmt.Errorf("read the rows to insert: %w", source.err)
	}
	return sum, err
}

// pipePath is a file name for one end of a pipe, in quotes.
func pipePath(f *os.File) string { return fmt.Sprintf("'/proc/self/fd/%d'", f.Fd()) }

// exec runs a statement and drops its result.
func (c *conn) exec(sql string) error {
	_, err := c.call(sql, "Null", nil, io.Discard)
	return err
}

// call runs a statement whose result fits into memory.
func (c *conn) call(sql, format string, params map[string]string, w io.Writer) (Summary, error) {
	// Without a format the engine takes that of the statement before.
	text := newCStrings([]string{sql, or(format, "TabSeparated")})
	var names, values []string
	for name, value := range params {
		names, values = append(names, name), append(values, value)
	}
	n, v := newCStrings(names), newCStrings(values)
	result := c.lib.query(c.conn, text.ptrs[0], text.lens[0], text.ptrs[1], text.lens[1],
		n.pointers(), n.lengths(), v.pointers(), v.lengths(), uintptr(len(names)))
	runtime.KeepAlive(text)
	runtime.KeepAlive(n)
	runtime.KeepAlive(v)
	if result == 0 {
		return Summary{}, &Error{Message: "the engine gave no result"}
	}
	defer c.lib.destroyResult(result)
	if text := c.lib.resultError(result); text != "" {
		return Summary{}, parseError(text)
	}
	sum := Summary{
		ReadRows:     c.lib.rowsRead(result),
		ReadBytes:    c.lib.bytesRead(result),
		WrittenRows:  c.lib.rowsWritten(result),
		WrittenBytes: c.lib.bytesWritten(result),
	}
	if length := c.lib.resultLength(result); length > 0 {
		if _, err := w.Write(unsafe.Slice((*byte)(c.lib.resultBuffer(result)), length)); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// errReader remembers why reading ended.
type errReader struct {
	r   io.Reader
	err error
}

func (e *errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != io.EOF {
		e.err = err
	}
	return n, err
}

// heldBack is how much of a result is kept until the statement has ended, so
// that a small result starts with its true summary, and an early error comes
// instead of a result.
const heldBack = 64 << 10

// resultWriter calls started before the first byte.
type resultWriter struct {
	w       io.Writer
	started func(Summary)
	begun   bool
	held    []byte
	n       uint64
}

func (w *resultWriter) Write(p []byte) (int, error) {
	w.n += uint64(len(p))
	if !w.begun && len(w.held)+len(p) <= heldBack {
		w.held = append(w.held, p...)
		return len(p), nil
	}
	if err := w.begin(Summary{ResultBytes: w.n}); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

func (w *resultWriter) begin(sum Summary) error {
	if w.begun {
		return nil
	}
	w.begun = true
	if w.started != nil {
		w.started(sum)
	}
	if len(w.held) == 0 {
		return nil
	}
	_, err := w.w.Write(w.held)
	w.held = nil
	return err
}

// close ends a good result.
func (w *resultWriter) close(sum *Summary) error {
	sum.ResultBytes = w.n
	return w.begin(*sum)
}
