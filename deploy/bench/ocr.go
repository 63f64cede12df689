package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// measureOCR compares the whole pipeline with bare Tesseract command lines,
// one for each processor, over the same pages.
func measureOCR(ctx context.Context, b *bench) error {
	page, err := os.ReadFile(filepath.Join(b.eval, "ocr/pages/eng.png"))
	if err != nil {
		return err
	}
	folder := filepath.Join(b.scratch, "pages")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var names []string
	for n := range b.pages {
		data, err := withComment(page, fmt.Sprint(n))
		if err != nil {
			return err
		}
		name := filepath.Join(folder, fmt.Sprintf("page-%02d.png", n))
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
		names = append(names, name)
	}

	var processor atomic.Int64
	began := time.Now()
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, name := range names {
		group.Go(func() error {
			p, err := start(inner, "tesseract", name, "stdout", "-l", "eng")
			if err != nil {
				return err
			}
			err = p.wait()
			processor.Add(int64(p.processor()))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	tesseract := float64(b.pages) / time.Since(began).Minutes()
	figure("ocr.tesseract", tesseract, fmt.Sprintf("pages/min, %d command lines side by side", runtime.NumCPU()))

	figure("ocr.tesseract.processor", time.Duration(processor.Load()).Seconds()/float64(b.pages), "processor s/page")
	for _, way := range []struct {
		name, stated string
		arguments    []string
	}{
		{"ocr.pipeline", "language stated, as Tesseract's is", []string{"--lang", "en"}},
		{"ocr.pipeline_unknown", "language and orientation to be found", nil},
	} {
		run, err := b.runPipeline(ctx, way.name, append(way.arguments, folder)...)
		if err != nil {
			return err
		}
		if run.Done != float64(b.pages) {
			return fmt.Errorf("%g of %d pages are in the database", run.Done, b.pages)
		}
		pipeline := float64(b.pages) / run.wall.Minutes()
		figure(way.name, pipeline, "pages/min from the command to its end, "+way.stated)
		figure(way.name+".ratio", pipeline/tesseract, "pipeline to tesseract")
		figure(way.name+".processor", run.processor.Seconds()/float64(b.pages), "processor s/page")
		figure(way.name+".memory_at_peak", float64(run.peak)/(1<<20), "MiB resident with children")
		run.shares(way.name)
	}
	return nil
}

// withComment adds a text chunk to a PNG: another file, the same picture.
func withComment(picture []byte, comment string) ([]byte, error) {
	const endLength = 12 // the IEND chunk, always the last
	if len(picture) < endLength || !bytes.Equal(picture[len(picture)-8:len(picture)-4], []byte("IEND")) {
		return nil, errors.New("not a whole PNG file")
	}
	body := append([]byte("tEXtComment\x00"), comment...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	end := len(picture) - endLength
	return bytes.Join([][]byte{picture[:end], chunk, picture[end:]}, nil), nil
}
