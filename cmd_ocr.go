package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vislang/pkg/ocr"
	"vislang/pkg/pdf"
)

// ocrOptions are the flags of the ocr command.
type ocrOptions struct {
	languages []string
	json      bool
	workers   int
	dpi       int
	maxPixels int
	tessdata  string
	engines   []string
}

// addEnginesFlag adds the flag that is OCR_ENGINES in the environment.
func addEnginesFlag(flags *pflag.FlagSet) {
	flags.StringSlice("ocr-engines", ocr.Engines(), "engines that recognise text, in the order of preference: when one is missing or broken, the next is used")
}

func newOCRCommand() *cobra.Command {
	var o ocrOptions
	cmd := &cobra.Command{
		Use:   "ocr FILE…",
		Short: "Read the text of page images",
		Long: `Recognises the text of pictures (PNG, JPEG, TIFF, GIF, BMP, WebP) and of the
pages of PDFs, drawn at --dpi. Pages that lie on their side or stand on their head
are turned, small skew is taken out. Without --lang the script is found first and
the language from what was read.

Output is in the order of the files, with a form feed between pages. A file that
cannot be read is reported and the others go on; the exit code is then 1.`,
		Example: `  vislang ocr --lang swh page.png
  vislang ocr --lang tir,amh --json scan.tif > scan.jsonl
  vislang ocr reports/*.pdf
  vislang ocr install hi ti       # more languages`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, tag := range o.languages {
				if !ocr.IsLanguage(tag) {
					return usageError{fmt.Errorf("ocr: --lang %q is no language tag such as swh, am or som_Latn", tag)}
				}
			}
			if o.workers < 1 || o.dpi < 50 || o.dpi > 1200 || o.maxPixels < 1 {
				return usageError{errors.New("ocr: --workers and --max-pixels take at least 1, --dpi 50 to 1200")}
			}
			o.engines, _ = cmd.Flags().GetStringSlice("ocr-engines")
			return recognizeFiles(cmd.Context(), o, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.AddCommand(newOCRInstallCommand())
	cmd.Flags().StringSliceVar(&o.languages, "lang", nil, "languages of the pages, the likeliest first (default: find out)")
	cmd.Flags().BoolVar(&o.json, "json", false, "one object a page: text, lines and words with boxes and confidences, engine, rotation")
	cmd.Flags().IntVar(&o.workers, "workers", 2, "pages at a time")
	cmd.Flags().IntVar(&o.dpi, "dpi", 300, "resolution at which PDF pages are drawn")
	cmd.Flags().IntVar(&o.maxPixels, "max-pixels", 100_000_000, "refuse pictures of more pixels")
	addEnginesFlag(cmd.Flags())
	cmd.Flags().StringVar(&o.tessdata, "tessdata", "", "folder of the Tesseract models (default: the system's)")
	return cmd
}

// ocrResult is what became of one page.
type ocrResult struct {
	file  string
	page  int // from 1
	pages int
	read  *ocr.Page
	err   error
}

// recognizeFiles reads several pages at a time and writes them in order.
func recognizeFiles(ctx context.Context, o ocrOptions, files []string, out, errors_ io.Writer) error {
	log := slog.New(slog.NewTextHandler(errors_, &slog.HandlerOptions{Level: slog.LevelWarn}))
	options := ocr.Options{Children: o.workers, Engines: o.engines, Tessdata: o.tessdata, MaxPixels: o.maxPixels, Log: log}
	if len(o.languages) == 0 {
		if model, err := loadLanguageModel(""); err == nil {
			options.Identifier = model
		} else {
			fmt.Fprintf(errors_, "vislang: ocr: languages will not be identified, only scripts: %v\n", err)
		}
	}
	pool, err := ocr.NewPool(options)
	if err != nil {
		return fmt.Errorf("ocr: %w", err)
	}
	defer pool.Close()
	documents := pdf.NewPool(pdf.Options{})
	defer documents.Close()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Each page is a channel of its own in the queue, so that the output
	// keeps the order; the queue's length bounds the images held.
	queue := make(chan chan ocrResult, o.workers-1)
	go func() {
		defer close(queue)
		send := func(r ocrResult, image []byte, dpi int) bool {
			done := make(chan ocrResult, 1)
			select {
			case queue <- done:
			case <-ctx.Done():
				return false
			}
			if r.err != nil {
				done <- r
				return true
			}
			go func() {
				r.read, r.err = pool.Recognize(ctx, image, ocr.Hints{Languages: o.languages, DPI: dpi})
				done <- r
			}()
			return true
		}
		for _, file := range files {
			if !eachPage(ctx, o, documents, file, send) {
				return
			}
		}
	}()
	failed, first := 0, true
	shown := &ocrProgress{w: errors_, live: isTerminal(errors_) && !isTerminal(out), began: time.Now()}
	defer shown.clear()
	for done := range queue {
		r := <-done
		if ctx.Err() != nil {
			return ctx.Err()
		}
		shown.clear()
		if r.err != nil {
			failed++
			fmt.Fprintf(errors_, "vislang: %s: %s\n", r.name(), strings.ReplaceAll(r.err.Error(), "\n", "; "))
		}
		if err := writeRecognized(out, r, o.json, first); err != nil {
			return fmt.Errorf("ocr: write: %w", err)
		}
		first = first && r.err != nil
		shown.draw(r, failed)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed > 0 {
		return fmt.Errorf("ocr: %d pages or files could not be read", failed)
	}
	return nil
}

// ocrProgress is a line at the bottom of a terminal. Where the text itself
// appears there, it is progress enough.
type ocrProgress struct {
	w     io.Writer
	live  bool
	began time.Time
	pages int
}

func (p *ocrProgress) draw(last ocrResult, failed int) {
	if p.pages++; p.live {
		fmt.Fprintf(p.w, "%d pages, %d failed, %.0f pages/min, at %s", p.pages, failed, float64(p.pages)/time.Since(p.began).Minutes(), last.name())
	}
}

// clear removes the line.
func (p *ocrProgress) clear() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func (r ocrResult) name() string {
	if r.pages > 1 {
		return fmt.Sprintf("%s page %d", r.file, r.page)
	}
	return r.file
}

// eachPage sends the pages of a file; it returns false when there is no
// point in going on.
func eachPage(ctx context.Context, o ocrOptions, documents *pdf.Pool, file string, send func(ocrResult, []byte, int) bool) bool {
	data, err := os.ReadFile(file)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return send(ocrResult{file: file, page: 1, pages: 1, err: err}, nil, 0)
	}
	if !bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) {
		count, frame, err := ocr.Frames(data)
		if err != nil {
			return send(ocrResult{file: file, page: 1, pages: 1, err: err}, nil, 0)
		}
		for n := range count {
			if !send(ocrResult{file: file, page: n + 1, pages: count}, frame(n), 0) {
				return false
			}
		}
		return true
	}
	doc, err := documents.Open(ctx, data)
	if err != nil {
		return send(ocrResult{file: file, page: 1, pages: 1, err: err}, nil, 0)
	}
	defer doc.Close()
	pages := doc.Info().Pages
	for n := 1; n <= pages; n++ {
		r := ocrResult{file: file, page: n, pages: pages}
		img, err := doc.Render(ctx, n, o.dpi, o.maxPixels)
		if r.err = err; err != nil {
			img = &pdf.Image{}
		}
		if !send(r, img.Data, img.DPI) {
			return false
		}
	}
	return true
}

// ocrObject is a page in the JSON output.
type ocrObject struct {
	File  string `json:"file"`
	Page  int    `json:"page"`
	Pages int    `json:"pages"`
	Class string `json:"class,omitempty"` // of the error
	Error string `json:"error,omitempty"`
	*recognized
}

type recognized struct {
	Language   string    `json:"language"` // identified; "" with --lang or when unknown
	Confidence float64   `json:"confidence"`
	Engine     string    `json:"engine"`
	Rotation   int       `json:"rotation"`
	Skew       float64   `json:"skew"`
	Width      int       `json:"width"`
	Height     int       `json:"height"`
	Text       string    `json:"text"`
	Lines      []ocrLine `json:"lines"`
}

// ocrLine is a line in the JSON output.
type ocrLine struct {
	Block     int `json:"block"`     // from 1
	Paragraph int `json:"paragraph"` // from 1, in its block
	ocr.Line
}

func writeRecognized(out io.Writer, r ocrResult, asJSON, first bool) error {
	if !asJSON {
		if r.err != nil {
			return nil
		}
		text := r.read.Text()
		if !first {
			text = "\f" + text
		}
		_, err := io.WriteString(out, text)
		return err
	}
	object := ocrObject{File: r.file, Page: r.page, Pages: r.pages}
	if r.err != nil {
		object.Class, object.Error = string(ocr.ClassOf(r.err)), r.err.Error()
	} else {
		object.recognized = &recognized{
			Width: r.read.Width, Height: r.read.Height, Rotation: r.read.Rotation, Skew: r.read.Skew,
			Confidence: r.read.Confidence, Language: r.read.Language, Engine: r.read.Engine, Text: r.read.Text(), Lines: []ocrLine{},
		}
		for b, block := range r.read.Blocks {
			for p, paragraph := range block.Paragraphs {
				for _, line := range paragraph.Lines {
					object.Lines = append(object.Lines, ocrLine{b + 1, p + 1, line})
				}
			}
		}
	}
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = out.Write(append(data, '\n'))
	return err
}
