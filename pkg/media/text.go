package media

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/htmlindex"
)

// DecodeText returns plain text as UTF-8 and the encoding it was in, by its
// byte order mark, else UTF-8 if it is valid, else UTF-16 if every other byte
// is zero, else windows-1252. Bytes that are none of that become U+FFFD.
func DecodeText(data []byte) (text, encoding string, err error) {
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return strings.ToValidUTF8(string(data[3:]), "\uFFFD"), "utf-8", nil
	}
	if e := sniffUTF16(data); e != "" {
		text, err = decode(data, e)
		return strings.TrimPrefix(text, "\uFEFF"), e, err
	}
	// A few bad bytes do not make a text windows-1252.
	if bad := invalid(data); bad == 0 || bad*100 < highBytes(data) {
		return strings.ToValidUTF8(string(data), "\uFFFD"), "utf-8", nil
	}
	text, err = decode(data, "windows-1252")
	return text, "windows-1252", err
}

func decode(data []byte, name string) (string, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		e, _ = charset.Lookup(name)
	}
	out, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return "", fmt.Errorf("decode %s: %w", name, err)
	}
	return string(out), nil
}

// sniffUTF16 tells UTF-16 by its mark or by the zero bytes of its Latin
// letters and spaces.
func sniffUTF16(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return "utf-16be"
	}
	data = data[:min(len(data), 4096)]
	var zeros [2]int
	for i, c := range data {
		if c == 0 {
			zeros[i&1]++
		}
	}
	half := len(data) / 2
	switch {
	case half >= 4 && zeros[1] > half*2/5 && zeros[0] <= half/50:
		return "utf-16le"
	case half >= 4 && zeros[0] > half*2/5 && zeros[1] <= half/50:
		return "utf-16be"
	}
	return ""
}

func invalid(data []byte) int {
	n := 0
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			n++
		}
		data = data[size:]
	}
	return n
}

func highBytes(data []byte) int {
	n := 0
	for _, c := range data {
		if c >= 0x80 {
			n++
		}
	}
	return n
}
