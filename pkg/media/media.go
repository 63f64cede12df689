// Package media tells what bytes are: their media type by content first and by
// name second, the encoding of plain text, the size of a picture from its
// header. It unpacks gzip with a limit.
//
//	t := media.Detect(head, "report.pdf") // the first kilobytes are enough
//	if t == media.Gzip {
//		data, err = media.Gunzip(data, 64<<20)
//	}
package media

import (
	"bytes"
	"mime"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Media types that Detect tells by content.
const (
	HTML  = "text/html"
	XHTML = "application/xhtml+xml"
	XML   = "application/xml"
	PDF   = "application/pdf"
	PNG   = "image/png"
	JPEG  = "image/jpeg"
	TIFF  = "image/tiff"
	GIF   = "image/gif"
	BMP   = "image/bmp"
	WebP  = "image/webp"
	SVG   = "image/svg+xml"
	Text  = "text/plain"
	Gzip  = "application/gzip"
	Zip   = "application/zip"
	JSON  = "application/json"
	Bytes = "application/octet-stream" // anything else
)

// HeadSize is how many bytes from the start Detect looks at.
const HeadSize = 20 << 10

// Kinds of name that content alone cannot tell from plain text or zip.
var byExtension = map[string]string{
	".json": JSON, ".geojson": "application/geo+json", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
	".md": "text/markdown", ".markdown": "text/markdown", ".css": "text/css", ".js": "text/javascript",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text", ".epub": "application/epub+zip",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".warc": "application/warc", ".mp4": "video/mp4", ".mp3": "audio/mpeg", ".srt": "application/x-subrip",
}

var signatures = []struct{ prefix, mediaType string }{
	{"\x89PNG\r\n\x1a\n", PNG}, {"\xff\xd8\xff", JPEG}, {"GIF87a", GIF}, {"GIF89a", GIF}, {"BM", BMP},
	{"II*\x00", TIFF}, {"MM\x00*", TIFF}, {"II+\x00", TIFF}, {"MM\x00+", TIFF},
	{"\x1f\x8b", Gzip}, {"PK\x03\x04", Zip}, {"PK\x05\x06", Zip},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
	{"Rar!\x1a\x07", "application/vnd.rar"}, {"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{"{\\rtf", "application/rtf"}, {"WARC/1.", "application/warc"}, {"%!PS", "application/postscript"},
}

// pdfHeader allows for what servers write before a file.
var pdfHeader = regexp.MustCompile(`%PDF-[0-9]`)

// Detect returns the IANA media type of a file, without parameters. Head is
// its beginning, HeadSize bytes if it has as many; name is its file name or
// address, or "" if it has none.
func Detect(head []byte, name string) string {
	if len(head) > HeadSize {
		head = head[:HeadSize]
	}
	extension := extensionOf(name)
	if len(head) == 0 {
		return named(extension, Bytes)
	}
	for _, s := range signatures {
		if !bytes.HasPrefix(head, []byte(s.prefix)) {
			continue
		}
		switch s.mediaType {
		case BMP: // two letters prove little; a bitmap's header size follows
			if len(head) < 18 || head[14] < 12 || head[14] > 124 || head[15]|head[16]|head[17] != 0 {
				continue
			}
		case Zip, "application/x-ole-storage":
			return named(extension, s.mediaType)
		}
		return s.mediaType
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return WebP
	}
	if at := pdfHeader.FindIndex(head); at != nil &&
		(at[0] == 0 || extension == ".pdf" || at[0] < 1024 && !htmlRoot.Match(head[:at[0]])) {
		return PDF
	}
	text, ok := asText(head)
	if !ok {
		return named(extension, Bytes)
	}
	if t := markup(text, extension); t != "" {
		return t
	}
	if t, ok := byExtension[extension]; ok && !strings.HasPrefix(t, "application/vnd.") && !strings.HasPrefix(t, "application/ms") {
		return t
	}
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, `{"`) || strings.HasPrefix(trimmed, `[{`) {
		return JSON
	}
	return Text
}

// named is the type of an extension if it says more than the content does.
func named(extension, otherwise string) string {
	if t, ok := byExtension[extension]; ok {
		return t
	}
	if otherwise != Bytes || extension == "" {
		return otherwise
	}
	t, _, _ := mime.ParseMediaType(mime.TypeByExtension(extension))
	switch {
	// The content is none of these, whatever the name says.
	case t == "", t == PDF, strings.HasPrefix(t, "text/"), strings.HasPrefix(t, "image/"), t == XHTML, t == XML:
		return otherwise
	}
	return t
}

func extensionOf(name string) string {
	if i := strings.IndexAny(name, "?#"); i >= 0 && strings.Contains(name, "://") {
		name = name[:i]
	}
	return strings.ToLower(path.Ext(name))
}

var (
	htmlStart = regexp.MustCompile(`(?i)<(?:!doctype\s+html|html|head|body|title|meta|script|style|table|div|article|h1|p|a|img|iframe|br)\b`)
	htmlRoot  = regexp.MustCompile(`(?i)<(?:!doctype\s+html|html)\b`)
	xhtml     = regexp.MustCompile(`(?i)<html\b[^>]*xmlns\s*=`)
)

// markup tells HTML, XHTML and XML from other text; "" is none of them.
func markup(text, extension string) string {
	body := strings.TrimSpace(skipComments(text))
	named := extension == ".html" || extension == ".htm" || extension == ".xhtml" || extension == ".php" || extension == ".aspx"
	if strings.HasPrefix(body, "<?xml") {
		switch {
		case xhtml.MatchString(body):
			return XHTML
		case htmlRoot.MatchString(body):
			return HTML
		case strings.Contains(body, "<svg"):
			return SVG
		}
		return XML
	}
	if at := htmlStart.FindStringIndex(body); at != nil && (at[0] == 0 || named) {
		return HTML
	}
	// A page may start with text: a server's warning, a stray character.
	if at := htmlRoot.FindStringIndex(body); at != nil && at[0] < 1024 {
		return HTML
	}
	if strings.HasPrefix(body, "<svg") {
		return SVG
	}
	if named {
		return HTML
	}
	return ""
}

func skipComments(s string) string {
	for {
		s = strings.TrimSpace(s)
		if !strings.HasPrefix(s, "<!--") {
			return s
		}
		_, rest, ok := strings.Cut(s, "-->")
		if !ok {
			return s
		}
		s = rest
	}
}

// asText decodes a beginning if it is text.
func asText(head []byte) (string, bool) {
	if e := sniffUTF16(head); e != "" {
		s, err := decode(head[:len(head)&^1], e)
		return s, err == nil && !hasControls(s)
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return "", false
	}
	// The last character may be cut.
	cut := head
	for i := 0; i < utf8.UTFMax && len(cut) > 0 && !utf8.Valid(cut); i++ {
		cut = cut[:len(cut)-1]
	}
	if utf8.Valid(cut) {
		return string(cut), !hasControls(string(cut))
	}
	return string(head), !hasControls(string(head))
}

// hasControls tells that more than a few characters are none of text.
func hasControls(s string) bool {
	n := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b && c != 0x1a {
			n++
		}
	}
	return n*200 > len(s)
}
