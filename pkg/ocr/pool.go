package ocr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Identifier tells the language of a text: a label such as `som_Latn`, or one
// that starts with `und`, and a confidence from 0 to 1.
type Identifier interface {
	Identify(text string) (label string, confidence float64)
}

// declaredIdentifier is an Identifier that weighs declared languages as evidence.
type declaredIdentifier interface {
	IdentifyWith(text string, declared ...string) (label string, confidence float64)
}

// Options of a pool. The zero value of each field means its default.
type Options struct {
	Children     int           // processes at a time; default the number of CPUs
	PageTimeout  time.Duration // wall time of a page; default 3 minutes
	CPULimit     time.Duration // CPU time of a page, whole seconds; default 1 minute
	MemoryLimit  int64         // bytes of data a process may hold; default 1.5 GiB
	MaxPixels    int           // of a page image; default 100 million
	RecyclePages int           // pages after which a process is replaced, as its memory never shrinks; default 200
	RecycleBytes int64         // resident size after a page at which a process is replaced, as it keeps every model it has used; default 512 MiB
	Engines      []string      // in the order of preference; default Engines()
	Tessdata     string        // folder of the models; default TESSDATA_PREFIX, then the system's
	Identifier   Identifier    // finds and confirms the language of pages; may be nil
	Raw          bool          // leave confidences as the engine says them; no part of an Identity
	// IdentifierName tells identifiers apart in an Identity: a hash of its model.
	IdentifierName string
	Log            *slog.Logger // may be nil
	// Ended is told of each child that ends: by "recycled", "closed",
	// "killed" (from outside), or the class of the error that it ended with.
	// Started is told of each that starts. Both may be nil.
	Started func()
	Ended   func(reason string)

	newEngine func(name, tessdata string) (engine, error) // tests have engines of their own
}

func (o Options) withDefaults() Options {
	if o.Children <= 0 {
		o.Children = runtime.NumCPU()
	}
	if o.PageTimeout <= 0 {
		o.PageTimeout = 3 * time.Minute
	}
	if o.CPULimit <= 0 {
		o.CPULimit = time.Minute
	}
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = 3 << 29
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = 100_000_000
	}
	if o.RecyclePages <= 0 {
		o.RecyclePages = 200
	}
	if o.RecycleBytes <= 0 {
		o.RecycleBytes = 512 << 20
	}
	if len(o.Engines) == 0 {
		o.Engines = Engines()
	}
	if o.newEngine == nil {
		o.newEngine = newEngine
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Started == nil {
		o.Started = func() {}
	}
	if o.Ended == nil {
		o.Ended = func(string) {}
	}
	return o
}

// Hints are what is known about a page image.
type Hints struct {
	Languages []string // BCP 47 tags or labels such as `som_Latn`, the likeliest first; empty: find out
	// Neighbours are the languages of other pages of the same document, the
	// nearest first, where they are known: evidence for a page that declares
	// none.
	Neighbours []string
	DPI        int // 0 if unknown
}

// ErrClosed says that the pool was closed.
var ErrClosed = errors.New("OCR pool is closed")

// Pool recognises pages in child processes, which start when they are first
// needed. It is safe for concurrent use.
type Pool struct {
	options     Options
	catalog     *catalog
	spawner     *spawner
	engines     *preference
	firstEngine func() (string, error)
	hashes      *hashes
	slots       chan struct{}
	done        chan struct{} // closed by Close

	mu     sync.Mutex
	idle   []*process // the most recently used last
	closed bool
	warned map[string]bool
}

// NewPool checks that there are models and prepares a pool.
func NewPool(o Options) (*Pool, error) {
	o = o.withDefaults()
	c, err := openCatalog(o.Tessdata)
	if err != nil {
		return nil, err
	}
	o.Tessdata = c.dir
	for _, name := range o.Engines {
		if _, err := o.newEngine(name, o.Tessdata); err != nil {
			return nil, err
		}
	}
	p := &Pool{options: o, catalog: c, spawner: newSpawner(), engines: newPreference(o.Engines, o.Log), slots: make(chan struct{}, o.Children), done: make(chan struct{}), warned: map[string]bool{},
		hashes: &hashes{catalog: c, known: map[string]string{}}}
	p.firstEngine = sync.OnceValues(p.usable)
	return p, nil
}

// Recognize reads a page image (PNG, JPEG, TIFF, GIF, BMP, WebP). A blank
// page gives a page without blocks. What is wrong with the page itself is an
// *Error; it returns early when ctx ends.
func (p *Pool) Recognize(ctx context.Context, image []byte, hints Hints) (*Page, error) {
	if _, err := checkHeader(image, p.options.MaxPixels); err != nil {
		return nil, err
	}
	declared, err := p.catalog.plan(hints.Languages)
	if err != nil {
		return nil, err
	}
	p.warn(declared.missing)
	page, err := p.run(ctx, image, p.request(hints), strings.Join(p.likely(hints, declared).models, "+"), func(s *sitting) (*Page, error) {
		return p.readPage(s, hints, declared)
	})
	if err == nil && !p.options.Raw {
		calibrate(page, hints.Languages)
	}
	return page, err
}

