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
	"time"

	"golang.org/x/sync/errgroup"
)

// measureOCR compares the whole pipeline with bare Tesseract command lines,
// one for each processor, over the same pages.
func measureOCR(ctx context.Context, b *bench) error {
	const copies = 24
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
	for n := range copies {
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

	began := time.Now()
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, name := range names {
		group.Go(func() error {
			p, err := start(inner, "tesseract", name, "stdout", "-l", "eng")
			if err != nil {
				return err
			}
			return p.wait()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	tesseract := copies / time.Since(began).Minutes()
	figure("ocr.tesseract", tesseract, fmt.Sprintf("pages/min, %d command lines side by side", runtime.NumCPU()))

	run, err := b.runPipeline(ctx, "ocr", folder)
	if err != nil {
		return err
	}
	if run.Done != copies {
		return fmt.Errorf("%g of %d pages are in the database", run.Done, copies)
	}
	pipeline := copies / run.wall.Minutes()
	figure("ocr.pipeline", pipeline, "pages/min from the command to its end, language unknown")
	figure("ocr.ratio", pipeline/tesseract, "pipeline to tesseract")
	figure("memory.at_peak", float64(run.peak)/(1<<20), "MiB resident with children, while recognising")
	run.shares("ocr")
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
