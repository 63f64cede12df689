package clickhouse

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// call sends a request and returns status, head and body.
func call(t *testing.T, method, address string, head map[string]string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range head {
		req.Header.Set(name, value)
	}
	if head["Accept-Encoding"] == "" {
		req.Header.Set("Accept-Encoding", "identity")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestHTTPInterface(t *testing.T) {
	s := start(t, t.TempDir())
	for _, sql := range []string{"CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a", "CREATE DATABASE other"} {
		if err := s.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	q := url.QueryEscape
	for _, c := range []struct {
		name, method, url, body string
		head                    map[string]string
		status                  int
		want                    string // of the body: equal, or a part if it begins with …
	}{
		{"ping", "GET", "/ping", "", nil, 200, "Ok.\n"},
		{"root", "GET", "/", "", nil, 200, "Ok.\n"},
		{"no such path", "GET", "/nope", "", nil, 404, "…"},
		{"query in the URL", "GET", "/?query=" + q("SELECT 1, 'x'"), "", nil, 200, "1\tx\n"},
		{"query in the body", "POST", "/", "SELECT 2", nil, 200, "2\n"},
		{"query in both", "POST", "/?query=" + q("SELECT 3"), "+ 1", nil, 200, "4\n"},
		{"semicolon", "POST", "/", "SELECT 2 ; \n", nil, 200, "2\n"},
		{"empty", "POST", "/", "", nil, 400, "…Empty query"},
		{"two statements", "POST", "/", "SELECT 1; SELECT 2", nil, 400, "…Multi-statements"},
		{"default format", "POST", "/?default_format=JSONEachRow", "SELECT 1 AS x", nil, 200, "{\"x\":1}\n"},
		{"format header", "POST", "/", "SELECT 1 AS x", map[string]string{"X-ClickHouse-Format": "CSVWithNames"}, 200, "\"x\"\n1\n"},
		{"format clause wins", "POST", "/?default_format=JSONEachRow", "SELECT 1 AS x FORMAT CSV", nil, 200, "1\n"},
		{"database", "GET", "/?database=other&query=" + q("SELECT currentDatabase()"), "", nil, 200, "other\n"},
		{"database header", "POST", "/", "SELECT currentDatabase()", map[string]string{"X-ClickHouse-Database": "system"}, 200, "system\n"},
		{"default database", "POST", "/", "SELECT currentDatabase()", nil, 200, "vislang\n"},
		{"no such database", "POST", "/?database=nope", "SELECT 1", nil, 404, "Code: 81. DB::Exception: Database nope does not exist. (UNKNOWN_DATABASE)\n"},
		{"parameter", "GET", "/?param_x=" + q(`a'b\\c`) + "&query=" + q("SELECT {x:String}, {x:String} = 'a\\'b\\\\c'"), "", nil, 200, "a\\'b\\\\c\t1\n"},
		{"parameter of a type", "POST", "/?param_ids=" + q("[1,2]"), "SELECT number FROM numbers(5) WHERE number IN {ids:Array(UInt64)}", nil, 200, "1\n2\n"},
		{"parameter missing", "POST", "/", "SELECT {x:String}", nil, 400, "…Code: 456"},
		{"setting", "GET", "/?max_threads=1&query=" + q("SELECT getSetting('max_threads')"), "", nil, 200, "1\n"},
		{"setting is gone", "POST", "/", "SELECT getSetting('max_result_rows')", nil, 200, "0\n"},
		{"setting quoted", "POST", "/?log_comment=" + q("it's \\ `x`"), "SELECT getSetting('log_comment')", nil, 200, "it\\'s \\\\ `x`\n"},
		{"no such setting", "POST", "/?nope=1", "SELECT 1", nil, 404, "Code: 115. DB::Exception: Unknown setting 'nope'. (UNKNOWN_SETTING)\n"},
		{"name with a quote", "POST", "/?" + q("a`='1', x") + "=1", "SELECT 1", nil, 404, "…Code: 115"},
		{"GET cannot write", "GET", "/?query=" + q("DROP TABLE t"), "", nil, 403, "…Code: 164"},
		{"insert values", "POST", "/", "INSERT INTO t VALUES (1, 'a'), (2, lower('B'));", nil, 200, ""},
		{"insert, rows in the body", "POST", "/?query=" + q("INSERT INTO t FORMAT CSV"), "3,c\n4,\"d\"\n", nil, 200, ""},
		{"insert, all in the body", "POST", "/", "INSERT INTO t FORMAT JSONEachRow\n{\"a\": 5, \"b\": \"e\\u0000;\"}", nil, 200, ""},
		{"insert, split query", "POST", "/?query=" + q("INSERT INTO t (a, b)"), "FORMAT TSV\n6\tf\n", nil, 200, ""},
		{"insert with a parameter", "POST", "/?param_x=g&query=" + q("INSERT INTO t VALUES (7, {x:String})"), "", nil, 200, ""},
		{"insert of a wrong type", "POST", "/?query=" + q("INSERT INTO t FORMAT CSV"), "x,y\n", nil, 400, "…Code: 27"},
		{"insert into nothing", "POST", "/?query=" + q("INSERT INTO nope FORMAT CSV"), "1\n", nil, 404, "…Code: 60"},
		{"with insert", "POST", "/", "INSERT INTO t WITH x AS (SELECT 8 AS a) SELECT a, 'h' FROM x", nil, 200, ""},
		{"what is there", "POST", "/", "SELECT groupArray(b) FROM (SELECT b FROM t ORDER BY a)", nil, 200, "['a','b','c','d','e\\0;','f','g','h']\n"},
		{"describe", "POST", "/?default_format=TSV", "DESCRIBE TABLE t", nil, 200, "a\tUInt64\t\t\t\t\t\nb\tString\t\t\t\t\t\n"},
		{"zero bytes", "POST", "/", "SELECT 'a\\0b' FORMAT RowBinary", nil, 200, "\x03a\x00b"},
		{"settings after the format", "POST", "/", "SELECT getSetting('max_threads') FORMAT CSV SETTINGS max_threads = 1;", nil, 200, "1\n"},
		{"comment at the end", "POST", "/", "SELECT 1 -- one", nil, 200, "1\n"},
		{"union", "POST", "/", "(SELECT 1) UNION ALL (SELECT 1) FORMAT JSONEachRow", nil, 200, "{\"1\":1}\n{\"1\":1}\n"},
		{"no such format", "POST", "/?default_format=" + q("CSV SETTINGS x"), "SELECT 1", nil, 404, "…Code: 73"},
		{"insert of nothing", "POST", "/?query=" + q("INSERT INTO t FORMAT Native"), "", nil, 200, ""},
		{"no rows", "POST", "/", "SELECT a FROM t WHERE 0", nil, 200, ""},
		{"no rows as JSON", "POST", "/?default_format=JSONCompactColumns", "SELECT a FROM t WHERE 0", nil, 200, "…["},
		{"rows end in a comment", "POST", "/", "INSERT INTO t VALUES (9, 'i') -- nine", nil, 200, ""},
		{"inserted asynchronously", "POST", "/?async_insert=1&wait_for_async_insert=1", "INSERT INTO t VALUES (10, 'j')", nil, 200, ""},
		{"what is there now", "POST", "/", "SELECT max(a), count() FROM t", nil, 200, "10\t10\n"},
		{"external table", "POST", "/", "x", map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, 501, "…multipart"},
		{"other site", "POST", "/", "SELECT 1", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "…refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := call(t, c.method, s.URL()+c.url, c.head, strings.NewReader(c.body))
			part, isPart := strings.CutPrefix(c.want, "…")
			if resp.StatusCode != c.status || isPart && !strings.Contains(body, part) || !isPart && body != c.want {
				t.Errorf("status %d, want %d; body %q, want %q", resp.StatusCode, c.status, body, c.want)
			}
			if code := resp.Header.Get("X-ClickHouse-Exception-Code"); strings.HasPrefix(body, "Code: ") != (code != "") {
				t.Errorf("code %q in the head of %q", code, body)
			}
		})
	}
}

func TestHTTPHead(t *testing.T) {
	s := start(t, t.TempDir())
	resp, _ := call(t, "POST", s.URL()+"/?query_id=my-id", nil, strings.NewReader("SELECT number FROM system.numbers LIMIT 10 FORMAT JSONEachRow"))
	for name, want := range map[string]string{
		"X-ClickHouse-Query-Id": "my-id", "X-ClickHouse-Format": "JSONEachRow", "Content-Type": "application/x-ndjson; charset=UTF-8",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var summary map[string]string
	if err := json.Unmarshal([]byte(resp.Header.Get("X-ClickHouse-Summary")), &summary); err != nil || summary["read_rows"] != "10" {
		t.Errorf("summary %v, %v", summary, err)
	}
	if err := s.Exec(t.Context(), "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a"); err != nil {
		t.Fatal(err)
	}
	resp, _ = call(t, "POST", s.URL(), nil, strings.NewReader("INSERT INTO t SELECT number FROM numbers(7)"))
	if err := json.Unmarshal([]byte(resp.Header.Get("X-ClickHouse-Summary")), &summary); err != nil || summary["written_rows"] != "7" {
		t.Errorf("summary of an insert %v, %v", summary, err)
	}
}

func TestHTTPEncodings(t *testing.T) {
	s := start(t, t.TempDir())
	want := strings.Repeat("x", 300_000) + "\n"
	query := "SELECT repeat('x', 300000)"
	for encoding, decode := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
		"lz4":  func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil },
	} {
		resp, body := call(t, "POST", s.URL(), map[string]string{"Accept-Encoding": encoding}, strings.NewReader(query))
		if resp.Header.Get("Content-Encoding") != encoding || len(body) > 10_000 {
			t.Fatalf("%s: encoding %q, %d bytes", encoding, resp.Header.Get("Content-Encoding"), len(body))
		}
		r, err := decode(strings.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", encoding, err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != want {
			t.Errorf("%s: %d bytes, %v", encoding, len(text), err)
		}
	}
	for encoding, encode := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser { e, _ := zstd.NewWriter(w); return e },
		"lz4":  func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) },
	} {
		var body bytes.Buffer
		w := encode(&body)
		io.WriteString(w, query)
		w.Close()
		if _, text := call(t, "POST", s.URL(), map[string]string{"Content-Encoding": encoding}, &body); text != want {
			t.Errorf("%s: %.100q", encoding, text)
		}
	}
	for encoding, status := range map[string]int{"gzip": 400, "zstd": 400, "nope": 501} {
		resp, text := call(t, "POST", s.URL(), map[string]string{"Content-Encoding": encoding}, strings.NewReader("SELECT 1"))
		if resp.StatusCode != status {
			t.Errorf("body that is not %s: %d %s", encoding, resp.StatusCode, text)
		}
	}
}

