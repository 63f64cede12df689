// Package processors holds what all stages share; each stage is a package of
// its own below this one.
package processors

import (
	"context"
	"errors"
	"fmt"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/schemas"
)

// DeadLetters encodes failed records for the topic of dead letters, whole,
// with the identity of the document where it can be read.
func DeadLetters(codec *schemas.Codec) func(context.Context, stream.Failed) (topic string, key, value []byte, err error) {
	return func(ctx context.Context, f stream.Failed) (string, []byte, []byte, error) {
		in := f.Record
		letter := schemas.DeadLetter{
			SourceTopic: in.Topic, SourcePartition: in.Partition, SourceOffset: in.Offset, SourceTimestamp: in.Time,
			Stage: f.Stage, Partial: f.Partial, Class: f.Class, Error: f.Err.Error(), Attempts: int32(f.Attempts),
			FirstFailedAt: f.First, FailedAt: f.Last,
			Key: in.Key, Value: in.Value,
		}
		for _, h := range in.Headers {
			letter.Headers = append(letter.Headers, schemas.Header{Key: h.Key, Value: h.Value})
		}
		identify(ctx, codec, in, &letter)
		if earlier := stream.EarlierOf(in, f.Stage, int(letter.Page)); earlier.Attempts > 0 {
			letter.Attempts += int32(earlier.Attempts)
			letter.FirstFailedAt = earlier.First
		}
		value, err := codec.Encode(ctx, &letter)
		if err != nil {
			return "", nil, nil, err
		}
		key := fmt.Sprintf("%s/%d/%d", in.Topic, in.Partition, in.Offset)
		return schemas.TopicDeadLetters, []byte(key), value, nil
	}
}

// Document returns how to tell the id of the document that a record is about;
// "" for one that cannot be decoded.
func Document(codec *schemas.Codec) func(context.Context, stream.Record) string {
	return func(ctx context.Context, in stream.Record) string {
		var letter schemas.DeadLetter
		identify(ctx, codec, in, &letter)
		return letter.DocumentID
	}
}

// identify fills in which document a record is about. A record that cannot be
// decoded, which may be why it failed, leaves that empty.
func identify(ctx context.Context, codec *schemas.Codec, in stream.Record, letter *schemas.DeadLetter) {
	switch in.Topic {
	case schemas.TopicDocuments:
		if rec, err := schemas.Decode[schemas.Document](ctx, codec, in.Value); err == nil {
			letter.DocumentID, letter.Revision, letter.URL = rec.DocumentID, rec.Revision, rec.URL
		}
	case schemas.TopicPages:
		if rec, err := schemas.Decode[schemas.Page](ctx, codec, in.Value); err == nil {
			letter.DocumentID, letter.Revision, letter.URL, letter.Page = rec.DocumentID, rec.Revision, rec.URL, rec.Page
		}
	case schemas.TopicPageTexts:
		// Without this page the document cannot be joined: it is the whole
		// document that failed.
		if rec, err := schemas.Decode[schemas.PageText](ctx, codec, in.Value); err == nil {
			letter.DocumentID, letter.Revision, letter.URL = rec.DocumentID, rec.Revision, rec.URL
		}
	case schemas.TopicMatches:
		if rec, err := schemas.Decode[schemas.Match](ctx, codec, in.Value); err == nil {
			letter.DocumentID, letter.Revision = rec.SourceDocumentID, rec.SourceRevision
		}
	case schemas.TopicTexts:
		if rec, err := schemas.Decode[schemas.Text](ctx, codec, in.Value); err == nil {
			letter.DocumentID, letter.Revision, letter.URL = rec.DocumentID, rec.Revision, rec.URL
		}
	}
}

// Input decodes a stage's input record. What cannot be decoded is corrupt for
// good, unless it was the registry that did not answer.
func Input[T any](ctx context.Context, codec *schemas.Codec, in stream.Record) (*T, error) {
	rec, err := schemas.Decode[T](ctx, codec, in.Value)
	if err != nil {
		return nil, InputError(err)
	}
	return rec, nil
}

// InputError tells a record at fault from a registry that is away, and one whose
// schema this program cannot read from one that is broken.
func InputError(err error) error {
	switch {
	case errors.Is(err, schemas.ErrRegistry):
		return stream.Unavailable(err)
	case errors.Is(err, schemas.ErrUnknownSchema), errors.Is(err, schemas.ErrOtherRecord), errors.Is(err, schemas.ErrIncompatible):
		return stream.Permanent("schema", err)
	}
	return stream.Permanent("undecodable", err)
}

// BlobError tells a blob that is not there from a store that is away.
func BlobError(err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return stream.Permanent("missing_blob", err)
	}
	return stream.Unavailable(err)
}
