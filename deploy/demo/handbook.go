package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/html"
)

// The locales whose translation of these pages is the most complete.
var handbookLocales = strings.Fields("ar-MA de-DE en-US es-ES fa-IR fr-FR id-ID it-IT pt-BR ru-RU")

// Every page that shows a figure, and some that are prose.
var handbookPages = strings.Fields(`
	index foreword preface conclusion existing-setup network-services unix-services
	sect.administration-interfaces sect.after-first-boot sect.apt-frontends
	sect.book-structure sect.debian-internals sect.foundation-documents
	sect.future-of-debian sect.graphical-desktops sect.how-to-migrate
	sect.installation-steps sect.main-desktop-tools sect.master-plan
	sect.network-diagnosis-tools sect.package-meta-information
	sect.regular-upgrades sect.release-lifecycle sect.remote-login sect.selinux
	sect.virtualization sect.web-browsers sect.who-is-this-book-for
	sect.why-debian sect.why-gnu-linux`)

// copyHandbook copies the chosen pages, unchanged, with the images they show.
// Each page is a group: the same path in every locale.
func copyHandbook(from, site string) ([]group, error) {
	var groups []group
	for _, name := range handbookPages {
		var g group
		for _, locale := range handbookLocales {
			path := filepath.Join(locale, name+".html")
			data, err := os.ReadFile(filepath.Join(from, path))
			if errors.Is(err, fs.ErrNotExist) && locale != "en-US" {
				continue // a translation may lack a page
			}
			if err != nil {
				return nil, err
			}
			if err := writeFile(filepath.Join(site, "handbook", path), data); err != nil {
				return nil, err
			}
			if err := copyImages(data, filepath.Join(from, locale), filepath.Join(site, "handbook", locale)); err != nil {
				return nil, fmt.Errorf("images of %s: %w", path, err)
			}
			g = append(g, version{locale, "handbook/" + filepath.ToSlash(path)})
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// copyImages copies what a page shows or is styled with, from below one folder.
func copyImages(page []byte, from, to string) error {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return err
	}
	for n := range root.Descendants() {
		var address string
		switch {
		case n.Type == html.ElementNode && n.Data == "img":
			address = attribute(n, "src")
		case n.Type == html.ElementNode && n.Data == "link" && attribute(n, "rel") == "stylesheet":
			address = attribute(n, "href")
		}
		if address == "" || !filepath.IsLocal(address) {
			continue
		}
		if _, err := os.Stat(filepath.Join(to, address)); err == nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(from, address))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a few translations name an image that they do not ship
		}
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(to, address), data); err != nil {
			return err
		}
	}
	return nil
}
