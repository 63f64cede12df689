package ocr

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"vislang/pkg/cache"
	"vislang/pkg/ocr"
)

// Identified is a Recognizer that tells what its pages depend on, as *ocr.Pool
// does.
type Identified interface {
	Recognizer
	Identity(ocr.Hints) (ocr.Identity, error)
	Basis(*ocr.Page) (string, error)
}

// Cached gives pages that were read before from a cache, and keeps those that
// pool reads, so that replays and second crawls cost no recognition. A nil cache
// gives pool itself.
func Cached(pool Identified, results *cache.Cache, log *slog.Logger) Recognizer {
	if results == nil {
		return pool
	}
	return &cached{pool, results, log}
}

type cached struct {
	pool    Identified
	results *cache.Cache
	log     *slog.Logger
}

func (c *cached) Look(ctx context.Context, image []byte, hints ocr.Hints) (string, error) {
	return c.pool.Look(ctx, image, hints)
}

func (c *cached) Recognize(ctx context.Context, image []byte, hints ocr.Hints) (*ocr.Page, error) {
	identity, err := c.pool.Identity(hints)
	if err != nil {
		// No engine is there, or a model cannot be read: the pool says so, or
		// does without.
		c.log.Debug("OCR result without a name", "stage", "ocr", "error", err)
		return c.pool.Recognize(ctx, image, hints)
	}
	key := cache.Key{Image: sha256.Sum256(image), Engine: identity.Engine, Models: identity.Models, Settings: identity.Settings}
	if value, ok := c.results.Get(ctx, key); ok {
		if page, err := c.unpack(value); err != nil {
			c.log.Warn("kept OCR result cannot be read, the page is recognised again", "stage", "ocr", "error", err)
		} else if page != nil {
			return page, nil
		}
	}
	page, err := c.pool.Recognize(ctx, image, hints)
	// What an engine read that stood in is not what this key stands for.
	if err != nil || !strings.HasPrefix(page.Engine, identity.Engine) {
		return page, err
	}
	basis, err := c.pool.Basis(page)
	if err != nil {
		c.log.Debug("OCR result without a basis", "stage", "ocr", "error", err)
		return page, nil
	}
	value, err := json.Marshal(kept{page, basis})
	if err != nil {
		return nil, fmt.Errorf("keep OCR result: %w", err)
	}
	c.results.Put(ctx, key, value)
	return page, nil
}

// kept is a page with the basis that it was read on.
type kept struct {
	Page  *ocr.Page `json:"page"`
	Basis string    `json:"basis"`
}

// unpack returns a page that was kept, nil when its language has other models
// now.
func (c *cached) unpack(value []byte) (*ocr.Page, error) {
	var k kept
	if err := json.Unmarshal(value, &k); err != nil {
		return nil, err
	}
	if k.Page == nil {
		return nil, errors.New("it holds no page")
	}
	if basis, err := c.pool.Basis(k.Page); err != nil || basis != k.Basis {
		return nil, nil
	}
	return k.Page, nil
}
