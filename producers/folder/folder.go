// Package folder is the source of files on disk: a file, or a folder with all
// below it.
//
//	source, err := folder.New(folder.Options{Path: "/srv/reports", Blobs: store})
//	err = source.Read(ctx, out)
//
// Each file is one document, whatever it holds; a file that changes gives a
// new version, one that does not gives nothing. What cannot be read is a
// document with FetchError. Hidden files are read too.
//
// Not documents: manifests (metadata.jsonl, see manifest.go); what lies in the
// folders .git, .hg, .svn, .bzr and __MACOSX; .DS_Store, Thumbs.db and
// desktop.ini; pipes, sockets and devices, which are counted and logged.
// Symbolic links are followed, into each folder once.
package folder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vislang/pkg/blob"
	"vislang/pkg/media"
	"vislang/producers"
	"vislang/schemas"
)

// Options of a folder.
type Options struct {
	producers.Options
	Path     string // of the file or folder
	Blobs    *blob.Store
	Log      *slog.Logger // nil for the default one
	Name     string       // of the source; "" for its address
	MaxBytes int64        // of a file, 0 for 2 GiB; a larger one is a document with FetchError
}

// Source reads one file or folder.
type Source struct {
	root    string // absolute, without symbolic links
	options Options
}

// New makes a source. The path must be there.
func New(o Options) (*Source, error) {
	root, err := filepath.Abs(o.Path)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", o.Path, unwrapPath(err))
	}
	if o.Name == "" {
		o.Name = fileURL(root)
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 2 << 30
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Source{root, o}, nil
}

// Name returns the name of the source.
func (s *Source) Name() string { return s.options.Name }

// Read makes one pass.
func (s *Source) Read(ctx context.Context, out producers.Output) error {
	if _, err := os.Stat(s.root); err != nil { // for a moment, perhaps: a disk that is not mounted
		return fmt.Errorf("source %s: %w", s.root, unwrapPath(err))
	}
	p := &pass{Source: s, out: out, manifests: map[string]manifest{}, log: s.options.Log.With("source", s.Name())}
	w := walker{root: s.root, log: p.log, visited: map[inode]bool{}, visit: func(f found) error {
		out.Found(1)
		if err := p.file(ctx, f); err != nil {
			return err
		}
		out.Done(1)
		return nil
	}}
	err := w.walk(ctx, s.root, false)
	if w.special > 0 {
		p.log.Warn("pipes, sockets and devices are no documents", "skipped", w.special)
	}
	return err
}

// memory is what is remembered of a file.
type memory struct {
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // ns; 0 when the file may have changed again in the same tick
	SHA256   string `json:"sha256,omitempty"`
	Stated   string `json:"stated,omitempty"` // by the manifest and options
	Error    string `json:"error,omitempty"`
}

type pass struct {
	*Source
	out       producers.Output
	manifests map[string]manifest // by folder
	log       *slog.Logger
}

// file hands over one file if it is new or changed.
func (p *pass) file(ctx context.Context, f found) error {
	address := fileURL(f.path)
	key := "file " + address
	var old memory
	if m := p.out.Seen(key); m != nil {
		if err := json.Unmarshal(m, &old); err != nil {
			old = memory{}
		}
	}
	stated := p.stated(f.path)
	now := memory{Stated: stated.hash(p.options.Options)}
	if f.err == nil {
		now.Size, now.Modified = f.info.Size(), f.info.ModTime().UnixNano()
		if old.SHA256 != "" && old.Modified != 0 && now.Size == old.Size && now.Modified == old.Modified && now.Stated == old.Stated {
			return nil
		}
	}
	fetched := time.Now().UTC().Truncate(time.Millisecond)
	if fetched.UnixNano()-now.Modified < int64(2*time.Second) {
		now.Modified = 0 // a later change may leave the time as it is
	}
	doc := &schemas.Document{
		URL: address, Source: p.Name(), FetchedAt: fetched, FileName: strings.ToValidUTF8(filepath.Base(f.path), "\uFFFD"),
	}
	stated.apply(doc)
	err := f.err
	if err == nil {
		err = p.content(ctx, f.path, doc)
	}
	var fatal *producers.StoreError
	switch {
	case errors.As(err, &fatal), ctx.Err() != nil:
		return fmt.Errorf("source %s: %s: %w", p.Name(), f.path, err)
	case err != nil:
		now.Error = unwrapPath(err).Error()
		if now.Error == old.Error && now.Stated == old.Stated {
			return nil
		}
		doc.FetchError = now.Error
		p.log.Warn("cannot read file", "file", f.path, "error", now.Error)
	default:
		now.SHA256 = doc.SHA256
	}
	p.options.Apply(doc)
	doc.DocumentID = schemas.NewDocumentID(doc.FetchedAt, doc.URL, doc.SHA256)
	if now.SHA256 == old.SHA256 && now.Error == old.Error && now.Stated == old.Stated {
		doc = nil // touched, not changed
	}
	data, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return p.out.Document(ctx, doc, key, data)
}

// content stores a file's bytes and fills in what they tell.
func (p *pass) content(ctx context.Context, path string, doc *schemas.Document) error {
	// Without O_NONBLOCK, opening what has become a pipe meanwhile would hang.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if info.Size() > p.options.MaxBytes {
		return fmt.Errorf("%d bytes: %w", info.Size(), blob.ErrTooLarge)
	}
	head := make([]byte, media.HeadSize)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	if doc.SHA256, doc.Bytes, err = producers.Store(ctx, p.options.Blobs, file, p.options.MaxBytes); err != nil {
		return err
	}
	doc.MediaType = media.Detect(head[:n], doc.FileName)
	if doc.MediaType == "text/html" || doc.MediaType == "application/xhtml+xml" {
		return p.page(ctx, path, doc)
	}
	return nil
}

// unwrapPath takes the path out of an error that a caller names anyway.
func unwrapPath(err error) error {
	var e *os.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
