package stream

// table is the state of one input partition: keys to values.
type table map[string][]byte

// view is a table with the uncommitted changes of a batch on top.
type view struct {
	base    table
	changes map[string][]byte // nil value: deleted
}

func newView(base table) *view { return &view{base: base, changes: map[string][]byte{}} }

func (v *view) get(key string) []byte {
	if value, ok := v.changes[key]; ok {
		return value
	}
	return v.base[key]
}

func (v *view) put(key string, value []byte) { v.changes[key] = value }
