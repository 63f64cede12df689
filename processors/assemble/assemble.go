// Package assemble is the stage that joins the pages of a document into one
// text in reading order, with sentences and languages: page-texts → texts.
//
// It keeps a document's pages in its state until the last one is there. Pages
// arrive in any order; a page that could not be read arrives as a PageText
// with a failure, so that the rest of its document is not held back.
package assemble

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"vislang/pkg/blob"
	"vislang/pkg/lang"
	"vislang/pkg/stream"
	"vislang/pkg/text"
	"vislang/processors"
	"vislang/schemas"
)

// Identifier finds the language of a text, given the declared ones.
type Identifier interface {
	IdentifyWith(text string, declared ...string) (label string, confidence float64)
}

// Options are what the stage works with.
type Options struct {
	Codec    *schemas.Codec
	Blobs    *blob.Store
	Language Identifier
}

// Stage implements stream.Stateful.
type Stage struct{ o Options }

// New makes the stage.
func New(o Options) *Stage { return &Stage{o} }

// Name implements stream.Stage.
func (*Stage) Name() string { return "assemble" }

// Inputs implements stream.Stage.
func (*Stage) Inputs() []string { return []string{schemas.TopicPageTexts} }

// Changelog implements stream.Stateful.
func (*Stage) Changelog() string { return "vislang.assemble.state" }

// Process implements stream.Stage.
func (s *Stage) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	page, err := processors.Input[schemas.PageText](ctx, s.o.Codec, in)
	if err != nil {
		return err
	}
	if page.Pages <= 1 {
		return s.emit(ctx, []*schemas.PageText{page}, out)
	}
	if page.Page < 1 || page.Page > page.Pages {
		return stream.Permanent("inconsistent", fmt.Errorf("page %d of a document of %d pages", page.Page, page.Pages))
	}
	// Pages of one revision join each other only: a document that is
	// processed again is whole again when all its pages came again.
	document := page.DocumentID
	if page.Revision > 0 {
		document = fmt.Sprintf("%s@%d", document, page.Revision)
	}
	pages := newBitmap(out.Get(document), page.Pages)
	if pages.has(page.Page) {
		return nil // a page that was replayed: the first stays
	}
	pages.add(page.Page)
	if pages.count() < int(page.Pages) {
		out.Put(document, pages)
		out.Put(pageKey(document, page.Page), slices.Clone(in.Value))
		return nil
	}
	all := make([]*schemas.PageText, page.Pages)
	all[page.Page-1] = page
	for n := int32(1); n <= page.Pages; n++ {
		if n == page.Page {
			continue
		}
		key := pageKey(document, n)
		if all[n-1], err = schemas.Decode[schemas.PageText](ctx, s.o.Codec, out.Get(key)); err != nil {
			return fmt.Errorf("read page %d of %s from the state: %w", n, page.DocumentID, err)
		}
		out.Put(key, nil)
	}
	out.Put(document, nil)
	return s.emit(ctx, all, out)
}

func pageKey(document string, page int32) string { return fmt.Sprintf("%s/%d", document, page) }

