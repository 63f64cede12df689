package cache

import (
	"container/list"
	"sync"
)

const tierMemory = "memory"

// memory keeps the values used last, up to limit bytes.
type memory struct {
	limit int64

	mu     sync.Mutex
	recent *list.List // of *kept, the last used first
	at     map[sum]*list.Element
	bytes  int64
}

type kept struct {
	key   sum
	value []byte
}

// overhead is about what an entry takes beside its value.
const overhead = 256

func newMemory(limit int64) *memory {
	return &memory{limit: limit, recent: list.New(), at: map[sum]*list.Element{}}
}

func (m *memory) get(key sum) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.at[key]
	if !ok {
		return nil, false
	}
	m.recent.MoveToFront(e)
	return e.Value.(*kept).value, true
}

func (m *memory) put(key sum, value []byte) {
	size := int64(len(value)) + overhead
	if size > m.limit {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.at[key]; ok {
		m.drop(e)
	}
	m.at[key] = m.recent.PushFront(&kept{key, value})
	for m.bytes += size; m.bytes > m.limit; {
		m.drop(m.recent.Back())
	}
}

func (m *memory) drop(e *list.Element) {
	gone := m.recent.Remove(e).(*kept)
	delete(m.at, gone.key)
	m.bytes -= int64(len(gone.value)) + overhead
}

func (m *memory) size() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}
