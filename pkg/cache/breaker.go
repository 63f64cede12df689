package cache

import (
	"sync"
	"time"
)

// breaker says whether something that fails should be asked: not for a while
// after `failures` in a row, then once to see, and twice as long after each
// time that this fails, too.
type breaker struct {
	now func() time.Time

	mu     sync.Mutex
	failed int // in a row
	pause  time.Duration
	until  time.Time // not before
}

const (
	failures   = 3
	firstPause = time.Second
	longPause  = time.Minute
)

// allow tells whether to ask now. While the breaker is open, one call in a
// pause may, and finish says how it went.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < failures {
		return true
	}
	if b.now().Before(b.until) {
		return false
	}
	b.until = b.now().Add(b.pause) // others wait for this one's outcome
	return true
}

// closed tells whether what is asked works, as far as is known.
func (b *breaker) closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed < failures
}

// finish notes how a call went. It tells whether the breaker opened or closed
// by it.
func (b *breaker) finish(ok bool) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open := b.failed >= failures
	if ok {
		b.failed, b.pause = 0, 0
		return open
	}
	b.failed++
	if b.failed < failures {
		return false
	}
	if b.pause = min(2*b.pause, longPause); b.pause == 0 {
		b.pause = firstPause
	}
	b.until = b.now().Add(b.pause)
	return !open
}
