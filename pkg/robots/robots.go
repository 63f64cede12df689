// Package robots reads robots.txt files (RFC 9309).
//
//	rules := robots.Parse(data, "VisLang")
//	if rules.Allowed("/reports/2024?page=2") { … }
//	time.Sleep(rules.CrawlDelay)
//	for _, address := range rules.Sitemaps { … }
//
// What to assume when the file could not be had says ForStatus.
package robots

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxBytes of a file are read, the least that RFC 9309 section 2.5 asks for.
const MaxBytes = 500 << 10

// Rules are what a file says to one crawler. The zero value allows all.
type Rules struct {
	CrawlDelay time.Duration // between requests, 0 if none is stated (an extension, widely used)
	Sitemaps   []string      // addresses as stated

	rules   []rule
	denyAll bool
}

type rule struct {
	allow   bool
	pattern string // normalised, without the anchor
	anchor  bool   // the pattern ends in $
}

// ForStatus is what applies when the file was answered with an HTTP status
// and no body to read: all is allowed when there is no file (4xx), nothing
// while the server fails (5xx) or asks to slow down (429).
func ForStatus(status int) *Rules {
	return &Rules{denyAll: status >= 500 || status == 429}
}

// Parse reads a file for the crawler with a product token such as "VisLang".
// It reads what it can of any input.
func Parse(data []byte, product string) *Rules {
	if len(data) > MaxBytes {
		data = data[:MaxBytes]
		data = data[:bytes.LastIndexAny(data, "\r\n")+1] // the last line is not whole
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var own, all group
	var sitemaps []string
	var current []*group // of the agents named last
	named := false       // the line before named an agent too
	for line := range bytes.FieldsFuncSeq(data, func(r rune) bool { return r == '\n' || r == '\r' }) {
		key, value, ok := field(string(line))
		if !ok {
			continue
		}
		switch key {
		case "user-agent":
			if !named {
				current = nil
			}
			named = true
			switch agent := token(value); {
			case value == "*" || strings.HasPrefix(value, "* "):
				current = append(current, &all)
			case agent != "" && strings.EqualFold(agent, token(product)):
				own.named = true
				current = append(current, &own)
			}
		case "allow", "disallow":
			named = false
			if value == "" { // "Disallow:" forbids nothing
				continue
			}
			for _, g := range current {
				g.rules = append(g.rules, newRule(key == "allow", value))
			}
		case "crawl-delay": // must not end the list of agents: it is no record of the RFC
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil || seconds < 0 || seconds > 1e6 || math.IsNaN(seconds) {
				continue
			}
			for _, g := range current {
				g.delay = max(g.delay, time.Duration(seconds*float64(time.Second)))
			}
		case "sitemap":
			if value != "" {
				sitemaps = append(sitemaps, value)
			}
		}
	}
	// Groups of the same agent are one; the groups of * hold only for
	// crawlers that are named nowhere.
	chosen := all
	if own.named {
		chosen = own
	}
	return &Rules{CrawlDelay: chosen.delay, Sitemaps: sitemaps, rules: chosen.rules}
}

type group struct {
	named bool
	rules []rule
	delay time.Duration
}

// field splits a line into its lower-case key and its value.
func field(line string) (key, value string, ok bool) {
	line, _, _ = strings.Cut(line, "#")
	key, value, ok = strings.Cut(line, ":")
	return strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value), ok
}

// token is the product token a name begins with: VisLang of VisLang/1.0.
func token(name string) string {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			return name[:i]
		}
	}
	return name
}

func newRule(allow bool, value string) rule {
	pattern, anchor := strings.CutSuffix(value, "$")
	// $ means something at the end only.
	return rule{allow, normalise(strings.ReplaceAll(pattern, "$", "%24")), anchor}
}

// Allowed says whether the crawler may fetch a path with its query
// (`/reports?page=2`, percent-encoded or not).
func (r *Rules) Allowed(path string) bool {
	if path == "/robots.txt" {
		return true
	}
	if r.denyAll {
		return false
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	// In an address * and $ are letters like any other.
	path = normalise(strings.NewReplacer("*", "%2A", "$", "%24").Replace(path))
	// The longest pattern wins, and allow if two are as long.
	longest, allowed := -1, true
	for _, rule := range r.rules {
		n := len(rule.pattern)
		if rule.anchor {
			n++
		}
		if n < longest || n == longest && !rule.allow {
			continue
		}
		if rule.matches(path) {
			longest, allowed = n, rule.allow
		}
	}
	return allowed
}

// matches tries the parts between the stars from left to right; taking the
// first place of each is enough, so this is no search.
func (r rule) matches(path string) bool {
	parts := strings.Split(r.pattern, "*")
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok {
		return false
	}
	if len(parts) == 1 {
		return !r.anchor || rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	last := parts[len(parts)-1]
	if r.anchor {
		return strings.HasSuffix(rest, last)
	}
	return strings.Contains(rest, last)
}

// normalise writes a path one way: octets outside ASCII percent-encoded,
// unreserved characters not, hexadecimal digits in upper case (RFC 9309
// section 2.2.2, RFC 3986 section 6.2.2).
func normalise(path string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		escaped := false
		if c == '%' && i+2 < len(path) {
			if v, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				c, escaped = byte(v), true
				i += 2
			}
		}
		switch {
		case c >= 0x80, escaped && !unreserved(c):
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}
