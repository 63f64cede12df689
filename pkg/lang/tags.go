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

// FromTag returns the label for a language tag (BCP 47: `sw`, `az-Cyrl`,
// `zh-TW`; or an ISO 639-3 code, or a label, whose parts are brought into the
// usual form). Macro-languages become the member that languages.tsv names
// (`sw` and `swa` are `swh_Latn`). A script that is not stated is the usual
// one. What cannot be understood is `und_Zyyy`.
func FromTag(tag string) string {
	const unknown = "und_Zyyy"
	parsed, err := bcp47.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if err != nil {
		return unknown
	}
	base, _ := parsed.Base()
	script, confidence := parsed.Script()
	code := base.ISO3()
	if code == "und" || code == "" {
		if confidence == bcp47.Exact {
			return "und_" + script.String()
		}
		return unknown
	}
	stated := "" // script
	if _, s, _ := parsed.Raw(); s.String() != "Zzzz" {
		stated = s.String()
	}
	member, usual := code, script.String()
	if to, ok := aliases[code]; ok {
		m, s, _ := strings.Cut(to, "_")
		member = m
		if s != "" && (confidence == bcp47.No || usual == "Zzzz" || s != "") {
			usual = s
		}
	}
	if stated != "" {
		usual = stated
	}
	return member + "_" + usual
}
