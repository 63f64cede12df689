package folder

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vislang/producers"
	"vislang/schemas"
)

// manifestName is that of the Hugging Face ImageFolder convention: one JSON
// object a line about a file beside or below it,
//
//	{"file_name": "report-sw.pdf", "language": "sw", "group": "report-7", "license": "CC-BY-4.0", "title": "Ripoti", "url": "https://example.org/report-sw.pdf"}
//
// of which only file_name must be there; language may be a list. Other keys
// are left alone.
const manifestName = "metadata.jsonl"

const maxManifestLine = 1 << 20

type manifest map[string]statement // by path relative to its folder

// statement is what a manifest says about a file.
type statement struct {
	FileName string    `json:"file_name"`
	Language languages `json:"language"`
	Group    string    `json:"group"`
	License  string    `json:"license"`
	Title    string    `json:"title"`
	URL      string    `json:"url"`
}

type languages []string

func (l *languages) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		if one != "" {
			*l = languages{one}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

func (s statement) apply(doc *schemas.Document) {
	doc.Languages, doc.GroupID, doc.Title = s.Language, s.Group, s.Title
	if s.License != "" {
		doc.License, doc.LicenseEvidence = s.License, manifestName
	}
	if s.URL != "" {
		doc.URL = s.URL
	}
}

// hash tells whether what is stated about a file has changed; "" if nothing
// is stated.
func (s statement) hash(o producers.Options) string {
	data, err := json.Marshal([]any{s.Language, s.Group, s.License, s.Title, s.URL, o})
	if err != nil || string(data) == `[null,"","","","",{"Language":"","Group":"","License":""}]` {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// stated looks a file up in the manifest of its folder and of those above.
func (p *pass) stated(path string) statement {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		m, ok := p.manifests[dir]
		if !ok {
			var err error
			if m, err = readManifest(filepath.Join(dir, manifestName)); err != nil {
				p.log.Warn("cannot read all of the manifest", "error", err)
			}
			p.manifests[dir] = m
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return statement{}
		}
		if s, ok := m[name]; ok {
			return s
		}
		if len(dir) <= len(p.root) {
			return statement{}
		}
	}
}

// readManifest reads the lines it can; an error tells of the first it cannot.
func readManifest(path string) (manifest, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m := manifest{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxManifestLine)
	var first error
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var s statement
		err := json.Unmarshal(lines.Bytes(), &s)
		if err == nil && s.FileName == "" {
			err = errors.New("no file_name")
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("%s line %d: %w", path, n, err)
			}
			continue
		}
		m[filepath.Clean(filepath.FromSlash(s.FileName))] = s
	}
	if err := lines.Err(); err != nil && first == nil {
		first = fmt.Errorf("%s: %w", path, err)
	}
	return m, first
}
