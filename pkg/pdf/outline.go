package pdf

import "unicode/utf8"

// Bookmark is an entry of a document's outline.
type Bookmark struct {
	Level int // depth, from 1
	Title string
	Page  int // that it leads to, from 1; 0 if to none
}

// Limits on an outline: loops and floods exist.
const (
	maxBookmarks    = 5000
	maxBookmarkSize = 1000 // bytes of a title
	maxOutlineSize  = 256 << 10
	maxOutlineDepth = 16
	maxLabels       = 10_000
	maxLabelSize    = 100
)

// readOutline walks the document's bookmarks (ISO 32000-1, 12.3.3), as far as
// the limits go.
func (d *document) readOutline() []Bookmark {
	l := d.lib
	var out []Bookmark
	size := 0
	seen := map[uint64]bool{}
	var walk func(parent uint64, level int)
	walk = func(parent uint64, level int) {
		for b := l.call("FPDFBookmark_GetFirstChild", d.handle, parent); b != 0; b = l.call("FPDFBookmark_GetNextSibling", d.handle, b) {
			if seen[b] || len(out) >= maxBookmarks || size > maxOutlineSize {
				return
			}
			seen[b] = true
			title := l.utf16(func(p, n uint64) uint64 { return l.call("FPDFBookmark_GetTitle", b, p, n) })
			for len(title) > maxBookmarkSize {
				_, n := utf8.DecodeLastRuneInString(title)
				title = title[:len(title)-n]
			}
			if title = cleanText(title); title != "" {
				entry := Bookmark{Level: level, Title: title}
				if dest := l.call("FPDFBookmark_GetDest", d.handle, b); dest != 0 {
					if n := l.int("FPDFDest_GetDestPageIndex", d.handle, dest); n >= 0 && n < d.info.Pages {
						entry.Page = n + 1
					}
				}
				out = append(out, entry)
				size += len(title)
			}
			if level < maxOutlineDepth {
				walk(b, level+1)
			}
		}
	}
	walk(0, 1)
	return out
}

// readLabels are what the document calls its pages (ISO 32000-1, 12.4.2), nil
// if it does not say.
func (d *document) readLabels() []string {
	l := d.lib
	var out []string
	for n := range min(d.info.Pages, maxLabels) {
		label := cleanText(l.utf16(func(p, size uint64) uint64 { return l.call("FPDF_GetPageLabel", d.handle, uint64(n), p, size) }))
		if label == "" || len(label) > maxLabelSize {
			continue
		}
		if out == nil {
			out = make([]string, min(d.info.Pages, maxLabels))
		}
		out[n] = label
	}
	return out
}
