package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"

	"golang.org/x/image/tiff"

	"vislang/pkg/media"
	"vislang/schemas"
)

// Bounds on one TIFF file.
const (
	maxTIFFPages  = 2000
	maxTIFFPixels = 8_000_000_000 // of all its pages; 900 pages of A4 at 300 dpi
)

// picture makes a page for OCR of a picture (of each page of a TIFF), and a
// figure when it looks like a photograph rather than a page.
func (x *Extractor) picture(ctx context.Context, in Input, mediaType string, sink Sink) error {
	data, err := in.load(ctx, maxPicture)
	if err != nil {
		return err
	}
	if mediaType == media.TIFF {
		if offsets := tiffPages(data); len(offsets) > 1 {
			return x.tiff(ctx, in, data, offsets, sink)
		}
	}
	width, height, err := media.Size(data)
	if err != nil {
		return err
	}
	if width*height > maxPixels {
		return tooManyPixels(width, height)
	}
	fillContext(&in.Context, 1, "", "")
	page := &schemas.Page{
		Context: in.Context, Page: 1, MediaType: mediaType, Width: int32(width), Height: int32(height), Provenance: schemas.Provenance{Reason: schemas.ReasonPicture},
	}
	if err := x.pictureFigure(ctx, in.Context, mediaType, data, page, sink); err != nil {
		return err
	}
	return sink.Page(ctx, page, data)
}

// pictureFigure hands on a picture that looks like a photograph. What would take
// too much memory to look at is a page and no more.
func (x *Extractor) pictureFigure(ctx context.Context, c schemas.Context, mediaType string, data []byte, page *schemas.Page, sink Sink) error {
	cost, err := media.DecodeCost(data)
	if err != nil {
		return err
	}
	if cost > maxDecoded {
		x.o.Log.Info("a picture is too large to look at", "stage", Name, "document", c.DocumentID, "bytes", cost)
		return nil
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		if mediaType == media.TIFF { // it has compressions that only the OCR engine's decoder knows
			return nil
		}
		return failf(ClassCorrupt, "the picture cannot be decoded: %w", err)
	}
	if !photographic(decoded) || min(page.Width, page.Height) < minFigure {
		return nil
	}
	return sink.Figure(ctx, &schemas.Figure{
		Context: c, Page: 1, Kind: "picture", MediaType: mediaType, Width: page.Width, Height: page.Height,
	}, data)
}

func tooManyPixels(width, height int) error {
	return failf(ClassTooLarge, "the picture has %d by %d pixels, the limit is %d million", width, height, maxPixels/1_000_000)
}

// photographic tells a photograph from a page: paper is mostly one tone.
func photographic(img image.Image) bool {
	var tones [32]int
	b := img.Bounds()
	step := max(1, max(b.Dx(), b.Dy())/400)
	n := 0
	for y := b.Min.Y; y < b.Max.Y; y += step {
		for x := b.Min.X; x < b.Max.X; x += step {
			tones[color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y>>3]++
			n++
		}
	}
	best := 0
	for i := range tones[:len(tones)-2] {
		best = max(best, tones[i]+tones[i+1]+tones[i+2])
	}
	return n > 0 && best*100 < 45*n
}

// tiff hands on each page of a TIFF file, as PNG where it can be decoded.
func (x *Extractor) tiff(ctx context.Context, in Input, data []byte, offsets []uint32, sink Sink) error {
	fillContext(&in.Context, len(offsets), "", "")
	sink = &neighbours{Sink: sink}
	var pixels int64 // of all pages: many directories may name the same strips
	for i, offset := range offsets {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := int32(i + 1)
		one := bytes.Clone(data)
		byteOrder(one).PutUint32(one[4:], offset) // this page first
		page := &schemas.Page{Context: in.Context, Page: n, MediaType: media.PNG, Provenance: schemas.Provenance{Reason: schemas.ReasonPicture}}
		content, err := tiffPage(one, page, maxTIFFPixels-pixels)
		pixels += int64(page.Width) * int64(page.Height)
		if err != nil {
			if err := fail(ctx, in.Context, n, err, sink); err != nil {
				return err
			}
			continue
		}
		if err := sink.Page(ctx, page, content); err != nil {
			return err
		}
	}
	return nil
}

// tiffPage turns the first page of a TIFF file into a PNG. A compression that
// is not known here leaves it as it is, for the OCR engine's decoder.
func tiffPage(data []byte, page *schemas.Page, left int64) ([]byte, error) {
	config, err := tiff.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, failf(ClassCorrupt, "TIFF page %d: %w", page.Page, err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return nil, failf(ClassCorrupt, "TIFF page %d has no area", page.Page)
	}
	if config.Width*config.Height > maxPixels {
		return nil, tooManyPixels(config.Width, config.Height)
	}
	if int64(config.Width)*int64(config.Height) > left {
		return nil, failf(ClassTooLarge, "TIFF page %d: the file has more than %d million pixels", page.Page, int64(maxTIFFPixels)/1_000_000)
	}
	page.Width, page.Height = int32(config.Width), int32(config.Height)
	if cost, err := media.DecodeCost(data); err == nil && cost > maxDecoded {
		page.MediaType = media.TIFF
		return data, nil
	}
	img, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		page.MediaType = media.TIFF
		return data, nil
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		return nil, failf(ClassCorrupt, "TIFF page %d: %w", page.Page, err)
	}
	return b.Bytes(), nil
}

func byteOrder(data []byte) binary.ByteOrder {
	if data[0] == 'M' {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// tiffPages lists the places of the pages' directories (TIFF 6.0, section 2).
func tiffPages(data []byte) []uint32 {
	if len(data) < 8 {
		return nil
	}
	order := byteOrder(data)
	seen := map[uint32]bool{}
	var out []uint32
	for at := order.Uint32(data[4:]); at != 0 && !seen[at] && len(out) < maxTIFFPages; {
		if int64(at)+2 > int64(len(data)) {
			break
		}
		next := int64(at) + 2 + 12*int64(order.Uint16(data[at:]))
		if next+4 > int64(len(data)) {
			break
		}
		seen[at] = true
		out = append(out, at)
		at = order.Uint32(data[next:])
	}
	return out
}
