package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vislang/pkg/blob"
	"vislang/producers"
	"vislang/producers/folder"
	"vislang/producers/site"
)

// sourceRun is one pass over a source.
type sourceRun struct {
	source producers.Source
	output *producers.SourceOutput
	ended  atomic.Bool
}

// openSource makes the source that an address stands for.
func openSource(address string, options producers.Options, blobs *blob.Store, log *slog.Logger, maxPages int) (producers.Source, error) {
	if isWeb(address) {
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			return nil, usageError{fmt.Errorf("source %s: the address names no host", address)}
		}
		return site.New(site.Options{Address: address, Options: options, Blobs: blobs, MaxPages: maxPages, Log: log})
	}
	if strings.Contains(address, "://") {
		return nil, usageError{fmt.Errorf("source %s: not a folder, a file or an http(s) address", address)}
	}
	path, err := filepath.Abs(address)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", address, err)
	}
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usageError{fmt.Errorf("source %s: there is no such file or folder", address)}
		}
		return nil, fmt.Errorf("source %s: %w", address, err)
	}
	return folder.New(folder.Options{Path: path, Options: options, Blobs: blobs, Log: log})
}

func isWeb(address string) bool {
	return strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://")
}

// read makes one pass over the sources given on the command line, and with
// --until-idle over the lasting ones too.
func (p *pipeline) read(ctx context.Context) error {
	if p.publisher == nil {
		return nil
	}
	if p.lasting && p.untilIdle {
		all, err := producers.NewList(p.c.kafka).All(ctx)
		if err != nil {
			return err
		}
		for _, d := range all {
			if d.Paused {
				continue
			}
			run, err := p.open(d)
			if err != nil {
				return err
			}
			p.progress.addSource(run)
		}
	}
	for _, run := range p.sources {
		p.progress.addSource(run)
	}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, run := range p.progress.sourceRuns() {
		group.Go(func() error {
			defer run.ended.Store(true)
			if err := run.source.Read(reading, run.output); err != nil {
				return fmt.Errorf("read source %s: %w", run.source.Name(), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return p.publisher.Flush(ctx)
}

func (p *pipeline) open(d producers.Definition) (*sourceRun, error) {
	source, err := openSource(d.Address, d.Options, p.c.blobs, p.log, p.maxPages)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", d.Name, err)
	}
	return &sourceRun{source: source, output: p.publisher.Output(source.Name())}, nil
}

// supervise reads the lasting sources again and again until ctx ends.
func (p *pipeline) supervise(ctx context.Context) error {
	list := producers.NewList(p.c.kafka)
	due := map[string]time.Time{}
	busy := map[string]bool{}
	var mu sync.Mutex
	var passes sync.WaitGroup
	defer passes.Wait()
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		if p.control.Wait(ctx, producers.Stage, p.instance) != nil {
			return nil
		}
		all, err := list.All(ctx)
		if err != nil && ctx.Err() == nil {
			p.log.Warn("cannot read the list of sources", "error", err)
		}
		for _, d := range all {
			mu.Lock()
			ready := !d.Paused && !busy[d.Name] && time.Now().After(due[d.Name])
			if ready {
				busy[d.Name] = true
			}
			mu.Unlock()
			if !ready {
				continue
			}
			passes.Go(func() {
				if err := p.pass(ctx, d); err != nil && ctx.Err() == nil {
					p.log.Warn("source could not be read to its end", "source", d.Name, "error", err)
				}
				mu.Lock()
				defer mu.Unlock()
				busy[d.Name] = false
				due[d.Name] = time.Now().Add(d.Every)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *pipeline) pass(ctx context.Context, d producers.Definition) error {
	run, err := p.open(d)
	if err != nil {
		return err
	}
	p.progress.addSource(run)
	defer run.ended.Store(true)
	if err := run.source.Read(ctx, run.output); err != nil {
		return err
	}
	return p.publisher.Flush(ctx)
}
