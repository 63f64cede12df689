//go:build chaosbroken

package clickhouse

import (
	"os"
	"time"
)

var commitEarly = os.Getenv("VISLANG_CHAOS_BROKEN") == "commit"

const earlyBy = 3 * time.Second
