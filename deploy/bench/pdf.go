package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"

	"vislang/pkg/pdf"
)

// measurePDF is the rate of pages of the files of pdf/figures, text with its
// layout and rendering for OCR, beside PDFium in the same sandbox without
// anything around it: its own plain text, its own rendering at 300 dpi.
func measurePDF(ctx context.Context, b *bench) error {
	files, err := filepath.Glob(filepath.Join(b.eval, "pdf/figures/*.pdf"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no files in %s/pdf/figures: %w", b.eval, err)
	}
	pool := pdf.NewPool(pdf.Options{})
	defer pool.Close()
	bare, err := newBarePDFium()
	if err != nil {
		return err
	}
	defer bare.Close()
	for _, work := range []struct {
		name, own, other string
		rounds           int // the first warms up
		read             func(*pdf.Document, int) error
		bare             func(string) (int, error)
	}{
		{"text", "pages a second: text, blocks, figures, tables, trust", "pages a second: plain text", 4,
			func(doc *pdf.Document, n int) error { _, err := doc.Page(ctx, n); return err }, bare.text},
		{"render", "pages a second: 300 dpi, PNG", "pages a second: 300 dpi, in memory", 2,
			func(doc *pdf.Document, n int) error { _, err := doc.Render(ctx, n, 300, 40e6); return err }, bare.render},
	} {
		var rates [2]float64
		for round := range work.rounds {
			for i, do := range []func(string) (int, error){
				func(path string) (int, error) { return eachPage(ctx, pool, path, work.read) }, work.bare,
			} {
				pages, start := 0, time.Now()
				for _, path := range files {
					n, err := do(path)
					if err != nil {
						return fmt.Errorf("%s of %s: %w", work.name, path, err)
					}
					pages += n
				}
				if round > 0 {
					rates[i] = max(rates[i], float64(pages)/time.Since(start).Seconds())
				}
			}
		}
		figure("pdf."+work.name+".vislang", rates[0], work.own)
		figure("pdf."+work.name+".pdfium", rates[1], work.other)
		figure("pdf."+work.name+".ratio", rates[0]/rates[1], "of PDFium alone in the same sandbox")
	}
	return nil
}

func eachPage(ctx context.Context, pool *pdf.Pool, path string, do func(*pdf.Document, int) error) (int, error) {
	doc, err := pool.OpenFile(ctx, path)
	if err != nil {
		return 0, err
	}
	defer doc.Close()
	for n := 1; n <= doc.Info().Pages; n++ {
		if err := do(doc, n); err != nil {
			return n, err
		}
	}
	return doc.Info().Pages, nil
}

// barePDFium is PDFium as go-pdfium hands it out.
type barePDFium struct {
	pool     pdfium.Pool
	instance pdfium.Pdfium
}

func newBarePDFium() (*barePDFium, error) {
	pool, err := webassembly.Init(webassembly.Config{MinIdle: 1, MaxIdle: 1, MaxTotal: 1, FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	instance, err := pool.GetInstance(time.Minute)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return &barePDFium{pool, instance}, nil
}

// Close ends it.
func (p *barePDFium) Close() { p.pool.Close() }

func (p *barePDFium) each(path string, do func(requests.Page) error) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	doc, err := p.instance.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		return 0, err
	}
	defer p.instance.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document})
	count, err := p.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return 0, err
	}
	for n := range count.PageCount {
		if err := do(requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: n}}); err != nil {
			return n, err
		}
	}
	return count.PageCount, nil
}

func (p *barePDFium) text(path string) (int, error) {
	return p.each(path, func(page requests.Page) error {
		_, err := p.instance.GetPageText(&requests.GetPageText{Page: page})
		return err
	})
}

func (p *barePDFium) render(path string) (int, error) {
	return p.each(path, func(page requests.Page) error {
		image, err := p.instance.RenderPageInDPI(&requests.RenderPageInDPI{Page: page, DPI: 300, ImageFormat: requests.RenderImageFormatGrayscale})
		if err == nil {
			image.Cleanup()
		}
		return err
	})
}
