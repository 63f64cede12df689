package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	buffer := p.buffers.Get().(*[]byte)
	defer p.buffers.Put(buffer)
	*buffer = b.native((*buffer)[:0])
	data := *buffer
	if o.Compression != nil && o.Compression.Method != ch.CompressionNone {
		method := compress.LZ4
		if o.Compression.Method == ch.CompressionZSTD {
			method = compress.ZSTD
		}
		w := compress.NewWriter(compress.LevelZero, method)
		if err := w.Compress(data); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		data = w.Data
		query.Set("decompress", "1")
	}
	to := url.URL{Scheme: "http", Host: o.Addr[int(p.turn.Load())%len(o.Addr)], Path: o.HttpUrlPath, RawQuery: query.Encode()}
	if o.TLS != nil {
		to.Scheme = "https"
	}
	// The buffer is used again: the transport may still read the body after it
	// has answered, until the body is closed.
	body := &closing{Reader: bytes.NewReader(data), closed: make(chan struct{})}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), body)
	if err != nil {
		return err
	}
	defer func() { <-body.closed }()
	request.ContentLength = int64(len(data))
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

// closing tells when a body was closed.
type closing struct {
	*bytes.Reader
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
