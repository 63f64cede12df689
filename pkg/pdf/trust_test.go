package pdf

import (
	"strings"
	"testing"
	"unicode"
)

func TestJudgeText(t *testing.T) {
	repeat := func(s string) string { return strings.Repeat(s+" ", 30) }
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"Swahili", repeat("Watu wote wamezaliwa huru, hadhi na haki zao ni sawa."), true},
		{"Amharic", repeat("የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።"), true},
		{"Yoruba", repeat("Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba."), true},
		{"numbers", repeat("1,200 3,400 12.5% 2023"), true},
		{"contents", repeat("Introduction ........ 7"), true},
		{"Arabic", repeat("يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق مدرسة كبيرة"), true},
		{"Arabic, visual order", repeat(reversed("مدرسة كبيرة جديدة في المدينة")), false},
		{"Arabic, broken up", repeat("ي و ل د ج م ي ع"), false},
		{"Arabic, kashida read as a letter", repeat("الووووطن ياوووى"), false},
		{"Urdu", repeat("تمام انسان آزاد اور حقوق و عزت کے اعتبار سے برابر پیدا ہوئے ہیں۔ میں نے"), true},
		{"Hebrew, visual order", repeat(reversed("שלום לכולם אנשים טובים")), false},
		{"Hindi", repeat("सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।"), true},
		{"Hindi, glyph order", repeat("िकसी िवशेष िदन"), false},
		{"Bengali", repeat("সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।"), true},
		{"Bengali, signs apart", repeat("মা নবা ধি কা র ে"), false},
		{"Burmese", repeat("လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများဖြစ်သည်။"), true},
		{"Burmese, glyph order", repeat("လွတ်လပ်သာေ ေမွးဖွား ေတူညီ"), false},
		{"Nepali in ASCII", repeat("g]kfn ;/sf/n] hgtfsf] nflu ul/Psf] sfo{qmd;+u ljsf;"), false},
		{"Swahili, each letter the next", repeat(strings.Map(next, "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa.")), false},
		{"Amharic, each letter the next", repeat(strings.Map(next, "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።")), false},
		{"Hindi, each letter the next", repeat(strings.Map(next, "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता")), false},
		{"French without spaces", repeat("touslesêtreshumainsnaissentlibresetégauxendignité"), false},
		{"one long word", repeat("Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz ist ein Wort, das kaum jemand braucht und das doch in allen Büchern steht, weil es so lang ist, dass man es nicht an einem Tag lernen kann, und weil niemand es je in einem Satz gesagt hat, den ein anderer verstand"), true},
		{"a program", repeat("for i in range(10): print(value[i], end=' ') # all values of the list"), true},
		{"swapped bytes", "䴀甀氀琀椀挀漀氀漀爀", false},
		{"Chinese", repeat("人人生而自由,在尊严和权利上一律平等。"), true},
		{"a page number", "– 7 –", true},
		{"symbols", repeat("#$%& !*@^ <>{} ~|"), false},
	} {
		got := judgeText([]run{{text: c.text}})
		if got.OK != c.ok {
			t.Errorf("%s: %+v, want OK %v", c.name, got, c.ok)
		}
		if !got.OK && (got.Reason != UntrustedTextLayer || got.Detail == "") {
			t.Errorf("%s: no reason: %+v", c.name, got)
		}
	}
}

func next(r rune) rune {
	if unicode.IsLetter(r) {
		return r + 1
	}
	return r
}

// Fonts of TeX have no Unicode values, but codes that are ASCII: what reads
// like a language is one. Other fonts' codes are just numbers of glyphs.
func TestFontsWithoutUnicode(t *testing.T) {
	page := func(text, font string) Trust {
		c := &content{width: 600, height: 800, styles: []style{{size: 10, dx: 1, font: font}}}
		for i, r := range text {
			x, y := 50+5*float64(i%90), 50+12*float64(i/90)
			c.chars = append(c.chars, char{r: r, x: x, y: y, box: Rect{x, y - 8, x + 5, y + 2}, unmapped: r != ' '})
		}
		return judge(c, c.runs(), false)
	}
	text := strings.Repeat("All human beings are born free and equal in dignity and rights. ", 12)
	for font, want := range map[string]bool{"ABCDEF+CMR10": true, "SFRM1095": true, "": true, "ABCDEF+Arial": false} {
		if got := page(text, font); got.OK != want {
			t.Errorf("%q: %+v, want OK %v", font, got, want)
		}
	}
	if got := page(strings.Map(next, text), "CMR10"); got.OK {
		t.Error("other letters of a font of TeX are trusted")
	}
	if got := string([]rune{texLetter(0x0C, "CMR10"), texLetter(0x1C, ""), texLetter(0x0C, "ABCDEF+CMSY10"), texLetter('a', "CMR10")}); got != "ﬁﬁ\fa" {
		t.Errorf("ligatures %q", got)
	}
}

