package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func newTestPool(t *testing.T, o Options) *Pool {
	t.Helper()
	if o.Children == 0 {
		o.Children = 1
	}
	if len(o.Engines) == 0 {
		o.Engines = []string{broken}
	}
	o.newEngine = testEngine
	pool, err := NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

// flat folds white space.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestRecognizeTurns(t *testing.T) {
	pool := newTestPool(t, Options{})
	upright := passageImage()
	for _, degrees := range []int{0, 90, 180, 270} {
		for _, hints := range []Hints{english, {DPI: 150}} {
			t.Run(fmt.Sprintf("%d %v", degrees, hints.Languages), func(t *testing.T) {
				// Lying turned by so much, it stands up by the rest.
				page, err := pool.Recognize(t.Context(), encodePNG(turn(upright, degrees)), hints)
				if err != nil {
					t.Fatal(err)
				}
				if got := flat(page.Text()); got != flat(passage) {
					t.Errorf("text %q", got)
				}
				if want := (360 - degrees) % 360; page.Rotation != want {
					t.Errorf("rotation %d, want %d", page.Rotation, want)
				}
				if page.Width != 900 || page.Height != 700 || page.Skew != 0 || page.Confidence < 0.85 {
					t.Errorf("%d x %d pixels, skew %v, confidence %v", page.Width, page.Height, page.Skew, page.Confidence)
				}
				if !strings.HasPrefix(page.Engine, "gosseract tesseract 5") || !strings.HasSuffix(page.Engine, " "+strings.Join(page.Models, "+")) {
					t.Errorf("engine %q, models %v", page.Engine, page.Models)
				}
			})
		}
	}
}

func TestRecognizeLayout(t *testing.T) {
	page, err := newTestPool(t, Options{}).Recognize(t.Context(), encodePNG(passageImage()), english)
	if err != nil {
		t.Fatal(err)
	}
	lines, want := page.Lines(), strings.Split(strings.ReplaceAll(passage, "\n\n", "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i, line := range lines {
		if line.Text != want[i] || len(line.Words) != len(strings.Fields(want[i])) {
			t.Errorf("line %d is %q with %d words, want %q", i, line.Text, len(line.Words), want[i])
		}
		// The first line stands on y = 90, each further one 48 lower.
		row := i
		if i >= 4 {
			row++
		}
		bottom := 90 + 48*row
		if line.Box.X < 70 || line.Box.X > 80 || line.Box.Y > bottom-15 || line.Box.Y+line.Box.Height < bottom-2 || line.Box.Y+line.Box.Height > bottom+12 {
			t.Errorf("line %d on baseline %d has box %+v", i, bottom, line.Box)
		}
		if line.Confidence < 0.8 || line.Confidence > 1 {
			t.Errorf("line %d has confidence %v", i, line.Confidence)
		}
	}
	// The empty line parts paragraphs.
	for _, par := range page.Paragraphs() {
		for i, line := range par.Lines {
			if i > 0 && line.Text == want[4] {
				t.Errorf("%q is in one paragraph with %q", line.Text, par.Lines[i-1].Text)
			}
		}
	}
}

func TestRecognizeSkew(t *testing.T) {
	pool := newTestPool(t, Options{})
	for _, skew := range []float64{-4, -1.5, 2, 5} {
		for _, lying := range []int{0, 90} {
			tilted, _, _ := straighten(passageImage(), -skew)
			page, err := pool.Recognize(t.Context(), encodePNG(turn(tilted, lying)), english)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(page.Skew-skew) > 0.2 || flat(page.Text()) != flat(passage) {
				t.Errorf("skew %v, lying %d: found %v, text %q", skew, lying, page.Skew, page.Text())
			}
			for _, line := range page.Lines() {
				if line.Box.Height > 45 || line.Box.X+line.Box.Width > page.Width || line.Box.Y+line.Box.Height > page.Height {
					t.Errorf("skew %v, lying %d: box %+v of %q", skew, lying, line.Box, line.Text)
				}
			}
		}
	}
}

func TestRecognizeLightOnDark(t *testing.T) {
	img := passageImage()
	invert(img)
	page, err := newTestPool(t, Options{}).Recognize(t.Context(), encodePNG(img), english)
	if err != nil || flat(page.Text()) != flat(passage) {
		t.Errorf("%v, text %q", err, page.Text())
	}
}

func TestRecognizeBlank(t *testing.T) {
	pool := newTestPool(t, Options{})
	for _, hints := range []Hints{english, {}} {
		page, err := pool.Recognize(t.Context(), encodePNG(textImage(400, 300, 20, "")), hints)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Blocks) != 0 || page.Confidence != 0 || page.Width != 400 || page.Height != 300 {
			t.Errorf("%+v", page)
		}
	}
}

