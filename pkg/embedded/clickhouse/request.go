package clickhouse

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// notSetting tells whether a URL parameter means something to the interface
// itself. What is ignored of these changes no result.
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
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return req, &Error{Code: 48, Name: "NOT_IMPLEMENTED", Message: "External tables in a multipart body are not supported"}
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
