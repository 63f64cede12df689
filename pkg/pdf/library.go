package pdf

import (
	"context"
	"fmt"
	"io"
	"math"
	"reflect"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// A runtime holds compiled PDFium and makes instances of it.
type runtime struct {
	pool  pdfium.Pool
	limit int64 // of the memory of one instance
}

func newRuntime(cacheDir string, maxMemory int64) (*runtime, error) {
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(uint32(maxMemory >> 16))
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("cache of compiled PDFium: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context: experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(mapMemory)),
		MaxIdle: 1, MaxTotal: 1,
		FSConfig:      wazero.NewFSConfig(), // the default mounts the root folder
		RuntimeConfig: config,
		Stdout:        io.Discard,
		Stderr:        io.Discard,
		RandomSource:  zeros{}, // the same input gives the same output
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return &runtime{pool, maxMemory}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A library is one instance of PDFium with its own memory. It is not safe for
// concurrent use. Its methods panic with a trap when PDFium crashes; guard
// turns that into an error.
//
// It calls PDFium's C interface directly: the typed wrappers of go-pdfium
// allocate several times for every character of a page, which makes text
// extraction ten times slower.
type library struct {
	instance   pdfium.Pdfium
	module     api.Module
	resolve    func(string) api.Function
	functions  map[string]api.Function
	stack      [16]uint64
	out        uint64 // 64 bytes for results by pointer
	actualText uint64 // the string ActualText
	limit      int64  // of its memory
}

func (r *runtime) open() (*library, error) {
	instance, err := r.pool.GetInstance(time.Minute)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	// The implementation's type is internal to go-pdfium, its Module field
	// and Fn method are not.
	implementation := instance.GetImplementation()
	module, ok := reflect.ValueOf(implementation).Elem().FieldByName("Module").Interface().(api.Module)
	resolver, ok2 := implementation.(interface{ Fn(string) api.Function })
	if !ok || !ok2 {
		return nil, fmt.Errorf("start PDFium: go-pdfium has changed its implementation")
	}
	l := &library{instance: instance, module: module, resolve: resolver.Fn, functions: map[string]api.Function{}, limit: r.limit}
	l.out, l.actualText = l.malloc(64), l.cstring("ActualText")
	return l, nil
}

func (l *library) close() { l.instance.Close() }

// size is the memory in use in bytes. It never shrinks.
func (l *library) size() int64 { return int64(l.module.Memory().Size()) }

// A trap is a crash inside the sandbox.
type trap struct {
	err  error
	full bool // the memory was used up, or nearly
}

// trap is a crash of this library. One with its memory used up is most likely
// the end of an allocation that had no room.
func (l *library) trap(err error) trap { return trap{err, l.size() > l.limit-l.limit/4} }

// guard ends a function that calls PDFium: a crash becomes its error.
func guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case trap:
		class := ClassCorrupt
		if r.full {
			class = ClassTooLarge
		}
		*err = &Error{class: class, message: fmt.Sprintf("PDFium gave up: %.200v", r.err), crash: true}
	default:
		panic(r)
	}
}

func (l *library) call(name string, args ...uint64) uint64 {
	f, ok := l.functions[name]
	if !ok {
		if f = l.resolve(name); f == nil {
			panic(fmt.Sprintf("PDFium has no function %s", name))
		}
		l.functions[name] = f
	}
	copy(l.stack[:], args)
	if err := f.CallWithStack(context.Background(), l.stack[:]); err != nil {
		panic(l.trap(fmt.Errorf("%s: %w", name, err)))
	}
	return l.stack[0]
}

func (l *library) int(name string, args ...uint64) int { return int(int32(l.call(name, args...))) }

func (l *library) ok(name string, args ...uint64) bool { return uint32(l.call(name, args...)) != 0 }

func (l *library) float(name string, args ...uint64) float64 {
	return float64(api.DecodeF32(l.call(name, args...)))
}

func (l *library) malloc(size int) uint64 {
	p := l.call("malloc", uint64(size))
	if p == 0 && size > 0 {
		panic(trap{fmt.Errorf("no room for %d bytes", size), true})
	}
	return p
}

func (l *library) free(p uint64) { l.call("free", p) }

// bytes is the memory at p itself, valid until the next call.
func (l *library) bytes(p uint64, size int) []byte {
	b, ok := l.module.Memory().Read(uint32(p), uint32(size))
	if !ok {
		panic(l.trap(fmt.Errorf("%d bytes at %#x are outside of its memory", size, p)))
	}
	return b
}

func (l *library) f32(p uint64) float64 {
	v, _ := l.module.Memory().ReadFloat32Le(uint32(p))
	return finite(float64(v))
}

func (l *library) f64(p uint64) float64 {
	v, _ := l.module.Memory().ReadFloat64Le(uint32(p))
	return finite(v)
}

func (l *library) u32(p uint64) uint32 {
	v, _ := l.module.Memory().ReadUint32Le(uint32(p))
	return v
}

func finite(v float64) float64 {
	if math.IsNaN(v) || math.Abs(v) > 1e7 {
		return 0
	}
	return v
}

// utf16 reads text from a function that fills (buffer, size in bytes) with
// UTF-16LE and returns the size it needs, terminator included.
func (l *library) utf16(fill func(buffer, size uint64) uint64) string {
	need := int(int32(fill(0, 0)))
	if need <= 2 || need > 1<<20 {
		return ""
	}
	p := l.malloc(need)
	defer l.free(p)
	fill(p, uint64(need))
	return decodeUTF16(l.bytes(p, need-2))
}

func (l *library) cstring(s string) uint64 {
	p := l.malloc(len(s) + 1)
	b := l.bytes(p, len(s)+1)
	copy(b, s)
	b[len(s)] = 0
	return p
}
