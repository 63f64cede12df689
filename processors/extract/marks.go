package extract

import (
	"context"

	"vislang/pkg/pdf"
	"vislang/schemas"
)

// marked is a Sink that gives each page its label and the bookmarks that lead
// to it: spread over the pages, an outline makes no record large.
type marked struct {
	Sink
	labels  []string
	outline map[int32][]schemas.Bookmark // by page; what leads nowhere is with the first
}

func mark(sink Sink, info pdf.Info) Sink {
	m := &marked{Sink: sink, labels: info.Labels, outline: map[int32][]schemas.Bookmark{}}
	for i, b := range info.Outline {
		at := int32(max(1, b.Page))
		m.outline[at] = append(m.outline[at], schemas.Bookmark{Entry: int32(i + 1), Level: int32(b.Level), Title: b.Title, Page: int32(b.Page)})
	}
	return m
}

func (m *marked) of(page int32) schemas.Marks {
	marks := schemas.Marks{Outline: m.outline[page]}
	if n := int(page); n <= len(m.labels) {
		marks.Label = m.labels[n-1]
	}
	return marks
}

// Text implements Sink.
func (m *marked) Text(ctx context.Context, p *schemas.PageText) error {
	p.Marks = m.of(p.Page)
	return m.Sink.Text(ctx, p)
}

// Page implements Sink.
func (m *marked) Page(ctx context.Context, p *schemas.Page, image []byte) error {
	p.Marks = m.of(p.Page)
	return m.Sink.Page(ctx, p, image)
}

// Regions implements Sink.
func (m *marked) Regions(ctx context.Context, p *schemas.Page, layer *schemas.PageText, images [][]byte) error {
	p.Marks = m.of(p.Page) // for the case that the parts are lost
	layer.Marks = p.Marks
	return m.Sink.Regions(ctx, p, layer, images)
}
