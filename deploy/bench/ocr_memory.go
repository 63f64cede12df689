package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"vislang/pkg/lang"
	"vislang/pkg/ocr"
)

// measureOCRMemory reads the pages of all languages three times over without
// their languages, so that the children need one model after the other, and
// watches the children's memory.
func measureOCRMemory(ctx context.Context, b *bench) error {
	files, err := b.pageFiles("ocr/pages", "*.png")
	if err != nil {
		return err
	}
	model, err := lang.LoadDefault()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	ended := map[string]int{}
	pool, err := ocr.NewPool(ocr.Options{Children: runtime.NumCPU(), Identifier: model, Ended: func(reason string) {
		mu.Lock()
		defer mu.Unlock()
		ended[reason]++
	}})
	if err != nil {
		return err
	}
	defer pool.Close()
	const rounds = 3
	for round := range rounds {
		var peak, largest, sum, ticks float64
		done := make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() {
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-done:
					return
				case <-tick.C:
					var all float64
					for _, pid := range family(os.Getpid())[1:] {
						mib, _ := memoryOf(pid)
						all += mib
						largest = max(largest, mib)
					}
					peak, sum, ticks = max(peak, all), sum+all, ticks+1
				}
			}
		})
		group, inner := errgroup.WithContext(ctx)
		group.SetLimit(runtime.NumCPU())
		for _, file := range files {
			group.Go(func() error {
				image, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				_, err = pool.Recognize(inner, image, ocr.Hints{})
				if ocr.ClassOf(err) != "" {
					err = nil // a page that cannot be read takes memory, too
				}
				return err
			})
		}
		err := group.Wait()
		close(done)
		watching.Wait()
		if err != nil {
			return err
		}
		name := fmt.Sprintf("ocr.memory.round_%d", round+1)
		figure(name+".peak", peak, fmt.Sprintf("MiB resident, %d children together", runtime.NumCPU()))
		figure(name+".mean", sum/max(ticks, 1), "MiB resident, the same on average")
		figure(name+".largest", largest, "MiB resident, the largest child")
	}
	mu.Lock()
	defer mu.Unlock()
	for reason, n := range ended {
		figure("ocr.memory.ended."+reason, float64(n), fmt.Sprintf("children, over %d pages", rounds*len(files)))
	}
	return nil
}
