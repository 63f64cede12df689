package producers

import (
	"context"
	"errors"
	"io"

	"vislang/pkg/blob"
)

// StoreError is a failure of the blob store, not of the document: the pass
// must stop, or every document would come out as unreadable.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return e.Err.Error() }
func (e *StoreError) Unwrap() error { return e.Err }

// Store puts what r yields into the blob store. Its error is a *StoreError
// unless reading failed or more than limit bytes came (blob.ErrTooLarge).
func Store(ctx context.Context, store *blob.Store, r io.Reader, limit int64) (name string, size int64, err error) {
	s := &watched{ctx: ctx, r: r}
	name, size, err = store.PutFile(ctx, s, limit)
	switch {
	case s.err != nil:
		return "", 0, s.err
	case errors.Is(err, blob.ErrTooLarge):
		return "", 0, err
	case err != nil:
		return "", 0, &StoreError{err}
	}
	return name, size, nil
}

// watched remembers the error of reading, to tell it from one of storing.
type watched struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (w *watched) Read(b []byte) (int, error) {
	if w.err = w.ctx.Err(); w.err != nil {
		return 0, w.err
	}
	n, err := w.r.Read(b)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}
