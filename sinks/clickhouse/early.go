//go:build !chaosbroken

package clickhouse

// commitEarly would commit a batch before it is inserted, which loses rows.
// Programs built with the tag chaosbroken can be told to, so that the chaos
// run can show that it notices. They wait for earlyBy between the two.
const (
	commitEarly = false
	earlyBy     = 0
)
