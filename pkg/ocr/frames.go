package ocr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// maxFrames bounds the pictures of one file.
const maxFrames = 10_000

// Frames splits a TIFF of several pictures, as fax and scan programs write
// them, into files of one picture each; any other file is returned as it is.
// The pictures share data's bytes but for the header, which is made to point
// to their own directory (TIFF 6.0, section 2), so each costs a copy of the
// file: use one after the other.
func Frames(data []byte) (count int, frame func(n int) []byte, err error) {
	whole := func(int) []byte { return data }
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1, whole, nil
	}
	if len(data) < 8 {
		return 0, nil, &Error{Corrupt, errors.New("TIFF ends in its header")}
	}
	var directories []uint32
	seen := map[uint32]bool{}
	for at := order.Uint32(data[4:]); at != 0; {
		if int64(at)+2 > int64(len(data)) {
			return 0, nil, &Error{Corrupt, fmt.Errorf("TIFF directory at byte %d of %d", at, len(data))}
		}
		if seen[at] || len(directories) == maxFrames {
			return 0, nil, &Error{Corrupt, fmt.Errorf("TIFF of more than %d pictures, or directories in a circle", len(directories))}
		}
		seen[at] = true
		directories = append(directories, at)
		next := int64(at) + 2 + 12*int64(order.Uint16(data[at:]))
		if next+4 > int64(len(data)) {
			break // the last directory may lack the link
		}
		at = order.Uint32(data[next:])
	}
	if len(directories) <= 1 {
		return 1, whole, nil
	}
	return len(directories), func(n int) []byte {
		copied := bytes.Clone(data)
		order.PutUint32(copied[4:], directories[n])
		return copied
	}, nil
}
