// Package align is the stage that aligns the documents of a parallel group
// with each other, sentence by sentence: texts → bitext.
//
// It remembers the documents of each group. When a document arrives it is
// aligned with every one that is there already in another language, so that
// each pair is aligned once, whichever came first. A newer revision of a
// document takes the place of the older and is aligned with all others again.
package align

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vislang/pkg/align"
	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// Options are what the stage works with.
type Options struct {
	Codec *schemas.Codec
	Blobs *blob.Store

	// Pivots are ISO 639-3 codes: only pairs with one of these languages
	// are made. Empty means all pairs, whose number grows with the square
	// of the languages.
	Pivots []string
}

// Stage implements stream.Stateful.
type Stage struct{ o Options }

// New makes the stage.
func New(o Options) *Stage { return &Stage{o} }

// Name implements stream.Stage.
func (*Stage) Name() string { return "align" }

// Inputs implements stream.Stage.
func (*Stage) Inputs() []string { return []string{schemas.TopicTexts} }

// Changelog implements stream.Stateful.
func (*Stage) Changelog() string { return "vislang.align.state" }

// member is a document of a group, as the state holds it.
type member struct {
	Document string `json:"document"`
	Revision int64  `json:"revision,omitempty"`
	Language string `json:"language"`
	License  string `json:"license,omitempty"`
	Text     string `json:"text"` // blob with the encoded schemas.Text
}

// Process implements stream.Stage.
func (s *Stage) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	t, err := processors.Input[schemas.Text](ctx, s.o.Codec, in)
	if err != nil {
		return err
	}
	if t.GroupID == "" {
		return nil // it has no counterparts
	}
	var group []member
	if state := out.Get(t.GroupID); state != nil {
		if err := json.Unmarshal(state, &group); err != nil {
			return stream.Permanent("corrupt_state", fmt.Errorf("state of group %s: %w", t.GroupID, err))
		}
	}
	place := slices.IndexFunc(group, func(m member) bool { return m.Document == t.DocumentID })
	if place >= 0 && group[place].Revision >= t.Revision {
		return nil // a newer one came first
	}
	name, err := s.o.Blobs.Put(ctx, in.Value)
	if err != nil {
		return processors.BlobError(err)
	}
	self := member{Document: t.DocumentID, Revision: t.Revision, Language: t.Language, License: t.License, Text: name}
	if err := schemas.Load(ctx, s.o.Blobs, t); err != nil {
		return processors.BlobError(err)
	}
	for i, other := range group {
		if i == place || !s.wanted(self.Language, other.Language) {
			continue
		}
		partner, err := s.load(ctx, other)
		if err != nil {
			return err
		}
		source, target := s.direct(t, partner)
		if err := s.pair(ctx, source, target, out); err != nil {
			return err
		}
	}
	if place >= 0 {
		group[place] = self
	} else {
		group = append(group, self)
	}
	state, err := json.Marshal(group)
	if err != nil {
		return err
	}
	out.Put(t.GroupID, state)
	return nil
}

func (s *Stage) load(ctx context.Context, m member) (*schemas.Text, error) {
	data, err := s.o.Blobs.Get(ctx, m.Text)
	if err != nil {
		return nil, processors.BlobError(err)
	}
	t, err := schemas.Decode[schemas.Text](ctx, s.o.Codec, data)
	if err != nil {
		return nil, processors.InputError(err)
	}
	if err := schemas.Load(ctx, s.o.Blobs, t); err != nil {
		return nil, processors.BlobError(err)
	}
	return t, nil
}

// wanted tells whether two languages make a pair. A document in no known
// language has no counterpart that could be told from others.
func (s *Stage) wanted(a, b string) bool {
	a, b = code(a), code(b)
	if a == b || a == "und" || b == "und" {
		return false
	}
	return len(s.o.Pivots) == 0 || slices.Contains(s.o.Pivots, a) || slices.Contains(s.o.Pivots, b)
}

// direct decides which document is the source: the one in the pivot language
// that comes first in the list, else by label, so that a pair of languages
// always has the same direction.
func (s *Stage) direct(a, b *schemas.Text) (source, target *schemas.Text) {
	rank := func(t *schemas.Text) int {
		if i := slices.Index(s.o.Pivots, code(t.Language)); i >= 0 {
			return i
		}
		return len(s.o.Pivots)
	}
	if ra, rb := rank(a), rank(b); ra > rb || ra == rb && a.Language > b.Language {
		return b, a
	}
	return a, b
}

func code(label string) string {
	before, _, _ := strings.Cut(label, "_")
	return before
}

// pair aligns two documents and writes their beads.
func (s *Stage) pair(ctx context.Context, source, target *schemas.Text, out *stream.Output) error {
	result, err := align.Align(ctx, sentences(source), sentences(target), align.Options{})
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		// The pair is at fault, not the document: the others go on.
		out.DeadLetter(stream.Permanent("unalignable", fmt.Errorf("align %s with %s: %w", source.DocumentID, target.DocumentID, err)))
		return nil
	}
	key := source.Language + "-" + target.Language
	for _, bead := range result.Beads {
		if len(bead.Source) == 0 || len(bead.Target) == 0 {
			continue
		}
		rec := schemas.Bitext{
			SourceDocumentID: source.DocumentID, SourceRevision: source.Revision,
			TargetDocumentID: target.DocumentID, TargetRevision: target.Revision, GroupID: source.GroupID,
			SourceLanguage: source.Language, TargetLanguage: target.Language,
			SourceSentences: indexes(bead.Source), TargetSentences: indexes(bead.Target),
			Bead:  fmt.Sprintf("%d-%d", len(bead.Source), len(bead.Target)),
			Score: bead.Score, Health: result.Health,
			License: source.License,
		}
		if source.License != target.License {
			rec.License = strings.Trim(source.License+" | "+target.License, " |")
		}
		rec.SourceText, rec.SourceBefore, rec.SourceAfter = span(source, bead.Source)
		rec.TargetText, rec.TargetBefore, rec.TargetAfter = span(target, bead.Target)
		rec.PairID = schemas.NewPairID(rec.SourceDocumentID, rec.TargetDocumentID, rec.SourceSentences, rec.TargetSentences)
		value, err := s.o.Codec.Encode(ctx, &rec)
		if errors.Is(err, schemas.ErrTooLarge) {
			out.DeadLetter(stream.Permanent("too_large", fmt.Errorf("bead %s: %w", rec.PairID, err)))
			continue
		}
		if err != nil {
			return fmt.Errorf("encode bead %s: %w", rec.PairID, err)
		}
		out.Emit(schemas.TopicBitext, []byte(key), value)
	}
	return nil
}

func sentences(t *schemas.Text) []string {
	texts := make([]string, len(t.Sentences))
	for i, s := range t.Sentences {
		texts[i] = s.Text
	}
	return texts
}

func indexes(from []int) []int32 {
	to := make([]int32, len(from))
	for i, n := range from {
		to[i] = int32(n)
	}
	return to
}

// span returns the text of a bead's side, which is a run of sentences, and
// the sentences around it.
func span(t *schemas.Text, run []int) (text, before, after string) {
	parts := make([]string, len(run))
	for i, n := range run {
		parts[i] = t.Sentences[n].Text
	}
	if first := run[0]; first > 0 {
		before = t.Sentences[first-1].Text
	}
	if last := run[len(run)-1]; last+1 < len(t.Sentences) {
		after = t.Sentences[last+1].Text
	}
	return strings.Join(parts, " "), before, after
}
