package clickhouse

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// insertThroughPipe feeds an INSERT's data to an engine before 26.7, which
// cannot take it from memory: as INSERT FROM INFILE of a named pipe.
func (c *conn) insertThroughPipe(abort func(error), s statement, r Request) (Summary, error) {
	dir, err := os.MkdirTemp("", "vislang-insert-")
	if err != nil {
		return Summary{}, fmt.Errorf("make a pipe for the rows to insert: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "rows")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return Summary{}, fmt.Errorf("make a pipe for the rows to insert: %w", err)
	}
	ended, fed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(fed)
		feedPipe(path, r.rows(s), abort, ended)
	}()
	sql := s.head[:s.settings] + " FROM INFILE " + quoteString(path) + " " + s.head[s.settings:] + " FORMAT " + s.inputFormat
	sum, err := c.materialize(sql, "Null", r.Params, io.Discard)
	close(ended)
	<-fed
	return sum, err
}

// feedPipe writes the rows once the engine has opened the pipe. If they end
// early it aborts the statement before the engine sees the end of the pipe, as
// it would take that for the end of the rows.
func feedPipe(path string, rows io.Reader, abort func(error), ended <-chan struct{}) {
	for {
		pipe, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if errors.Is(err, syscall.ENXIO) { // no reader yet
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
			continue
		}
		if err == nil {
			defer pipe.Close()
			_, err = io.Copy(pipe, rows)
		}
		if err != nil && !errors.Is(err, syscall.EPIPE) { // the engine says why it stopped reading
			abort(fmt.Errorf("read the rows to insert: %w", err))
		}
		return
	}
}
