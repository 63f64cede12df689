package clickhouse

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// httpSession is a session that clients name by session_id.
type httpSession struct {
	*Session
	busy   bool
	expire *time.Timer
}

// run runs a request, in its session if it names one.
func (h *handler) run(r *http.Request, params url.Values, req Request, w io.Writer) error {
	id := params.Get("session_id")
	if id == "" {
		_, err := h.engine.Run(r.Context(), req, w)
		return err
	}
	timeout := time.Minute
	if n, err := strconv.Atoi(params.Get("session_timeout")); err == nil {
		timeout = time.Duration(min(max(n, 1), 3600)) * time.Second
	}
	session, err := h.session(id, params.Get("session_check") == "1")
	if err != nil {
		return err
	}
	defer h.release(id, session, timeout)
	// The session could not be written to again after a readonly.
	if req.Settings["readonly"] != "" {
		delete(req.Settings, "readonly")
		if r.Method == http.MethodGet && !readsOnly(req.SQL) {
			return &Error{Code: 164, Name: "READONLY", Message: "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries"}
		}
	}
	_, err = session.Run(r.Context(), req, w)
	return err
}

func (h *handler) session(id string, mustExist bool) (*httpSession, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	if s == nil {
		if mustExist {
			return nil, &Error{Code: 372, Name: "SESSION_NOT_FOUND", Message: "Session " + id + " not found"}
		}
		session, err := h.engine.NewSession()
		if err != nil {
			return nil, err
		}
		s = &httpSession{Session: session}
		h.sessions[id] = s
	}
	if s.busy {
		return nil, &Error{Code: 373, Name: "SESSION_IS_LOCKED", Message: "Session " + id + " is locked by a concurrent client"}
	}
	if s.expire != nil {
		s.expire.Stop()
	}
	s.busy = true
	return s, nil
}

func (h *handler) release(id string, s *httpSession, timeout time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.busy = false
	s.expire = time.AfterFunc(timeout, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !s.busy && h.sessions[id] == s {
			delete(h.sessions, id)
			s.Close()
		}
	})
}

// closeSessions ends every session; statements in them have been cancelled.
func (h *handler) closeSessions() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, s := range h.sessions {
		delete(h.sessions, id)
		s.Close()
	}
}
