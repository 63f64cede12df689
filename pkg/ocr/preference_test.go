package ocr

import (
	"bytes"
	"errors"
	"log/slog"
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
	a, b := catalogOf(t, "eng", "swa"), catalogOf(t, "eng", "yor")
	hashA, errA := a.hash()
	hashB, errB := b.hash()
	if errA != nil || errB != nil || hashA == hashB {
		t.Errorf("%s %v, %s %v", hashA, errA, hashB, errB)
	}
	if _, err := newTestPool(t, Options{Engines: []string{absent}}).Identity(english); ClassOf(err) != Unavailable {
		t.Error(err)
	}
}
