package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/ClickHouse/ch-go/compress"
	ch "github.com/ClickHouse/clickhouse-go/v2"
)

// poster inserts blocks over HTTP.
type poster struct {
	database *ch.Options
	client   *http.Client
	turn     atomic.Int64 // of the addresses
	buffers  sync.Pool    // of *[]byte
}

func newPoster(o *ch.Options) *poster {
	proxy := http.ProxyFromEnvironment
	if o.HTTPProxyURL != nil {
		proxy = http.ProxyURL(o.HTTPProxyURL)
	}
	return &poster{
		database: o,
		client: &http.Client{Transport: &http.Transport{
			Proxy: proxy, TLSClientConfig: o.TLS, DisableCompression: true,
			DialContext:         (&net.Dialer{Timeout: o.DialTimeout}).DialContext,
			MaxIdleConnsPerHost: o.MaxIdleConns, IdleConnTimeout: o.ConnMaxLifetime,
			WriteBufferSize: 64 << 10,
		}},
		buffers: sync.Pool{New: func() any { return new([]byte) }},
	}
}

func (p *poster) close() { p.client.CloseIdleConnections() }

// insert sends one block and returns when the server has all of it in its
// table. Several addresses take turns, so that another is tried after a failure.
func (p *poster) insert(ctx context.Context, b block, settings ch.Settings) error {
	o := p.database
	query := url.Values{}
	for _, some := range []ch.Settings{o.Settings, settings} {
		for name, value := range some {
			query.Set(name, fmt.Sprint(value))
		}
	}
	query.Set("database", o.Auth.Database)
	query.Set("query", b.insert()+" FORMAT Native")
	query.Set("wait_end_of_query", "1") // makes the status tell the outcome
	compressed := o.Compression != nil && o.Compression.Method != ch.CompressionNone
	if compressed {
		query.Set("decompress", "1")
	}
	to := url.URL{Scheme: "http", Host: o.Addr[int(p.turn.Load())%len(o.Addr)], Path: o.HttpUrlPath, RawQuery: query.Encode()}
	if o.TLS != nil {
		to.Scheme = "https"
	}
	body := p.body(b, compressed)
	defer body.Close() // also where it was never sent
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), body)
	if err != nil {
		return err
	}
	request.ContentLength = -1 // not known before it is sent
	request.Header.Set("Content-Type", "application/octet-stream")
	if o.Auth.Username != "" {
		request.Header.Set("X-ClickHouse-User", o.Auth.Username)
		request.Header.Set("X-ClickHouse-Key", o.Auth.Password)
	}
	for name, value := range o.HttpHeaders {
		request.Header.Set(name, value)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		p.turn.Add(1)
		// The address holds the whole statement and the token.
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 8<<10))
	if answer.StatusCode != http.StatusOK {
		p.turn.Add(1)
		return fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(text))
	}
	return err
}

// pieceBytes is about how much of a block is written at once.
const pieceBytes = 128 << 10

// body reads a block while it is written.
type body struct {
	mu   sync.Mutex // the transport may read after it has answered
	next func() ([]byte, bool)
	stop func()
	rest []byte
}

func (p *poster) body(b block, compressed bool) *body {
	next, stop := iter.Pull(func(yield func([]byte) bool) {
		buffer := p.buffers.Get().(*[]byte)
		to := pieces{size: pieceBytes, data: (*buffer)[:0], send: yield}
		if compressed {
			to.send = compressing(p.database.Compression.Method, yield)
		}
		b.native(&to)
		*buffer = to.data
		p.buffers.Put(buffer)
	})
	return &body{next: next, stop: stop}
}

// compressing compresses pieces, each a frame of its own.
func compressing(by ch.CompressionMethod, yield func([]byte) bool) func([]byte) bool {
	method := compress.LZ4
	if by == ch.CompressionZSTD {
		method = compress.ZSTD
	}
	w := compress.NewWriter(compress.LevelZero, method)
	return func(piece []byte) bool {
		if err := w.Compress(piece); err != nil {
			panic(err) // memory to memory: only a method that does not exist fails
		}
		return yield(w.Data)
	}
}

func (r *body) Read(to []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rest) == 0 {
		var more bool
		if r.rest, more = r.next(); !more {
			return 0, io.EOF
		}
	}
	n := copy(to, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *body) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop()
	r.rest = nil
	return nil
}
