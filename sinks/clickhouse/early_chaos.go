//go:build chaosbroken

package clickhouse

import "os"

var commitEarly = os.Getenv("VISLANG_CHAOS_BROKEN") == "commit"
