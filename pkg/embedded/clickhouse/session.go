package clickhouse

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Session keeps what one statement leaves for the next: the current database,
// settings, temporary tables. It runs one statement at a time.
type Session struct {
	engine  *Engine
	conn    *conn
	comment string // finds the session's statement among all that run
	mu      sync.Mutex
	closed  bool
}

// NewSession begins a session in the default database.
func (e *Engine) NewSession() (*Session, error) {
	if err := e.begin(); err != nil {
		return nil, err
	}
	c, err := e.connect()
	if err != nil {
		e.active.Done()
		return nil, err
	}
	s := &Session{engine: e, conn: c, comment: fmt.Sprintf("vislang-%d", e.nextID.Add(1))}
	settings := maps.Clone(e.base)
	settings["log_comment"] = s.comment
	if err := c.exec("USE " + quoteName(DefaultDatabase)); err != nil {
		s.Close()
		return nil, err
	}
	if err := c.set(settings); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the session, after the statement that runs in it.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.conn.close()
		s.engine.active.Done()
	}
}

// Run runs one statement in the session. The request's settings end with it;
// those of a SET stay, and so does a database.
func (s *Session) Run(ctx context.Context, r Request, w io.Writer) (Summary, error) {
	sum, err := s.run(ctx, r, w)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return sum, err
	}
	if err != nil {
		// A failed statement stays in the list of running ones, with its
		// memory, until the connection runs another.
		s.conn.exec("SELECT 1")
	}
	if len(r.Settings) > 0 {
		if resetErr := s.reset(r.Settings); err == nil {
			err = resetErr
		}
	}
	return sum, err
}

func (s *Session) reset(settings map[string]string) error {
	var items []string
	for name := range settings {
		value := "DEFAULT"
		if base, ok := s.engine.base[name]; ok {
			value = quoteString(base)
		} else if name == "log_comment" {
			value = quoteString(s.comment)
		}
		items = append(items, quoteName(name)+" = "+value)
	}
	slices.Sort(items)
	return s.conn.exec("SET " + strings.Join(items, ", "))
}

func (s *Session) run(ctx context.Context, r Request, w io.Writer) (Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Summary{}, errClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.engine.ctx, func() { cancel(errClosed) })()
	if r.Database != "" {
		if err := s.conn.exec("USE " + quoteName(r.Database)); err != nil {
			return Summary{}, err
		}
	}
	if err := s.conn.set(r.Settings); err != nil {
		return Summary{}, err
	}
	comment := or(r.Settings["log_comment"], s.comment)
	ended, sent, killed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		s.engine.kill(comment, sent, ended)
	})
	abort := func(err error) {
		cancel(err)
		select {
		case <-sent:
		case <-ended:
		}
	}
	sum, err := s.conn.run(abort, r, w)
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
// has ended, because one that has just begun is not in the list yet. It closes
// sent after the first time.
func (e *Engine) kill(comment string, sent chan<- struct{}, ended <-chan struct{}) {
	c, err := e.connect()
	if err != nil {
		close(sent)
		return
	}
	defer c.close()
	sql := "KILL QUERY WHERE Settings['log_comment'] = " + quoteString(comment) + " ASYNC"
	for first := true; ; first = false {
		if err := c.exec(sql); err != nil {
			e.log.Debug("cancel a statement", "error", err)
		}
		if first {
			close(sent)
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
	if len(settings) == 0 {
		return nil
	}
	var items []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if name != "readonly" {
			items = append(items, quoteName(name)+" = "+quoteString(settings[name]))
		}
	}
	if value, ok := settings["readonly"]; ok {
		items = append(items, "readonly = "+quoteString(value))
	}
	return c.exec("SET " + strings.Join(items, ", "))
}
