package match

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// Pair is the stage that pairs the documents of declared groups and sends those
// without a group to Meet. It implements stream.Stateful.
//
// Each pair is written once, whichever document came first. A newer revision of
// a document takes the place of the older and is paired with all others again; so
// does a newer version of an address, and the matches of the older are retracted.
type Pair struct{ o Options }

// NewPair makes the stage.
func NewPair(o Options) *Pair { return &Pair{o} }

// Name implements stream.Stage.
func (*Pair) Name() string { return "pair" }

// Inputs implements stream.Stage.
func (*Pair) Inputs() []string { return []string{schemas.TopicTexts} }

// Changelog implements stream.Stateful.
func (*Pair) Changelog() string { return "vislang.pair.state" }

// Process implements stream.Stage.
func (s *Pair) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	t, err := processors.Input[schemas.Text](ctx, s.o.Codec, in)
	if err != nil {
		return err
	}
	if t.GroupID == "" && (s.o.DeclaredOnly || code(t.Language) == "und") {
		return nil
	}
	text, err := s.o.Blobs.Put(ctx, in.Value)
	if err != nil {
		return processors.BlobError(err)
	}
	self := document{ID: addressID(t.Context), URL: t.URL, Document: t.DocumentID, Revision: t.Revision, Group: t.GroupID, Language: t.Language, Text: text}
	if t.GroupID == "" {
		return send(out, toDocument(self.ID), message{Kind: arrive, Document: &self})
	}
	var group []document
	if _, err := getJSON(out, t.GroupID, &group); err != nil {
		return err
	}
	place := slices.IndexFunc(group, func(m document) bool { return m.ID == self.ID })
	if place >= 0 && !self.newer(&group[place]) {
		return nil // it is here already, or a newer one
	}
	for i := range group {
		if i == place {
			continue
		}
		if place >= 0 && group[place].Document != self.Document {
			if err := s.match(ctx, &group[place], &group[i], schemas.MatchRetracted, out); err != nil {
				return err
			}
		}
		if err := s.match(ctx, &self, &group[i], schemas.MatchDeclared, out); err != nil {
			return err
		}
	}
	if place >= 0 {
		group[place] = self
	} else {
		group = append(group, self)
	}
	return putJSON(out, t.GroupID, group)
}

// match writes a match of two documents if their languages make a wanted pair.
func (s *Pair) match(ctx context.Context, a, b *document, state string, out *stream.Output) error {
	if wanted, _ := s.o.Pairs.direct(a.Language, b.Language); !wanted {
		return nil
	}
	return s.o.emit(ctx, a, b, schemas.Match{State: state}, out)
}

// addressID is the id of all versions of a document: a hash of its address.
func addressID(c schemas.Context) string {
	address := c.URL
	if address == "" {
		address = c.DocumentID
	}
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:10])
}
