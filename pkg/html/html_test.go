package html

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	pages, err := filepath.Glob("testdata/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages")
	}
	for _, path := range pages {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			article, err := Extract(t.Context(), data, Options{URL: "https://a.example/sw/page.html"})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			encoder := json.NewEncoder(&got)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(article); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".html") + ".json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("differs from %s; got\n%s", golden, got.Bytes())
			}
		})
	}
}

func extract(t *testing.T, page string, o Options) *Article {
	t.Helper()
	article, err := Extract(t.Context(), []byte(page), o)
	if err != nil {
		t.Fatal(err)
	}
	return article
}

func TestEncodings(t *testing.T) {
	const text = "L’eau café — ñandú"
	encode := func(e interface {
		String(string) (string, error)
	}, s string) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	page := func(meta string) string {
		return "<html><head>" + meta + "</head><body><p>" + text + "</p></body></html>"
	}
	windows := charmap.Windows1252.NewEncoder()
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()
	for name, tt := range map[string]struct{ page, contentType string }{
		"UTF-8 unsaid":           {page(""), ""},
		"UTF-8 with a BOM":       {"\xef\xbb\xbf" + page("<meta charset=windows-1252>"), "text/html; charset=iso-8859-5"},
		"UTF-16 with a BOM":      {encode(utf16, page("")), ""},
		"meta charset":           {encode(windows, page(`<meta charset="windows-1252">`)), ""},
		"meta http-equiv":        {encode(windows, page(`<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">`)), ""},
		"header":                 {encode(windows, page("")), "text/html; charset=windows-1252"},
		"header against meta":    {encode(windows, page(`<meta charset="iso-8859-5">`)), "text/html; charset=windows-1252"},
		"latin-1 means 1252":     {encode(windows, page(`<meta charset="iso-8859-1">`)), ""},
		"1252 unsaid":            {encode(windows, page("")), ""},
		"UTF-8 that says latin1": {page(`<meta charset="iso-8859-1">`), "text/html; charset=iso-8859-1"},
	} {
		article := extract(t, tt.page, Options{ContentType: tt.contentType})
		if article.Text() != text {
			t.Errorf("%s: %q", name, article.Text())
		}
		kept := WithCharset([]byte(tt.page), tt.contentType)
		if got := extract(t, string(kept), Options{}).Text(); got != text {
			t.Errorf("%s: without the header %q", name, got)
		}
		if changed := string(kept) != tt.page; changed != (name == "header against meta") {
			t.Errorf("%s: changed %v", name, changed)
		}
	}
}

func TestLicense(t *testing.T) {
	for page, want := range map[string][2]string{
		`<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">`:                         {"https://creativecommons.org/licenses/by/4.0/", "link rel=license"},
		`<a rel="noopener license" href="/terms">Terms</a>`:                                                {"https://a.example/terms", "a rel=license"},
		`<a href="https://www.creativecommons.org/licenses/by-nc/3.0/igo/">x</a>`:                          {"https://www.creativecommons.org/licenses/by-nc/3.0/igo/", "link to https://www.creativecommons.org/licenses/by-nc/3.0/igo/"},
		`<a href="https://creativecommons.org/about">x</a>`:                                                {"", ""},
		`<meta name="copyright" content="2024, CC BY-NC 4.0">`:                                             {"CC-BY-NC-4.0", "meta copyright"},
		`<meta name="copyright" content="All rights reserved">`:                                            {"", ""},
		`<p>Copyright 2024. Licensed under CC BY-SA 3.0 IGO.</p>`:                                          {"CC-BY-SA-3.0-IGO", "statement: Copyright 2024. Licensed under CC BY-SA 3.0 IGO."},
		`<p>© Ministry of Health. Released as CC0.</p>`:                                                    {"CC0-1.0", "statement: © Ministry of Health. Released as CC0."},
		`<p>© Ministry of Health</p>`:                                                                      {"", ""},
		`<a href="https://creativecommons.org/licenses/by/4.0/">x</a><link rel="license" href="/license">`: {"https://a.example/license", "link rel=license"},
	} {
		a := extract(t, page, Options{URL: "https://a.example/"})
		if got := [2]string{a.License, a.LicenseEvidence}; got != want {
			t.Errorf("%s\ngot  %q\nwant %q", page, got, want)
		}
	}
}

