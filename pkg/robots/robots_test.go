package robots

import (
	"strings"
	"testing"
	"time"
)

func TestAllowed(t *testing.T) {
	tests := []struct {
		name, file, path string
		want             bool
	}{
		{"empty file", "", "/a", true},
		{"empty disallow", "User-agent: *\nDisallow:", "/a", true},
		{"all", "User-agent: *\nDisallow: /", "/a", false},
		{"own file always", "User-agent: *\nDisallow: /", "/robots.txt", true},
		{"equal length: allow wins", "User-agent: *\nDisallow: /page\nAllow: /page", "/page", true},
		{"equal length, allow first", "User-agent: *\nAllow: /page\nDisallow: /page", "/page", true},
		{"longest wins", "User-agent: *\nAllow: /p\nDisallow: /page", "/page", false},
		{"longest allow wins", "User-agent: *\nDisallow: /p\nAllow: /page.html", "/page.html", true},
		{"case of paths matters", "User-agent: *\nDisallow: /Page", "/page", true},
		{"case of keys does not", "USER-AGENT: *\ndisALLOW: /page", "/page", false},
		{"own group", "User-agent: *\nDisallow: /\nUser-agent: vislang\nAllow: /", "/a", true},
		{"own group without rules", "User-agent: *\nDisallow: /\nUser-agent: VisLang", "/a", true},
		{"own group with a version", "User-agent: VisLang/2.0\nDisallow: /", "/a", false},
		{"longer name is another crawler", "User-agent: VisLangbot\nDisallow: /", "/a", true},
		{"shorter name is another crawler", "User-agent: Vis\nDisallow: /", "/a", true},
		{"groups of one agent are merged", "User-agent: VisLang\nDisallow: /a\nUser-agent: *\nDisallow: /b\nUser-agent: VisLang\nDisallow: /c", "/c", false},
		{"star group is not merged in", "User-agent: VisLang\nDisallow: /a\nUser-agent: *\nDisallow: /b", "/b", true},
		{"several agents, one group", "User-agent: other\nUser-agent: VisLang\nDisallow: /x", "/x", false},
		{"rules of another group", "User-agent: other\nDisallow: /x", "/x", true},
		{"rules before any agent", "Disallow: /x", "/x", true},
		{"crawl-delay between agents", "User-agent: VisLang\nCrawl-delay: 3\nUser-agent: other\nDisallow: /x", "/x", false},
		{"sitemap inside a group", "User-agent: *\nSitemap: http://a/s\nDisallow: /x", "/x", false},
		{"comment", "User-agent: * # all\nDisallow: /x # secret", "/x", false},
		{"byte order mark", "\xef\xbb\xbfUser-agent: *\nDisallow: /x", "/x", false},
		{"carriage returns", "User-agent: *\rDisallow: /x\r", "/x", false},
		{"spaces around", "  User-agent :  * \n\t Disallow :  /x ", "/x/y", false},
		{"star", "User-agent: *\nDisallow: /a/*/c", "/a/b/c", false},
		{"star matches slashes", "User-agent: *\nDisallow: /a*c", "/a/b/b/c", false},
		{"star and anchor", "User-agent: *\nDisallow: /*.php$", "/a.php", false},
		{"anchor misses a query", "User-agent: *\nDisallow: /*.php$", "/a.php?x", true},
		{"anchor takes the last place", "User-agent: *\nDisallow: /*.php$", "/a.php.php", false},
		{"dollar in the middle is a letter", "User-agent: *\nDisallow: /a$b", "/a$b", false},
		{"only an anchor", "User-agent: *\nDisallow: /$", "/", false},
		{"only an anchor, deeper", "User-agent: *\nDisallow: /$", "/a", true},
		{"non-ASCII rule, encoded path", "User-agent: *\nDisallow: /foo/ツ", "/foo/%E3%83%84", false},
		{"encoded rule, non-ASCII path", "User-agent: *\nDisallow: /foo/%e3%83%84", "/foo/ツ", false},
		{"encoded unreserved", "User-agent: *\nDisallow: /foo/%62%61%7A", "/foo/baz", false},
		{"encoded slash is no slash", "User-agent: *\nDisallow: /a/b", "/a%2Fb", true},
		{"encoded star is a letter", "User-agent: *\nDisallow: /file-%2A.html", "/file-*.html", false},
		{"encoded star is no star", "User-agent: *\nDisallow: /file-%2A.html", "/file-x.html", true},
		{"query", "User-agent: *\nDisallow: /*?session=", "/a?session=1", false},
		{"not a prefix elsewhere", "User-agent: *\nDisallow: /b", "/a/b", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Parse([]byte(tt.file), "VisLang").Allowed(tt.path); got != tt.want {
				t.Errorf("Allowed(%q) = %v with\n%s", tt.path, got, tt.file)
			}
		})
	}
}

func TestForStatus(t *testing.T) {
	for status, want := range map[int]bool{404: true, 403: true, 410: true, 429: false, 500: false, 503: false} {
		if got := ForStatus(status).Allowed("/a"); got != want {
			t.Errorf("status %d: allowed %v", status, got)
		}
	}
}

func TestFields(t *testing.T) {
	r := Parse([]byte("Sitemap: https://a.example/one.xml\nUser-agent: *\nCrawl-delay: 2.5\nDisallow: /x\nsitemap: https://a.example/two.xml#not-a-fragment"), "VisLang")
	if r.CrawlDelay != 2500*time.Millisecond {
		t.Errorf("crawl delay %v", r.CrawlDelay)
	}
	if len(r.Sitemaps) != 2 || r.Sitemaps[1] != "https://a.example/two.xml" {
		t.Errorf("sitemaps %q", r.Sitemaps)
	}
}

func TestSizeCap(t *testing.T) {
	// The rule that the limit cuts in two is dropped, not shortened.
	head := "User-agent: *\nDisallow: /early\n"
	filler := strings.Repeat("# filler\n", (MaxBytes-len(head))/9)
	data := head + filler + "Disallow: /later-than-the-limit\n"
	r := Parse([]byte(data), "VisLang")
	if r.Allowed("/early") {
		t.Error("rule before the limit was lost")
	}
	if !r.Allowed("/later-than-the-limit") || !r.Allowed("/l") {
		t.Error("rule after the limit was read")
	}
}

func TestManyStars(t *testing.T) {
	// A pattern that makes backtracking matchers take forever.
	r := Parse([]byte("User-agent: *\nDisallow: /"+strings.Repeat("*a", 2000)+"$"), "VisLang")
	if !r.Allowed("/" + strings.Repeat("a", 20000) + "b") {
		t.Error("matched")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /a*b$\nAllow: /%e3\nCrawl-delay: 1e9"), "/a/b?c")
	f.Add([]byte("\xef\xbb\xbfuser-agent:x\r\r#\ndisallow:%"), "%")
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		r := Parse(data, "VisLang")
		r.Allowed(path)
		if r.CrawlDelay < 0 {
			t.Errorf("crawl delay %v", r.CrawlDelay)
		}
		if n := normalise(path); normalise(n) != n {
			t.Errorf("normalise(%q) is not stable", path)
		}
	})
}
