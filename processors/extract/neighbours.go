package extract

import (
	"context"
	"slices"
	"strings"

	"vislang/schemas"
)

const (
	// neighbourSure is the confidence from which the language of a page is
	// evidence for those that follow.
	neighbourSure = 0.8
	// neighbourText is about how much of a page tells its language, in bytes.
	neighbourText = 4 << 10
	// maxNeighbours bounds the languages kept: documents in more are rare.
	maxNeighbours = 2
	// sampleFrom is the least number of pages of a document for which a look
	// at one more page pays.
	sampleFrom = 8
	// sampleEach is for how many page images one is the sample. The first is
	// the second, as a cover has little text.
	sampleEach = 32
)

// neighbours is a Sink that tells pages that need OCR what is known of the
// language of the pages before them, when their document declares none. It
// goes by nothing but the document: pages are recognised in any order, and a
// replay has to give the same.
type neighbours struct {
	Sink
	identifier Identifier // may be nil
	languages  []string   // of the pages with a text layer so far, the nearest first
	images     int        // page images so far
	sample     string
}

// Text implements Sink.
func (n *neighbours) Text(ctx context.Context, p *schemas.PageText) error {
	if n.identifier != nil && p.TextSource == schemas.SourceTextLayer && len(p.Languages) == 0 {
		n.add(p.Blocks)
	}
	return n.Sink.Text(ctx, p)
}

func (n *neighbours) add(blocks []schemas.Block) {
	var text strings.Builder
	for _, b := range blocks {
		if text.Len() > neighbourText {
			break
		}
		text.WriteString(b.Text)
		text.WriteByte('\n')
	}
	label, confidence := n.identifier.IdentifyWith(text.String())
	if confidence < neighbourSure || strings.HasPrefix(label, "und") {
		return
	}
	n.languages = slices.DeleteFunc(n.languages, func(l string) bool { return l == label })
	n.languages = slices.Insert(n.languages, 0, label)
	n.languages = n.languages[:min(len(n.languages), maxNeighbours)]
}

// Page implements Sink.
func (n *neighbours) Page(ctx context.Context, p *schemas.Page, image []byte) error {
	n.images++
	next := n.images%sampleEach == 2 // to be the sample, which is read on its own
	if len(p.Languages) == 0 {
		p.Neighbours = slices.Clone(n.languages)
		if len(p.Neighbours) == 0 && p.Pages >= sampleFrom && !next {
			p.Sample = n.sample
		}
	}
	err := n.Sink.Page(ctx, p, image)
	if next {
		n.sample = p.Image // "" for a sink that keeps no images
	}
	return err
}

// Regions implements Sink. What else is on the page is nearest.
func (n *neighbours) Regions(ctx context.Context, p *schemas.Page, layer *schemas.PageText, images [][]byte) error {
	if n.identifier != nil && len(p.Languages) == 0 {
		n.add(layer.Blocks)
		p.Neighbours = slices.Clone(n.languages)
	}
	return n.Sink.Regions(ctx, p, layer, images)
}
