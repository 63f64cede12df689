package cache

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// An entry, as it stands in a file and in Redis:
//
//	magic     4 bytes  "VLC1"
//	checksum 16 bytes  first half of SHA-256 of the key's sum and what follows
//	value    the rest  one zstd frame (RFC 8878)
const (
	entryMagic = "VLC1"
	entryHead  = len(entryMagic) + sha256.Size/2
)

// errCorrupt is returned for bytes that are no whole entry of the key.
var errCorrupt = errors.New("cache entry is damaged")

// codec makes entries of values and takes them apart.
type codec struct {
	compressor   *zstd.Encoder
	decompressor *zstd.Decoder
}

func newCodec() (codec, error) {
	compressor, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return codec{}, err
	}
	decompressor, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxValue))
	return codec{compressor, decompressor}, err
}

func (c codec) encode(key sum, value []byte) []byte {
	entry := append(make([]byte, 0, entryHead+len(value)/2), entryMagic...)
	entry = append(entry, make([]byte, sha256.Size/2)...)
	entry = c.compressor.EncodeAll(value, entry)
	check := checksum(key, entry[entryHead:])
	copy(entry[len(entryMagic):], check[:])
	return entry
}

// decode returns the value of an entry of key.
func (c codec) decode(key sum, entry []byte) ([]byte, error) {
	if len(entry) < entryHead || string(entry[:len(entryMagic)]) != entryMagic {
		return nil, errCorrupt
	}
	check := checksum(key, entry[entryHead:])
	if !bytes.Equal(check[:], entry[len(entryMagic):entryHead]) {
		return nil, errCorrupt
	}
	value, err := c.decompressor.DecodeAll(entry[entryHead:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return value, nil
}

func checksum(key sum, body []byte) (c [sha256.Size / 2]byte) {
	h := sha256.New()
	h.Write(key[:])
	h.Write(body)
	copy(c[:], h.Sum(nil))
	return c
}
