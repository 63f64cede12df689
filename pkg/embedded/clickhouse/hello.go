package clickhouse

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

// helloQuery is clickhouse-go's first. Its answer is read at the client's own
// protocol revision; everything after it at the revision that it names. The
// engine writes Native blocks of revision 0 only, so this one block is written
// here, and says 0.
const helloQuery = "SELECT displayName(), version(), revision(), timezone()"

func (h *handler) hello(ctx context.Context, params url.Values, resp *response, req Request) error {
	revision, _ := strconv.ParseUint(params.Get("client_protocol_version"), 10, 64) // 0 without one
	text, err := h.engine.Query(ctx, "SELECT version(), timezone()", "TabSeparated")
	if err != nil {
		return err
	}
	version, zone, _ := strings.Cut(strings.TrimSpace(string(text)), "\t")
	block := proto.NewBlock()
	columns := []struct {
		name string
		kind column.Type
	}{
		{"displayName()", "String"}, {"version()", "String"}, {"revision()", "UInt32"}, {"timezone()", "String"},
	}
	for _, c := range columns {
		if err := block.AddColumn(c.name, c.kind); err != nil {
			return fmt.Errorf("answer hello: %w", err)
		}
	}
	if err := block.Append("vislang", version, uint32(0), zone); err != nil {
		return fmt.Errorf("answer hello: %w", err)
	}
	var buf chproto.Buffer
	if err := block.Encode(&buf, revision); err != nil {
		return fmt.Errorf("answer hello: %w", err)
	}
	resp.begin(Summary{}, req)
	_, err = resp.Write(buf.Buf)
	return err
}
