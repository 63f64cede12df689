package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// documents are PDFs below /usr/share/doc, and the text each is a version of.
// Licences as the packages' copyright files state them.
var documents = []struct{ path, group, license string }{
	{"packaging-tutorial/packaging-tutorial.pdf", "packaging-tutorial", "GPL-3+ or CC-BY-SA-3.0"},
	{"packaging-tutorial/packaging-tutorial.es.pdf", "packaging-tutorial", "GPL-3+ or CC-BY-SA-3.0"},
	{"packaging-tutorial/packaging-tutorial.fr.pdf", "packaging-tutorial", "GPL-3+ or CC-BY-SA-3.0"},
	{"packaging-tutorial/packaging-tutorial.pt.pdf", "packaging-tutorial", "GPL-3+ or CC-BY-SA-3.0"},
	{"debmake-doc/debmake-doc.en.pdf", "debmake-doc", "Expat"},
	{"debian-refcard/refcard-en-a4.pdf.gz", "debian-refcard", "GPL-3+"},
	{"debian-refcard/refcard-hi-a4.pdf.gz", "debian-refcard", "GPL-3+"},
}

// metadata is a line of metadata.jsonl.
type metadata struct {
	FileName        string `json:"file_name"`
	Group           string `json:"group"`
	License         string `json:"license,omitempty"`
	LicenseEvidence string `json:"license_evidence,omitempty"`
}

func copyDocuments(from, to string) error {
	var lines []metadata
	for _, d := range documents {
		data, err := os.ReadFile(filepath.Join(from, d.path))
		if err != nil {
			return err
		}
		name := filepath.Base(d.path)
		if strings.HasSuffix(name, ".gz") {
			name = strings.TrimSuffix(name, ".gz")
			if data, err = gunzip(data); err != nil {
				return fmt.Errorf("unpack %s: %w", d.path, err)
			}
		}
		if err := writeFile(filepath.Join(to, name), data); err != nil {
			return err
		}
		evidence := "Debian package " + filepath.Dir(d.path) + ", file copyright"
		lines = append(lines, metadata{name, d.group, d.license, evidence})
	}
	return writeMetadata(to, lines)
}

func gunzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func writeMetadata(folder string, lines []metadata) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	for _, line := range lines {
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(folder, "metadata.jsonl"), b.Bytes())
}
