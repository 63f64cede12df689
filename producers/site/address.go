package site

import (
	"net/url"
	"path"
	"strings"
)

// canonicalise gives an address the one form that it is remembered by: no
// fragment, default port or tracking parameters, host in lower case, dots
// resolved, percent-encoding only where it is needed.
func canonicalise(u *url.URL) {
	u.Fragment, u.RawFragment, u.User = "", "", nil
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	u.Host = strings.TrimSuffix(u.Host, ".")
	if u.Path == "" {
		u.Path = "/"
	}
	// An encoded slash is not a slash: such paths are left alone.
	if !strings.Contains(strings.ToUpper(u.RawPath), "%2F") {
		u.RawPath = ""
	}
	if strings.Contains(u.Path, "/.") || strings.Contains(u.Path, "//") {
		if joined := u.JoinPath(); joined.RawPath == u.RawPath {
			u.Path = joined.Path
		}
	}
	if u.RawQuery != "" {
		var kept []string
		for part := range strings.SplitSeq(u.RawQuery, "&") {
			name, _, _ := strings.Cut(strings.ToLower(part), "=")
			if part == "" || strings.HasPrefix(name, "utm_") || tracking[name] {
				continue
			}
			kept = append(kept, part)
		}
		u.RawQuery = strings.Join(kept, "&")
	}
	u.ForceQuery = false
}

var tracking = map[string]bool{
	"fbclid": true, "gclid": true, "dclid": true, "msclkid": true, "mc_cid": true, "mc_eid": true, "igshid": true,
	"phpsessid": true, "jsessionid": true, "sessionid": true,
}

// canonical is the canonical form of an address, the address itself if it is
// none.
func canonical(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	canonicalise(u)
	return u.String()
}

// worth says whether an address can lead to a document, going by its looks:
// it is not too long, does not turn in circles, and does not end like program
// code, media or archives.
func worth(u *url.URL) bool {
	if len(u.String()) > 2000 {
		return false
	}
	times := map[string]int{}
	for part := range strings.SplitSeq(u.Path, "/") {
		if times[part]++; part != "" && times[part] > 3 {
			return false
		}
	}
	return !noDocument[strings.ToLower(path.Ext(u.Path))]
}

// isFile says whether an address ends like a document that is no page.
func isFile(u *url.URL) bool { return files[strings.ToLower(path.Ext(u.Path))] }

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

var (
	files      = words(`.pdf .doc .docx .odt .rtf .ppt .pptx .odp .xls .xlsx .ods .txt .epub`)
	noDocument = words(`.css .js .mjs .json .map .xml .rss .atom .xsl .ico .svg .png .jpg .jpeg .gif .webp .avif .bmp .tif .tiff
		.mp3 .mp4 .m4a .m4v .ogg .oga .ogv .wav .webm .avi .mov .wmv .flv .mkv .aac .flac .m3u8
		.zip .gz .tgz .bz2 .xz .7z .rar .tar .exe .msi .dmg .apk .deb .rpm .iso .jar .bin .img
		.woff .woff2 .ttf .otf .eot .swf .ics .vcf .gpx .kml .kmz .shp .geojson .csv .tsv .sql .db .dta .sav`)
)