func TestFailures(t *testing.T) {
	var log bytes.Buffer
	pool := newTestPool(t, Options{CPULimit: 2 * time.Second, MemoryLimit: 1 << 29, Log: slog.New(slog.NewTextHandler(&log, nil))})
	hanging := newTestPool(t, Options{PageTimeout: 8 * time.Second})
	picture := func(width int) []byte { return encodePNG(textImage(width, 200, 24, "some text")) }
	good := encodePNG(textImage(600, 200, 30, "The page after that"))
	tests := []struct {
		name  string
		pool  *Pool
		image []byte
		hints Hints
		class Class
		says  string
	}{
		{"crash", pool, picture(widthCrash), english, Crashed, "died"},
		{"panic", pool, picture(widthPanic), english, Crashed, "broken engine"},
		{"hang", hanging, picture(widthHang), english, Timeout, "longer than 8s"},
		{"memory", pool, picture(widthMemory), english, Memory, "memory"},
		{"CPU", pool, picture(widthCPU), english, Timeout, "CPU"},
		{"no picture", pool, []byte("no picture at all"), english, Corrupt, "not a picture"},
		{"empty", pool, nil, english, Corrupt, "not a picture"},
		{"cut off", pool, good[:len(good)/2], english, Corrupt, "decode png"},
		{"bomb", pool, bombPNG(100_000, 100_000), english, TooBig, "100000 x 100000"},
		{"no model", pool, good, Hints{Languages: []string{"nqo"}}, NoModel, "N'Ko"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.pool.Recognize(t.Context(), test.image, test.hints)
			if ClassOf(err) != test.class || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("class %q: %v", ClassOf(err), err)
			}
			page, err := test.pool.Recognize(t.Context(), good, english)
			if err != nil || flat(page.Text()) != "The page after that" {
				t.Errorf("the page after: %v, %+v", err, page)
			}
		})
	}
	if !strings.Contains(log.String(), "OCR process replaced") {
		t.Errorf("log: %s", &log)
	}
}

func TestRecycling(t *testing.T) {
	pool := newTestPool(t, Options{RecyclePages: 2})
	small := encodePNG(textImage(300, 120, 30, "page"))
	var pids []int
	for range 5 {
		if _, err := pool.Recognize(t.Context(), small, english); err != nil {
			t.Fatal(err)
		}
		pid := 0
		if len(pool.idle) == 1 {
			pid = pool.idle[0].cmd.Process.Pid
		}
		pids = append(pids, pid)
	}
	if pids[0] == 0 || pids[1] != 0 || pids[2] == 0 || pids[2] == pids[0] || pids[3] != 0 || pids[4] == pids[2] {
		t.Errorf("processes after each page: %v", pids)
	}
}

func TestIdleProcessDies(t *testing.T) {
	pool := newTestPool(t, Options{})
	small := encodePNG(textImage(300, 120, 30, "page"))
	for range 2 {
		page, err := pool.Recognize(t.Context(), small, english)
		if err != nil || flat(page.Text()) != "page" {
			t.Fatal(err, page)
		}
		pool.idle[0].cmd.Process.Kill()
	}
}

