package clickhouse

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Client runs statements on a ClickHouse server over its HTTP interface, ours
// or another, in one session. Unlike a database/sql driver it hands through
// results in any format.
type Client struct {
	base    url.URL
	user    *url.Userinfo
	params  url.Values // of every request
	session string
	http    http.Client
}

// NewClient makes a client of http(s)://user:password@host:port/database?setting=value.
// A clickhouse:// address of the native protocol is taken to the HTTP port
// beside it if both are the usual ones (9000 and 8123, 9440 and 8443).
func NewClient(address string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // without the address, which may hold a password
		}
		return nil, fmt.Errorf("address of the database: %w", err)
	}
	params := u.Query()
	switch u.Scheme {
	case "http", "https":
	case "clickhouse", "tcp", "native":
		secure := params.Get("secure") == "true" || params.Get("secure") == "1"
		switch port := u.Port(); {
		case port == "9440" || port == "" && secure:
			u.Scheme, u.Host = "https", u.Hostname()+":8443"
		case port == "9000" || port == "":
			u.Scheme, u.Host = "http", u.Hostname()+":8123"
		default:
			return nil, fmt.Errorf("queries go over ClickHouse's HTTP interface: give its http:// or https:// address, not %s://%s", u.Scheme, u.Host)
		}
	default:
		return nil, fmt.Errorf("address of the database: scheme %q is not http, https or clickhouse", u.Scheme)
	}
	if u.Host == "" {
		return nil, errors.New("address of the database: it has no host")
	}
	if database := strings.Trim(u.Path, "/"); database != "" {
		params.Set("database", database)
	} else if params.Get("database") == "" {
		params.Set("database", DefaultDatabase)
	}
	c := &Client{user: u.User, params: params, session: "vislang-" + rand.Text()}
	// What clickhouse-go makes of an address is no setting of the server.
	for _, option := range []string{"secure", "compress", "compress_level", "dial_timeout", "read_timeout",
		"max_open_conns", "max_idle_conns", "conn_max_lifetime", "block_buffer_size", "debug",
		"connection_open_strategy", "skip_verify"} {
		params.Del(option)
	}
	if name := params.Get("username"); name != "" {
		c.user = url.UserPassword(name, params.Get("password"))
		params.Del("username")
		params.Del("password")
	}
	c.base = url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
	return c, nil
}

// Run runs one statement and writes its result as it comes. The error is an
// *Error if the server raised it.
func (c *Client) Run(ctx context.Context, r Request, w io.Writer) (Summary, error) {
	params := url.Values{}
	for name, values := range c.params {
		params[name] = values
	}
	params.Set("session_id", c.session)
	params.Set("session_timeout", "600")
	if r.Format != "" {
		params.Set("default_format", r.Format)
	}
	if r.Database != "" {
		params.Set("database", r.Database)
	}
	for name, value := range r.Settings {
		params.Set(name, value)
	}
	for name, value := range r.Params {
		params.Set("param_"+name, value)
	}
	target := c.base
	target.RawQuery = params.Encode()
	body := io.Reader(strings.NewReader(r.SQL))
	if r.Data != nil {
		body = io.MultiReader(body, r.Data)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), body)
	if err != nil {
		return Summary{}, fmt.Errorf("query %s: %w", c.base.Host, err)
	}
	if c.user != nil {
		password, _ := c.user.Password()
		req.SetBasicAuth(c.user.Username(), password)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // the address is long and says nothing
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return Summary{}, fmt.Errorf("query %s: %w", c.base.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		e := parseError(string(text))
		if e.Code == 0 {
			e.Code, _ = strconv.Atoi(resp.Header.Get("X-ClickHouse-Exception-Code"))
			e.Message = or(e.Message, resp.Status)
		}
		return Summary{}, e
	}
	// After a USE the session knows better.
	delete(c.params, "database")
	sum := parseSummary(resp.Header.Get("X-ClickHouse-Summary"))
	if r.Started != nil {
		r.Started(sum)
	}
	err = copyResult(w, resp.Body, resp.Header.Get("X-ClickHouse-Exception-Tag"))
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sum, err
}

func parseSummary(header string) Summary {
	var fields map[string]string
	if json.Unmarshal([]byte(header), &fields) != nil {
		return Summary{}
	}
	n := func(name string) uint64 {
		v, _ := strconv.ParseUint(fields[name], 10, 64)
		return v
	}
	return Summary{ReadRows: n("read_rows"), ReadBytes: n("read_bytes"),
		WrittenRows: n("written_rows"), WrittenBytes: n("written_bytes"), ResultBytes: n("result_bytes")}
}

// copyResult copies a result up to an exception block, which begins with the
// tag that the response's head announced.
func copyResult(w io.Writer, r io.Reader, tag string) error {
	marker := []byte("__exception__\r\n" + tag)
	if tag != "" {
		marker = []byte("\r\n__exception__\r\n" + tag)
	}
	buf := make([]byte, 0, 64<<10)
	for {
		n, readErr := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if i := bytes.Index(buf, marker); i >= 0 {
			if _, err := w.Write(buf[:i]); err != nil {
				return err
			}
			rest, _ := io.ReadAll(io.LimitReader(r, 64<<10))
			text := string(buf[i+len(marker):]) + string(rest)
			// The text is followed by a line of its length and the tag,
			// and the marker again.
			if tag != "" {
				text, _, _ = strings.Cut(text, " "+tag)
				text = text[:max(0, strings.LastIndexByte(text, '\n'))]
			}
			return parseError(text)
		}
		// Hold back what may be the first half of a marker.
		hold := 0
		if readErr == nil {
			for hold = min(len(marker)-1, len(buf)); hold > 0; hold-- {
				if bytes.HasSuffix(buf, marker[:hold]) {
					break
				}
			}
		}
		if _, err := w.Write(buf[:len(buf)-hold]); err != nil {
			return err
		}
		buf = buf[:copy(buf, buf[len(buf)-hold:])]
		if readErr == io.EOF {
			return nil
		}
		if readErr != nil {
			return fmt.Errorf("read the result: %w", readErr)
		}
	}
}
