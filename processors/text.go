package processors

import (
	"context"

	"vislang/pkg/blob"
	"vislang/schemas"
)

// LoadText reads a Text that a stage keeps encoded as a blob, with its body.
func LoadText(ctx context.Context, codec *schemas.Codec, blobs *blob.Store, name string) (*schemas.Text, error) {
	return loadRecord[schemas.Text](ctx, codec, blobs, name)
}

// SavePageText keeps a page's text encoded as a blob, for LoadPageText.
func SavePageText(ctx context.Context, codec *schemas.Codec, blobs *blob.Store, p *schemas.PageText) (name string, err error) {
	if err := schemas.Spill(ctx, blobs, p); err != nil {
		return "", BlobError(err)
	}
	data, err := codec.Encode(ctx, p)
	if err != nil {
		return "", err
	}
	if name, err = blobs.Put(ctx, data); err != nil {
		return "", BlobError(err)
	}
	return name, nil
}

// LoadPageText reads what SavePageText kept.
func LoadPageText(ctx context.Context, codec *schemas.Codec, blobs *blob.Store, name string) (*schemas.PageText, error) {
	return loadRecord[schemas.PageText](ctx, codec, blobs, name)
}

// loadRecord reads a record that is kept encoded as a blob, with its body.
func loadRecord[T any, P interface {
	*T
	schemas.Bodied
}](ctx context.Context, codec *schemas.Codec, blobs *blob.Store, name string) (*T, error) {
	data, err := blobs.Get(ctx, name)
	if err != nil {
		return nil, BlobError(err)
	}
	rec, err := schemas.Decode[T](ctx, codec, data)
	if err != nil {
		return nil, InputError(err)
	}
	if err := schemas.Load(ctx, blobs, P(rec)); err != nil {
		return nil, BlobError(err)
	}
	return rec, nil
}

// Sentences returns the sentences of a text.
func Sentences(t *schemas.Text) []string {
	texts := make([]string, len(t.Sentences))
	for i, s := range t.Sentences {
		texts[i] = s.Text
	}
	return texts
}
