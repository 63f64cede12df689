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
	"strconv"
	"strings"
	"time"
)

// handler is ClickHouse's HTTP interface.
// https://clickhouse.com/docs/interfaces/http
type handler struct {
	engine         *Engine
	user, password string
	log            *slog.Logger
}

func newHandler(e *Engine, o Options) http.Handler {
	h := &handler{engine: e, user: o.User, password: o.Password, log: o.Log}
	mux := http.NewServeMux()
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("/replicas_status", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("/{$}", h.query)
	return fromHere(mux)
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
		_, err = h.engine.Run(r.Context(), req, resp)
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

func newQueryID() string {
	var b [16]byte
	rand.Read(b[:])
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (h *handler) authenticate(r *http.Request, params map[string][]string) error {
	if h.password == "" {
		return nil
	}
	user, password, ok := r.BasicAuth()
	if name := r.Header.Get("X-ClickHouse-User"); name != "" {
		user, password, ok = name, r.Header.Get("X-ClickHouse-Key"), true
	}
	if !ok && len(params["user"]) > 0 {
		user, password = params["user"][0], ""
		if len(params["password"]) > 0 {
			password = params["password"][0]
		}
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
func newRequest(r *http.Request, params map[string][]string) (Request, error) {
	get := func(name string) string {
		if v := params[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	req := Request{
		Format:   or(r.Header.Get("X-ClickHouse-Format"), get("default_format")),
		Database: or(r.Header.Get("X-ClickHouse-Database"), get("database")),
		Settings: map[string]string{},
		Params:   map[string]string{},
	}
	for name := range params {
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			req.Params[param] = get(name)
		} else if !notSetting(name) {
			req.Settings[name] = get(name)
		}
	}
	if r.Method == http.MethodGet && req.Settings["readonly"] == "" {
		req.Settings["readonly"] = "2" // settings may change, data may not
	}
	body, err := requestBody(r, get("decompress") == "1")
	if err != nil {
		return req, err
	}
	query := get("query")
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
	return &Error{Code: codeBadArguments, Name: "BAD_ARGUMENTS", Message: fmt.Sprintf(format, args...)}
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
