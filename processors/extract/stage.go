package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"vislang/pkg/blob"
	"vislang/pkg/pdf"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// Name of the stage.
const Name = "extract"

// Stage is the extract stage: documents to pages, page-texts and figures.
type Stage struct {
	codec *schemas.Codec
	blobs *blob.Store
	x     *Extractor
	log   *slog.Logger
}

// NewStage returns the stage. The pool is the caller's to close.
func NewStage(codec *schemas.Codec, blobs *blob.Store, pool *pdf.Pool, identifier Identifier, log *slog.Logger) *Stage {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Stage{codec: codec, blobs: blobs, log: log, x: New(Options{PDF: pool, Identifier: identifier, Log: log})}
}

// Name implements stream.Stage.
func (s *Stage) Name() string { return Name }

// Inputs implements stream.Stage.
func (s *Stage) Inputs() []string { return []string{schemas.TopicDocuments} }

// Process implements stream.Stage.
func (s *Stage) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	doc, err := processors.Input[schemas.Document](ctx, s.codec, in)
	if err != nil {
		return err
	}
	if doc.FetchError != "" {
		return stream.Permanent(ClassUnreadable, fmt.Errorf("%s could not be fetched: %s", doc.URL, doc.FetchError))
	}
	err = s.x.Extract(ctx, s.input(doc), &topics{stage: s, doc: doc, out: out})
	switch class := ClassOf(err); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case class != "":
		return stream.Permanent(class, fmt.Errorf("extract %s: %w", doc.URL, err))
	}
	return fmt.Errorf("extract %s: %w", doc.URL, err) // keeps what BlobError marked
}

func (s *Stage) input(doc *schemas.Document) Input {
	resources := map[string]schemas.Resource{}
	for _, r := range doc.Resources {
		resources[r.URL] = r
	}
	name := doc.FileName
	if name == "" {
		name = doc.URL
	}
	return Input{
		Context: schemas.Context{
			DocumentID: doc.DocumentID, Revision: doc.Revision, URL: doc.URL, GroupID: doc.GroupID, Title: doc.Title,
			Languages: doc.Languages, License: doc.License,
		},
		Name: name, MediaType: doc.MediaType, Size: doc.Bytes,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			r, err := s.blobs.Reader(ctx, doc.SHA256)
			if err != nil {
				return nil, processors.BlobError(err)
			}
			return r, nil
		},
		Resource: func(ctx context.Context, url string) ([]byte, error) {
			r, ok := resources[url]
			if !ok || r.SHA256 == "" || r.Bytes > maxPicture {
				return nil, nil
			}
			data, err := s.blobs.Get(ctx, r.SHA256)
			if errors.Is(err, blob.ErrNotFound) {
				return nil, nil // the text does not need its pictures
			}
			if err != nil {
				return nil, processors.BlobError(err)
			}
			return data, nil
		},
	}
}

// topics is the sink of the stage.
type topics struct {
	stage *Stage
	doc   *schemas.Document
	out   *stream.Output
}

func (t *topics) put(ctx context.Context, data []byte) (string, error) {
	name, err := t.stage.blobs.Put(ctx, data)
	if err != nil {
		return "", processors.BlobError(err)
	}
	return name, nil
}

func (t *topics) emit(ctx context.Context, topic, key string, rec any) error {
	value, err := t.stage.codec.Encode(ctx, rec)
	if err != nil {
		return err
	}
	t.out.Emit(topic, []byte(key), value)
	return nil
}

func (t *topics) Text(ctx context.Context, p *schemas.PageText) error {
	if err := schemas.Spill(ctx, t.stage.blobs, p); err != nil {
		return processors.BlobError(err)
	}
	return t.emit(ctx, schemas.TopicPageTexts, p.DocumentID, p)
}

func (t *topics) Page(ctx context.Context, p *schemas.Page, data []byte) (err error) {
	if p.Image, err = t.put(ctx, data); err != nil {
		return err
	}
	return t.emit(ctx, schemas.TopicPages, p.DocumentID+"/"+strconv.Itoa(int(p.Page)), p)
}

func (t *topics) Regions(ctx context.Context, p *schemas.Page, layer *schemas.PageText, images [][]byte) (err error) {
	for i, image := range images {
		if p.Regions[i].Image, err = t.put(ctx, image); err != nil {
			return err
		}
	}
	if p.TextLayer, err = processors.SavePageText(ctx, t.stage.codec, t.stage.blobs, layer); err != nil {
		return err
	}
	return t.emit(ctx, schemas.TopicPages, p.DocumentID+"/"+strconv.Itoa(int(p.Page)), p)
}

func (t *topics) Figure(ctx context.Context, f *schemas.Figure, data []byte) (err error) {
	if f.Image, err = t.put(ctx, data); err != nil {
		return err
	}
	f.FigureID = schemas.NewFigureID(f.DocumentID, f.Page, f.X, f.Y, f.Width, f.Height, f.Image)
	return t.emit(ctx, schemas.TopicFigures, f.DocumentID, f)
}

func (t *topics) Failed(_ context.Context, page int32, err error) error {
	t.stage.log.Warn("page cannot be read", "stage", Name, "document", t.doc.DocumentID, "page", page, "error", err)
	t.out.DeadLetter(stream.Permanent(ClassOf(err), fmt.Errorf("%s: %w", t.doc.URL, err)))
	return nil
}
