package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/linkedin/goavro/v2"
)

// An Avro object container file (Avro specification 1.12, "Object Container
// Files") carries its schema, so any Avro tool reads it without a registry.
// Ours hold one datum in one block, uncompressed. goavro's own writer draws a
// random sync marker, which would give the same content a new name in the
// blob store each time; here it is a hash of the content.
const (
	containerMagic = "Obj\x01"
	syncSize       = 16
)

// metadataCodec returns the codec of a container's header.
func metadataCodec() (*goavro.Codec, error) {
	return goavro.NewCodec(`{"type": "map", "values": "bytes"}`)
}

// writeContainer returns a container of one datum.
func writeContainer(schema string, datum []byte) []byte {
	entry := func(out []byte, text string) []byte {
		return append(binary.AppendVarint(out, int64(len(text))), text...) // Avro's long is Go's varint
	}
	out := []byte(containerMagic)
	out = binary.AppendVarint(out, 2) // entries of the metadata map, in a fixed order
	for _, text := range []string{"avro.codec", "null", "avro.schema", schema} {
		out = entry(out, text)
	}
	out = append(out, 0) // end of the map
	sum := sha256.Sum256(datum)
	out = append(out, sum[:syncSize]...)
	out = binary.AppendVarint(out, 1)
	out = entry(out, string(datum))
	return append(out, sum[:syncSize]...)
}

// readContainer returns the schema and the datum of a container that
// writeContainer made. The datum is part of data.
func readContainer(data []byte) (schema string, datum []byte, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(containerMagic))
	if !ok {
		return "", nil, ErrNotAvro
	}
	metadata, err := metadataCodec()
	if err != nil {
		return "", nil, err
	}
	native, rest, err := metadata.NativeFromBinary(rest)
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	header := native.(map[string]any)
	text, _ := header["avro.schema"].([]byte)
	if codec, _ := header["avro.codec"].([]byte); text == nil || string(codec) != "null" {
		return "", nil, fmt.Errorf("%w: no schema, or compressed with %q", ErrCorrupt, codec)
	}
	if len(rest) < syncSize {
		return "", nil, ErrTruncated
	}
	sync, rest := rest[:syncSize], rest[syncSize:]
	count, n := binary.Varint(rest)
	if n <= 0 || count != 1 {
		return "", nil, fmt.Errorf("%w: %d items in a block", ErrCorrupt, count)
	}
	rest = rest[n:]
	size, n := binary.Varint(rest)
	if n <= 0 || size < 0 {
		return "", nil, fmt.Errorf("%w: block of %d bytes", ErrCorrupt, size)
	}
	rest = rest[n:]
	if int64(len(rest))-syncSize < size {
		return "", nil, ErrTruncated
	}
	if end := rest[size:]; !bytes.Equal(end, sync) {
		return "", nil, fmt.Errorf("%w: sync marker differs", ErrCorrupt)
	}
	return string(text), rest[:size], nil
}
