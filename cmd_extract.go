package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"vislang/pkg/ocr"
	"vislang/pkg/pdf"
	"vislang/pkg/text"
	"vislang/processors/extract"
	ocrstage "vislang/processors/ocr"
	"vislang/schemas"
)

// extractOptions are the flags of the extract command.
type extractOptions struct {
	json      bool
	noOCR     bool
	languages []string
	figures   string
	workers   int
	tessdata  string
	engines   []string
	pdfCache  string
}

func newExtractCommand() *cobra.Command {
	var o extractOptions
	cmd := &cobra.Command{
		Use:   "extract FILE…",
		Short: "Take text and figures out of documents",
		Long: `Reads HTML, PDF, pictures (PNG, JPEG, TIFF, GIF, BMP, WebP) and plain text, also
packed with gzip, and writes their text in reading order. PDF pages whose text layer
cannot be trusted, scans and pictures are recognised with OCR.

Texts are separated by form feeds. A file that cannot be read is reported and the
others go on; the exit code is then 1.`,
		Example: `  vislang extract report.pdf
  vislang extract --json *.html *.pdf > reports.jsonl
  vislang extract --figures pictures/ --json report.pdf`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, tag := range o.languages {
				if !ocr.IsLanguage(tag) {
					return usageError{fmt.Errorf("extract: --lang %q is no language tag such as swh, am or som_Latn", tag)}
				}
			}
			if o.workers < 1 {
				return usageError{errors.New("extract: --workers takes at least 1")}
			}
			o.engines, _ = cmd.Flags().GetStringSlice("ocr-engines")
			return extractFiles(cmd.Context(), o, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "one object a file: title, language, text, blocks, figures, pages")
	cmd.Flags().BoolVar(&o.noOCR, "no-ocr", false, "leave out what needs OCR")
	cmd.Flags().StringSliceVar(&o.languages, "lang", nil, "languages the documents are said to be in (default: as they declare, else find out)")
	cmd.Flags().StringVar(&o.figures, "figures", "", "write the figures' pictures into this folder, named by their SHA-256")
	cmd.Flags().IntVar(&o.workers, "workers", 2, "pages recognised at a time")
	addEnginesFlag(cmd.Flags())
	cmd.Flags().StringVar(&o.tessdata, "tessdata", "", "folder of the Tesseract models (default: the system's)")
	cmd.Flags().StringVar(&o.pdfCache, "pdf-cache", "", "folder of the compiled PDF engine (default: the user's cache folder)")
	return cmd
}

func extractFiles(ctx context.Context, o extractOptions, files []string, out, errors_ io.Writer) error {
	log := slog.New(slog.NewTextHandler(errors_, &slog.HandlerOptions{Level: slog.LevelWarn}))
	model, err := loadLanguageModel("")
	if err != nil {
		log.Warn("languages are not identified", "error", err)
	}
	documents := pdf.NewPool(pdf.Options{CacheDir: o.pdfCache})
	defer documents.Close()
	reader := &fileReader{o: o, log: log}
	options := extract.Options{PDF: documents, Log: log}
	if model != nil {
		reader.identify, options.Identifier = model, model
	}
	reader.extractor = extract.New(options)
	defer reader.close()
	w := bufio.NewWriter(out)
	reader.progress = &extractProgress{w: errors_, live: isTerminal(errors_) && !isTerminal(out), files: len(files)}
	failed := 0
	for i, file := range files {
		reader.progress.begin(file)
		result, err := reader.read(ctx, file)
		reader.progress.clear()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		problems := result.failures
		if err != nil {
			problems = []string{err.Error()}
			result.Class, result.Error = extract.ClassOf(err), err.Error()
		}
		for _, problem := range problems {
			fmt.Fprintf(errors_, "vislang: %s: %s\n", file, strings.ReplaceAll(problem, "\n", "; "))
		}
		if len(problems) > 0 {
			failed++
		}
		if o.json {
			line, err := json.Marshal(result)
			if err != nil {
				return fmt.Errorf("extract %s: %w", file, err)
			}
			w.Write(append(line, '\n'))
		} else if err == nil {
			if i > 0 {
				w.WriteString("\f")
			}
			w.WriteString(result.Text)
			w.WriteByte('\n')
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("extract: write: %w", err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("extract: %d of %d files could not be read, or not wholly", failed, len(files))
	}
	return nil
}

// extractProgress shows in a terminal which page of which file is read.
type extractProgress struct {
	w           io.Writer
	live        bool
	file, files int
	name        string
	page        int32
}

func (p *extractProgress) begin(name string) {
	p.file, p.name, p.page = p.file+1, name, 0
	p.draw()
}

func (p *extractProgress) at(page int32) {
	p.page = page
	p.draw()
}

func (p *extractProgress) draw() {
	if !p.live {
		return
	}
	p.clear()
	fmt.Fprintf(p.w, "%d of %d files: %s", p.file, p.files, p.name)
	if p.page > 0 {
		fmt.Fprintf(p.w, ", page %d", p.page)
	}
}

func (p *extractProgress) clear() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// extracted is a file in the JSON output.
type extracted struct {
	File       string            `json:"file"`
	Error      string            `json:"error,omitempty"`
	Class      string            `json:"class,omitempty"` // of the error
	Language   string            `json:"language"`        // identified, `swh_Latn`; "" without text or model
	Confidence float64           `json:"confidence"`      // of the language, 0 to 1
	Title      string            `json:"title"`
	Declared   []string          `json:"declared_languages"`
	License    string            `json:"license"`
	TextSource string            `json:"text_source"` // of most pages: html, plain, text_layer, ocr, none
	Text       string            `json:"text"`
	Blocks     []extractedBlock  `json:"blocks"`
	Figures    []extractedFigure `json:"figures"`
	Pages      []extractedPage   `json:"pages"`
	Outline    []bookmark        `json:"outline,omitempty"`

	failures []string
}

// bookmark is an entry of the document's outline; page 0 is none.
type bookmark struct {
	Level int32  `json:"level"`
	Title string `json:"title"`
	Page  int32  `json:"page"`
	entry int32
}

type extractedBlock struct {
	Page int32  `json:"page"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}

type extractedFigure struct {
	Page       int32              `json:"page"`
	Kind       string             `json:"kind"`
	Caption    string             `json:"caption"`
	Language   string             `json:"language"`
	Candidates []extractedCaption `json:"candidates"`
	X          int32              `json:"x"`
	Y          int32              `json:"y"`
	Width      int32              `json:"width"`
	Height     int32              `json:"height"`
	MediaType  string             `json:"media_type"`
	SHA256     string             `json:"image_sha256"`
}

type extractedCaption struct {
	Text   string `json:"text"`
	Origin string `json:"origin"`
}

type extractedPage struct {
	Page       int32   `json:"page"`
	Label      string  `json:"label,omitempty"` // what the document calls it
	TextSource string  `json:"text_source"`
	Reason     string  `json:"reason,omitempty"`   // why the text comes from there
	Evidence   string  `json:"evidence,omitempty"` // what speaks for or against the text layer
	Engine     string  `json:"engine"`
	Confidence float64 `json:"confidence"`
	Width      int32   `json:"width"`
	Height     int32   `json:"height"`
	Rotation   int32   `json:"rotation"`
	Error      string  `json:"error,omitempty"`

	Measures map[string]float64 `json:"measures,omitempty"` // what the text layer was judged by
}

// fileReader extracts one file after another.
type fileReader struct {
	o         extractOptions
	log       *slog.Logger
	extractor *extract.Extractor
	identify  extract.Identifier
	pool      *ocr.Pool // made when the first page needs it
	progress  *extractProgress
}

func (r *fileReader) close() {
	if r.pool != nil {
		r.pool.Close()
	}
}

func (r *fileReader) read(ctx context.Context, file string) (*extracted, error) {
	result := &extracted{File: file, Declared: []string{}, Blocks: []extractedBlock{}, Figures: []extractedFigure{}, Pages: []extractedPage{}}
	info, err := os.Stat(file)
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return result, path.Err
	case err != nil:
		return result, err
	case info.IsDir():
		return result, errors.New("is a folder; name its files, or `vislang run` the folder")
	case !info.Mode().IsRegular():
		return result, errors.New("is no regular file")
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return result, err
	}
	sink := &resultSink{reader: r, result: result, images: map[int32]bool{}}
	sink.work.SetLimit(r.o.workers)
	err = r.extractor.Extract(ctx, extract.Input{
		Context:  schemas.Context{URL: (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute)}).String(), Languages: r.o.languages},
		Name:     file,
		Size:     info.Size(),
		Path:     file,
		Resource: localResource,
	}, sink)
	if e := sink.work.Wait(); err == nil {
		err = e
	}
	sink.finish(ctx)
	return result, err
}

// localResource reads a picture that a local page refers to.
func localResource(_ context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" {
		return nil, nil
	}
	info, err := os.Stat(filepath.FromSlash(u.Path))
	if err != nil || !info.Mode().IsRegular() || info.Size() > 64<<20 {
		return nil, nil // a page without one of its pictures is still a page
	}
	return os.ReadFile(filepath.FromSlash(u.Path))
}

// resultSink collects what is extracted. Pages are recognised in the
// background, as many at a time as there are workers.
type resultSink struct {
	reader *fileReader
	result *extracted
	work   errgroup.Group
	texts  []*schemas.PageText
	images map[int32]bool // pages that need OCR
}

func (s *resultSink) Text(_ context.Context, p *schemas.PageText) error {
	s.reader.progress.at(p.Page)
	s.texts = append(s.texts, p)
	return nil
}

func (s *resultSink) Failed(_ context.Context, page int32, err error) error {
	s.result.failures = append(s.result.failures, fmt.Sprintf("page %d: %v", page, err))
	return nil
}

func (s *resultSink) Page(ctx context.Context, page *schemas.Page, image []byte) error {
	p := &schemas.PageText{Context: page.Context, Page: page.Page, TextSource: schemas.SourceNone, Width: page.Width, Height: page.Height, Provenance: page.Provenance, Marks: page.Marks}
	s.reader.progress.at(page.Page)
	s.texts = append(s.texts, p)
	s.images[page.Page] = true
	if s.reader.o.noOCR {
		p.Failure = "needs OCR"
		return nil
	}
	if err := s.reader.openPool(); err != nil {
		return err
	}
	s.work.Go(func() error {
		read, err := s.reader.pool.Recognize(ctx, image, ocr.Hints{Languages: page.Languages, Neighbours: page.Neighbours, DPI: int(page.DPI)})
		if err != nil {
			p.Failure = err.Error()
			return ctx.Err()
		}
		p.TextSource, p.Engine, p.Confidence = schemas.SourceOCR, read.Engine, read.Confidence
		p.Width, p.Height, p.Rotation, p.Skew = int32(read.Width), int32(read.Height), int32(read.Rotation), read.Skew
		for _, paragraph := range read.Paragraphs() {
			var lines []string
			for _, line := range paragraph.Lines {
				lines = append(lines, line.Text)
			}
			if joined := text.JoinLines(lines); joined != "" {
				p.Blocks = append(p.Blocks, schemas.Block{Page: p.Page, Kind: schemas.BlockParagraph, Text: joined})
			}
		}
		return nil
	})
	return nil
}

// openPool makes the recognisers when the first page needs them.
func (r *fileReader) openPool() error {
	if r.pool != nil {
		return nil
	}
	options := ocr.Options{Children: r.o.workers, Engines: r.o.engines, Tessdata: r.o.tessdata, Log: r.log}
	if r.identify != nil {
		options.Identifier = identifier{r.identify}
	}
	pool, err := ocr.NewPool(options)
	if err != nil {
		return fmt.Errorf("OCR: %w", err)
	}
	r.pool = pool
	return nil
}

// Regions reads parts of a page in the background.
func (s *resultSink) Regions(ctx context.Context, page *schemas.Page, layer *schemas.PageText, images [][]byte) error {
	s.reader.progress.at(page.Page)
	s.texts = append(s.texts, layer)
	s.images[page.Page] = true
	if s.reader.o.noOCR {
		return nil
	}
	if err := s.reader.openPool(); err != nil {
		return err
	}
	s.work.Go(func() error {
		failures, err := ocrstage.Mix(ctx, s.reader.pool, page, layer, images)
		if err == nil {
			err = errors.Join(failures...)
		}
		if err != nil {
			layer.Failure = err.Error()
		}
		return ctx.Err()
	})
	return nil
}

// identifier is an extract.Identifier for those that know no declarations.
type identifier struct{ extract.Identifier }

func (i identifier) Identify(text string) (string, float64) { return i.IdentifyWith(text) }

func (s *resultSink) Figure(_ context.Context, f *schemas.Figure, image []byte) error {
	sum := sha256.Sum256(image)
	figure := extractedFigure{
		Page: f.Page, Kind: f.Kind, Caption: f.Caption, Language: f.Language, Candidates: []extractedCaption{},
		X: f.X, Y: f.Y, Width: f.Width, Height: f.Height, MediaType: f.MediaType, SHA256: hex.EncodeToString(sum[:]),
	}
	for _, c := range f.Candidates {
		figure.Candidates = append(figure.Candidates, extractedCaption(c))
	}
	s.result.Figures = append(s.result.Figures, figure)
	if s.reader.o.figures == "" {
		return nil
	}
	if err := os.MkdirAll(s.reader.o.figures, 0o777); err != nil {
		return err
	}
	_, extension, _ := strings.Cut(f.MediaType, "/")
	return os.WriteFile(filepath.Join(s.reader.o.figures, figure.SHA256+"."+extension), image, 0o666)
}

// finish puts the pages in order and sums them up.
func (s *resultSink) finish(ctx context.Context) {
	slices.SortStableFunc(s.texts, func(a, b *schemas.PageText) int { return int(a.Page - b.Page) })
	var all []string
	sources := map[string]int{}
	for _, p := range s.texts {
		s.result.Title = p.Title
		s.result.License = p.License
		if p.Languages != nil {
			s.result.Declared = p.Languages
		}
		if sources[p.TextSource]++; sources[p.TextSource] > sources[s.result.TextSource] {
			s.result.TextSource = p.TextSource
		}
		measures := map[string]float64{}
		for _, m := range p.Measures {
			measures[m.Name] = m.Value
		}
		s.result.Pages = append(s.result.Pages, extractedPage{
			Page: p.Page, Label: p.Label, TextSource: p.TextSource, Reason: p.Reason, Evidence: p.Evidence, Engine: p.Engine, Confidence: p.Confidence,
			Width: p.Width, Height: p.Height, Rotation: p.Rotation, Error: p.Failure, Measures: measures,
		})
		if p.Failure != "" && s.images[p.Page] && !s.reader.o.noOCR && ctx.Err() == nil {
			s.result.failures = append(s.result.failures, fmt.Sprintf("page %d: %s", p.Page, p.Failure))
		}
		for _, b := range p.Outline {
			s.result.Outline = append(s.result.Outline, bookmark{b.Level, b.Title, b.Page, b.Entry})
		}
		for _, b := range p.Blocks {
			s.result.Blocks = append(s.result.Blocks, extractedBlock{b.Page, b.Kind, b.Text})
			all = append(all, b.Text)
		}
	}
	slices.SortStableFunc(s.result.Outline, func(a, b bookmark) int { return int(a.entry - b.entry) })
	s.result.Text = strings.Join(all, "\n\n")
	if s.reader.identify != nil && s.result.Text != "" {
		s.result.Language, s.result.Confidence = s.reader.identify.IdentifyWith(s.result.Text, s.result.Declared...)
	}
}
