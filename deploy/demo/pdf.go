package main

import (
	"bytes"
	"fmt"
)

// A jpegPage is a grey JPEG and its size in pixels.
type jpegPage struct {
	data          []byte
	width, height int
}

// imagePDF is a PDF (ISO 32000-1) whose pages are one picture each and no text,
// as document scanners write them.
func imagePDF(pages []jpegPage, dpi int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, arguments ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n", len(offsets))
		fmt.Fprintf(&b, format, arguments...)
		b.WriteString("\nendobj\n")
	}
	// The comment's high bytes tell transfer programs that the file is binary.
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids bytes.Buffer
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 3+3*i)
	}
	object("<< /Type /Pages /Count %d /Kids [ %s] >>", len(pages), kids.String())
	for i, p := range pages {
		first := 3 + 3*i
		width, height := float64(p.width)*72/float64(dpi), float64(p.height)*72/float64(dpi)
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f] /Contents %d 0 R /Resources << /XObject << /Scan %d 0 R >> >> >>",
			width, height, first+1, first+2)
		contents := fmt.Sprintf("q %.2f 0 0 %.2f 0 0 cm /Scan Do Q", width, height)
		object("<< /Length %d >>\nstream\n%s\nendstream", len(contents), contents)
		object("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream",
			p.width, p.height, len(p.data), p.data)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}
