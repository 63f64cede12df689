package pdf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Pool keeps child processes. It is safe for concurrent use.
type Pool struct {
	options Options
	starter starter
	slots   chan struct{} // one token a process that may be in use
	mu      sync.Mutex
	idle    []*process
	closed  bool
}

// NewPool prepares a pool; processes start when documents are opened.
func NewPool(o Options) *Pool {
	o.Processes = max(1, o.Processes)
	if o.CacheDir == "" {
		o.CacheDir = defaultCacheDir()
	}
	if o.PageTimeout <= 0 {
		o.PageTimeout = time.Minute
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = 1 << 30
	}
	o.MaxMemory = min(o.MaxMemory, 4<<30)
	if o.MaxBytes <= 0 {
		o.MaxBytes = 512 << 20
	}
	if o.Started == nil {
		o.Started = func() {}
	}
	if o.Ended == nil {
		o.Ended = func(string) {}
	}
	return &Pool{options: o, starter: newStarter(), slots: make(chan struct{}, o.Processes)}
}

// Close ends the idle processes; those in use end with their documents.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	for _, child := range p.idle {
		child.stop()
		p.options.Ended("closed")
	}
	p.idle = nil
	return nil
}

// Open opens a document from memory.
func (p *Pool) Open(ctx context.Context, data []byte) (*Document, error) {
	if len(data) == 0 {
		return nil, failf(ClassEmpty, "the file is empty")
	}
	f, err := os.CreateTemp("", "vislang-*.pdf")
	if err != nil {
		return nil, fmt.Errorf("open PDF: %w", err)
	}
	_, err = f.Write(data)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		os.Remove(f.Name())
		return nil, fmt.Errorf("open PDF: %w", err)
	}
	doc, err := p.OpenFile(ctx, f.Name())
	if err != nil {
		os.Remove(f.Name())
		return nil, err
	}
	doc.temporary = true
	return doc, nil
}

// OpenFile opens a document of the file system, which must not change until
// the document is closed. It waits while all processes are in use. An *Error
// says what is wrong with the document.
func (p *Pool) OpenFile(ctx context.Context, path string) (*Document, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	d := &Document{pool: p, path: path}
	if err := d.open(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (p *Pool) take(ctx context.Context) (*process, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		child := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return child, nil
	}
	p.mu.Unlock()
	child, err := p.starter.startProcess(ctx, p.options)
	if err == nil {
		p.options.Started()
	}
	return child, err
}

func (p *Pool) put(child *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		child.stop()
		p.options.Ended("closed")
		return
	}
	p.idle = append(p.idle, child)
}

// Document is an open document. It is not safe for concurrent use.
type Document struct {
	pool      *Pool
	path      string
	temporary bool
	child     *process
	info      Info
	closed    bool
}

// Info is what the document says of itself.
func (d *Document) Info() Info { return d.info }

func (d *Document) open(ctx context.Context) error {
	child, err := d.pool.take(ctx)
	if err != nil {
		return err
	}
	d.child = child
	a, err := d.ask(ctx, request{Open: d.path})
	if err != nil {
		return err
	}
	d.info = *a.Info
	return nil
}

// maxDeaths is how many processes may die of a request before the document is
// to blame.
const maxDeaths = 3

// ask sends a request to the document's process. PDFium cannot end that inside
// its sandbox; the system can, for want of memory or because somebody said so:
// another process tries again.
func (d *Document) ask(ctx context.Context, q request) (*response, error) {
	for death := 1; ; death++ {
		a, err := d.child.ask(ctx, q, d.pool.options.PageTimeout)
		if !errors.Is(err, errKilled) {
			return a, err
		}
		d.child = nil
		d.pool.options.Ended(reason(ctx, err))
		if ctx.Err() != nil || errors.As(err, new(*Error)) {
			return nil, err
		}
		if death == maxDeaths {
			return nil, failf(ClassTooLarge, "%v", err)
		}
		if q.Open != "" {
			d.child, err = d.pool.take(ctx)
		} else {
			err = d.open(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
}

// reason names what a process ended by.
func reason(ctx context.Context, err error) string {
	var e *Error
	switch {
	case ctx.Err() != nil:
		return "cancelled"
	case errors.As(err, &e):
		return string(e.Class())
	}
	return "killed"
}

// with asks about a page, in a fresh process if the last one was killed.
func (d *Document) with(ctx context.Context, page int, q request) (*response, error) {
	if d.closed {
		return nil, errors.New("the document is closed")
	}
	if page < 1 || page > d.info.Pages {
		return nil, fmt.Errorf("page %d of %d", page, d.info.Pages)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.child == nil {
		if err := d.open(ctx); err != nil {
			return nil, err
		}
	}
	return d.ask(ctx, q)
}

// Page reads text and figures of page n, from 1.
func (d *Document) Page(ctx context.Context, n int) (*Page, error) {
	a, err := d.with(ctx, n, request{Page: n})
	if err != nil {
		return nil, err
	}
	return a.Page, nil
}

// Render draws page n in grey as a PNG, at dpi or at the resolution that
// maxPixels allows.
func (d *Document) Render(ctx context.Context, n, dpi, maxPixels int) (*Image, error) {
	return d.rendering(ctx, rendering{Page: n, DPI: dpi, MaxPixels: maxPixels, Gray: true})
}

// Figure returns a figure's own JPEG, or else draws its part of the page in
// colour, at the resolution of its image but no more than dpi and maxPixels.
func (d *Document) Figure(ctx context.Context, page *Page, f Figure, dpi, maxPixels int) (*Image, error) {
	if f.DPI > 0 {
		dpi = min(dpi, max(f.DPI, 72))
	}
	return d.rendering(ctx, rendering{Page: page.Number, DPI: dpi, MaxPixels: maxPixels, Figure: &f, Turn: page.Rotation})
}

func (d *Document) rendering(ctx context.Context, r rendering) (*Image, error) {
	a, err := d.with(ctx, r.Page, request{Render: &r})
	if err != nil {
		return nil, err
	}
	return a.Image, nil
}

// Close gives the document's process back.
func (d *Document) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	if d.child != nil {
		if _, err := d.child.ask(context.Background(), request{Close: true}, 10*time.Second); err == nil {
			d.pool.put(d.child)
		} else {
			d.child.kill()
			d.pool.options.Ended(reason(context.Background(), err))
		}
	}
	<-d.pool.slots
	if d.temporary {
		return os.Remove(d.path)
	}
	return nil
}
