package clickhouse

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
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

func newHandler(e *Engine, o Options, loopback bool) (http.Handler, *handler) {
	h := &handler{engine: e, user: o.User, password: o.Password, log: o.Log, sessions: map[string]*httpSession{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("/replicas_status", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Ok.\n") })
	mux.HandleFunc("/{$}", h.query)
	return fromHere(loopback, mux), h
}

// fromHere refuses what a web page of another site sends through the user's
// browser: the interface asks for no password, and a query can do anything. A
// page can also point its own name at this machine, so on loopback the name
// asked for has to be one of this machine's.
func fromHere(loopback bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "cross-site", "same-site":
			http.Error(w, "requests of other web sites are refused", http.StatusForbidden)
			return
		}
		if loopback && !isLocalName(r.Host) {
			http.Error(w, "this interface is called localhost or 127.0.0.1, not "+r.Host, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLocalName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.Trim(host, "[]")
	return net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
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
		err = h.hello(r.Context(), params, resp, req)
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