// Look returns the language of a page by a strip of it, "" when nothing
// identifies it: evidence for other pages of its document, for less than a
// reading.
func (p *Pool) Look(ctx context.Context, image []byte, hints Hints) (language string, err error) {
	if _, err := checkHeader(image, p.options.MaxPixels); err != nil {
		return "", err
	}
	near := p.likely(hints, plan{})
	page, err := p.run(ctx, image, p.request(hints), strings.Join(near.models, "+"), func(s *sitting) (*Page, error) {
		return s.look(near.models, nil)
	})
	if err != nil || page.Confidence < readable {
		return "", err
	}
	if label, confidence := p.identify(page.Text(), hints); confidence >= identified {
		return label, nil
	}
	return "", nil
}

func (p *Pool) request(hints Hints) request {
	return request{DPI: hints.DPI, MaxPixels: p.options.MaxPixels}
}

// likely is the plan for a page of declared languages, or else that for its
// nearest neighbour's.
func (p *Pool) likely(hints Hints, declared plan) plan {
	if len(declared.models) > 0 {
		return declared
	}
	near, err := p.catalog.plan(hints.Neighbours[:min(len(hints.Neighbours), 1)])
	if err != nil {
		return plan{} // the page may be in another language
	}
	return near
}

// warn says once for each model that installing it would give better text.
func (p *Pool) warn(missing []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range missing {
		if !p.warned[m] {
			p.warned[m] = true
			p.options.Log.Warn("a better OCR model is not installed", "model", m, "package", Package(m))
		}
	}
}

// maxDeaths is how many children may be killed from outside over a page, by
// the system when memory runs out, before the page is to blame.
const maxDeaths = 3

// run has a child read a page, with the first engine that works.
func (p *Pool) run(ctx context.Context, image []byte, req request, models string, read func(*sitting) (*Page, error)) (*Page, error) {
	select {
	case p.slots <- struct{}{}:
	case <-p.done:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	var first error
	broken := map[string]error{}
	for _, engine := range p.engines.order() {
		page, err := p.runOn(ctx, engine, image, req, models, read)
		class := ClassOf(err)
		if class != Crashed && class != Unavailable {
			// What is wrong with the page no other engine mends.
			for name, err := range broken {
				p.engines.broke(name, err)
			}
			p.engines.worked(engine)
			return page, err
		}
		broken[engine] = err
		if first == nil || ClassOf(first) == Unavailable {
			first = err
		}
	}
	return nil, first
}

// runOn has a child with an engine read a page.
func (p *Pool) runOn(ctx context.Context, engine string, image []byte, req request, models string, read func(*sitting) (*Page, error)) (*Page, error) {
	for death := 1; ; death++ {
		child, err := p.take(engine, models)
		if err != nil {
			return nil, err
		}
		fresh := child.pages == 0
		s := &sitting{ctx: ctx, child: child, image: image, limit: p.options.PageTimeout, until: time.Now().Add(p.options.PageTimeout), req: req}
		page, err := read(s)
		child.pages++
		if page != nil {
			page.Spent = s.spent
		}
		if !child.dead() {
			p.put(child)
			return page, err
		}
		p.options.Ended(reason(ctx, child, err))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.options.Log.Warn("OCR process replaced", "engine", engine, "error", err)
		// A process that has read pages may have died of them, or of
		// something outside while it waited: a page is judged by a new one.
		// One that was killed from outside proves nothing, unless it is always so.
		if child.killed() && ClassOf(err) == Crashed && death < maxDeaths {
			continue
		}
		if class := ClassOf(err); fresh || class != Crashed && class != Memory {
			return nil, err
		}
	}
}

// reason names what a child ended by.
func reason(ctx context.Context, child *process, err error) string {
	class := ClassOf(err)
	switch {
	case ctx.Err() != nil:
		return "cancelled"
	case child.killed() && class == Crashed:
		return "killed"
	case class != "":
		return string(class)
	}
	return "error"
}

// take returns an idle child with the engine, one that has the models loaded
// if there is one, or starts a new one, in the place of an idle one with
// another engine.
func (p *Pool) take(engine, models string) (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	at := -1
	for i, c := range p.idle {
		if c.engine == engine && (at < 0 || c.models[models] || !p.idle[at].models[models]) {
			at = i
		}
	}
	if at >= 0 {
		child := p.idle[at]
		p.idle = slices.Delete(p.idle, at, at+1)
		return child, nil
	}
	if len(p.idle) > 0 {
		p.idle[0].kill()
		p.options.Ended("recycled")
		p.idle = p.idle[1:]
	}
	child, err := p.spawner.start(engine, p.options)
	if err != nil {
		return nil, fmt.Errorf("OCR: %w", err)
	}
	p.options.Started()
	return child, nil
}

// put gives a child back, or ends it when it has done its share.
func (p *Pool) put(child *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || child.pages >= p.options.RecyclePages || child.resident() > p.options.RecycleBytes {
		child.kill()
		p.options.Ended("recycled")
		return
	}
	p.idle = append(p.idle, child)
}

// Close ends all children. Pages at work are finished first.
func (p *Pool) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.done)
	for _, child := range p.idle {
		child.kill()
		p.options.Ended("closed")
	}
	p.idle = nil
	p.mu.Unlock()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	p.spawner.close()
	return nil
}
