package clickhouse

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// response writes a result in the encodings the client asked for. Until the
// first byte, an error becomes a status; after it, an exception block in the
// body.
type response struct {
	w       http.ResponseWriter
	started time.Time
	begun   bool
	tag     string         // of an exception block
	out     io.Writer      // innermost first: block compression, content encoding, w
	closers []func() error // end the encodings, in order
	buffer  *bytes.Buffer  // wait_end_of_query
	encode  string         // Content-Encoding
	blocks  string         // method of ClickHouse's own block compression, or ""
}

func (r *response) negotiate(req *http.Request, params url.Values) {
	on := func(name string) bool {
		v := params.Get(name)
		return v != "" && v != "0" && v != "false"
	}
	r.out = r.w
	if !params.Has("enable_http_compression") || on("enable_http_compression") {
		r.encode = acceptedEncoding(req.Header.Get("Accept-Encoding"))
	}
	if on("compress") {
		r.blocks = or(params.Get("network_compression_method"), "LZ4")
	}
	if on("wait_end_of_query") {
		r.buffer = &bytes.Buffer{}
	}
}

// begin writes the head of a good answer.
func (r *response) begin(sum Summary, req Request) {
	r.begun = true
	var tag [8]byte
	rand.Read(tag[:])
	r.tag = hex.EncodeToString(tag[:])
	_, format, _ := splitOutput(req.SQL)
	format = or(or(format, req.Format), "TabSeparated")
	head := r.w.Header()
	head.Set("Content-Type", contentType(format))
	head.Set("X-ClickHouse-Format", format)
	head.Set("X-ClickHouse-Summary", summaryHeader(sum, time.Since(r.started)))
	head.Set("X-ClickHouse-Exception-Tag", r.tag)
	if r.encode != "" {
		head.Set("Content-Encoding", r.encode)
		encoder := newEncoder(r.encode, r.w)
		r.out, r.closers = encoder, append(r.closers, encoder.Close)
	}
	if r.blocks != "" {
		r.out = &blockWriter{w: r.out, method: r.blocks}
	}
}

func (r *response) Write(p []byte) (int, error) {
	if r.buffer != nil {
		return r.buffer.Write(p)
	}
	return r.out.Write(p)
}

// close ends a good answer.
func (r *response) close() error {
	if r.buffer != nil {
		if _, err := r.out.Write(r.buffer.Bytes()); err != nil {
			return err
		}
	}
	return r.closeEncoders()
}

func (r *response) closeEncoders() error {
	for _, f := range r.closers {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// fail answers with an error.
func (r *response) fail(err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: 1002, Name: "UNKNOWN_EXCEPTION", Message: err.Error()}
	}
	if !r.begun || r.buffer != nil {
		head := r.w.Header()
		head.Del("Content-Encoding")
		head.Set("Content-Type", "text/plain; charset=UTF-8")
		head.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.Code))
		r.w.WriteHeader(httpStatus(e.Code))
		fmt.Fprintln(r.w, e)
		return
	}
	// The status has been sent. An exception block and a broken transfer
	// tell the client that what came is not the whole.
	text := e.Error()
	fmt.Fprintf(r.out, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", r.tag, text, len(text)+1, r.tag)
	r.closeEncoders()
	http.NewResponseController(r.w).Flush()
	panic(http.ErrAbortHandler)
}

func contentType(format string) string {
	switch format {
	case "JSON", "JSONCompact", "JSONStrings", "JSONColumns", "JSONColumnsWithMetadata", "JSONCompactStrings":
		return "application/json; charset=UTF-8"
	case "JSONEachRow", "JSONCompactEachRow", "JSONLines", "NDJSON", "JSONStringsEachRow":
		return "application/x-ndjson; charset=UTF-8"
	case "CSV":
		return "text/csv; charset=UTF-8; header=absent"
	case "CSVWithNames", "CSVWithNamesAndTypes":
		return "text/csv; charset=UTF-8; header=present"
	case "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "TabSeparatedWithNames", "TSVWithNames",
		"TabSeparatedWithNamesAndTypes", "TSVWithNamesAndTypes":
		return "text/tab-separated-values; charset=UTF-8"
	case "Native", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro", "BSONEachRow", "MsgPack", "Npy":
		return "application/octet-stream"
	case "XML":
		return "application/xml; charset=UTF-8"
	}
	return "text/plain; charset=UTF-8"
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
