package schemas

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/segmentio/ksuid"
)

// A KSUID counts seconds from 2014-05-13T16:53:20Z in 32 bits.
const (
	ksuidEpoch = 1_400_000_000
	ksuidEnd   = ksuidEpoch + 1<<32 - 1
)

// NewDocumentID returns the id of a document version: a KSUID (27 characters)
// whose time is fetchedAt and whose payload is the first 16 bytes of a SHA-256
// over the canonical address and the content hash (hex; empty when nothing
// could be fetched). Ids sort by time, in seconds, and the same input always
// gives the same id. A time outside a KSUID's range, May 2014 to June 2150, is
// moved to its nearest end.
func NewDocumentID(fetchedAt time.Time, canonicalURL, contentSHA256 string) string {
	t := time.Unix(min(max(fetchedAt.Unix(), ksuidEpoch), ksuidEnd), 0)
	id, err := ksuid.FromParts(t, digest(canonicalURL, contentSHA256))
	if err != nil {
		panic(err) // only for a payload that has not 16 bytes
	}
	return id.String()
}

// NewFigureID returns the id of a figure: 32 hex digits from its document, page, place
// and image.
func NewFigureID(documentID string, page, x, y, width, height int32, image string) string {
	return hex.EncodeToString(digest(documentID, fmt.Sprint(page, x, y, width, height), image))
}

// NewPairID returns the id of a bead: 32 hex digits from both documents and
// the indexes of the sentences on each side.
func NewPairID(sourceDocumentID, targetDocumentID string, source, target []int32) string {
	return hex.EncodeToString(digest(sourceDocumentID, targetDocumentID, fmt.Sprint(source), fmt.Sprint(target)))
}

// NewMatchID returns the id of a pair of documents: 32 hex digits.
func NewMatchID(sourceDocumentID, targetDocumentID string) string {
	return hex.EncodeToString(digest(sourceDocumentID, targetDocumentID))
}

// NewSampleID returns the id of a sample: 32 hex digits from its figure, kind and
// language.
func NewSampleID(figureID, kind, language string) string {
	return hex.EncodeToString(digest(figureID, kind, language))
}

// digest hashes parts, each after its length, so that no two lists of parts
// feed the hash the same bytes.
func digest(parts ...string) []byte {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)[:16]
}
