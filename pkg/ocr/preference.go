package ocr

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// maxFailures is after how many pages in a row that an engine broke on,
	// and the next one read, it is passed over.
	maxFailures = 3
	// rest is for how long an engine that does not work is passed over.
	rest = 5 * time.Minute
)

// preference is the order in which engines are asked. One that is missing or
// broken is passed over for a while.
type preference struct {
	log     *slog.Logger
	now     func() time.Time
	mu      sync.Mutex
	engines []standing
}

type standing struct {
	name     string
	failures int       // in a row
	until    time.Time // passed over until then
}

func newPreference(names []string, log *slog.Logger) *preference {
	p := &preference{log: log, now: time.Now}
	for _, name := range names {
		p.engines = append(p.engines, standing{name: name})
	}
	return p
}

// order lists the engines to ask for a page: those that rest come last.
func (p *preference) order() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	var working, resting []string
	for _, e := range p.engines {
		if now.Before(e.until) {
			resting = append(resting, e.name)
		} else {
			working = append(working, e.name)
		}
	}
	return append(working, resting...)
}

// worked notes that an engine answered.
func (p *preference) worked(name string) {
	p.update(name, func(e *standing) { e.failures, e.until = 0, time.Time{} })
}

// broke notes that an engine did not read a page that the next one read, or
// is not there at all.
func (p *preference) broke(name string, err error) {
	p.update(name, func(e *standing) {
		if e.failures++; e.failures < maxFailures && ClassOf(err) != Unavailable {
			return
		}
		if now := p.now(); !now.Before(e.until) {
			e.until = now.Add(rest)
			p.log.Warn("OCR engine does not work, the next one is used", "engine", name, "for", rest, "error", err)
		}
	})
}

func (p *preference) update(name string, change func(*standing)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.IndexFunc(p.engines, func(e standing) bool { return e.name == name }); i >= 0 {
		change(&p.engines[i])
	}
}
