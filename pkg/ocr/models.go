package ocr

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed models.tsv
var modelTable string

//go:embed scripts.tsv
var scriptTable string

// maxModels bounds the models of one recognition: each costs time.
const maxModels = 3

// maxLanguages bounds how many declared languages count: a page lists the
// languages of its whole site rather than its own when there are more.
const maxLanguages = 2

// trialScripts are the scripts that an unknown page is tried for, the most
// frequent first.
var trialScripts = []string{
	"Latn", "Arab", "Ethi", "Deva", "Beng", "Mymr", "Cyrl", "Khmr", "Hebr", "Thai", "Laoo", "Taml", "Sinh", "Tibt", "Grek", "Armn", "Geor", "Hans", "Jpan", "Kore",
	"Telu", "Knda", "Mlym", "Gujr", "Guru", "Orya", "Thaa", "Syrc", "Cher", "Cans", "Hant",
}

// joinedScripts are those whose letters hang together.
var joinedScripts = []string{"Arab", "Deva", "Beng", "Guru", "Syrc"}

// Models lists the installed models of a tessdata folder, sorted; dir ""
// means the one that Tesseract uses.
func Models(dir string) ([]string, error) {
	c, err := openCatalog(dir)
	if err != nil {
		return nil, err
	}
	return c.models, nil
}

// ModelFile returns the file of a model.
func ModelFile(dir, model string) (string, error) {
	c, err := openCatalog(dir)
	if err != nil {
		return "", err
	}
	return c.file(model)
}

// Package returns the Debian package of a model: `tesseract-ocr-swa`,
// `tesseract-ocr-script-ethi`.
func Package(model string) string {
	if model == "Fraktur" {
		return "tesseract-ocr-script-frak" // its script is Latf
	}
	for _, row := range tableRows(scriptTable) {
		if row[1] == model {
			return "tesseract-ocr-script-" + strings.ToLower(row[0])
		}
	}
	return "tesseract-ocr-" + strings.ReplaceAll(model, "_", "-")
}

// IsLanguage tells whether tag is a BCP 47 tag or a label such as `som_Latn`
// that names a language or a script.
func IsLanguage(tag string) bool {
	code, script := parseLabel(tag)
	return code != "" || script != ""
}

// catalog knows the installed models and which of them read a language.
type catalog struct {
	dir    string
	models []string
}

func openCatalog(dir string) (*catalog, error) {
	if dir == "" {
		dir = tessdataDir()
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.traineddata"))
	if err != nil {
		return nil, fmt.Errorf("list models of %s: %w", dir, err)
	}
	c := &catalog{dir: dir}
	for _, f := range files {
		// A package that was interrupted leaves an empty file.
		if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			c.models = append(c.models, strings.TrimSuffix(filepath.Base(f), ".traineddata"))
		}
	}
	if len(c.models) == 0 {
		return nil, &Error{NoModel, fmt.Errorf("no Tesseract models in %s: install tesseract-ocr and tesseract-ocr-script-latn", dir)}
	}
	slices.Sort(c.models)
	return c, nil
}

