package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/linkedin/goavro/v2"
)

// spillSize is the size in bytes from which a record's body goes to the blob
// store. Kafka's default limit is 1 MiB a message.
const spillSize = 512 << 10

// Blobs is the store that bodies go to, such as a *blob.Store.
type Blobs interface {
	// Put stores data under its hex SHA-256 and returns that.
	Put(ctx context.Context, data []byte) (name string, err error)
	// Get returns what Put stored.
	Get(ctx context.Context, name string) ([]byte, error)
}

// Bodied is a record whose body may lie in the blob store: *PageText, *Text.
type Bodied interface {
	bodySize() int
	takeBody() any  // the body, which the record then lacks
	emptyBody() any // a body to read into
	putBody(any)
	bodyBlob() *string
}

type pageTextBody struct {
	Blocks []Block
	Lines  []Line
}

func (p *PageText) bodyBlob() *string { return &p.BodyBlob }
func (p *PageText) emptyBody() any    { return &pageTextBody{} }
func (p *PageText) putBody(b any) {
	p.Blocks, p.Lines = b.(*pageTextBody).Blocks, b.(*pageTextBody).Lines
}
func (p *PageText) takeBody() any {
	b := &pageTextBody{p.Blocks, p.Lines}
	p.putBody(&pageTextBody{})
	return b
}
func (p *PageText) bodySize() int {
	n := blocksSize(p.Blocks) + outlineSize(p.Outline) + len(p.Evidence)
	for i := range p.Measures {
		n += len(p.Measures[i].Name) + 8 + 5
	}
	for i := range p.Lines {
		n += len(p.Lines[i].Text) + len(p.Lines[i].TextSource) + 4*5 + 8 + 2*5
	}
	return n
}

type textBody struct {
	Blocks    []Block
	Sentences []Sentence
}

func (t *Text) bodyBlob() *string { return &t.BodyBlob }
func (t *Text) emptyBody() any    { return &textBody{} }
func (t *Text) putBody(b any)     { t.Blocks, t.Sentences = b.(*textBody).Blocks, b.(*textBody).Sentences }
func (t *Text) takeBody() any {
	b := &textBody{t.Blocks, t.Sentences}
	t.putBody(&textBody{})
	return b
}
func (t *Text) bodySize() int {
	n := blocksSize(t.Blocks) + outlineSize(t.Outline)
	for i := range t.Sentences {
		n += len(t.Sentences[i].Text) + len(t.Sentences[i].Language) + 4*5 + 8 + 2*5
	}
	return n
}

// outlineSize is a bound of an outline's, which is no part of the body but takes
// room from it.
func outlineSize(outline []Bookmark) int {
	n := 0
	for i := range outline {
		n += len(outline[i].Title) + 4*5
	}
	return n
}

// blocksSize returns a bound of the encoded size: an int and a length take at
// most 5 bytes each.
func blocksSize(blocks []Block) int {
	n := 0
	for i := range blocks {
		n += len(blocks[i].Text) + len(blocks[i].Kind) + len(blocks[i].Language) + 4*5
	}
	return n
}

// Spill moves the body of a record that might pass 512 KiB into the blob store
// and leaves its name in BodyBlob; a smaller record stays as it is. The blob is
// an Avro object container file with the body's fields and their schema; the
// same body always gives the same blob.
func Spill(ctx context.Context, blobs Blobs, rec Bodied) error {
	if rec.bodySize() <= spillSize {
		return nil
	}
	body := rec.takeBody()
	b, err := bodySchemaOf(body)
	if err != nil {
		return err
	}
	datum, err := b.encode(nil, reflect.ValueOf(body).Elem())
	if err == nil {
		*rec.bodyBlob(), err = blobs.Put(ctx, writeContainer(b.text, datum))
	}
	if err != nil {
		rec.putBody(body)
		return fmt.Errorf("store body of %T: %w", rec, err)
	}
	return nil
}

// Load puts a body that Spill moved back into its record and clears BodyBlob.
// A record that has its body stays as it is.
func Load(ctx context.Context, blobs Blobs, rec Bodied) error {
	name := *rec.bodyBlob()
	if name == "" {
		return nil
	}
	data, err := blobs.Get(ctx, name)
	if err != nil {
		return fmt.Errorf("load body of %T: %w", rec, err)
	}
	body := rec.emptyBody()
	if err := decodeBody(data, body); err != nil {
		return fmt.Errorf("decode body %s of %T: %w", name, rec, err)
	}
	rec.putBody(body)
	*rec.bodyBlob() = ""
	return nil
}

func decodeBody(data []byte, body any) error {
	b, err := bodySchemaOf(body)
	if err != nil {
		return err
	}
	text, datum, err := readContainer(data)
	if err != nil {
		return err
	}
	w, err := newWriter(text)
	if err != nil {
		return err
	}
	return w.decode(b, reflect.ValueOf(body).Elem(), datum, false)
}

func bodySchemaOf(body any) (*builtin, error) {
	all, err := bodySchemas()
	if err != nil {
		return nil, err
	}
	return all[reflect.TypeOf(body).Elem()], nil
}

// bodySchemas returns the schemas of the bodies, read once.
var bodySchemas = sync.OnceValues(func() (map[reflect.Type]*builtin, error) {
	all := map[reflect.Type]*builtin{}
	for rec, body := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[PageText](): reflect.TypeFor[pageTextBody](),
		reflect.TypeFor[Text]():     reflect.TypeFor[textBody](),
	} {
		record, err := builtinOf(rec)
		if err != nil {
			return nil, err
		}
		if all[body], err = newBodySchema(record, body); err != nil {
			return nil, fmt.Errorf("schema of the body of %v: %w", rec, err)
		}
	}
	return all, nil
})

// newBodySchema cuts a body's schema out of its record's.
func newBodySchema(record *builtin, body reflect.Type) (*builtin, error) {
	var whole struct {
		Type      string                       `json:"type"`
		Name      string                       `json:"name"`
		Namespace string                       `json:"namespace"`
		Doc       string                       `json:"doc"`
		Fields    []map[string]json.RawMessage `json:"fields"`
	}
	if err := json.Unmarshal([]byte(record.text), &whole); err != nil {
		return nil, err
	}
	whole.Name += "Body"
	fields := whole.Fields
	whole.Fields = nil
	for _, f := range fields {
		for i := range body.NumField() {
			if string(f["name"]) == `"`+snakeCase(body.Field(i).Name)+`"` {
				whole.Fields = append(whole.Fields, f)
			}
		}
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return nil, err
	}
	b := &builtin{text: string(text), goType: body}
	if b.schema, err = parseAvro(b.text); err != nil {
		return nil, err
	}
	if b.avro, err = goavro.NewCodec(b.text); err != nil {
		return nil, err
	}
	b.mapping, err = newMapping(body, b.schema)
	return b, err
}
