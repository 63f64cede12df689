package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// hosts lets one request at a time to each host, a delay apart.
type hosts struct {
	delay time.Duration

	mu     sync.Mutex
	byName map[string]*host
}

type host struct {
	turn  chan struct{} // holds a value while a request runs
	users int           // requests that run or wait
	next  time.Time     // earliest start of the next request
	delay time.Duration // 0 for the default
}

// Idle hosts beyond this number are forgotten.
const maxIdle = 4096

func (h *hosts) get(name string) *host {
	if h.byName == nil {
		h.byName = map[string]*host{}
	}
	at := h.byName[name]
	if at == nil {
		if len(h.byName) >= maxIdle {
			now := time.Now()
			for n, old := range h.byName {
				if old.users == 0 && old.next.Before(now) && old.delay == 0 {
					delete(h.byName, n)
				}
			}
		}
		at = &host{turn: make(chan struct{}, 1)}
		h.byName[name] = at
	}
	return at
}

func (h *hosts) setDelay(name string, delay time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.get(strings.ToLower(name)).delay = delay
}

// pause keeps everyone off a host for some time.
func (h *hosts) pause(name string, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.get(strings.ToLower(name))
	if next := time.Now().Add(wait); next.After(at.next) {
		at.next = next
	}
}

// enter waits for a turn at a host; release gives it back.
func (h *hosts) enter(ctx context.Context, name string) (release func(), err error) {
	h.mu.Lock()
	at := h.get(strings.ToLower(name))
	at.users++
	h.mu.Unlock()
	leave := func() {
		h.mu.Lock()
		at.users--
		h.mu.Unlock()
	}
	select {
	case at.turn <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
	release = func() {
		h.mu.Lock()
		delay := h.delay
		if at.delay > 0 {
			delay = at.delay
		}
		if next := time.Now().Add(delay); next.After(at.next) {
			at.next = next
		}
		h.mu.Unlock()
		<-at.turn
		leave()
	}
	for {
		h.mu.Lock()
		wait := time.Until(at.next)
		h.mu.Unlock()
		if wait <= 0 {
			return release, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			<-at.turn
			leave()
			return nil, ctx.Err()
		}
	}
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110
// section 10.2.3); 0 if it is neither.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
