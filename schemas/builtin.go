package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/linkedin/goavro/v2"
)

//go:embed *.avsc released/*.avsc
var files embed.FS

// builtin is the current schema of one topic with what encodes it.
type builtin struct {
	topic   Topic
	text    string
	schema  *avroType
	avro    *goavro.Codec
	mapping *mapping
	goType  reflect.Type
}

// released is a schema of a release. Its number in released/ is its id in the
// embedded registry, for ever.
type released struct {
	id    int
	topic string
	text  string
}

// builtins returns the schemas of this version by the Go type of their record,
// read once. An error means that a schema file and its Go type disagree, which
// the tests rule out.
var builtins = sync.OnceValues(func() (map[reflect.Type]*builtin, error) {
	types := []reflect.Type{
		reflect.TypeFor[Document](), reflect.TypeFor[Page](), reflect.TypeFor[PageText](), reflect.TypeFor[Figure](),
		reflect.TypeFor[Text](), reflect.TypeFor[Match](), reflect.TypeFor[Bitext](), reflect.TypeFor[Sample](), reflect.TypeFor[DeadLetter](),
	}
	all := map[reflect.Type]*builtin{}
	for i, topic := range Topics() {
		b, err := newBuiltin(topic, types[i])
		if err != nil {
			return nil, fmt.Errorf("schema %s.avsc: %w", topic.Name, err)
		}
		all[types[i]] = b
	}
	return all, nil
})

// encode appends a record to buf in Avro's binary encoding.
func (b *builtin) encode(buf []byte, rec reflect.Value) ([]byte, error) {
	native := b.mapping.native(rec)
	defer b.mapping.release(native)
	return b.avro.BinaryFromNative(buf, native)
}

func newBuiltin(topic Topic, goType reflect.Type) (*builtin, error) {
	text, err := files.ReadFile(topic.Name + ".avsc")
	if err != nil {
		return nil, err
	}
	b := &builtin{topic: topic, text: string(text), goType: goType}
	if b.schema, err = parseAvro(b.text); err != nil {
		return nil, err
	}
	if b.schema.name != topic.Record {
		return nil, fmt.Errorf("is of %s, not of %s", b.schema.name, topic.Record)
	}
	if b.avro, err = goavro.NewCodec(b.text); err != nil {
		return nil, err
	}
	b.mapping, err = newMapping(goType, b.schema)
	return b, err
}

// releases returns every schema that was ever released, by id.
func releases() ([]released, error) {
	names, err := fs.Glob(files, "released/*.avsc")
	if err != nil {
		return nil, err
	}
	var all []released
	for _, path := range names { // embed sorts them
		number, topic, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path, "released/"), ".avsc"), "-")
		id, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("name of schema %s: %w", path, err)
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, released{id, topic, string(text)})
	}
	return all, nil
}
