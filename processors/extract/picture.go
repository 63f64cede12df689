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

// maxTIFFPages bounds the pages of one TIFF file.
const maxTIFFPages = 2000

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
		Context: in.Context, Page: 1, MediaType: mediaType, Width: int32(width), Height: int32(height), Reason: "picture",
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	switch {
	case err == nil:
		if photographic(decoded) && min(width, height) >= minFigure {
			figure := &schemas.Figure{
				Context: in.Context, Page: 1, Kind: "picture", MediaType: mediaType, Width: page.Width, Height: page.Height,
			}
			if err := sink.Figure(ctx, figure, data); err != nil {
				return err
			}
		}
	case mediaType != media.TIFF: // TIFF has compressions that only the OCR engine's decoder knows
		return failf(ClassCorrupt, "the picture cannot be decoded: %w", err)
	}
	return sink.Page(ctx, page, data)
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
	for i, offset := range offsets {
		n := int32(i + 1)
		one := bytes.Clone(data)
		byteOrder(one).PutUint32(one[4:], offset) // this page first
		page := &schemas.Page{Context: in.Context, Page: n, MediaType: media.PNG, Reason: "picture"}
		content, err := tiffPage(one, page)
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
func tiffPage(data []byte, page *schemas.Page) ([]byte, error) {
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
	page.Width, page.Height = int32(config.Width), int32(config.Height)
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