// tessdataDir finds the folder of the models as Debian, Fedora, Alpine and a
// build from source lay it.
func tessdataDir() string {
	if dir := os.Getenv("TESSDATA_PREFIX"); dir != "" {
		return dir
	}
	dirs := []string{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tesseract/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata"}
	for _, dir := range dirs {
		if found, _ := filepath.Glob(filepath.Join(dir, "*.traineddata")); len(found) > 0 {
			return dir
		}
	}
	return dirs[0]
}

func (c *catalog) installed(model string) bool {
	_, ok := slices.BinarySearch(c.models, model)
	return ok
}

// file returns the file of a model, which must be installed.
func (c *catalog) file(model string) (string, error) {
	if !c.installed(model) {
		return "", &Error{NoModel, fmt.Errorf("model %s is not in %s: install %s", model, c.dir, Package(model))}
	}
	return filepath.Join(c.dir, model+".traineddata"), nil
}

// plan is what to recognise a page with.
type plan struct {
	models  []string // nil: find the script
	missing []string // models that would do better but are not installed
}

// plan chooses models for declared languages (BCP 47 tags or labels such as
// `som_Latn`). Tags that say nothing are passed over; when no tag can be
// served the error names the package or the script without a model.
func (c *catalog) plan(tags []string) (plan, error) {
	var p plan
	var failures []error
	for _, tag := range tags[:min(len(tags), maxLanguages)] {
		models, missing, err := c.forLanguage(tag)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		p.missing = append(p.missing, missing...)
		for _, m := range models {
			if len(p.models) < maxModels && !slices.Contains(p.models, m) {
				p.models = append(p.models, m)
			}
		}
	}
	if len(p.models) == 0 && len(failures) > 0 {
		return p, errors.Join(failures...)
	}
	return p, nil
}

// forLanguage chooses the installed models of one language; none without an
// error means that the tag says nothing.
func (c *catalog) forLanguage(tag string) (models, missing []string, err error) {
	code, script := parseLabel(tag)
	if code == "" && script == "" {
		return nil, nil, nil
	}
	script, wanted := bestModels(code, script)
	if script == "" {
		return nil, nil, nil
	}
	model, name := scriptModel(script)
	if model == "-" {
		return nil, nil, &Error{NoModel, fmt.Errorf("language %s: no Tesseract model reads the %s script (%s)", tag, name, script)}
	}
	for _, m := range wanted {
		if c.installed(m) {
			models = append(models, m)
		} else {
			missing = append(missing, m)
		}
	}
	if len(models) == 0 && model != "" && c.installed(model) {
		models = []string{model}
	}
	if len(models) > 0 {
		return models, missing, nil
	}
	if model != "" && !slices.Contains(wanted, model) {
		wanted = append(wanted, model)
	}
	if len(wanted) == 0 {
		return nil, nil, &Error{NoModel, fmt.Errorf("language %s: no Tesseract model is known for script %s", tag, script)}
	}
	packages := make([]string, len(wanted))
	for i, m := range wanted {
		packages[i] = Package(m)
	}
	return nil, nil, &Error{NoModel, fmt.Errorf("language %s: no Tesseract model in %s: `vislang ocr install %s` (install %s)", tag, c.dir, tag, strings.Join(packages, " or "))}
}

// scripts lists the models to try on a page of unknown script: of each script
// its own model or, where that is not installed, the first language's that is.
// Those of joined letters come first for a page that looks so.
func (c *catalog) scripts(joined bool) []string {
	order := trialScripts
	if joined {
		order = slices.Concat(joinedScripts, slices.DeleteFunc(slices.Clone(order), func(s string) bool { return slices.Contains(joinedScripts, s) }))
	}
	var models []string
	for _, script := range order {
		if model, _ := scriptModel(script); c.installed(model) {
			models = append(models, model)
			continue
		}
		for _, row := range tableRows(modelTable) {
			if model, _, _ := strings.Cut(row[2], "+"); row[1] == script && c.installed(model) {
				models = append(models, model)
				break
			}
		}
	}
	return models
}

// scriptModel returns the model of a script, "-" if there is none and "" if
// the script is unknown, and the script's name.
func scriptModel(script string) (model, name string) {
	for _, row := range tableRows(scriptTable) {
		if row[0] == script {
			return row[1], row[2]
		}
	}
	return "", script
}

// parseLabel reads a BCP 47 tag or a label such as `som_Latn` into an ISO
// 639-3 code and an ISO 15924 script; what it does not say is "".
func parseLabel(tag string) (code, script string) {
	t, err := language.Raw.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if err != nil {
		return "", ""
	}
	base, _, _ := t.Raw()
	if code = base.ISO3(); base.String() == "und" {
		code = ""
	}
	if s, confidence := t.Script(); s.String() != "Zzzz" && s.String() != "Zyyy" && (confidence == language.Exact || code != "") {
		script = s.String()
	}
	return code, script
}

// tableRows splits a table into rows of three columns.
func tableRows(table string) [][3]string {
	var rows [][3]string
	for line := range strings.Lines(table) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 && !strings.HasPrefix(line, "#") {
			rows = append(rows, [3]string(f))
		}
	}
	return rows
}
