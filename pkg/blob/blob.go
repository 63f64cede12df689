// Package blob keeps bytes once, under the hex SHA-256 of their content, in a
// folder or any store that gocloud.dev/blob opens by URL.
//
//	store, err := blob.Open(ctx, "file:///var/lib/vislang/blobs")
//	name, err := store.Put(ctx, data)   // the same data has the same name
//	data, err = store.Get(ctx, name)
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/memblob"  // mem://
	_ "gocloud.dev/blob/s3blob"   // s3://
	"gocloud.dev/gcerrors"
)

// ErrNotFound says that the store has no blob of that name.
var ErrNotFound = errors.New("blob not found")

// ErrTooLarge says that a blob is larger than the caller allowed.
var ErrTooLarge = errors.New("larger than the limit")

// Store is a content-addressed blob store. It is safe for concurrent use.
type Store struct{ bucket *blob.Bucket }

// Open opens a store by URL: file:///folder (created if missing), mem://,
// s3://bucket?region=…. A plain path means a folder.
func Open(ctx context.Context, address string) (*Store, error) {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "" || u.Scheme == "file") {
		dir := address
		if u.Scheme == "file" {
			dir = filepath.FromSlash(u.Path)
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, fmt.Errorf("blob store %s: %w", address, err)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, fmt.Errorf("blob store %s: %w", address, err)
		}
		// no_tmp_dir: the temporary file lies beside its target, so that the
		// final rename never crosses file systems. metadata=skip: no .attrs
		// file for each blob.
		address = "file://" + (&url.URL{Path: filepath.ToSlash(dir)}).EscapedPath() + "?no_tmp_dir=true&metadata=skip"
	}
	bucket, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("blob store %s: %w", address, err)
	}
	return &Store{bucket}, nil
}

// Close releases the store.
func (s *Store) Close() error { return s.bucket.Close() }

// key spreads blobs over 256 folders.
func key(name string) string {
	if len(name) < 2 {
		return name
	}
	return name[:2] + "/" + name
}

// Put stores data and returns its name. Storing what is there already writes
// nothing.
func (s *Store) Put(ctx context.Context, data []byte) (name string, err error) {
	sum := sha256.Sum256(data)
	name = hex.EncodeToString(sum[:])
	if err := s.write(ctx, name, bytes.NewReader(data), int64(len(data))); err != nil {
		return "", err
	}
	return name, nil
}

// write stores a blob unless it is there already. One of another size is what
// a full disk left of an earlier try.
func (s *Store) write(ctx context.Context, name string, r io.Reader, size int64) error {
	if there, err := s.bucket.Attributes(ctx, key(name)); err == nil && there.Size == size {
		return nil
	}
	// Closing a writer keeps what was written, even after a failed write:
	// only the end of its context throws it away.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key(name), &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return fmt.Errorf("store blob %s: %w", name, err)
	}
	if _, err := io.Copy(w, r); err != nil {
		cancel()
		w.Close()
		return fmt.Errorf("store blob %s: %w", name, err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("store blob %s: %w", name, err)
	}
	return nil
}

// PutFile stores what r yields without holding it in memory: it is spooled to
// a temporary file while its name is computed. More than limit bytes give
// ErrTooLarge; limit 0 means no limit.
func (s *Store) PutFile(ctx context.Context, r io.Reader, limit int64) (name string, size int64, err error) {
	spool, err := os.CreateTemp("", "vislang-blob-*")
	if err != nil {
		return "", 0, fmt.Errorf("store blob: %w", err)
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	sum := sha256.New()
	if limit > 0 {
		r = io.LimitReader(r, limit+1)
	}
	if size, err = io.Copy(io.MultiWriter(spool, sum), r); err != nil {
		return "", size, err
	}
	if limit > 0 && size > limit {
		return "", size, fmt.Errorf("more than %d bytes: %w", limit, ErrTooLarge)
	}
	name = hex.EncodeToString(sum.Sum(nil))
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return "", size, err
	}
	if err := s.write(ctx, name, spool, size); err != nil {
		return "", size, err
	}
	return name, size, nil
}

// Get returns a blob whole.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	data, err := s.bucket.ReadAll(ctx, key(name))
	return data, wrap(name, err)
}

// Reader opens a blob for reading.
func (s *Store) Reader(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := s.bucket.NewReader(ctx, key(name), nil)
	if err != nil {
		return nil, wrap(name, err)
	}
	return r, nil
}

func wrap(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("read blob %s: %w", name, ErrNotFound)
	default:
		return fmt.Errorf("read blob %s: %w", name, err)
	}
}
