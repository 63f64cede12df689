package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// Widths of pictures that make the test engine misbehave.
const (
	widthCrash = 1001 + iota
	widthHang
	widthMemory
	widthCPU
	widthPanic
	widthSlow
)

// Engines of the tests.
const (
	broken  = "broken"  // gosseract, but for pictures of certain widths
	absent  = "absent"  // is not there
	useless = "useless" // dies of every picture
)

func testEngine(name, tessdata string) (engine, error) {
	switch name {
	case broken:
		return brokenEngine{newLibrary(tessdata)}, nil
	case absent:
		return absentEngine{}, nil
	case useless:
		return uselessEngine{}, nil
	}
	return newEngine(name, tessdata)
}

type absentEngine struct{}

func (absentEngine) version() (string, error) {
	return "", &Error{Unavailable, errors.New("no engine of this name")}
}

func (e absentEngine) recognize(job) (*Page, error) {
	_, err := e.version()
	return nil, err
}

type uselessEngine struct{}

func (uselessEngine) version() (string, error) { return "useless 1", nil }

func (uselessEngine) recognize(job) (*Page, error) { panic("useless engine") }

// brokenEngine is Tesseract, but for pictures of certain widths.
type brokenEngine struct{ engine }

func (b brokenEngine) recognize(j job) (*Page, error) {
	switch j.image.Rect.Dx() {
	case widthCrash:
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		time.Sleep(time.Minute)
	case widthHang:
		time.Sleep(time.Hour)
	case widthMemory:
		var held [][]byte
		for {
			held = append(held, bytes.Repeat([]byte{1}, 16<<20))
			if len(held) > 1<<16 {
				return nil, fmt.Errorf("%d blocks held", len(held))
			}
		}
	case widthCPU:
		for n := 0; ; n++ {
			if n < 0 {
				return nil, fmt.Errorf("counted to %d", n)
			}
		}
	case widthPanic:
		panic("broken engine")
	case widthSlow:
		time.Sleep(2 * time.Second)
	}
	return b.engine.recognize(j)
}

// parentEnv makes the test binary a parent that reads one page that hangs,
// for tests of what becomes of its child.
const parentEnv = "OCR_TEST_PARENT"

func TestMain(m *testing.M) {
	childMain(testEngine)
	if os.Getenv(parentEnv) != "" {
		os.Exit(hangingParent())
	}
	os.Exit(m.Run())
}

func hangingParent() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	pool, err := NewPool(Options{Children: 1, Engines: []string{broken}, newEngine: testEngine})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	defer pool.Close()
	_, err = pool.Recognize(ctx, encodePNG(textImage(widthHang, 200, 24, "hang")), english)
	if ctx.Err() != nil && err == context.Canceled {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 4
}
