package ocr

import (
	"fmt"
	"slices"
	"strings"
)

// A Need is what a language needs to be recognised.
type Need struct {
	Language string   // as it was asked for, or its ISO 639-3 codes
	Script   string   // ISO 15924
	Models   []string // that recognise it best
	Missing  []string // of these, those that are not installed
}

// Packages lists the Debian packages of the missing models.
func (n Need) Packages() []string {
	var packages []string
	for _, m := range n.Missing {
		packages = append(packages, Package(m))
	}
	return packages
}

// NeedOf tells what a language (BCP 47 tag or label such as `som_Latn`) needs
// of the models in a tessdata folder; dir "" means Tesseract's own. Its error,
// of class NoModel, says that there is no model at all.
func NeedOf(dir, tag string) (Need, error) {
	script, models := bestModels(parseLabel(tag))
	model, name := scriptModel(script)
	switch {
	case script == "":
		return Need{}, fmt.Errorf("%q is no language or script that is known", tag)
	case model == "-":
		return Need{}, &Error{NoModel, fmt.Errorf("language %s: no Tesseract model reads the %s script (%s)", tag, name, script)}
	case len(models) == 0 && model == "":
		return Need{}, &Error{NoModel, fmt.Errorf("language %s: no Tesseract model is known for script %s", tag, script)}
	case len(models) == 0:
		models = []string{model}
	}
	return installedIn(dir).need(tag, script, models), nil
}

// Needs lists what each language needs that has models of its own, and each
// script, which serves all its other languages.
func Needs(dir string) []Need {
	c := installedIn(dir)
	var all []Need
	for _, row := range tableRows(modelTable) {
		all = append(all, c.need(row[0], row[1], strings.Split(row[2], "+")))
	}
	for _, row := range tableRows(scriptTable) {
		if row[1] != "-" {
			all = append(all, c.need("und", row[0], []string{row[1]}))
		}
	}
	return all
}

// installedIn is the catalog of a folder, an empty one where nothing is
// installed yet.
func installedIn(dir string) *catalog {
	c, err := openCatalog(dir)
	if err != nil {
		return &catalog{}
	}
	return c
}

func (c *catalog) need(language, script string, models []string) Need {
	n := Need{Language: language, Script: script, Models: models}
	for _, m := range models {
		if !c.installed(m) && !slices.Contains(n.Missing, m) {
			n.Missing = append(n.Missing, m)
		}
	}
	return n
}

// bestModels returns the script of a language and its models in the table.
func bestModels(code, script string) (string, []string) {
	for _, row := range tableRows(modelTable) {
		if slices.Contains(strings.Fields(row[0]), code) && (script == "" || script == row[1]) {
			return row[1], strings.Split(row[2], "+")
		}
	}
	return script, nil
}
