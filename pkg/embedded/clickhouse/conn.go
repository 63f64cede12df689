package clickhouse

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
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
type conn struct {
	lib    *library
	handle unsafe.Pointer // chdb_connection *, as close wants it
	conn   uintptr        // chdb_connection, as everything else wants it
}

func (c *conn) close() { c.lib.closeConn(c.handle) }

// exec runs a statement and drops its result.
func (c *conn) exec(sql string) error {
	_, err := c.materialize(sql, "Null", nil, io.Discard)
	return err
}

func (c *conn) materialize(sql, format string, params map[string]string, w io.Writer) (Summary, error) {
	result := c.call(c.lib.query, sql, format, params)
	defer c.lib.destroyResult(result)
	sum := c.summary(result)
	n, err := c.write(result, w)
	sum.ResultBytes = uint64(n)
	return sum, err
}

// call runs one of the engine's three entry points that share a signature.
func (c *conn) call(fn func(uintptr, unsafe.Pointer, uintptr, unsafe.Pointer, uintptr, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, uintptr) uintptr,
	sql, format string, params map[string]string) uintptr {
	// Without a format the engine takes that of the statement before.
	text := newCStrings([]string{sql, or(format, "TabSeparated")})
	var names, values []string
	for name, value := range params {
		names, values = append(names, name), append(values, value)
	}
	n, v := newCStrings(names), newCStrings(values)
	result := fn(c.conn, text.ptrs[0], text.lens[0], text.ptrs[1], text.lens[1],
		n.pointers(), n.lengths(), v.pointers(), v.lengths(), uintptr(len(names)))
	runtime.KeepAlive(text)
	runtime.KeepAlive(n)
	runtime.KeepAlive(v)
	return result
}

func (c *conn) err(result uintptr) error {
	if result == 0 {
		return &Error{Message: "the engine gave no result"}
	}
	if text := c.lib.resultError(result); text != "" {
		return parseError(text)
	}
	return nil
}

func (c *conn) summary(result uintptr) Summary {
	return Summary{
		ReadRows:     c.lib.storageRead(result),
		ReadBytes:    c.lib.storageBytes(result),
		WrittenRows:  c.lib.rowsWritten(result),
		WrittenBytes: c.lib.bytesWritten(result),
	}
}

// write copies a result's bytes.
func (c *conn) write(result uintptr, w io.Writer) (int, error) {
	if err := c.err(result); err != nil {
		return 0, err
	}
	length := c.lib.resultLength(result)
	if length == 0 {
		return 0, nil
	}
	return w.Write(unsafe.Slice((*byte)(c.lib.resultBuffer(result)), length))
}

// run runs a request on this connection. abort asks the engine to end the
// statement.
func (c *conn) run(ctx context.Context, abort func(error), r Request, w io.Writer) (Summary, error) {
	out := &startWriter{w: w, started: r.Started}
	s := parseStatement(r.SQL)
	var sum Summary
	var err error
	switch {
	case s.kind == kindInsert:
		sum, err = c.insert(ctx, abort, s, r)
		out.sum = sum
	case s.kind == kindSelect:
		sum, err = c.stream(ctx, r, out)
	default:
		sum, err = c.materialize(r.SQL, r.Format, r.Params, out)
		out.sum = sum
	}
	if err == nil {
		out.start()
	}
	return sum, err
}

// stream runs a query and writes its result block by block.
func (c *conn) stream(ctx context.Context, r Request, out *startWriter) (Summary, error) {
	stream := c.call(c.lib.streamQuery, r.SQL, r.Format, r.Params)
	defer c.lib.destroyResult(stream)
	var sum Summary
	if err := c.err(stream); err != nil {
		if strings.Contains(err.Error(), "Streaming query is not supported") {
			// Refused before it ran: WITH … INSERT and the like.
			return c.materialize(r.SQL, r.Format, r.Params, out)
		}
		return sum, err
	}
	for {
		if err := ctx.Err(); err != nil {
			c.lib.streamCancel(c.conn, stream)
			return sum, context.Cause(ctx)
		}
		chunk := c.lib.streamFetch(c.conn, stream)
		part := c.summary(chunk)
		sum.ReadRows += part.ReadRows
		sum.ReadBytes += part.ReadBytes
		out.sum = sum
		n, err := c.write(chunk, out)
		sum.ResultBytes += uint64(n)
		c.lib.destroyResult(chunk)
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			c.lib.streamCancel(c.conn, stream)
			return sum, err
		}
		if n == 0 {
			return sum, nil
		}
	}
}

// insertChunk is how much of an insert's body is handed over at a time. The
// engine holds a bounded number of chunks and blocks until it has parsed them.
const insertChunk = 256 << 10

// insert feeds an INSERT's data to the engine as it arrives.
func (c *conn) insert(ctx context.Context, abort func(error), s statement, r Request) (Summary, error) {
	if c.lib.streamInsert == nil {
		return c.insertThroughPipe(abort, s, r)
	}
	var sum Summary
	stream := c.call(c.lib.streamInsert, s.head, s.inputFormat, r.Params)
	defer c.lib.destroyInsert(stream) // cancels it unless it is done
	if text := c.lib.insertError(stream); text != "" {
		return sum, parseError(text)
	}
	body := r.rows(s)
	buf := make([]byte, insertChunk)
	for {
		n, err := io.ReadFull(body, buf)
		if ctx.Err() != nil {
			c.lib.cancelInsert(stream)
			return sum, context.Cause(ctx)
		}
		if n > 0 && c.lib.streamAppend(stream, unsafe.Pointer(&buf[0]), uintptr(n)) != 0 {
			break // the engine refused the data; done says why
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			c.lib.cancelInsert(stream)
			return sum, fmt.Errorf("read the rows to insert: %w", err)
		}
	}
	result := c.lib.streamDone(stream)
	defer c.lib.destroyResult(result)
	sum = c.summary(result)
	return sum, c.err(result)
}

// rows are the data of an INSERT.
func (r Request) rows(s statement) io.Reader {
	inline := strings.NewReader(r.SQL[s.data:])
	if r.Data == nil {
		return inline
	}
	return io.MultiReader(inline, r.Data)
}

// startWriter calls started before the first byte.
type startWriter struct {
	w       io.Writer
	started func(Summary)
	sum     Summary
	done    atomic.Bool
}

func (w *startWriter) start() {
	if w.started != nil && !w.done.Swap(true) {
		w.started(w.sum)
	}
}

func (w *startWriter) Write(p []byte) (int, error) {
	w.start()
	return w.w.Write(p)
}
