package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/schemas"
)

// decoder turns records into rows.
type decoder struct {
	codec   *schemas.Codec
	blobs   *blob.Store
	version string
}

// A rejection says why a record can never become rows.
type rejection struct {
	class      string
	err        error
	documentID string // what is known of the record
	url        string
	page       int32
}

func (r *rejection) Error() string { return r.err.Error() }
func (r *rejection) Unwrap() error { return r.err }

// VersionHeader is the header of a record that names the version of the
// program that made it. Without it stage_version is the sink's own version.
const VersionHeader = "stage_version"

// ForSink tells whether a record makes rows: a replay for another stage does
// not, since the record it repeats did.
func ForSink(rec *kgo.Record) bool { return replayOf(rec).For(Group) }

func replayOf(rec *kgo.Record) stream.Replay {
	if len(rec.Headers) == 0 {
		return stream.Replay{}
	}
	return stream.ReplayOf(func(key string) []byte {
		for i := len(rec.Headers) - 1; i >= 0; i-- {
			if rec.Headers[i].Key == key {
				return rec.Headers[i].Value
			}
		}
		return nil
	})
}

// add appends the rows of a record, whose value they refer to: kgo gives each
// fetch memory of its own. Its error is a *rejection if no retry can
// help; in both cases nothing was added.
func (d *decoder) add(ctx context.Context, rec *kgo.Record, b *blocks) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &rejection{class: "panic", err: fmt.Errorf("decoder panicked: %v", p)}
		}
	}()
	version := d.version
	for _, h := range rec.Headers {
		if h.Key == VersionHeader {
			version = string(h.Value)
		}
	}
	l := b.lineage(rec, version)
	switch rec.Topic {
	case schemas.TopicDocuments:
		v, err := schemas.DecodeInPlace[schemas.Document](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		if !inRange(v.FetchedAt) {
			return &rejection{class: "out_of_range", err: fmt.Errorf("fetch time %v", v.FetchedAt), documentID: v.DocumentID, url: v.URL}
		}
		b.addDocument(l, v)
	case schemas.TopicPageTexts:
		v, err := schemas.DecodeInPlace[schemas.PageText](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		if err := schemas.Load(ctx, d.blobs, v); err != nil {
			return reject(err, v.Context, v.Page)
		}
		b.addPageText(l, v)
	case schemas.TopicFigures:
		v, err := schemas.DecodeInPlace[schemas.Figure](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		b.addFigure(l, v)
	case schemas.TopicTexts:
		v, err := schemas.DecodeInPlace[schemas.Text](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		if err := schemas.Load(ctx, d.blobs, v); err != nil {
			return reject(err, v.Context, 0)
		}
		b.addText(l, v)
	case schemas.TopicMatches:
		v, err := schemas.DecodeInPlace[schemas.Match](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		b.addMatch(l, v)
	case schemas.TopicBitext:
		v, err := schemas.DecodeInPlace[schemas.Bitext](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		b.addBitext(l, v)
	case schemas.TopicSamples:
		v, err := schemas.DecodeInPlace[schemas.Sample](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		b.addSample(l, v)
	case schemas.TopicDeadLetters:
		v, err := schemas.DecodeInPlace[schemas.DeadLetter](ctx, d.codec, rec.Value)
		if err != nil {
			return reject(err, schemas.Context{}, 0)
		}
		if !inRange(v.FailedAt) || !inRange(v.FirstFailedAt) {
			return &rejection{class: "out_of_range", err: fmt.Errorf("failure times %v, %v", v.FirstFailedAt, v.FailedAt), documentID: v.DocumentID, url: v.URL}
		}
		if !inRange(v.SourceTimestamp) {
			v.SourceTimestamp = time.Time{} // of a record that somebody else wrote; the letter keeps it
		}
		b.addDeadLetter(l, v)
	default:
		return &rejection{class: "unsupported", err: fmt.Errorf("topic %s has no table", rec.Topic)}
	}
	return nil
}

// inRange tells whether ClickHouse's DateTime64 holds a time.
func inRange(t time.Time) bool { return t.IsZero() || t.Year() >= 1900 && t.Year() < 2262 }

// reject tells errors of the record from those of what is needed to read it.
func reject(err error, about schemas.Context, page int32) error {
	for class, causes := range map[string][]error{
		"corrupt":      {schemas.ErrNotAvro, schemas.ErrTruncated, schemas.ErrCorrupt, schemas.ErrTrailing},
		"schema":       {schemas.ErrUnknownSchema, schemas.ErrOtherRecord, schemas.ErrIncompatible},
		"missing_blob": {blob.ErrNotFound},
	} {
		for _, cause := range causes {
			if errors.Is(err, cause) {
				return &rejection{class: class, err: err, documentID: about.DocumentID, url: about.URL, page: page}
			}
		}
	}
	if about.DocumentID != "" {
		err = fmt.Errorf("document %s: %w", about.DocumentID, err)
	}
	return err
}

// letter is the dead letter of a rejected record.
func letter(rec *kgo.Record, why *rejection, now time.Time) *schemas.DeadLetter {
	earlier := replayOf(rec)
	if earlier.First.IsZero() {
		earlier.First = now
	}
	d := &schemas.DeadLetter{
		SourceTopic: rec.Topic, SourcePartition: rec.Partition, SourceOffset: rec.Offset, SourceTimestamp: rec.Timestamp,
		Stage: Group, Class: why.class, Error: why.Error(), Attempts: int32(earlier.Attempts + 1),
		FirstFailedAt: earlier.First, FailedAt: now,
		DocumentID: why.documentID, URL: why.url, Page: why.page,
		Key: rec.Key, Value: rec.Value,
	}
	for _, h := range rec.Headers {
		d.Headers = append(d.Headers, schemas.Header{Key: h.Key, Value: h.Value})
	}
	return d
}

// letterKey is the key of a record's dead letter.
func letterKey(rec *kgo.Record) []byte {
	return fmt.Appendf(nil, "%s/%d/%d", rec.Topic, rec.Partition, rec.Offset)
}
