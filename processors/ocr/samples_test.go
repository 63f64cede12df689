package ocr

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"vislang/pkg/blob"
	"vislang/pkg/ocr"
	"vislang/schemas"
)

// looking is a pool that counts its looks; a picture's bytes are its language.
type looking struct {
	Recognizer
	mu    sync.Mutex
	looks int
}

func (l *looking) Look(_ context.Context, image []byte, _ ocr.Hints) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks++
	switch string(image) {
	case "corrupt":
		return "", &ocr.Error{Class: ocr.Corrupt, Err: errors.New("no picture")}
	case "broken":
		return "", errors.New("start OCR process: resource temporarily unavailable")
	}
	return string(image), nil
}

func TestSamples(t *testing.T) {
	blobs, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put := func(data string) string {
		name, err := blobs.Put(t.Context(), []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, c := range map[string]struct {
		page   schemas.Page
		want   []string
		looks  int // for two pages
		failed bool
	}{
		"none":            {page: schemas.Page{}},
		"a sample":        {page: schemas.Page{Sample: put("amh_Ethi")}, want: []string{"amh_Ethi"}, looks: 1},
		"text layers":     {page: schemas.Page{Sample: put("amh_Ethi"), Neighbours: []string{"swh_Latn"}}, want: []string{"swh_Latn"}},
		"declared":        {page: schemas.Page{Sample: put("amh_Ethi"), Context: schemas.Context{Languages: []string{"sw"}}}},
		"says nothing":    {page: schemas.Page{Sample: put("")}, looks: 1},
		"no picture":      {page: schemas.Page{Sample: put("corrupt")}, looks: 1},
		"gone":            {page: schemas.Page{Sample: strings.Repeat("0", 64)}},
		"no engine works": {page: schemas.Page{Sample: put("broken")}, looks: 2, failed: true},
	} {
		pool := &looking{}
		stage := New(Options{Blobs: blobs, Pool: pool})
		for range 2 {
			got, err := stage.neighbours(t.Context(), &c.page)
			if !reflect.DeepEqual(got, c.want) || (err != nil) != c.failed {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		if pool.looks != c.looks {
			t.Errorf("%s: %d looks", name, pool.looks)
		}
	}
}
