package ocr

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFrameRoundTrip(t *testing.T) {
	var b bytes.Buffer
	payloads := [][]byte{[]byte("one"), {}, bytes.Repeat([]byte("x"), 100_000)}
	for _, p := range payloads {
		if err := writeFrame(&b, p); err != nil {
			t.Fatal(err)
		}
	}
	whole := bytes.Clone(b.Bytes())
	for i, p := range payloads {
		if got, err := readFrame(&b); err != nil || !bytes.Equal(got, p) {
			t.Errorf("frame %d: %v", i, err)
		}
	}
	if _, err := readFrame(&b); err != io.EOF {
		t.Errorf("end: %v", err)
	}
	for _, n := range []int{2, 5} {
		if _, err := readFrame(bytes.NewReader(whole[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
	}
	if _, err := readFrame(bytes.NewReader([]byte{0xff, 0, 0, 0})); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("frame of 4 GiB: %v", err)
	}
}
