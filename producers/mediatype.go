package producers

import (
	"bytes"
	"mime"
	"net/http"
	"path/filepath"
	"strings"
)

// MediaType is the media type of content that begins with head, without
// parameters: by its first bytes, by the name's ending when these say nothing.
func MediaType(name string, head []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	// A PDF may begin with junk; readers look for its header in the first KiB.
	if i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-")); i >= 0 && kind != "text/html" {
		return "application/pdf"
	}
	if bytes.HasPrefix(head, []byte("II*\x00")) || bytes.HasPrefix(head, []byte("MM\x00*")) {
		return "image/tiff"
	}
	switch kind {
	case "text/plain", "text/xml", "application/octet-stream", "application/zip":
	default:
		return kind
	}
	if lower := bytes.ToLower(head); kind != "application/zip" && (bytes.Contains(lower, []byte("<!doctype html")) || bytes.Contains(lower, []byte("<html"))) {
		return "text/html"
	}
	if byName, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(filepath.Ext(name))), ";"); byName != "" {
		return byName
	}
	return kind
}
