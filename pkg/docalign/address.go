package docalign

import (
	"net/url"
	"strings"

	"golang.org/x/text/language"
)

// addressShape returns what translations' addresses have in common: host and
// path without what names a language (`/fr/`, `report-sw.pdf`, `?lang=am`,
// `fr.example.org`). It is empty when the address names no language: such a page
// shares its whole address with itself only.
func addressShape(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" && u.Path == "" {
		return ""
	}
	named := false
	keep := func(parts []string, from int) []string {
		var kept []string
		for i, p := range parts {
			if i >= from && namesLanguage(p) {
				named = true
				continue
			}
			kept = append(kept, p)
		}
		return kept
	}
	host := strings.Split(strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."), ".")
	if len(host) > 2 {
		host = append(keep(host[:1], 0), host[1:]...)
	}
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i, segment := range segments {
		stem, extension, _ := strings.Cut(segment, ".")
		parts := strings.FieldsFunc(stem, func(r rune) bool { return r == '-' || r == '_' })
		if len(parts) > 1 {
			last := len(parts) - 1
			parts = append(parts[:last:last], keep(parts[last:], 0)...)
		}
		segments[i] = strings.Join(parts, "-")
		if extension != "" {
			segments[i] += "." + strings.Join(keep(strings.Split(extension, "."), 0), ".")
		}
	}
	segments = keep(segments, 0)
	query := u.Query()
	for _, name := range []string{"lang", "language", "locale", "hl", "l"} {
		if query.Has(name) && namesLanguage(query.Get(name)) {
			named = true
			query.Del(name)
		}
	}
	if !named {
		return ""
	}
	return strings.Join(host, ".") + "/" + strings.Join(segments, "/") + "?" + query.Encode()
}

// namesLanguage tells whether a part of an address is a language tag of two
// letters (`sw`, `sw-KE`), or a three-letter one of a language without two.
func namesLanguage(part string) bool {
	base, _, _ := strings.Cut(strings.ReplaceAll(part, "_", "-"), "-")
	if len(base) != 2 && len(base) != 3 || len(part) > 7 {
		return false
	}
	switch strings.ToLower(base) {
	case "pdf", "doc", "htm", "php", "asp", "jsp", "xml", "txt", "www", "new", "com", "org", "net", "img", "id", "no":
		return false // words of addresses that are language codes as well
	}
	_, err := language.Parse(part)
	return err == nil
}
