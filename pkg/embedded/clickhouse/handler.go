package clickhouse

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// handler is ClickHouse's HTTP interface.
// https://clickhouse.com/docs/interfaces/http
type handler struct {
	engine         *Engine
	user, password string
	log            *slog.Logger

	mu       sync.Mutex
	sessions map[string]*httpSession
}

// httpSession is a session that clients name by session_id.
type httpSession struct {
	*Session
	busy   bool
	expire *time.Timer
}

func newHandler(e *Engine, o Options) (http.Handler, *handler) {
	h := &handler{engine: e, user: o.User, password: o.Password, log: o.Log, sessions: map[string]*httpSession{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("/replicas_status", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("/{$}", h.query)
	return fromHere(mux), h
}

// fromHere refuses what a web page of another site sends through the user's
// browser: the interface asks for no password, and a query can do anything.
func fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "cross-site", "same-site":
			http.Error(w, "requests of other web sites are refused", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// query answers one statement.
func (h *handler) query(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.RawQuery == "" {
		io.WriteString(w, "Ok.\n")
		return
	}
	resp := &response{w: w, started: time.Now()}
	params := r.URL.Query()
	if err := h.authenticate(r, params); err != nil {
		resp.fail(err)
		return
	}
	resp.negotiate(r, params)
	req, err := newRequest(r, params)
	if err != nil {
		resp.fail(err)
		return
	}
	id := params.Get("query_id")
	if id == "" {
		id = newQueryID()
	}
	head := w.Header()
	head.Set("X-ClickHouse-Query-Id", id)
	head.Set("X-ClickHouse-Server-Display-Name", "vislang")
	req.Started = func(sum Summary) { resp.begin(sum, req) }
	if strings.TrimSpace(req.SQL) == helloQuery {
		err = h.hello(r.Context(), resp, req)
	} else {
		err = h.run(r, params, req, resp)
	}
	switch {
	case err == nil:
		err = resp.close()
	case errors.Is(err, context.Canceled):
		// The client has gone; nobody reads an answer.
	case errors.Is(err, errClosed):
		err = &Error{Code: 236, Name: "ABORTED", Message: "the server shuts down"}
		fallthrough
	default:
		resp.fail(err)
	}
	h.log.Debug("statement", "id", id, "took", time.Since(resp.started), "error", err)
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

func newQueryID() string {
	var b [16]byte
	rand.Read(b[:])
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (h *handler) authenticate(r *http.Request, params url.Values) error {
	if h.password == "" {
		return nil
	}
	user, password, ok := r.BasicAuth()
	if name := r.Header.Get("X-ClickHouse-User"); name != "" {
		user, password, ok = name, r.Header.Get("X-ClickHouse-Key"), true
	}
	if !ok {
		user, password = or(params.Get("user"), "default"), params.Get("password")
	}
	if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(h.user+"\x00"+h.password)) != 1 {
		return &Error{Code: codeAuthentication, Name: "AUTHENTICATION_FAILED",
			Message: user + ": Authentication failed: password is incorrect, or there is no user with such name"}
	}
	return nil
}

// notSettings are URL parameters that mean something to the interface itself.
// Of clients' flags that only a server has, none changes a result.
func notSetting(name string) bool {
	switch name {
	case "query", "database", "default_format", "query_id", "user", "password", "quota_key",
		"session_id", "session_timeout", "session_check", "compress", "decompress",
		"enable_http_compression", "buffer_size", "wait_end_of_query", "client_protocol_version",
		"stacktrace", "role", "add_http_cors_header", "http_zlib_compression_level",
		"send_progress_in_http_headers", "http_headers_progress_interval_ms",
		"network_compression_method", "network_zstd_compression_level":
		return true
	}
	return strings.HasPrefix(name, "param_")
}

// maxHead is how much of a body is searched for the end of an INSERT's head,
// and how long any other statement may be.
const maxHead = 16 << 20

// newRequest reads a statement out of an HTTP request. A body continues the
// URL's query; the data of an INSERT is left unread.
func newRequest(r *http.Request, params url.Values) (Request, error) {
	req := Request{
		Format:   or(r.Header.Get("X-ClickHouse-Format"), params.Get("default_format")),
		Database: or(r.Header.Get("X-ClickHouse-Database"), params.Get("database")),
		Settings: map[string]string{},
		Params:   map[string]string{},
	}
	for name := range params {
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			req.Params[param] = params.Get(name)
		} else if !notSetting(name) {
			req.Settings[name] = params.Get(name)
		}
	}
	if r.Method == http.MethodGet && req.Settings["readonly"] == "" {
		req.Settings["readonly"] = "2" // settings may change, data may not
	}
	body, err := requestBody(r, params.Get("decompress") == "1")
	if err != nil {
		return req, err
	}
	query := params.Get("query")
	if parseStatement(query).kind == kindInsert {
		req.SQL, req.Data = query, body
		return req, nil
	}
	buffered := bufio.NewReaderSize(body, 64<<10)
	head, err := buffered.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return req, badRequest("read the request's body: %v", err)
	}
	if query != "" && len(head) > 0 {
		query += "\n"
	}
	if s := parseStatement(query + string(head)); s.kind == kindInsert {
		req.SQL, req.Data = query, buffered
		if s.data > len(query) {
			n, _ := buffered.Discard(s.data - len(query))
			req.SQL += string(head[:n])
		}
		return req, nil
	}
	rest, err := io.ReadAll(io.LimitReader(buffered, maxHead+1))
	if err != nil {
		return req, badRequest("read the request's body: %v", err)
	}
	if len(rest) > maxHead {
		return req, badRequest("the query is longer than %d bytes", maxHead)
	}
	req.SQL = query + string(rest)
	if strings.TrimSpace(req.SQL) == "" {
		return req, &Error{Code: codeSyntaxError, Name: "SYNTAX_ERROR", Message: "Empty query"}
	}
	if len(Split(req.SQL)) > 1 {
		return req, &Error{Code: codeSyntaxError, Name: "SYNTAX_ERROR", Message: "Multi-statements are not allowed"}
	}
	return req, nil
}

func badRequest(format string, args ...any) error {
	return &Error{Code: codeIncorrectData, Name: "INCORRECT_DATA", Message: fmt.Sprintf(format, args...)}
}

// summaryHeader is X-ClickHouse-Summary: counts as decimal strings.
func summaryHeader(sum Summary, elapsed time.Duration) string {
	u := func(n uint64) string { return strconv.FormatUint(n, 10) }
	b, _ := json.Marshal(map[string]string{
		"read_rows": u(sum.ReadRows), "read_bytes": u(sum.ReadBytes),
		"written_rows": u(sum.WrittenRows), "written_bytes": u(sum.WrittenBytes),
		"total_rows_to_read": "0", "result_rows": "0", "result_bytes": u(sum.ResultBytes),
		"elapsed_ns": strconv.FormatInt(elapsed.Nanoseconds(), 10),
	})
	return string(b)
}