func TestPublication(t *testing.T) {
	for page, want := range map[string][2]string{
		`<meta property="article:published_time" content="2024-05-01T10:00:00Z"><meta name=author content="Amina  Yusuf">`:                                                                    {"2024-05-01T10:00:00Z", "Amina Yusuf"},
		`<script type="application/ld+json">{"@graph":[{"@type":"WebSite"},{"datePublished":"2023-01-02","author":[{"name":"A"},{"name":"B"}]}]}</script><meta name=date content=2020-01-01>`: {"2023-01-02", "A, B"},
		`<script type="application/ld+json">[{"datePublished":"2023-01-02","author":"A"}]</script>`:                                                                                           {"2023-01-02", "A"},
		`<script type="application/ld+json">{broken</script><p><time datetime="2022-03-04">4 March</time> <a rel=author href=x>C D</a>`:                                                       {"2022-03-04", "C D"},
		`<nav><time datetime="2022-03-04">now</time></nav><meta name=date content="last week">`:                                                                                               {"", ""},
		`<meta name=author content="https://a.example/me">`:                                                                                                                                   {"", ""},
	} {
		a := extract(t, page, Options{})
		if got := [2]string{a.Date, a.Author}; got != want {
			t.Errorf("%s\ngot  %q\nwant %q", page, got, want)
		}
	}
}

