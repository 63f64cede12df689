package media

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// Error classes.
const (
	ClassTooLarge = "too_large"
	ClassCorrupt  = "corrupt"
)

// Error says that bytes cannot be used as they are.
type Error struct {
	class string
	err   error
}

func (e *Error) Error() string { return e.err.Error() }
func (e *Error) Unwrap() error { return e.err }

// Class is one of the Class constants.
func (e *Error) Class() string { return e.class }

// Gunzip unpacks gzip data. More than limit bytes give an *Error of class
// too_large: a few kilobytes can unpack to gigabytes.
func Gunzip(data []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, &Error{ClassCorrupt, fmt.Errorf("unpack gzip: %w", err)}
	}
	var b bytes.Buffer
	_, err = io.Copy(&b, io.LimitReader(r, limit+1))
	out := b.Bytes()
	if int64(len(out)) > limit {
		return nil, &Error{ClassTooLarge, fmt.Errorf("the gzip file unpacks to more than %d MB", limit>>20)}
	}
	if err != nil {
		return nil, &Error{ClassCorrupt, fmt.Errorf("unpack gzip: %w", err)}
	}
	return out, nil
}

// GunzipHead unpacks the first size bytes of gzip data, or what there is.
func GunzipHead(data []byte, size int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, &Error{ClassCorrupt, fmt.Errorf("unpack gzip: %w", err)}
	}
	head, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil && len(head) == 0 {
		return nil, &Error{ClassCorrupt, fmt.Errorf("unpack gzip: %w", err)}
	}
	return head, nil
}
