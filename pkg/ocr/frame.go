package ocr

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Parent and child speak in frames: four bytes of length, big endian, then
// the payload. A request is a JSON frame and one with the image's bytes, empty
// when the image is that of the request before; an answer is one JSON frame.

// maxFrame bounds what a frame may announce, so that a child gone mad cannot
// make the parent allocate without end.
const maxFrame = 256 << 20

func writeFrame(w io.Writer, payload []byte) error {
	if len(payload) > maxFrame {
		return fmt.Errorf("frame of %d bytes: more than %d", len(payload), maxFrame)
	}
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(payload)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

// readFrame returns io.EOF only between frames.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes: more than %d", n, maxFrame)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return payload, nil
}

// request asks a child for a page or for a look at it.
type request struct {
	// Look asks for turn and script: for the strip of the page that was read
	// best, with Models first, then with the model of each script.
	Look      bool     `json:"look"`
	Models    []string `json:"models"`
	Rotation  *int     `json:"rotation"` // nil: find it
	DPI       int      `json:"dpi"`      // 0 if unknown
	MaxPixels int      `json:"max_pixels"`
}

// answer is a page or why there is none.
type answer struct {
	Page  *Page         `json:"page,omitempty"`
	Class Class         `json:"class,omitempty"`
	Error string        `json:"error,omitempty"`
	Spent time.Duration `json:"spent"` // processor time
}