func TestLegacyFont(t *testing.T) {
	for font, want := range map[string]string{
		"ABCDEF+Preeti-Bold": "Preeti", "KrutiDev010": "Kruti Dev", "SutonnyMJ": "SutonnyMJ", "VG2-Main": "VG2 Main",
		"Helvetica": "", "ABCDEF+NotoSansEthiopic": "", "": "",
	} {
		if got := legacyFont(font); got != want {
			t.Errorf("legacyFont(%q) = %q, want %q", font, got, want)
		}
	}
}

func TestCaptionStart(t *testing.T) {
	for text, want := range map[string]captionKind{
		"Figure 3: Rainfall": ofFigure, "FIGURE 12. Prices": ofFigure, "Fig. 2 Prices": ofFigure, "Table 1.2": ofTable, "Map: access": ofMap,
		"Kielelezo 4. Bei": ofFigure, "Jedwali Na. 3: Idadi": ofTable, "Ramani ya 2": ofMap, "ምስል 2፦ ካርታ": ofFigure, "ሠንጠረዥ ፫": ofTable,
		"شكل 3: الأسعار": ofFigure, "جدول رقم (2)": ofTable, "جدول ٢": ofTable, "خريطة ١: الوصول": ofMap, "Photo: UN": ofFigure,
		"Рис. 5. Карта": ofFigure, "Hoto na 1": ofFigure, "Jaantus 2": ofFigure, "Àwòrán 1: Òjò": ofFigure, "Tableau II. Prix": ofTable,
		"Carte 1 : accès": ofMap, "2. ábra": ofFigure, "3. táblázat": ofTable, "[그림 4-5] 8대": ofFigure, "<표 1> 비교": ofTable, "図2 気温": ofFigure, "表一": ofTable,
		"চিত্র ২: বন্যা": ofFigure, "तालिका १": ofTable, "ဇယား ၁": ofTable, "ပုံ ၂။": ofFigure, "Figure 1-2   Existing": ofFigure, "Figure A.1 Method": ofFigure,
		"Figure skating is a sport": noCaption, "Mapping the area": noCaption, "Tableau": noCaption, "The figure shows 3": noCaption,
		"Plate tectonics": noCaption, "Box office": noCaption, "2. Introduction": noCaption, "表示": noCaption, "Cal State": noCaption,
	} {
		if got, _ := captionStart(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// What the inverse of the bidirectional algorithm makes of places alone.
func TestRightToLeftCells(t *testing.T) {
	place := func(visual string) []char {
		var out []char
		x := 0.0
		for _, r := range visual {
			if r != ' ' {
				out = append(out, char{r: r, x: x, box: Rect{x, 0, x + 5, 10}})
			}
			x += 5
		}
		return out
	}
	for visual, want := range map[string]string{
		"ecnarF":               "ecnarF", // no letter that runs leftwards: as it stands
		reversed("سلام عليكم"): "سلام عليكم",
		"Open Source " + reversed("برنامج"):            "برنامج Open Source",
		"2024 2023 " + reversed("في"):                  "في 2023 2024",
		"12.5% " + reversed("نسبة"):                    "نسبة 12.5%",
		reversed("نعم") + " (IBM) " + reversed("شركة"): "شركة (IBM) نعم",
		"03/10/2024 " + reversed("يوم"):                "يوم 03/10/2024",
	} {
		if got := strings.Join(rightToLeftCells(place(visual), 10), "|"); got != want {
			t.Errorf("%q: %q, want %q", visual, got, want)
		}
	}
	if got := rightToLeftCells(append(place(reversed("قيمة")), char{r: '7', x: 200, box: Rect{200, 0, 205, 10}}), 10); len(got) != 2 || got[0] != "7" {
		t.Errorf("cells %q", got)
	}
}
