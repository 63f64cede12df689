package pdf

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The parent and its children speak gob over the child's standard input and
// output: one request, one response.

type request struct {
	Setup  *Options // first request only
	Open   string   // path of the document to open; the one before is closed
	Close  bool
	Page   int // text and figures of a page
	Render *rendering
}

type rendering struct {
	Page, DPI, MaxPixels int
	Gray                 bool
	Figure               *Figure // only this part
	Turn                 int     // degrees by which the page was turned upright
}

type response struct {
	Class, Error string // of a failure; Class "" means the machinery's
	Info         *Info
	Page         *Page
	Image        *Image
	Memory       int64 // bytes of the sandbox
}

// childName is the name (argument 0) that makes this binary a child.
const childName = "vislang-pdf"

// A child must not run the program's main function, so it is caught here,
// before main.
func init() {
	if len(os.Args) > 0 && os.Args[0] == childName {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "pdf:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// server is a child: one runtime, at most one open document.
type server struct {
	options Options
	runtime *runtime
	path    string
	doc     *document
	repeats *repeats
	crashed bool // PDFium's instance must be replaced
}

func serve(r io.Reader, w io.Writer) error {
	requests, responses := gob.NewDecoder(r), gob.NewEncoder(w)
	var s server
	for {
		var q request
		if err := requests.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var a response
		if err := s.handle(q, &a); err != nil {
			a.Error = err.Error()
			var e *Error
			if errors.As(err, &e) {
				a.Class = e.class
				s.crashed = s.crashed || e.crash
			}
		}
		if s.doc != nil {
			a.Memory = s.doc.lib.size()
		}
		if err := responses.Encode(&a); err != nil {
			return err
		}
	}
}

func (s *server) handle(q request, a *response) (err error) {
	switch {
	case q.Setup != nil:
		s.options = *q.Setup
		s.runtime, err = newRuntime(s.options.CacheDir, s.options.MaxMemory)
	case q.Open != "":
		if err = s.open(q.Open); err == nil {
			a.Info = &s.doc.info
		}
	case q.Close:
		s.close()
	case q.Page > 0:
		if err = s.fresh(); err == nil {
			a.Page, err = s.page(q.Page)
		}
	case q.Render != nil:
		if err = s.fresh(); err == nil {
			a.Image, err = s.render(*q.Render)
		}
	}
	return err
}

func (s *server) open(path string) error {
	s.close()
	lib, err := s.runtime.open()
	if err != nil {
		return err
	}
	doc, err := openDocument(lib, path, s.options.MaxBytes)
	if err != nil {
		lib.close()
		return err
	}
	s.doc, s.path = doc, path
	return nil
}

func (s *server) close() {
	if s.doc != nil {
		s.doc.lib.close()
	}
	s.doc, s.repeats, s.crashed = nil, nil, false
}

// fresh reopens the document in a new instance when the old one has crashed or
// grown large, because an instance never gives memory back.
func (s *server) fresh() error {
	if s.doc == nil {
		return fmt.Errorf("no document is open")
	}
	if !s.crashed {
		if s.doc.lib.size() < s.options.MaxMemory/2 {
			return nil
		}
		if info, err := os.Stat(s.path); err == nil && info.Size() > s.options.MaxMemory/4 {
			return nil // it is the document itself that is large
		}
	}
	repeats := s.repeats
	err := s.open(s.path)
	s.repeats = repeats
	return err
}

func defaultCacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "vislang", "pdfium")
}
