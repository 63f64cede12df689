package producers

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"vislang/pkg/html"
	"vislang/schemas"
)

// GroupID names the parallel group of a document and its declared
// translations, by their absolute addresses: each member that declares the
// same others gets the same name, whether it lists itself or not. "" if there
// is no other.
func GroupID(self string, translations []string) string {
	set := append([]string{self}, translations...)
	slices.Sort(set)
	set = slices.Compact(set)
	if len(set) < 2 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(set, "\n")))
	return hex.EncodeToString(sum[:16])
}

// Describe puts what a page states about itself into its document.
// normalise makes addresses comparable, nil leaves them. A translation's
// language goes before the page's own markup, which templates often get wrong.
func Describe(doc *schemas.Document, page *html.Article, normalise func(string) string) {
	if normalise == nil {
		normalise = func(s string) string { return s }
	}
	if doc.Title == "" {
		doc.Title = page.Title
	}
	self := normalise(doc.URL)
	var group, languages []string
	for _, a := range page.Alternates {
		address := normalise(a.URL)
		group = append(group, address)
		if address == self && !strings.EqualFold(a.Language, "x-default") {
			languages = append(languages, a.Language)
		}
	}
	for _, l := range append(languages, page.Languages...) {
		if !slices.ContainsFunc(doc.Languages, func(have string) bool { return strings.EqualFold(have, l) }) {
			doc.Languages = append(doc.Languages, l)
		}
	}
	if doc.GroupID == "" {
		doc.GroupID = GroupID(self, group)
	}
	if doc.License == "" {
		doc.License, doc.LicenseEvidence = page.License, page.LicenseEvidence
	}
}
