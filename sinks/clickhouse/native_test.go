package clickhouse

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	ch "github.com/ClickHouse/clickhouse-go/v2"

	"vislang/schemas"
)

// A block is the same however it is cut into pieces, and whole.
func TestPieces(t *testing.T) {
	b := newBlocks(newLayouts())
	for n := range 500 {
		b.addBitext(lineage{&origin{"v", "bitext", 0}, int64(n), 0}, benchRecord(n))
	}
	b.addBitext(lineage{&origin{"v", "bitext", 0}, 500, 0}, &schemas.Bitext{SourceText: strings.Repeat("long ", pieceBytes)})
	whole := func(size int) (all []byte, sent int) {
		to := pieces{size: size, send: func(piece []byte) bool {
			all = append(all, piece...)
			sent++
			return true
		}}
		b.bitext.native(&to)
		return all, sent
	}
	want, sent := whole(1 << 30)
	if sent != 1 {
		t.Fatalf("%d pieces, want 1", sent)
	}
	if got, sent := whole(1); !bytes.Equal(got, want) || sent < 1000 {
		t.Errorf("%d bytes in %d pieces, want %d bytes", len(got), sent, len(want))
	}
	p := newPoster(&ch.Options{Compression: &ch.Compression{Method: ch.CompressionLZ4}})
	for _, compressed := range []bool{false, true} {
		body := p.body(&b.bitext, compressed)
		var from io.Reader = body
		if compressed {
			from = compress.NewReader(body)
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(from, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("compressed %v: other bytes (%v)", compressed, err)
		}
		if n, err := body.Read(got); n != 0 || err != io.EOF {
			t.Errorf("compressed %v: %d bytes more (%v)", compressed, n, err)
		}
		body.Close()
	}
	// Given up in the middle, it ends.
	body := p.body(&b.bitext, false)
	if _, err := body.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	body.Close()
	if _, err := body.Read(make([]byte, 10)); err != io.EOF {
		t.Errorf("a closed body reads on: %v", err)
	}
}