// emit joins pages, which stand in order, and writes the text.
func (s *Stage) emit(ctx context.Context, pages []*schemas.PageText, out *stream.Output) error {
	t := schemas.Text{Context: pages[0].Context}
	confidence := map[int32]float64{}
	for _, page := range pages {
		if err := schemas.Load(ctx, s.o.Blobs, page); err != nil {
			return processors.BlobError(err)
		}
		if page.TextSource == schemas.SourceNone {
			t.FailedPages++
		}
		if !slices.Contains(t.TextSources, page.TextSource) {
			t.TextSources = append(t.TextSources, page.TextSource)
		}
		confidence[page.Page] = page.Confidence
		t.Outline = append(t.Outline, page.Outline...)
		for _, block := range page.Blocks {
			block.Page = page.Page
			t.Blocks = append(t.Blocks, block)
		}
	}
	slices.SortStableFunc(t.Outline, func(a, b schemas.Bookmark) int { return cmp.Compare(a.Entry, b.Entry) })
	s.identify(&t)
	if t.Title == "" {
		t.Title = title(t.Blocks)
	}
	for i, block := range t.Blocks {
		if block.Kind == schemas.BlockTable || block.Kind == schemas.BlockCode {
			continue // cells and code are no sentences
		}
		for _, sentence := range text.Sentences(block.Text, block.Language) {
			t.Sentences = append(t.Sentences, schemas.Sentence{
				Page: block.Page, Block: int32(i), Start: int32(sentence.Start), End: int32(sentence.End),
				Text: sentence.Text, Language: block.Language,
				Quality: text.Quality(sentence.Text) * confidence[block.Page],
			})
		}
	}
	if err := schemas.Spill(ctx, s.o.Blobs, &t); err != nil {
		return processors.BlobError(err)
	}
	value, err := s.o.Codec.Encode(ctx, &t)
	if err != nil {
		return fmt.Errorf("encode text of %s: %w", t.DocumentID, err)
	}
	key := t.GroupID
	if key == "" {
		key = t.DocumentID
	}
	out.Emit(schemas.TopicTexts, []byte(key), value)
	return nil
}

// Lengths in letters and bytes of what is given to the identification.
const (
	blockEnough    = 60      // a block with fewer letters takes the document's language
	documentEnough = 1 << 15 // more text than this makes no difference
)

// goodPart of a document is enough for it to be in the declared language.
const goodPart = 0.4

// identify finds the language of the document from its blocks together, then
// of each block that is long enough to say something of its own.
func (s *Stage) identify(t *schemas.Text) {
	var whole strings.Builder
	for _, block := range t.Blocks {
		if block.Kind != schemas.BlockCode && whole.Len() < documentEnough {
			whole.WriteString(block.Text)
			whole.WriteByte('\n')
		}
	}
	t.Language, t.Confidence = s.o.Language.IdentifyWith(whole.String(), t.Languages...)
	s.identifyBlocks(t)
	if label, part := halfTranslated(t); label != "" {
		t.Language, t.Confidence = label, part
		s.identifyBlocks(t)
	}
}

func (s *Stage) identifyBlocks(t *schemas.Text) {
	for i := range t.Blocks {
		block := &t.Blocks[i]
		block.Language = t.Language
		if utf8.RuneCountInString(block.Text) < blockEnough {
			continue
		}
		// The document's language counts as declared for its blocks.
		if label, sure := s.o.Language.IdentifyWith(block.Text, t.Language); sure >= 0.9 {
			block.Language = label
		}
	}
}

// halfTranslated returns the declared language of a document that was found to
// be in another one, and how much of it is in the declared one, if that is a
// good part: of a translation that is not finished the rest is as it was, and
// may be more. Taken for the original, it would be a second one. Else the
// language is "".
func halfTranslated(t *schemas.Text) (language string, part float64) {
	letters, all := map[string]int{}, 0
	for _, block := range t.Blocks {
		if n := utf8.RuneCountInString(block.Text); n >= blockEnough && block.Kind != schemas.BlockCode {
			letters[block.Language] += n
			all += n
		}
	}
	for _, tag := range t.Languages {
		label := lang.FromTag(tag)
		if label == t.Language {
			return "", 0
		}
		if share := float64(letters[label]) / float64(max(1, all)); share >= goodPart && share > part {
			language, part = label, share
		}
	}
	return language, part
}

// title is the first heading of the first page that has any text.
func title(blocks []schemas.Block) string {
	for _, block := range blocks {
		if block.Page != blocks[0].Page {
			break
		}
		if block.Kind == schemas.BlockHeading {
			return block.Text
		}
	}
	return ""
}

// bitmap is the set of a document's pages that have arrived.
type bitmap []byte

func newBitmap(stored []byte, pages int32) bitmap {
	b := make(bitmap, (pages+7)/8)
	copy(b, stored)
	return b
}

func (b bitmap) has(page int32) bool { return b[(page-1)/8]&(1<<((page-1)%8)) != 0 }
func (b bitmap) add(page int32)      { b[(page-1)/8] |= 1 << ((page - 1) % 8) }

func (b bitmap) count() int {
	n := 0
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}
