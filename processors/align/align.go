// Package align is the stage that aligns matched documents, sentence by
// sentence: matches → bitext.
//
// It learns as it goes: the sentence pairs of healthy documents teach a lexicon
// of their languages (package lexicon), which the next documents of these
// languages are aligned with. The matches of two languages share a partition, so
// that the same matches in the same order make the same lexicon; it lies in the
// stage's state, and so in Kafka.
//
// A pair of documents whose health is below align.HealthThreshold is no pair: it
// makes no rows and teaches nothing, but becomes a dead letter of the class
// unhealthy_pair that says how unhealthy it is.
package align

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"vislang/pkg/align"
	"vislang/pkg/blob"
	"vislang/pkg/docalign"
	"vislang/pkg/embed"
	"vislang/pkg/lexicon"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// Options are what the stage works with.
type Options struct {
	Codec *schemas.Codec
	Blobs *blob.Store

	// Forget keeps no lexicons: a pair of documents is then aligned the same
	// whatever came before it.
	Forget bool

	// Embeddings is a service that compares meanings; nil for none. While it
	// fails, documents are aligned without.
	Embeddings *embed.Client
	Log        *slog.Logger
}

// Stage implements stream.Stateful.
type Stage struct{ o Options }

// New makes the stage.
func New(o Options) *Stage { return &Stage{o} }

// Name implements stream.Stage.
func (*Stage) Name() string { return "align" }

// Inputs implements stream.Stage.
func (*Stage) Inputs() []string { return []string{schemas.TopicMatches} }

// Changelog implements stream.Stateful.
func (*Stage) Changelog() string { return "vislang.align.state" }

// Process implements stream.Stage.
func (s *Stage) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	m, err := processors.Input[schemas.Match](ctx, s.o.Codec, in)
	if err != nil {
		return err
	}
	if m.State == schemas.MatchRetracted {
		return nil // its rows stay; the views know
	}
	// What is aligned already is there: a match that comes back after it was
	// retracted makes no rows again.
	done, key := fmt.Sprintf("%d/%d", m.SourceRevision, m.TargetRevision), "aligned/"+m.MatchID
	if string(out.Get(key)) == done {
		return nil
	}
	source, err := processors.LoadText(ctx, s.o.Codec, s.o.Blobs, m.SourceText)
	if err != nil {
		return err
	}
	target, err := processors.LoadText(ctx, s.o.Codec, s.o.Blobs, m.TargetText)
	if err != nil {
		return err
	}
	out.Put(key, []byte(done))
	return s.pair(ctx, source, target, m, out)
}

// pair aligns two documents, writes their beads and learns from them.
func (s *Stage) pair(ctx context.Context, source, target *schemas.Text, m *schemas.Match, out *stream.Output) error {
	words := lexicon.Open(out, source.Language+"-"+target.Language)
	from, to := processors.Sentences(source), processors.Sentences(target)
	var options align.Options
	var features []string
	if !s.o.Forget && words.Seen() > 0 {
		options.Lexicon = words
		features = append(features, "lexicon")
	}
	if s.o.Embeddings != nil {
		vectors, err := s.o.Embeddings.Embed(ctx, slices.Concat(from, to))
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("align: %w", ctx.Err())
		case err != nil:
			s.o.Log.Warn("aligning without embeddings", "source", source.DocumentID, "target", target.DocumentID, "error", err)
		default:
			if options.Similarity = embed.Similarity(vectors[:len(from)], vectors[len(from):]); options.Similarity != nil {
				features = append(features, "embeddings")
			}
		}
	}
	result, err := align.Align(ctx, from, to, options)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return stream.Permanent("unalignable", fmt.Errorf("align %s with %s: %w", source.DocumentID, target.DocumentID, err))
	}
	if result.Health < align.HealthThreshold {
		return stream.Permanent("unhealthy_pair", unhealthy(source, target, result))
	}
	for _, bead := range result.Beads {
		if len(bead.Source) > 0 && len(bead.Target) > 0 {
			if err := s.emit(ctx, source, target, bead, result.Health, strings.Join(features, " "), m, out); err != nil {
				return err
			}
		}
	}
	if !s.o.Forget {
		words.Learn(docalign.Lesson(from, to, result))
	}
	return nil
}

// unhealthy says what speaks against a pair.
func unhealthy(source, target *schemas.Text, result align.Result) error {
	var pairs int
	for _, b := range result.Beads {
		if len(b.Source) > 0 && len(b.Target) > 0 {
			pairs++
		}
	}
	return fmt.Errorf("%s (%s, %d sentences) and %s (%s, %d sentences) do not look like translations of each other: health %.2f, at least %.2f is needed; %d of %d beads had both sides",
		source.DocumentID, source.Language, len(source.Sentences), target.DocumentID, target.Language, len(target.Sentences),
		result.Health, align.HealthThreshold, pairs, len(result.Beads))
}

func (s *Stage) emit(ctx context.Context, source, target *schemas.Text, bead align.Bead, health float64, features string, m *schemas.Match, out *stream.Output) error {
	rec := schemas.Bitext{
		SourceDocumentID: source.DocumentID, SourceRevision: source.Revision,
		TargetDocumentID: target.DocumentID, TargetRevision: target.Revision, GroupID: m.GroupID,
		SourceLanguage: source.Language, TargetLanguage: target.Language,
		SourceSentences: indexes(bead.Source), TargetSentences: indexes(bead.Target),
		Bead:  fmt.Sprintf("%d-%d", len(bead.Source), len(bead.Target)),
		Score: bead.Score, Health: health, Features: features,
		License: source.License,
	}
	if source.License != target.License {
		rec.License = strings.Trim(source.License+" | "+target.License, " |")
	}
	rec.SourceText, rec.SourceBefore, rec.SourceAfter = span(source, bead.Source)
	rec.TargetText, rec.TargetBefore, rec.TargetAfter = span(target, bead.Target)
	if rec.SourceText == rec.TargetText && source.Language != target.Language {
		return nil // left untranslated: no pair
	}
	rec.PairID = schemas.NewPairID(rec.SourceDocumentID, rec.TargetDocumentID, rec.SourceSentences, rec.TargetSentences)
	value, err := s.o.Codec.Encode(ctx, &rec)
	if errors.Is(err, schemas.ErrTooLarge) {
		out.DeadLetter(stream.Permanent("too_large", fmt.Errorf("bead %s: %w", rec.PairID, err)))
		return nil
	}
	if err != nil {
		return fmt.Errorf("encode bead %s: %w", rec.PairID, err)
	}
	out.Emit(schemas.TopicBitext, []byte(source.Language+"-"+target.Language), value)
	return nil
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
