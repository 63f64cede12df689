package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"vislang/pkg/blob"
)

// figureColumnSet holds the columns of a figure that both formats have.
type figureColumnSet struct {
	Caption     string  `parquet:"caption,optional" json:"caption"`
	Language    *string `parquet:"caption_language,optional" json:"caption_language"`
	Kind        string  `parquet:"kind,optional" json:"kind"`
	FigureID    string  `parquet:"figure_id,optional" json:"figure_id"`
	DocumentID  string  `parquet:"document_id,optional" json:"document_id"`
	URL         *string `parquet:"url,optional" json:"url"`
	Page        *int32  `parquet:"page,optional" json:"page"`
	X           *int32  `parquet:"x,optional" json:"x"`
	Y           *int32  `parquet:"y,optional" json:"y"`
	Width       *int32  `parquet:"width,optional" json:"width"`
	Height      *int32  `parquet:"height,optional" json:"height"`
	ImageSHA256 string  `parquet:"image_sha256,optional" json:"image_sha256"`
	MediaType   string  `parquet:"media_type,optional" json:"media_type"`
	License     *string `parquet:"license,optional" json:"license"`
	GroupID     *string `parquet:"group_id,optional" json:"group_id"`
	Version     *string `parquet:"stage_version,optional" json:"stage_version"`
}

// figureRow is a row of the set of figures in Parquet.
type figureRow struct {
	Image *imageCell `parquet:"image,optional"`
	figureColumnSet
}

// imageCell is how Hugging Face stores an image: these fields, in this order.
type imageCell struct {
	Bytes []byte  `parquet:"bytes,optional"`
	Path  *string `parquet:"path,optional"`
}

// figureLine is a row of the set of figures in JSON Lines.
type figureLine struct {
	FileName string `json:"file_name"` // relative to the file
	figureColumnSet
}

const figureColumns = `caption, caption_language, kind, figure_id, document_id, url, page, x, y, width, height,
	image_sha256, media_type, license, group_id, stage_version`

const figureOrder = "ORDER BY document_id, page, figure_id, recorded_at, offset"

func exportFigures(ctx context.Context, o Options, p plan, dir string, set *SetReport) error {
	rows, err := o.Database.Query(p.context(ctx, o), "SELECT "+figureColumns+" FROM "+p.from+" "+figureOrder)
	if err != nil {
		return err
	}
	defer rows.Close()
	out, err := newOutput[figureRow](o, dir, Figures, figureRowGroup)
	if err != nil {
		return err
	}
	defer out.abandon()
	var last string
	for rows.Next() {
		var c figureColumnSet
		var language, url, license, group, version string
		var page, x, y, width, height int32
		if err := rows.Scan(&c.Caption, &language, &c.Kind, &c.FigureID, &c.DocumentID, &url, &page, &x, &y, &width, &height,
			&c.ImageSHA256, &c.MediaType, &license, &group, &version); err != nil {
			return err
		}
		if c.FigureID == last {
			continue
		}
		last = c.FigureID
		c.Language, c.URL, c.License, c.GroupID, c.Version = text(language), text(url), text(license), text(group), text(version)
		c.Page, c.X, c.Y, c.Width, c.Height = &page, &x, &y, &width, &height
		data, err := o.Blobs.Get(ctx, c.ImageSHA256)
		if errors.Is(err, blob.ErrNotFound) || err == nil && !decodable(data) {
			set.Unreadable++ // a loader would fail on it, in the middle of a training run
			continue
		}
		if err != nil {
			return fmt.Errorf("figure %s: %w", c.FigureID, err)
		}
		name := c.ImageSHA256 + extension(c.MediaType)
		if o.has(JSONL) {
			if err := writeImage(filepath.Join(dir, Figures, "images", name), data); err != nil {
				return err
			}
		}
		row := figureRow{&imageCell{data, &name}, c}
		if err := out.write(row, figureLine{"images/" + name, c}, len(data)); err != nil {
			return err
		}
		set.add(language, license)
		o.progress(Figures, set.Rows, p.rows)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	set.Files, err = out.finish()
	return err
}

// decodable looks at the head of an image: whole decoding would take as long
// as training on it.
func decodable(data []byte) bool {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	return err == nil && c.Width > 0 && c.Height > 0
}

func extension(mediaType string) string {
	return map[string]string{
		"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/tiff": ".tif", "image/bmp": ".bmp",
	}[mediaType]
}

// writeImage writes an image unless an earlier figure had the same.
func writeImage(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
