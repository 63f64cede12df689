package match

import (
	"context"

	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// Sight is the stage that tells documents without a group which figures they
// have: translations often show the same picture.
type Sight struct{ o Options }

// NewSight makes the stage.
func NewSight(o Options) *Sight { return &Sight{o} }

// Name implements stream.Stage.
func (*Sight) Name() string { return "sight" }

// Inputs implements stream.Stage.
func (*Sight) Inputs() []string { return []string{schemas.TopicFigures} }

// Process implements stream.Stage.
func (s *Sight) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	f, err := processors.Input[schemas.Figure](ctx, s.o.Codec, in)
	if err != nil {
		return err
	}
	if f.GroupID != "" || s.o.DeclaredOnly {
		return nil
	}
	return send(out, toDocument(addressID(f.Context)), message{Kind: figure, Figure: f.Image})
}
