package ocr

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"

	"vislang/pkg/cache"
	"vislang/pkg/ocr"
)

// counting is a pool that counts what it reads.
type counting struct {
	identity ocr.Identity
	engine   string // that reads
	basis    string
	err      error
	reads    int
}

func (c *counting) Identity(hints ocr.Hints) (ocr.Identity, error) {
	if c.identity.Engine == "" {
		return ocr.Identity{}, errors.New("no engine")
	}
	identity := c.identity
	for _, l := range hints.Languages {
		identity.Settings += l + ","
	}
	return identity, nil
}

func (c *counting) Basis(page *ocr.Page) (string, error) {
	return c.basis + page.Language, nil
}

func (*counting) Look(context.Context, []byte, ocr.Hints) (string, error) { return "", nil }

func (c *counting) Recognize(_ context.Context, image []byte, hints ocr.Hints) (*ocr.Page, error) {
	c.reads++
	if c.err != nil {
		return nil, c.err
	}
	line := ocr.Line{Text: "ልጆች " + string(image), Box: ocr.Box{X: 1, Y: 2, Width: 3, Height: 4}, Confidence: 1.0 / 3,
		Words: []ocr.Word{{Text: "ልጆች", Confidence: 0.1}}}
	return &ocr.Page{
		Width: 10, Height: 20, Rotation: 90, Skew: -0.7, Confidence: 2.0 / 3, Engine: c.engine, Models: []string{"amh"}, Language: "amh_Ethi",
		Blocks: []ocr.Block{{Paragraphs: []ocr.Paragraph{{Lines: []ocr.Line{line}}}}},
	}, nil
}

func TestCached(t *testing.T) {
	dir := t.TempDir()
	read := func(pool *counting, image string, languages ...string) (*ocr.Page, error) {
		t.Helper()
		results, err := cache.Open(cache.Options{Dir: dir}) // as after a restart
		if err != nil {
			t.Fatal(err)
		}
		defer results.Close()
		return Cached(pool, results, slog.New(slog.DiscardHandler)).Recognize(t.Context(), []byte(image), ocr.Hints{Languages: languages})
	}
	usual := &counting{identity: ocr.Identity{Engine: "gosseract tesseract 5.3.0", Models: "a"}, engine: "gosseract tesseract 5.3.0 amh"}
	first, err := read(usual, "page", "am")
	if err != nil {
		t.Fatal(err)
	}
	again, err := read(usual, "page", "am")
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("%+v\n%+v, %v", first, again, err)
	}
	if usual.reads != 1 {
		t.Errorf("read %d times", usual.reads)
	}
	for i, other := range []struct {
		pool      counting
		image     string
		languages []string
	}{
		{*usual, "other page", []string{"am"}},
		{*usual, "page", []string{"ti"}},
		{counting{identity: usual.identity, engine: usual.engine, basis: "better model of "}, "page", []string{"am"}},
		{counting{identity: ocr.Identity{Engine: "gosseract tesseract 5.3.0", Models: "b"}, engine: "gosseract tesseract 5.3.0 amh"}, "page", []string{"am"}},
		{counting{identity: ocr.Identity{Engine: "gosseract tesseract 5.4.0", Models: "a"}, engine: "gosseract tesseract 5.4.0 amh"}, "page", []string{"am"}},
	} {
		other.pool.reads = 0
		if _, err := read(&other.pool, other.image, other.languages...); err != nil || other.pool.reads != 1 {
			t.Errorf("case %d: read %d times, %v", i, other.pool.reads, err)
		}
	}
	for what, pool := range map[string]*counting{
		"an engine that stood in": {identity: usual.identity, engine: "tesseract tesseract 5.3.0 amh"},
		"an error":                {identity: usual.identity, err: errors.New("timeout")},
		"no engine":               {engine: "x"},
	} {
		for range 2 {
			if _, err := read(pool, what); (err == nil) != (pool.err == nil) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if pool.reads != 2 {
			t.Errorf("%s was kept", what)
		}
	}
	if pool := Cached(usual, nil, nil); pool != Recognizer(usual) {
		t.Error("no cache gives something else than the pool")
	}
}
