package ocr

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNextEngine(t *testing.T) {
	image := encodePNG(passageImage())
	tests := []struct {
		engines []string
		engine  string // what reads
		class   Class
		says    string // in the log
	}{
		{[]string{Gosseract, Tesseract}, "gosseract tesseract 5", "", ""},
		{[]string{Tesseract, Gosseract}, "tesseract 5", "", ""},
		{[]string{absent, Tesseract}, "tesseract 5", "", "no engine of this name"},
		{[]string{useless, Tesseract}, "tesseract 5", "", "useless engine"},
		{[]string{absent, useless, Gosseract}, "gosseract tesseract 5", "", "useless engine"},
		{[]string{absent}, "", Unavailable, ""},
		{[]string{absent, useless}, "", Crashed, ""},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.engines, ","), func(t *testing.T) {
			var log bytes.Buffer
			pool := newTestPool(t, Options{Engines: test.engines, Log: slog.New(slog.NewTextHandler(&log, nil))})
			page, err := pool.Recognize(t.Context(), image, english)
			if ClassOf(err) != test.class || test.class == "" && err != nil {
				t.Fatal(err)
			}
			if err == nil && (!strings.HasPrefix(page.Engine, test.engine) || flat(page.Text()) != flat(passage)) {
				t.Errorf("engine %q, text %q", page.Engine, page.Text())
			}
			if !strings.Contains(log.String(), test.says) {
				t.Errorf("log: %s", &log)
			}
		})
	}
}

func TestPreference(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPreference([]string{"a", "b"}, slog.New(slog.DiscardHandler))
	p.now = func() time.Time { return now }
	crash, missing := &Error{Crashed, errors.New("died")}, &Error{Unavailable, errors.New("missing")}
	order := func(want ...string) {
		t.Helper()
		if got := p.order(); !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	}
	p.broke("a", crash)
	p.broke("a", crash)
	order("a", "b") // two pages may be to blame themselves
	p.worked("a")
	p.broke("a", crash)
	p.broke("a", crash)
	order("a", "b")
	p.broke("a", crash)
	order("b", "a")
	now = now.Add(rest)
	order("a", "b") // another chance
	p.broke("a", missing)
	order("b", "a")
	p.broke("b", missing)
	order("a", "b") // none works: as preferred
	now = now.Add(rest - 1)
	p.worked("b")
	order("b", "a")
}

// A model that is installed or changed makes those pages new that it may be
// used for, and no others.
func TestModelsOfIdentity(t *testing.T) {
	hints := map[string]Hints{"eng": english, "hin": {Languages: []string{"hi"}}, "unknown": {}, "near hin": {Neighbours: []string{"hin_Deva"}}}
	pages := map[string]*Page{
		"page eng": {Models: []string{"eng"}, Language: "eng_Latn"},
		"page hin": {Models: []string{"Devanagari"}, Language: "hin_Deva"},
		"page und": {Models: []string{"Latin"}},
	}
	sums := func(changed string, models ...string) map[string]string {
		c := catalogOf(t, models...)
		if changed != "" {
			if err := os.WriteFile(filepath.Join(c.dir, changed+".traineddata"), []byte("changed"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		pool := newTestPool(t, Options{Tessdata: c.dir})
		sums := map[string]string{}
		for name, h := range hints {
			identity, err := pool.Identity(h)
			if err != nil {
				t.Fatal(err)
			}
			sums[name] = identity.Models
		}
		for name, p := range pages {
			basis, err := pool.Basis(p)
			if err != nil {
				t.Fatal(err)
			}
			sums[name] = basis
		}
		return sums
	}
	usual := []string{"Latin", "Devanagari", "eng"}
	before := sums("", usual...)
	for _, c := range []struct {
		changed, installed string
		want               string // what is new then
	}{
		{"", "", ""},
		{"", "swa", ""},
		{"", "hin", "hin,near hin,page hin"},
		{"", "Thai", "eng,hin,near hin,unknown"},
		{"eng", "", "eng,page eng"},
		{"Latin", "", "eng,hin,near hin,page und,unknown"},
	} {
		models := usual
		if c.installed != "" {
			models = append(slices.Clone(usual), c.installed)
		}
		var changed []string
		for name, sum := range sums(c.changed, models...) {
			if sum != before[name] {
				changed = append(changed, name)
			}
		}
		slices.Sort(changed)
		if got := strings.Join(changed, ","); got != c.want {
			t.Errorf("%q changed, %q installed: new %s, want %s", c.changed, c.installed, got, c.want)
		}
	}
	if basis, err := newTestPool(t, Options{}).Basis(&Page{Models: []string{"gone"}}); err == nil {
		t.Errorf("basis %s of a model that is gone", basis)
	}
}

func TestIdentity(t *testing.T) {
	pool := newTestPool(t, Options{Engines: []string{absent, Gosseract}})
	one, err := pool.Identity(english)
	if err != nil || !strings.HasPrefix(one.Engine, "gosseract tesseract 5") || len(one.Models) != 64 {
		t.Fatalf("%+v, %v", one, err)
	}
	if again, err := pool.Identity(english); err != nil || again != one {
		t.Errorf("%+v, then %+v, %v", one, again, err)
	}
	if other, err := pool.Identity(Hints{Languages: []string{"swh"}}); err != nil || other == one {
		t.Errorf("the same for other hints: %+v, %v", other, err)
	}
	if _, err := newTestPool(t, Options{Engines: []string{absent}}).Identity(english); ClassOf(err) != Unavailable {
		t.Error(err)
	}
}
