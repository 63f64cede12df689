package lang

import (
	_ "embed"
	"strings"

	bcp47 "golang.org/x/text/language"
)

// languages.tsv maps codes to the label they stand for; its head explains it.
//
//go:embed languages.tsv
var languagesTSV string

// aliases maps the code or label in column 1 of languages.tsv to column 2.
var aliases = func() map[string]string {
	table := map[string]string{}
	for line := range strings.Lines(languagesTSV) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) >= 2 && !strings.HasPrefix(line, "#") {
			table[fields[0]] = fields[1]
		}
	}
	return table
}()

// variants.txt lists sets of languages that only their origin tells apart.
//
//go:embed variants.txt
var variantsTXT string

var variants = func() map[string]int {
	set := map[string]int{}
	n := 0
	for line := range strings.Lines(variantsTXT) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		for _, label := range strings.Fields(line) {
			set[label] = n
		}
	}
	return set
}()

// common.txt lists the languages that much is published in.
//
//go:embed common.txt
var commonTXT string

var common = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonTXT) {
		if !strings.HasPrefix(line, "#") {
			for label := range strings.FieldsSeq(line) {
				set[label] = true
			}
		}
	}
	return set
}()

// FromTag returns the label for a language tag (BCP 47: `sw`, `az-Cyrl`,
// `zh-TW`; or an ISO 639 code, or a label). Macro-languages become the member
// that languages.tsv names (`sw` and `swa` are `swh_Latn`). A script that is
// not stated is the usual one. What cannot be understood is `und_Zyyy`.
func FromTag(tag string) string {
	const unknown = "und_Zyyy"
	parsed, err := bcp47.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if err != nil {
		return unknown
	}
	base, script, region := parsed.Raw()
	stated := script.String() // `Zzzz` when it is not
	code := base.ISO3()
	if code == "und" || code == "" {
		if stated == "Zzzz" {
			return unknown
		}
		return "und_" + stated
	}
	usual, _ := parsed.Script()
	member, memberScript := code, ""
	for _, key := range []string{code + "_" + usual.String(), code + "-" + region.String(), code} {
		if to, ok := aliases[key]; ok {
			member, memberScript, _ = strings.Cut(to, "_")
			break
		}
	}
	switch {
	case stated == "Kore":
		stated = "Hang"
	case stated != "Zzzz":
	case memberScript != "":
		stated = memberScript
	case usual.String() != "Zzzz":
		stated = usual.String()
	default:
		stated = "Zyyy"
	}
	return member + "_" + stated
}