// A child that is killed from outside, as when the system's memory runs out,
// costs no page unless that happens over and over.
func TestKilledFromOutside(t *testing.T) {
	for deaths := 1; deaths <= maxDeaths; deaths++ {
		t.Run(fmt.Sprint(deaths), func(t *testing.T) {
			var ended []string
			started := 0
			pool := newTestPool(t, Options{
				Started: func() {
					if started++; started <= deaths {
						child := childOf(os.Getpid())
						time.AfterFunc(500*time.Millisecond, func() { syscall.Kill(child, syscall.SIGKILL) }) // while it reads
					}
				},
				Ended: func(reason string) { ended = append(ended, reason) },
			})
			page, err := pool.Recognize(t.Context(), encodePNG(textImage(widthSlow, 200, 30, "The page that was read")), english)
			if want := slices.Repeat([]string{"killed"}, deaths); !slices.Equal(ended, want) {
				t.Errorf("processes ended: %q, want %q", ended, want)
			}
			if deaths == maxDeaths {
				if ClassOf(err) != Crashed {
					t.Errorf("the page is not to blame: %v", err)
				}
				return
			}
			if err != nil || flat(page.Text()) != "The page that was read" {
				t.Errorf("%v, %+v", err, page)
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	pool := newTestPool(t, Options{Children: 2})
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			want := fmt.Sprintf("Number %d1 of six", i+1)
			page, err := pool.Recognize(t.Context(), encodePNG(textImage(600, 150, 30, want)), english)
			if err != nil || flat(page.Text()) != want {
				t.Errorf("%v, want %q, got %+v", err, want, page)
			}
		})
	}
	group.Wait()
	if len(pool.idle) != 2 {
		t.Errorf("%d processes, want 2", len(pool.idle))
	}
}

func TestCancelAndClose(t *testing.T) {
	pool := newTestPool(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := pool.Recognize(ctx, encodePNG(textImage(widthHang, 200, 24, "hang")), english)
	if !errors.Is(err, context.DeadlineExceeded) || ClassOf(err) != "" || time.Since(started) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(started), err)
	}
	pool.Close()
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	if _, err := pool.Recognize(t.Context(), encodePNG(passageImage()), english); !errors.Is(err, ErrClosed) {
		t.Errorf("closed pool: %v", err)
	}
}

// always identifies every text as one language.
type always struct {
	label      string
	confidence float64
}

func (f always) Identify(string) (string, float64) { return f.label, f.confidence }

func TestIdentifiedLanguageChoosesModel(t *testing.T) {
	image := encodePNG(passageImage())
	tests := []struct {
		identifier   always
		model, label string
	}{
		{always{"eng_Latn", 0.99}, "eng", "eng_Latn"},
		{always{"swh_Latn", 0.99}, "swa", "swh_Latn"},
		{always{"som_Latn", 0.99}, "Latin", "som_Latn"},
		{always{"eng_Latn", 0.5}, "Latin", ""},
		{always{"und_Latn", 0.99}, "Latin", ""},
		{always{"tir_Ethi", 0.99}, "Latin", "tir_Ethi"}, // reads worse, so the first reading stays
	}
	for _, test := range tests {
		pool := newTestPool(t, Options{Identifier: test.identifier})
		page, err := pool.Recognize(t.Context(), image, Hints{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(page.Models, "+") != test.model || page.Language != test.label {
			t.Errorf("%+v: models %v, language %q", test.identifier, page.Models, page.Language)
		}
		pool.Close()
	}
}

// noise draws scattered dots: ink, but no text.
func noise(width, height int) *image.Gray {
	img := textImage(width, height, 20, "")
	state := uint32(1)
	for range width * height / 300 {
		state = state*1664525 + 1013904223
		x := int(state>>8) % (width - 3)
		state = state*1664525 + 1013904223
		y := int(state>>8) % (height - 3)
		for d := range 9 {
			img.Pix[(y+d/3)*img.Stride+x+d%3] = 0
		}
	}
	return img
}

func TestNoTextIsNoText(t *testing.T) {
	page, err := newTestPool(t, Options{}).Recognize(t.Context(), encodePNG(noise(600, 400)), Hints{})
	if err != nil && ClassOf(err) != NoModel {
		t.Fatal(err)
	}
	if err == nil && len(page.Lines()) > 0 {
		t.Errorf("read %q in noise, confidence %v", page.Text(), page.Confidence)
	}
}
