package extract

import (
	"context"

	"vislang/pkg/pdf"
	"vislang/schemas"
)

// trusted hands on the text layer of a page, with the images of the parts that
// it does not tell.
func (x *Extractor) trusted(ctx context.Context, c schemas.Context, doc *pdf.Document, page *pdf.Page, sink Sink) error {
	layer := pageText(c, page)
	record := &schemas.Page{
		Context: c, Page: layer.Page, Width: layer.Width, Height: layer.Height, DPI: renderDPI, Provenance: layer.Provenance,
	}
	record.Reason = schemas.ReasonParts
	var images [][]byte
	for _, r := range page.Regions {
		image, err := doc.Region(ctx, page, r, renderDPI, renderPixels)
		if err != nil {
			if ClassOf(err) == "" {
				return err
			}
			x.o.Log.Warn("part of a page cannot be drawn for OCR", "document", c.DocumentID, "page", page.Number, "error", err)
			continue
		}
		px, py, w, h := place(r.Box)
		images = append(images, image.Data)
		record.Regions = append(record.Regions, schemas.Region{
			X: px, Y: py, Width: w, Height: h, Picture: r.Picture, Aside: r.Aside, Block: int32(r.Block), Detail: r.Detail,
		})
		record.MediaType = image.MediaType
		record.DPI = min(record.DPI, int32(image.DPI))
	}
	if len(images) == 0 {
		return sink.Text(ctx, layer)
	}
	x.o.Log.Debug("parts of a page need OCR", "document", c.DocumentID, "page", page.Number, "regions", len(images))
	return sink.Regions(ctx, record, layer, images)
}
