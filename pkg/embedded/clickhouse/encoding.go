package clickhouse

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// acceptedEncoding chooses among the encodings of an Accept-Encoding header,
// in the order of preference of ClickHouse; "" is none.
func acceptedEncoding(header string) string {
	accepted := map[string]bool{}
	for item := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(item, ";")
		if strings.ReplaceAll(q, " ", "") != "q=0" {
			accepted[strings.ToLower(strings.TrimSpace(name))] = true
		}
	}
	for _, name := range []string{"br", "lz4", "gzip", "deflate", "zstd"} {
		if accepted[name] {
			return name
		}
	}
	return ""
}

func newEncoder(encoding string, w io.Writer) io.WriteCloser {
	switch encoding {
	case "br":
		return brotli.NewWriterLevel(w, 3)
	case "lz4":
		return lz4.NewWriter(w)
	case "deflate":
		return zlib.NewWriter(w)
	case "zstd":
		// A nil error: the option is valid.
		encoder, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return encoder
	}
	return gzip.NewWriter(w)
}

// requestBody undoes Content-Encoding, then ClickHouse's block compression.
func requestBody(r *http.Request, blocks bool) (io.Reader, error) {
	body := io.Reader(r.Body)
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		decoder, err := gzip.NewReader(body)
		if err != nil {
			return nil, badRequest("the body is not gzip: %v", err)
		}
		body = decoder
	case "deflate":
		decoder, err := zlib.NewReader(body)
		if err != nil {
			return nil, badRequest("the body is not deflate: %v", err)
		}
		body = decoder
	case "br":
		body = brotli.NewReader(body)
	case "lz4":
		body = lz4.NewReader(body)
	case "zstd":
		decoder, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, badRequest("the body is not zstd: %v", err)
		}
		body = decoder.IOReadCloser()
	default:
		return nil, &Error{Code: 48, Name: "NOT_IMPLEMENTED", Message: fmt.Sprintf("Unknown Content-Encoding: %s", encoding)}
	}
	if blocks {
		body = plainEOF{compress.NewReader(body)}
	}
	return body, nil
}

// plainEOF unwraps the end of the data, which ch-go wraps.
type plainEOF struct{ r io.Reader }

func (p plainEOF) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}

// blockWriter writes ClickHouse's compressed blocks (compress=1).
type blockWriter struct {
	w      io.Writer
	method string
	c      *compress.Writer
}

// maxBlock is the size of a block before compression. The server's is 1 MiB.
const maxBlock = 1 << 20

func (b *blockWriter) Write(p []byte) (int, error) {
	if b.c == nil {
		method := compress.LZ4
		switch strings.ToUpper(b.method) {
		case "ZSTD":
			method = compress.ZSTD
		case "NONE":
			method = compress.None
		}
		b.c = compress.NewWriter(compress.LevelZero, method)
	}
	for n := 0; n < len(p); {
		part := p[n:min(len(p), n+maxBlock)]
		if err := b.c.Compress(part); err != nil {
			return n, fmt.Errorf("compress a block of a result: %w", err)
		}
		if _, err := b.w.Write(b.c.Data); err != nil {
			return n, err
		}
		n += len(part)
	}
	return len(p), nil
}
