package lang

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vislang/pkg/fasttext"
)

// A fastText model of two words: `water` is English, `maji` Swahili.
const twoWords = "../fasttext/testdata/sample.bin"

func TestOutside(t *testing.T) {
	m, err := Load(twoWords)
	if err != nil {
		t.Fatal(err)
	}
	if labels := m.Labels(); !slices.Equal(labels, []string{"eng_Latn", "swh_Latn"}) {
		t.Errorf("labels %q", labels)
	}
	if !m.Knows("swh_Latn") || m.Knows("amh_Ethi") {
		t.Error("knows other languages than its labels")
	}
	for _, tt := range []struct {
		text     string
		declared []string
		want     string
	}{
		{"water", nil, "eng_Latn"},
		{"maji", nil, "swh_Latn"},
		{"maji", []string{"en"}, "eng_Latn"}, // one word of evidence against a declaration
		{"unknown", []string{"sw"}, "swh_Latn"},
		{"12, 34", nil, "und_Zyyy"},
		{"ውሃ", nil, "und_Ethi"}, // neither label is of its script
	} {
		label, confidence := m.IdentifyWith(tt.text, tt.declared...)
		if label != tt.want || confidence < 0 || confidence > 1 {
			t.Errorf("%q declared %q: %s %.2f, want %s", tt.text, tt.declared, label, confidence, tt.want)
		}
	}
	if ranked := m.Rank("water"); len(ranked) != 2 || ranked[0].Label != "eng_Latn" {
		t.Errorf("ranked %v", ranked)
	}
}

func TestOutsideDamaged(t *testing.T) {
	data, err := os.ReadFile(twoWords)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.bin")
	if err := os.WriteFile(path, data[:len(data)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, fasttext.ErrFormat) {
		t.Errorf("%v", err)
	}
}