func TestHTTPRefusesOtherNames(t *testing.T) {
	s := start(t, t.TempDir())
	for host, status := range map[string]int{"localhost": 200, "127.0.0.1:8123": 200, "[::1]:8123": 200, "evil.example": 403, "evil.example:8123": 403} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL(), strings.NewReader("SELECT 1"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("Host %s: status %d, want %d", host, resp.StatusCode, status)
		}
	}
}

func TestHTTPPassword(t *testing.T) {
	s, err := Start(t.Context(), Options{Dir: t.TempDir(), Addr: "127.0.0.1:0", User: "u", Password: "p&?"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		url    string
		head   map[string]string
		status int
	}{
		{"/?user=u&password=p%26%3F", nil, 200},
		{"/", map[string]string{"X-ClickHouse-User": "u", "X-ClickHouse-Key": "p&?"}, 200},
		{"/", map[string]string{"Authorization": "Basic dTpwJj8="}, 200},
		{"/", nil, 403},
		{"/?user=u&password=x", nil, 403},
		{"/?user=x&password=p%26%3F", nil, 403},
	} {
		if resp, body := call(t, "POST", s.URL()+c.url, c.head, strings.NewReader("SELECT 1")); resp.StatusCode != c.status {
			t.Errorf("%s %v: %d %s", c.url, c.head, resp.StatusCode, body)
		}
	}
}

func TestSessions(t *testing.T) {
	s := start(t, t.TempDir())
	session := s.URL() + "/?session_id=a"
	for _, step := range []struct {
		url, sql string
		status   int
		want     string
	}{
		{session, "CREATE TEMPORARY TABLE x (a Int32)", 200, ""},
		{session, "INSERT INTO x VALUES (5)", 200, ""},
		{session, "SELECT * FROM x", 200, "5\n"},
		{s.URL() + "/?session_id=b", "SELECT * FROM x", 404, "…"},
		{session, "SET max_threads = 1", 200, ""},
		{session, "USE system", 200, ""},
		{session + "&max_result_rows=9", "SELECT getSetting('max_threads'), currentDatabase(), getSetting('max_result_rows')", 200, "1\tsystem\t9\n"},
		{session, "SELECT getSetting('max_result_rows'), getSetting('max_memory_usage') > 0", 200, "0\t1\n"},
		{session, "SELECT throwIf(1)", 500, "…"},
		{session, "SELECT count() FROM system.processes", 200, "1\n"},
		{s.URL() + "/?session_id=c&session_check=1", "SELECT 1", 400, "…SESSION_NOT_FOUND"},
		{s.URL(), "SET max_threads = 1", 200, ""},
	} {
		resp, body := call(t, "POST", step.url, nil, strings.NewReader(step.sql))
		part, isPart := strings.CutPrefix(step.want, "…")
		if resp.StatusCode != step.status || !isPart && body != step.want || isPart && !strings.Contains(body, part) {
			t.Errorf("%s: %d %q", step.sql, resp.StatusCode, body)
		}
	}
}

func TestClient(t *testing.T) {
	s := start(t, t.TempDir())
	c, err := NewClient(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	run := func(r Request) (string, error) {
		var out strings.Builder
		_, err := c.Run(t.Context(), r, &out)
		return out.String(), err
	}
	for _, step := range []struct {
		request Request
		want    string
	}{
		{Request{SQL: "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a"}, ""},
		{Request{SQL: "INSERT INTO t FORMAT CSV\n", Data: strings.NewReader("1\n2\n")}, ""},
		{Request{SQL: "SELECT sum(a) AS s FROM t WHERE a < {x:UInt8}", Params: map[string]string{"x": "9"}, Format: "JSONEachRow"}, "{\"s\":3}\n"},
		{Request{SQL: "USE system"}, ""},
		{Request{SQL: "SELECT currentDatabase()"}, "system\n"},
	} {
		if got, err := run(step.request); err != nil || got != step.want {
			t.Errorf("%s: %q, %v", step.request.SQL, got, err)
		}
	}
	var exception *Error
	if _, err := run(Request{SQL: "SELECT nope"}); !errors.As(err, &exception) || exception.Code != 47 || exception.Name != "UNKNOWN_IDENTIFIER" {
		t.Errorf("%#v", err)
	}
	got, err := run(Request{SQL: "SELECT throwIf(number = 300000) FROM numbers(1000000) SETTINGS max_block_size = 1000"})
	if !errors.As(err, &exception) || exception.Code != 395 || exception.Name != "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" {
		t.Errorf("error in the middle: %v", err)
	}
	if len(got) == 0 || strings.Trim(got, "0\n") != "" {
		t.Errorf("%d bytes before it, ending in %q", len(got), got[max(0, len(got)-50):])
	}
	for address, ok := range map[string]bool{
		"http://u:p@h:1/d?max_threads=1": true, "https://h": true, "clickhouse://h:9000/d": true, "clickhouse://h": true,
		"clickhouse://h:1234": false, "postgres://h": false, "h:8123": false, "": false, "http://u:p@h:x/": false,
	} {
		if _, err := NewClient(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("a password in %v", err)
		}
	}
}

// An exception block is found wherever the transfer cuts it.
func TestCopyResult(t *testing.T) {
	block := "\r\n__exception__\r\n0123456789abcdef\r\nCode: 60. DB::Exception: No\nsuch. (UNKNOWN_TABLE)\n57 0123456789abcdef\r\n__exception__\r\n"
	for _, rows := range []string{"", "1\n2\n", "__exception__\r\n", "\r\n__exception__\r\nother", strings.Repeat("\r\n__exc", 20_000)} {
		for _, size := range []int{1, 7, 1000, 1 << 20} {
			var out bytes.Buffer
			err := copyResult(&out, &chunks{[]byte(rows + block), size}, "0123456789abcdef")
			var e *Error
			if !errors.As(err, &e) || *e != (Error{60, "UNKNOWN_TABLE", "No\nsuch"}) || out.String() != rows {
				t.Errorf("%.20q in pieces of %d: %v, %d bytes", rows, size, err, out.Len())
			}
			out.Reset()
			if err := copyResult(&out, &chunks{[]byte(rows), size}, "0123456789abcdef"); err != nil || out.String() != rows {
				t.Errorf("%.20q in pieces of %d: %v, %d bytes", rows, size, err, out.Len())
			}
		}
	}
}

// chunks reads data a few bytes at a time.
type chunks struct {
	data []byte
	size int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.data[:min(c.size, len(c.data))])
	c.data = c.data[n:]
	return n, nil
}
