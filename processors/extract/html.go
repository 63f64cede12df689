package extract

import (
	"context"
	"errors"

	"vislang/pkg/html"
	"vislang/pkg/media"
	"vislang/schemas"
)

const htmlEngine = "vislang html"

func (x *Extractor) html(ctx context.Context, in Input, sink Sink) error {
	data, err := in.load(ctx, maxMarkup)
	if err != nil {
		return err
	}
	article, err := html.Extract(ctx, data, html.Options{URL: in.Context.URL})
	if errors.Is(err, html.ErrTooLarge) {
		return failf(ClassTooLarge, "%w", err)
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failf(ClassCorrupt, "%w", err)
	}
	fillContext(&in.Context, 1, article.Title, article.License, article.Languages...)
	text := &schemas.PageText{Context: in.Context, Page: 1, TextSource: schemas.SourceHTML, Engine: htmlEngine, Confidence: 1}
	for _, b := range article.Blocks {
		text.Blocks = append(text.Blocks, schemas.Block{Page: 1, Kind: b.Kind, Text: b.Text})
	}
	if err := x.htmlFigures(ctx, in, article, sink); err != nil {
		return err
	}
	return sink.Text(ctx, text)
}

func (x *Extractor) htmlFigures(ctx context.Context, in Input, article *html.Article, sink Sink) error {
	seen := map[string]bool{}
	for _, f := range article.Figures[:min(len(article.Figures), maxFigures)] {
		data := f.Data
		if len(data) == 0 && in.Resource != nil && f.URL != "" && !seen[f.URL] {
			seen[f.URL] = true
			var err error
			if data, err = in.Resource(ctx, f.URL); err != nil {
				return err
			}
		}
		if len(data) == 0 {
			continue // not fetched
		}
		mediaType := media.Detect(data, f.URL)
		width, height, err := media.Size(data)
		if err != nil || min(width, height) < minFigure || max(width, height) > 10*min(width, height) {
			continue // a drawing without pixels, an icon, a tracker, a rule
		}
		record := &schemas.Figure{
			Context: in.Context, Page: 1, Kind: "picture", MediaType: mediaType, Width: int32(width), Height: int32(height),
		}
		for _, c := range f.Captions {
			record.Candidates = append(record.Candidates, schemas.CaptionCandidate{Text: c.Text, Origin: c.Origin})
		}
		x.setCaption(record)
		if err := sink.Figure(ctx, record, data); err != nil {
			return err
		}
	}
	return nil
}