func TestLegacyEncodings(t *testing.T) {
	for name, tt := range map[string]struct {
		encoding encoding.Encoding
		text     string
	}{
		"windows-1256": {charmap.Windows1256, "أدت الفيضانات إلى نزوح آلاف العائلات"},
		"iso-8859-6":   {charmap.ISO8859_6, "نزوح العائلات"},
		"iso-8859-5":   {charmap.ISO8859_5, "Наводнение вынудило семьи уйти"},
		"iso-8859-7":   {charmap.ISO8859_7, "Οι πλημμύρες εκτόπισαν χιλιάδες"},
		"iso-8859-8":   {charmap.ISO8859_8, "השיטפונות עקרו אלפי משפחות"},
		"iso-8859-9":   {charmap.ISO8859_9, "Seller yüzünden aileler göç etti"},
		"iso-8859-15":  {charmap.ISO8859_15, "Les inondations coûtent 3 € à œuvre"},
		"windows-874":  {charmap.Windows874, "น้ำท่วมทำให้ครอบครัวต้องอพยพ"},
		"windows-1258": {charmap.Windows1258, "Lu lut"},
		"iso-8859-2":   {charmap.ISO8859_2, "Żółta łódź płynie"},
		"windows-1251": {charmap.Windows1251, "Наводнение вынудило семьи уйти"},
		"koi8-r":       {charmap.KOI8R, "Наводнение вынудило семьи уйти"},
		"windows-1254": {charmap.Windows1254, "Seller yüzünden aileler göç etti, ığşİ"},
		"gb18030":      {simplifiedchinese.GB18030, "洪水迫使数千个家庭离开家园"},
		"gbk":          {simplifiedchinese.GBK, "洪水迫使数千个家庭"},
		"big5":         {traditionalchinese.Big5, "洪水迫使數千個家庭"},
		"shift_jis":    {japanese.ShiftJIS, "洪水で数千世帯が避難した"},
		"euc-kr":       {korean.EUCKR, "홍수로 수천 가구가 대피했다"},
	} {
		body, err := tt.encoding.NewEncoder().String(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		in := extract(t, `<meta charset="`+name+`"><p>`+body+`</p>`, Options{}).Text()
		header := extract(t, `<p>`+body+`</p>`, Options{ContentType: "text/html; charset=" + name}).Text()
		if in != tt.text || header != tt.text {
			t.Errorf("%s: by meta %q, by header %q", name, in, header)
		}
	}
}

func TestBestCandidate(t *testing.T) {
	for srcset, want := range map[string]string{
		"a.jpg":                               "a.jpg",
		"a.jpg 1x, b.jpg 2x":                  "b.jpg",
		"a.jpg 300w, b.jpg 1200w,c.jpg 600w":  "b.jpg",
		"a.jpg,b.jpg 2x":                      "a.jpg,b.jpg", // one address, says the standard
		" , a.jpg , ":                         "a.jpg",
		"/i/a,w_300/x.jpg 300w, /b.jpg 200w":  "/i/a,w_300/x.jpg",
		"data:image/gif;base64,R0lG 1x, b 1x": "b",
		"":                                    "",
	} {
		if got := bestCandidate(srcset); got != want {
			t.Errorf("bestCandidate(%q) = %q, want %q", srcset, got, want)
		}
	}
}

func TestDataURI(t *testing.T) {
	for in, want := range map[string]string{
		"data:image/png;base64,aGVs bG8=":         "image/png hello",
		"data:image/png;base64,aGVsbG8":           "image/png hello",
		"data:image/svg+xml;charset=utf-8,%3Csvg": "image/svg+xml <svg",
		"data:image/png;base64,!":                 " ",
		"data:":                                   " ",
	} {
		data, mediaType := dataURI(in)
		if got := mediaType + " " + string(data); got != want {
			t.Errorf("dataURI(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFigures(t *testing.T) {
	const paragraph = "<p>Maji safi yanapatikana katika vituo vyote vya afya vya kaunti hii kuanzia asubuhi hadi jioni kila siku.</p>"
	for body, want := range map[string]string{
		paragraph + `<img src=a.png>`:                                                                                                  "https://a.example/a.png []",
		paragraph + `<img src=a.png alt="DSC_0012.JPG">`:                                                                               "https://a.example/a.png []",
		paragraph + `<img src=flag.png alt="A flag">` + paragraph:                                                                      "https://a.example/flag.png [{A flag alt}]",
		paragraph + `<img src=site-logo.png>` + paragraph:                                                                              "",
		paragraph + `<figure><img src=logo.png></figure>` + paragraph:                                                                  "https://a.example/logo.png []",
		paragraph + `<img src=a.png width=16>` + paragraph:                                                                             "",
		paragraph + `<nav><img src=a.png></nav>` + paragraph:                                                                           "",
		paragraph + `<img src=a.png class="user-avatar">` + paragraph:                                                                  "",
		paragraph + `<img src="data:image/gif;base64,R0lG">` + paragraph:                                                               "",
		paragraph + `<img data-src=b.png src=lazy.gif><noscript><img src=b.png alt=B></noscript>` + paragraph:                          "https://a.example/b.png [{B alt}]",
		paragraph + `<div class="wp-caption"><img src=a.png><p class="wp-caption-text">C</p></div>` + paragraph:                        "https://a.example/a.png [{C figcaption}]",
		paragraph + `<div><a href=x><img src=a.png></a></div><p>Figure 3. Wells</p>` + paragraph:                                       "https://a.example/a.png [{Figure 3. Wells nearby}]",
		paragraph + `<p><img src=a.png></p><p>Mchoro 2: Visima</p>` + paragraph:                                                        "https://a.example/a.png [{Mchoro 2: Visima nearby}]",
		paragraph + `<p><img src=a.png></p><p>Just the next paragraph.</p>` + paragraph:                                                "https://a.example/a.png []",
		paragraph + `<a title=T><img src=a.png alt=A title=T></a>` + paragraph:                                                         "https://a.example/a.png [{A alt} {T title}]",
		paragraph + `<picture><source srcset="s.avif" type="image/avif"><source srcset="s.webp"><img src=a.png></picture>` + paragraph: "https://a.example/s.webp []",
		paragraph + `<figure><img src=a.png><img src=b.png><figcaption>Both</figcaption></figure>` + paragraph:                         "https://a.example/a.png [{Both figcaption}]https://a.example/b.png [{Both figcaption}]",
	} {
		got := ""
		for _, f := range extract(t, "<body>"+body+"</body>", Options{URL: "https://a.example/"}).Figures {
			got += fmt.Sprint(f.URL, " ", f.Captions)
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

// What a page says of its languages is kept, as tags.
func TestLanguages(t *testing.T) {
	for page, want := range map[string][]string{
		`<html lang="sw">`:                                              {"sw"},
		`<html xml:lang="am">`:                                          {"am"},
		`<meta property="og:locale" content="ti_ER">`:                   {"ti-ER"},
		`<meta http-equiv="content-language" content="om">`:             {"om"},
		`<html lang="so"><meta property="og:locale" content="en_US">`:   {"so", "en-US"},
		`<html lang=""><link rel="alternate" hreflang="ha" href="/ha">`: nil,
	} {
		if got := extract(t, page+"<p>text", Options{}).Languages; !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%s: %q, want %q", page, got, want)
		}
	}
	a := extract(t, `<link rel="alternate" hreflang="ha" href="/ha"><link rel="alternate" hreflang="x-default" href="/"><link rel="alternate stylesheet" href="/x.css"><p>text`, Options{URL: "https://a.example/en"})
	want := []Alternate{{"ha", "https://a.example/ha"}, {"x-default", "https://a.example/"}}
	if !reflect.DeepEqual(a.Alternates, want) {
		t.Errorf("alternates %v, want %v", a.Alternates, want)
	}
}

func TestTables(t *testing.T) {
	a := extract(t, `<body><p>Maji safi yanapatikana katika vituo vyote vya afya vya kaunti hii kuanzia asubuhi hadi jioni kila siku.</p>
<table><caption>Visima</caption><tr><th>Kaunti<th>Visima<tr><td>Turkana<td>12<tr><td>Garissa<td>7</table>`, Options{})
	if len(a.Blocks) != 3 || a.Blocks[1].Kind != Caption || a.Blocks[2].Kind != Table || a.Blocks[2].Text != "Kaunti\tVisima\nTurkana\t12\nGarissa\t7" {
		t.Errorf("%+v", a.Blocks)
	}
}

func TestAddresses(t *testing.T) {
	a := extract(t, `<base href="/base/"><a href="x y#z">1</a><a href="mailto:a@b">2</a><a href="javascript:x()">3</a><a href="//b.example/">4</a>
<a href="x%20y">5</a><a rel=nofollow href="no">6</a><a href="http://[bad">7</a><a href="?q">8</a>`, Options{URL: "https://a.example/dir/page"})
	want := []string{"https://a.example/base/x%20y", "https://b.example/", "https://a.example/base/?q"}
	if !reflect.DeepEqual(a.Links, want) {
		t.Errorf("links %q, want %q", a.Links, want)
	}
}

// Pages that break programs must end soon, with their text if they have any.
func TestHostile(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	distinct := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ page, want string }{
		"nested div":       {many("<div>", 10_000) + "<p>deep text</p>" + many("</div>", 10_000), "deep text"},
		"nested unclosed":  {many("<div>", 100_000) + "deep text", "deep text"},
		"nested inline":    {many("<b><i>", 20_000) + "deep text", "deep text"},
		"nested tables":    {many("<table><tr><td>", 3000) + "deep text", "deep text"},
		"nested lists":     {many("<ul><li>", 5000) + "deep text", "deep text"},
		"long list":        {"<ul>" + many("<li>item", 50_000), "item"},
		"after the nest":   {many("<div>", 600) + many("</div>", 600) + "<p>after</p>", "after"},
		"attributes":       {"<p " + many("a=b ", 100_000) + ">text</p>", "text"},
		"many attributes":  {"<body " + distinct("a%d=b ", 1_000_000) + "><p>text</p>", "text"},
		"attributes twice": {"<body><p>text</p><body " + distinct("b%d ", 300_000) + ">" + many("<html x>", 10_000), "text"},
		"open quote":       {`<p>text</p><a href="` + many("x", 1_000_000), "text"},
		"one long word":    {"<p>" + many("x", 2_000_000) + "</p>", "xxx"},
		"entities":         {"<p>text " + many("&amp;", 300_000) + "</p>", "text"},
		"NUL":              {"<p>te\x00xt</p>", "text"},
		"nothing":          {"", ""},
		"not UTF-8":        {"<p>text \xff\xfe\xc3</p>", "text"},
		"repeated blocks":  {many("<p>The same line again and again.</p>", 10_000), "The same line"},
		"thousand figures": {many("<figure><img src=x.png><figcaption>text</figcaption></figure>", 5000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			article := extract(t, tt.page, Options{URL: "https://a.example/"})
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
			if !strings.Contains(article.Text(), tt.want) {
				t.Errorf("%d blocks, %.100q", len(article.Blocks), article.Text())
			}
		})
	}
}

func TestLimits(t *testing.T) {
	if _, err := Extract(t.Context(), make([]byte, MaxBytes+1), Options{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Extract(ctx, []byte("<p>text</p>"), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestMatch(t *testing.T) {
	var segments []segment
	for _, s := range []string{"Headline", "Menu", "Headline", "A first long paragraph of the text that stands here.", "Read also: Headline", "A last one."} {
		segments = append(segments, segment{Block: Block{Paragraph, s}, level: len(segments)})
	}
	var got []string
	for _, s := range match(segments, "Headline\nA first long paragraph of the text\n that stands here. A last one.") {
		got = append(got, fmt.Sprint(s.level))
	}
	// Either headline would do; the teaser and the menu would not.
	if g := strings.Join(got, " "); g != "0 3 5" && g != "2 3 5" {
		t.Errorf("matched %s", g)
	}
}

func FuzzExtract(f *testing.F) {
	pages, err := filepath.Glob("testdata/*.html")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range pages {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "text/html")
	}
	f.Add([]byte("<table><td><img srcset=',a 1x' src=data:,><svg><title>"), "text/html; charset=utf-16")
	f.Fuzz(func(t *testing.T, data []byte, contentType string) {
		a, err := Extract(context.Background(), data, Options{URL: "https://a.example/", ContentType: contentType})
		if err != nil {
			return
		}
		for _, b := range a.Blocks {
			if b.Text == "" || !utf8.ValidString(b.Text) {
				t.Errorf("block %q", b.Text)
			}
		}
		for _, f := range a.Figures {
			if (f.URL == "") == (f.Data == nil) {
				t.Errorf("figure %+v", f)
			}
		}
	})
}

// Templates of content management systems, around the same article.
func TestTemplates(t *testing.T) {
	const body = `<p>Every family in the valley has had to walk for two hours to reach the nearest well, says the report.</p>
		<p>In May the teams repaired eleven pumps, trained forty mechanics and opened a new health post, and they will stay until October.</p>
		<p>People are asked to boil water, to wash their hands with soap, and to bring sick children to the health post at once.</p>`
	const teaser = `<p>Farmers wait for the rains, which are late again this year.</p>`
	for name, test := range map[string]struct{ page, author, date, figure string }{
		"WordPress, blocks": {`<body class="single"><header><p class="wp-block-site-title"><a href="/">Valley</a></p></header>
			<main class="wp-block-group" id="wp--skip-link--target"><h1 class="wp-block-post-title">Water for the valley</h1>
			<figure class="wp-block-post-featured-image"><img src="/a.jpg" width="900" height="600" alt="A well"></figure>
			<div class="wp-block-post-date"><time datetime="2024-05-03T08:00:00+00:00">3 May</time></div><div class="wp-block-post-author-name">Abeba Bekele</div>
			<div class="entry-content wp-block-post-content">` + body + `</div>
			<div class="wp-block-comments"><h2>Two answers</h2><ol><li><div class="wp-block-comment-content"><p>I walked there, too, and it took me three hours in the heat of the day.</p></div></li></ol></div></main>
			<div class="wp-block-query"><ul class="wp-block-post-template"><li class="wp-block-post"><h3><a href="/1">Rains are late</a></h3>` + teaser + `</li>
			<li class="wp-block-post"><h3><a href="/2">Schools open</a></h3>` + teaser + `</li></ul></div></body>`, "Abeba Bekele", "2024-05-03T08:00:00+00:00", "https://a.example/a.jpg"},
		"Joomla": {`<body><div class="com-content-article item-page"><h1 itemprop="headline">Water for the valley</h1>
			<dl class="article-info text-muted"><dt class="article-info-term">Details</dt><dd class="createdby" itemprop="author">Written by: <span itemprop="name">Abeba Bekele</span></dd>
			<dd class="hits">Hits: 1533</dd></dl><div itemprop="articleBody">` + body + `</div></div></body>`, "Abeba Bekele", "", ""},
		"Drupal": {`<body><main role="main"><h1 class="page-title">Water for the valley</h1><article class="node"><div class="field--type-image"><img src="/b.jpg" width="800" height="500"></div>
			<div class="field--name-body">` + body + `</div></article></main><aside>` + teaser + `</aside></body>`, "", "", "https://a.example/b.jpg"},
		"Blogger": {`<body><h1 class="title"><a href="/">Valley</a></h1><div class="post hentry"><h3 class="post-title entry-title">Water for the valley</h3>
			<div class="post-body entry-content">` + body + `</div><span class="post-author vcard">By <span class="fn">Abeba Bekele</span></span> <abbr class="published" title="2024-05-03T08:00:00Z">8:00</abbr></div>
			<div class="comments"><div class="comment-author vcard"><b class="fn">Ali</b></div></div></body>`, "Abeba Bekele", "2024-05-03T08:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Extract(t.Context(), []byte("<!doctype html><html><head><title>Valley: Water for the valley</title></head>"+test.page+"</html>"), Options{URL: "https://a.example/p"})
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, b := range a.Blocks {
				kinds = append(kinds, b.Kind)
			}
			if !slices.Equal(kinds, []string{Paragraph, Paragraph, Paragraph}) || a.Title != "Water for the valley" || a.Author != test.author || a.Date != test.date {
				t.Errorf("title %q, author %q, date %q, text:\n%s", a.Title, a.Author, a.Date, a.Text())
			}
			figure := ""
			for _, f := range a.Figures {
				figure += f.URL
			}
			if figure != test.figure {
				t.Errorf("figures %q", figure)
			}
		})
	}
}

// Sections of a bulletin are content though their headings are links.
func TestSectionsWithLinkedHeadingsStay(t *testing.T) {
	long := func(what string) string {
		return "<p>" + strings.Repeat("The teams went to the "+what+", spoke with the elders and repaired what was broken. ", 8) + "</p>"
	}
	page := "<html><body><h1>Bulletin</h1>" + strings.Repeat(long("town"), 4)
	for _, village := range []string{"hills", "river", "coast"} {
		page += `<div class="section"><h2><a href="/1">About the ` + village + `</a></h2>` + long(village) + `</div>`
	}
	a, err := Extract(t.Context(), []byte(page+"</body></html>"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, village := range []string{"hills", "river", "coast"} {
		if !strings.Contains(a.Text(), "went to the "+village) {
			t.Errorf("the section about the %s is lost", village)
		}
	}
}
