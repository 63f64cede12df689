package clickhouse

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"
)

// Options say what to open and where to serve it.
type Options struct {
	// Dir is the data folder. The caller keeps other processes away.
	Dir string
	// Addr is where the HTTP interface listens; port 0 takes a free one.
	// Default 127.0.0.1:8123.
	Addr string
	// Library is libchdb.so; default the installed one.
	Library string
	// User and Password, if Password is set, are asked of HTTP clients.
	User, Password string
	// MaxMemory caps the engine's memory in bytes; default 1 GiB. One
	// statement gets four fifths of it.
	MaxMemory int64
	Log       *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:8123"
	}
	if o.MaxMemory == 0 {
		o.MaxMemory = 1 << 30
	}
	if o.User == "" {
		o.User = "default"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// serverConfig is the engine's configuration file. Without one the engine
// would take a config.xml from the working directory. The pools are sized for
// a guest in someone else's process.
func serverConfig(o Options) []byte {
	merges := max(2, runtime.GOMAXPROCS(0)/2)
	settings := []struct {
		name  string
		value any
	}{
		{"max_server_memory_usage", o.MaxMemory},
		// Its own allocator, not the container: that holds Go's heap and
		// recognition processes too.
		{"memory_worker_use_cgroup", 0},
		{"mark_cache_size", 64 << 20},
		{"uncompressed_cache_size", 0},
		{"background_pool_size", merges},
		{"background_move_pool_size", 1},
		{"background_fetches_pool_size", 1},
		{"background_common_pool_size", 2},
		{"background_schedule_pool_size", 4},
		{"background_buffer_flush_schedule_pool_size", 1},
		{"background_distributed_schedule_pool_size", 1},
		{"background_message_broker_schedule_pool_size", 1},
		{"tables_loader_foreground_pool_size", 2},
		{"tables_loader_background_pool_size", 2},
		{"max_io_thread_pool_size", 16},
		{"max_io_thread_pool_free_size", 0},
		{"max_thread_pool_size", 1000},
		{"max_thread_pool_free_size", 8},
	}
	var b strings.Builder
	b.WriteString("<!-- Written at every start. -->\n<clickhouse>\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "    <%[1]s>%[2]v</%[1]s>\n", s.name, s.value)
	}
	b.WriteString("</clickhouse>\n")
	return []byte(b.String())
}
