package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vislang/pkg/ocr/cer"
)

// measureOCRSpeed compares the whole pipeline with bare Tesseract command lines,
// one for each processor, and with OCRmyPDF, over the same pages.
func measureOCRSpeed(ctx context.Context, b *bench) error {
	page, err := os.ReadFile(filepath.Join(b.eval, "ocr/pages/eng.png"))
	if err != nil {
		return err
	}
	truth, err := os.ReadFile(filepath.Join(b.eval, "ocr/pages/eng.txt"))
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
	bound, err := measureTesseract(ctx, b, names, string(truth))
	if err != nil {
		return err
	}
	other, err := measureOCRmyPDF(ctx, b, names, string(truth))
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name, stated string
		arguments    []string
	}{
		{"ocr.pipeline", "language stated, as Tesseract's is", []string{"--lang", "en"}},
		{"ocr.pipeline_unknown", "language and orientation to be found", nil},
	} {
		data := filepath.Join(b.scratch, way.name)
		run, err := b.runPipelineIn(ctx, data, append(way.arguments, folder)...)
		if err != nil {
			return err
		}
		if run.Done != float64(b.pages) {
			return fmt.Errorf("%g of %d pages are in the database", run.Done, b.pages)
		}
		texts, err := b.pageTexts(ctx, data)
		if err != nil {
			return err
		}
		os.RemoveAll(data)
		pipeline := float64(b.pages) / run.wall.Minutes()
		figure(way.name, pipeline, "pages/min from the command to its end, "+way.stated)
		figure(way.name+".ratio", pipeline/bound, "pipeline to tesseract")
		if other > 0 {
			figure(way.name+".ratio_ocrmypdf", pipeline/other, "pipeline to OCRmyPDF")
		}
		figure(way.name+".error", 100*meanError(string(truth), texts), "% mean character error rate, from the table of pages")
		figure(way.name+".processor", run.processor.Seconds()/float64(b.pages), "processor s/page")
		figure(way.name+".memory_at_peak", float64(run.peak)/(1<<20), "MiB resident with children")
		run.shares(way.name)
	}
	return nil
}

// measureTesseract runs one command line a page, as many side by side as there
// are processors.
func measureTesseract(ctx context.Context, b *bench, names []string, truth string) (rate float64, err error) {
	var processor atomic.Int64
	texts := make([]string, len(names))
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, name := range names {
		group.Go(func() error {
			p, err := start(ctx, "tesseract", name, "stdout", "-l", "eng")
			if err != nil {
				return err
			}
			err = p.wait()
			processor.Add(int64(p.processor()))
			texts[i] = p.stdout.String()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	rate = float64(len(names)) / time.Since(began).Minutes()
	figure("ocr.tesseract", rate, fmt.Sprintf("pages/min, %d command lines side by side", runtime.NumCPU()))
	figure("ocr.tesseract.error", 100*meanError(truth, texts), "% mean character error rate")
	figure("ocr.tesseract.processor", time.Duration(processor.Load()).Seconds()/float64(len(names)), "processor s/page")
	return rate, nil
}

// measureOCRmyPDF runs OCRmyPDF over a PDF of the pages, with a job for each
// processor and nothing beside recognition: no PDF/A, no optimisation. Making
// the PDF, by the Python of Debian that OCRmyPDF runs on, does not count.
// Without the program (deploy/setup bench) the rate is 0.
func measureOCRmyPDF(ctx context.Context, b *bench, names []string, truth string) (rate float64, err error) {
	if _, err := exec.LookPath("ocrmypdf"); err != nil {
		fmt.Printf("%-44s %v\n", "ocr.ocrmypdf", err)
		return 0, nil
	}
	in, out, text := filepath.Join(b.scratch, "in.pdf"), filepath.Join(b.scratch, "out.pdf"), filepath.Join(b.scratch, "out.txt")
	script := `import sys, img2pdf; open(sys.argv[1], "wb").write(img2pdf.convert(sys.argv[2:]))`
	p, err := start(ctx, "/usr/bin/python3", append([]string{"-c", script, in}, names...)...)
	if err != nil {
		return 0, err
	}
	if err := p.wait(); err != nil {
		return 0, err
	}
	began := time.Now()
	if p, err = start(ctx, "ocrmypdf", "-j", fmt.Sprint(runtime.NumCPU()), "-l", "eng", "--output-type", "pdf", "--optimize", "0", "--sidecar", text, in, out); err != nil {
		return 0, err
	}
	if err := p.wait(); err != nil {
		return 0, err
	}
	rate = float64(len(names)) / time.Since(began).Minutes()
	read, err := os.ReadFile(text)
	if err != nil {
		return 0, err
	}
	texts := strings.Split(strings.TrimSuffix(string(read), "\f"), "\f")
	if len(texts) != len(names) {
		return 0, fmt.Errorf("OCRmyPDF wrote the text of %d pages, not %d", len(texts), len(names))
	}
	figure("ocr.ocrmypdf", rate, fmt.Sprintf("pages/min, %d jobs, without PDF/A and optimisation", runtime.NumCPU()))
	figure("ocr.ocrmypdf.error", 100*meanError(truth, texts), "% mean character error rate")
	figure("ocr.ocrmypdf.processor", p.processor().Seconds()/float64(len(names)), "processor s/page")
	return rate, nil
}

// pageTexts reads the texts of all pages out of the database.
func (b *bench) pageTexts(ctx context.Context, data string) ([]string, error) {
	p, err := start(ctx, b.vislang, "sql", "--data", data, "--format", "JSONEachRow", "SELECT text FROM pages")
	if err != nil {
		return nil, err
	}
	if err := p.wait(); err != nil {
		return nil, err
	}
	var texts []string
	for decoder := json.NewDecoder(&p.stdout); decoder.More(); {
		var row struct{ Text string }
		if err := decoder.Decode(&row); err != nil {
			return nil, err
		}
		texts = append(texts, row.Text)
	}
	return texts, nil
}

func meanError(truth string, texts []string) (mean float64) {
	for _, text := range texts {
		mean += cer.Rate(truth, text) / float64(len(texts))
	}
	return mean
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
