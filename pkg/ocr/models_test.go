package ocr

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// catalogOf is a catalog of a folder with these models.
func catalogOf(t *testing.T, models ...string) *catalog {
	t.Helper()
	dir := t.TempDir()
	for _, m := range models {
		if err := os.WriteFile(filepath.Join(dir, m+".traineddata"), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c, err := openCatalog(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPlan(t *testing.T) {
	c := catalogOf(t, "Latin", "Arabic", "Ethiopic", "eng", "swa", "yor", "tir", "amh", "ara", "fas", "kmr", "osd")
	tests := []struct {
		tags    string
		models  string
		missing string
	}{
		{"", "", ""},
		{"swh_Latn", "swa", ""},
		{"sw", "swa", ""},
		{"swa-Latn", "swa", ""},
		{"som_Latn", "Latin", ""},
		{"so-SO", "Latin", ""},
		{"kin", "Latin", ""},
		{"om", "Latin", ""},
		{"hau_Latn", "eng+Latin", ""},
		{"ha-Arab", "Arabic", ""},
		{"ibo", "Latin+yor", ""},
		{"yo", "yor+Latin", ""},
		{"ti", "tir+amh", ""},
		{"am", "amh", ""},
		{"gez", "Ethiopic", ""},
		{"prs", "fas", ""},
		{"fa-AF", "fas", ""},
		{"ps", "Arabic", ""},
		{"ckb", "Arabic", ""},
		{"ku-Latn", "kmr", ""},
		{"ku-Arab", "Arabic", ""},
		{"arb_Arab", "ara", ""},
		{"fr", "Latin", "fra"},
		{"sw,en", "swa+eng", ""},
		{"ti,yo", "tir+amh+yor", ""},      // no more than three models
		{"sw,en,fr,ar", "swa+eng", ""},    // no more than two languages
		{"und,nonsense tag", "", ""},      // say nothing
		{"und_Latn", "Latin", ""},         // a script without a language
		{"nqo,sw", "swa", ""},             // one that can be read is enough
		{"und_Zyyy", "", ""},              // no script either
		{"tg-Arab", "Arabic", ""},         // not the script of the table
		{"pcm_Latn", "eng", ""},           //
		{"ff", "Latin", ""},               // likely script
		{"xx-invalid-subtag-x", "", ""},   //
		{strings.Repeat("a", 50), "", ""}, //
	}
	for _, test := range tests {
		var tags []string
		if test.tags != "" {
			tags = strings.Split(test.tags, ",")
		}
		p, err := c.plan(tags)
		if err != nil || strings.Join(p.models, "+") != test.models || strings.Join(p.missing, "+") != test.missing {
			t.Errorf("%s: %v, missing %v, %v; want %s", test.tags, p.models, p.missing, err, test.models)
		}
	}
}

func TestPlanNamesWhatIsMissing(t *testing.T) {
	c := catalogOf(t, "eng")
	tests := []struct{ tag, says string }{
		{"swh_Latn", "install tesseract-ocr-swa or tesseract-ocr-script-latn"},
		{"som_Latn", "install tesseract-ocr-script-latn"},
		{"ti", "install tesseract-ocr-tir or tesseract-ocr-amh or tesseract-ocr-script-ethi"},
		{"zh-Hant", "install tesseract-ocr-chi-tra or tesseract-ocr-script-hant"},
		{"ff-Adlm", "no Tesseract model reads the Adlam script (Adlm)"},
		{"nqo", "no Tesseract model reads the N'Ko script (Nkoo)"},
		{"zgh", "no Tesseract model reads the Tifinagh script (Tfng)"},
		{"und-Xsux", "script Xsux"},
	}
	for _, test := range tests {
		_, err := c.plan([]string{test.tag})
		if ClassOf(err) != NoModel || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.tag, err)
		}
	}
}

func TestScripts(t *testing.T) {
	c := catalogOf(t, "Latin", "eng", "amh", "Arabic", "ara", "osd")
	if got := strings.Join(c.scripts(false), " "); got != "Latin Arabic amh" {
		t.Errorf("scripts %s", got)
	}
	if got := strings.Join(c.scripts(true), " "); got != "Arabic Latin amh" {
		t.Errorf("joined scripts %s", got)
	}
	if got := strings.Join(catalogOf(t, "swa", "eng").scripts(false), " "); got != "eng" {
		t.Errorf("scripts %s", got)
	}
}

func TestModels(t *testing.T) {
	dir := t.TempDir()
	if _, err := Models(dir); ClassOf(err) != NoModel || !strings.Contains(err.Error(), "tesseract-ocr") {
		t.Errorf("empty folder: %v", err)
	}
	for name, content := range map[string]string{"swa.traineddata": "x", "eng.traineddata": "x", "amh.traineddata": "", "pdf.ttf": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if models, err := Models(dir); err != nil || !slices.Equal(models, []string{"eng", "swa"}) {
		t.Errorf("%v, %v", models, err)
	}
}

func TestTables(t *testing.T) {
	scripts := map[string]bool{}
	for _, row := range tableRows(scriptTable) {
		if len(row[0]) != 4 || row[1] == "" || row[2] == "" || scripts[row[0]] {
			t.Errorf("script %q", row)
		}
		scripts[row[0]] = true
	}
	seen := map[string]bool{}
	for _, row := range tableRows(modelTable) {
		if !scripts[row[1]] {
			t.Errorf("language %q: script is not in the table", row)
		}
		for _, code := range strings.Fields(row[0]) {
			if key := code + " " + row[1]; len(code) != 3 || seen[key] {
				t.Errorf("language %q", row)
			} else {
				seen[key] = true
			}
		}
	}
	for table, rows := range map[string]int{modelTable: len(tableRows(modelTable)), scriptTable: len(tableRows(scriptTable))} {
		for line := range strings.Lines(table) {
			if !strings.HasPrefix(line, "#") {
				rows--
			}
		}
		if rows != 0 {
			t.Errorf("%d lines are not rows: %.40s", -rows, table)
		}
	}
}

func TestNeeds(t *testing.T) {
	c := catalogOf(t, "eng", "yor")
	tests := []struct{ tag, packages, says string }{
		{"en", "", ""},
		{"yo", "tesseract-ocr-script-latn", ""},
		{"ti", "tesseract-ocr-tir tesseract-ocr-amh", ""},
		{"som_Latn", "tesseract-ocr-script-latn", ""},
		{"und-Cyrl", "tesseract-ocr-script-cyrl", ""},
		{"de-Latf", "tesseract-ocr-frk", ""},
		{"und-Latf", "tesseract-ocr-script-frak", ""},
		{"ko", "tesseract-ocr-kor", ""},
		{"und-Kore", "tesseract-ocr-script-hang", ""},
		{"zh-Hant", "tesseract-ocr-chi-tra", ""},
		{"nqo", "", "N'Ko"},
		{"nonsense tag", "", "no language"},
	}
	for _, test := range tests {
		n, err := NeedOf(c.dir, test.tag)
		if strings.Join(n.Packages(), " ") != test.packages || (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %+v, %v", test.tag, n, err)
		}
	}
	if n, err := NeedOf(t.TempDir(), "sw"); err != nil || len(n.Missing) != 1 {
		t.Errorf("empty folder: %+v, %v", n, err)
	}
	models := map[string]bool{}
	for _, n := range Needs(c.dir) {
		for _, m := range n.Models {
			models[m] = true
		}
	}
	if len(models) < 120 {
		t.Errorf("%d models", len(models))
	}
}
