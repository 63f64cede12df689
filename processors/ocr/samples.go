package ocr

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"

	"vislang/pkg/blob"
	"vislang/pkg/ocr"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// maxSamples bounds the languages that a process remembers, one each of the
// long documents that it works on.
const maxSamples = 1000

// samples are the languages of page images that stand for their document. What
// is remembered is what another look would find: the order in which pages come
// changes nothing.
type samples struct {
	looks singleflight.Group
	mu    sync.Mutex
	known map[string]string // by blob name; "" is unknown
}

// neighbours returns what is known of the languages around a page.
func (s *Stage) neighbours(ctx context.Context, page *schemas.Page) ([]string, error) {
	if page.Sample == "" || len(page.Languages) > 0 || len(page.Neighbours) > 0 {
		return page.Neighbours, nil
	}
	s.samples.mu.Lock()
	language, ok := s.samples.known[page.Sample]
	s.samples.mu.Unlock()
	if !ok {
		found, err, _ := s.samples.looks.Do(page.Sample, func() (any, error) { return s.look(ctx, page) })
		if errors.Is(err, context.Canceled) && ctx.Err() == nil {
			found, err = s.look(ctx, page) // it was another page that was given up
		}
		if err != nil {
			return nil, err
		}
		language = found.(string)
	}
	if language == "" {
		return nil, nil
	}
	return []string{language}, nil
}

// look returns the language of a page's sample, a string.
func (s *Stage) look(ctx context.Context, page *schemas.Page) (any, error) {
	image, err := s.o.Blobs.Get(ctx, page.Sample)
	if errors.Is(err, blob.ErrNotFound) {
		return "", nil // the page can be read without
	}
	if err != nil {
		return "", processors.BlobError(fmt.Errorf("sample of %s: %w", page.DocumentID, err))
	}
	language, err := s.o.Pool.Look(ctx, image, ocr.Hints{DPI: int(page.DPI)})
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case ocr.ClassOf(err) == "" && err != nil, ocr.ClassOf(err) == ocr.Unavailable:
		return "", stream.Unavailable(fmt.Errorf("look at a sample of %s: %w", page.DocumentID, err))
	}
	s.o.Log.Debug("looked at a sample", "stage", s.Name(), "document", page.DocumentID, "language", language, "error", err)
	s.samples.mu.Lock()
	defer s.samples.mu.Unlock()
	if len(s.samples.known) >= maxSamples {
		clear(s.samples.known)
	}
	s.samples.known[page.Sample] = language
	return language, nil
}
