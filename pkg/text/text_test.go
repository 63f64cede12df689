package text

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSentences(t *testing.T) {
	tests := []struct {
		name, language string
		want           []string // joined by a space they are the text
	}{
		{"plain", "eng_Latn", []string{"It rained.", "Roads closed!", "Why?", "Nobody knows"}},
		{"title", "eng_Latn", []string{"Dr. Amina met Mr. Okello.", "They talked."}},
		{"decimal", "eng_Latn", []string{"It fell by 1.5 mm in 3.2 hours.", "Then 40,000.00 people left."}},
		{"year ends", "eng_Latn", []string{"It began in 2019.", "It ended in 2021."}},
		{"ordinal", "deu_Latn", []string{"Am 3. Oktober kam er an.", "Er blieb bis 1990.", "Dann ging er."}},
		{"initials", "eng_Latn", []string{"J. K. Mwangi signed it.", "U.N. agencies agreed."}},
		{"starter", "eng_Latn", []string{"It came from the U.N.", "The rest came later."}},
		{"etc then capital", "eng_Latn", []string{"Bring food, water, etc.", "Wait there."}},
		{"etc then small", "eng_Latn", []string{"Food, water, etc. were sent."}},
		{"number abbreviation", "eng_Latn", []string{"See Fig. 3 and No. 12 on p. 4.", "Then stop."}},
		{"quote", "eng_Latn", []string{"He said “Come here.”", "She came."}},
		{"quote goes on", "eng_Latn", []string{"“Why me?” he asked.", "Silence."}},
		{"bracket", "eng_Latn", []string{"(It was late.)", "They slept."}},
		{"article", "swh_Latn", []string{"Kifungu cha 1. Watu wote wamezaliwa huru.", "Kifungu cha 2. Kila mtu ana haki."}},
		{"swahili title", "swh_Latn", []string{"Dkt. Amina alisema k.m. Nairobi na miji mingine, n.k.", "Watu walisikiliza."}},
		{"list", "eng_Latn", []string{"1. Wash your hands.", "2. Wear a mask.", "a) Stay home.", "IV. The end is near."}},
		{"ellipsis", "eng_Latn", []string{"They waited... and waited.", "Then…", "Nothing."}},
		{"lower case follows", "eng_Latn", []string{"The approx. cost was high."}},
		{"address", "eng_Latn", []string{"See www.who.int for more.", "Or call."}},
		{"french", "fra_Latn", []string{"M. Diallo est arrivé.", "Est-ce vrai ?", "Oui !", "« C’est vrai. »", "Il partit."}},
		{"amharic", "amh_Ethi", []string{"ሰላም ለሁሉም።", "እንዴት ነህ፧", "ደህና ነኝ።"}},
		{"amharic word space", "amh_Ethi", []string{"የሰው፡ልጅ፡ሁሉ፡ነጻ፡ነው፡፡", "ሁሉም፡እኩል፡ነው።"}},
		{"amharic initials", "amh_Ethi", []string{"እ.ኤ.አ. በ2020 ተጀመረ።", "ቀጠለ።"}},
		{"arabic", "arb_Arab", []string{"هل أنت بخير؟", "نعم.", "شكرا!"}},
		{"urdu", "urd_Arab", []string{"یہ ایک جملہ ہے۔", "یہ دوسرا ہے۔"}},
		{"hindi", "hin_Deva", []string{"यह एक वाक्य है।", "यह दूसरा है॥", "डॉ. राम आए।"}},
		{"bengali", "ben_Beng", []string{"এটি একটি বাক্য।", "আর একটি।"}},
		{"burmese", "mya_Mymr", []string{"ဒါက စာကြောင်း၊ တစ်ခု။", "နောက်တစ်ခု။"}},
		{"khmer", "khm_Khmr", []string{"នេះជាប្រយោគ។", "មួយទៀត។"}},
		{"thai", "tha_Thai", []string{"ฉันชอบกิน", "เธอชอบนอน 10 ชั่วโมง"}},
		{"russian", "rus_Cyrl", []string{"Это было в 1990 г. в Москве.", "Потом всё изменилось."}},
		{"amharic list", "amh_Ethi", []string{"1. እጅዎን ይታጠቡ።", "2. ቤት ይቆዩ።"}},
		{"amharic number", "amh_Ethi", []string{"ዋጋው በ3.5 በመቶ ጨምሯል።", "በ2015 ዓ.ም. ተጀመረ።"}},
		{"amharic quote", "amh_Ethi", []string{"እሱም «እሺ።»", "ከዚያ ሄደ።"}},
		{"tigrinya question", "tir_Ethi", []string{"ከመይ ኣለኻ፧", "ጽቡቕ፡፡", "የቐንየለይ!"}},
		{"arabic quote", "arb_Arab", []string{"قال: «نعم.»", "ثم ذهب إلى البيت."}},
		{"arabic number", "arb_Arab", []string{"بلغ العدد 3.5 مليون في 2020.", "ثم زاد."}},
		{"persian question", "pes_Arab", []string{"آیا تو می آیی؟", "بله!"}},
		{"sindhi and urdu stops", "urd_Arab", []string{"ڈاکٹر صاحب آئے۔", "کیا وہ ٹھیک ہیں؟", "جی ہاں۔"}},
		{"hindi quote", "hin_Deva", []string{"उसने कहा, “हाँ।”", "फिर वह गया।"}},
		{"hindi number", "hin_Deva", []string{"वर्षा 1.5 मिमी हुई।", "१. हाथ धोएँ।", "२. घर पर रहें।"}},
		{"nepali question", "npi_Deva", []string{"तपाईंलाई कस्तो छ?", "ठीक छ।"}},
		{"bengali title", "ben_Beng", []string{"ড. রহমান এলেন।", "তিনি কথা বললেন।"}},
		{"hindi list", "hin_Deva", []string{"१। हाथ धोएँ।", "१२। घर पर रहें।"}},
		{"burmese list", "mya_Mymr", []string{"၁။ လက်ဆေးပါ။", "၂။ အိမ်မှာနေပါ။"}},
		{"khmer end", "khm_Khmr", []string{"នេះជាប្រយោគ៕", "តើអ្នកសុខសប្បាយទេ?", "បាទ។"}},
		{"lao", "lao_Laoo", []string{"ຂ້ອຍກິນ", "ເຈົ້ານອນ"}},
		{"lines of a scan", "eng_Latn", []string{"It rained in the\nnorth of the country.", "Then it\nstopped.", "Roads opened."}},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		text := strings.Join(tt.want, " ")
		var got []string
		for _, s := range Sentences(text, tt.language) {
			got = append(got, s.Text)
			if text[s.Start:s.End] != s.Text {
				t.Errorf("%s: offsets %d:%d are not of %q", tt.name, s.Start, s.End, s.Text)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestSentencesWithoutSpaces(t *testing.T) {
	var got []string
	for _, s := range Sentences("我们到了。你好吗？「好。」他走了！", "cmn_Hans") {
		got = append(got, s.Text)
	}
	want := []string{"我们到了。", "你好吗？", "「好。」", "他走了！"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for text, want := range map[string]int{"ဒါက တစ်ခု။နောက်တစ်ခု။": 2, "នេះជាប្រយោគ។មួយទៀត៕": 2, "ሰላም።እንዴት፡ነህ፧ደህና፡፡": 3, "एक है।दो है॥": 2} {
		if got := Sentences(text, ""); len(got) != want {
			t.Errorf("%q: %d sentences, want %d", text, len(got), want)
		}
	}
}

func TestEmptyLineEndsSentence(t *testing.T) {
	got := Sentences("A heading\n\nThe text goes\non here. And ends.\n \n", "eng_Latn")
	want := []string{"A heading", "The text goes\non here.", "And ends."}
	if len(got) != len(want) {
		t.Fatalf("got %d sentences %v, want %q", len(got), got, want)
	}
	for i := range want {
		if got[i].Text != want[i] {
			t.Errorf("sentence %d: got %q, want %q", i, got[i].Text, want[i])
		}
	}
}

// Hostile texts must not take quadratic time.
func TestLongTexts(t *testing.T) {
	for name, piece := range map[string]string{
		"stops": "a. ", "closers": ".) ", "quotes": ".» ", "openers": "(((", "lower": "and. so ", "no space": "Ab.", "lines": "x-\n", "marks": "\u0301",
	} {
		text := strings.Repeat(piece, 1<<20/len(piece))
		start := time.Now()
		Sentences(text, "eng_Latn")
		JoinLines(strings.Split(text, "\n"))
		Fold(text)
		Quality(text)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: 1 MiB took %v", name, took)
		}
	}
}

func FuzzSentences(f *testing.F) {
	f.Add("Dr. Ali came. He left.", "eng_Latn")
	f.Add("።።፡፡ \xff. A\n\nb", "amh_Ethi")
	f.Fuzz(func(t *testing.T, text, language string) {
		end := 0
		var kept strings.Builder
		for _, s := range Sentences(text, language) {
			if s.Start < end || s.End <= s.Start || text[s.Start:s.End] != s.Text {
				t.Fatalf("bad span %d:%d after %d", s.Start, s.End, end)
			}
			if strings.TrimSpace(text[end:s.Start]) != "" {
				t.Fatalf("lost %q", text[end:s.Start])
			}
			end = s.End
			kept.WriteString(s.Text)
		}
		if strings.TrimSpace(text[end:]) != "" {
			t.Fatalf("lost %q", text[end:])
		}
	})
}

func TestJoinLines(t *testing.T) {
	tests := []struct {
		lines []string
		want  string
	}{
		{[]string{"The govern-", "ment said", "so."}, "The government said so."},
		{[]string{"COVID-", "19 and the Rift-", "Valley"}, "COVID-19 and the Rift-Valley"},
		{[]string{"soft\u00ad", "ware"}, "software"},
		{[]string{"", "One", "", "", "Two ", "  three", ""}, "One\n\nTwo three"},
		{[]string{"我们到", "了。"}, "我们到了。"},
		{[]string{"10 -", "20"}, "10 - 20"},
		{nil, ""},
	}
	for _, tt := range tests {
		if got := JoinLines(tt.lines); got != tt.want {
			t.Errorf("JoinLines(%q) = %q, want %q", tt.lines, got, tt.want)
		}
	}
}

func TestFold(t *testing.T) {
	tests := []struct{ name, a, b string }{
		{"case and accents", "José  ÁLVAREZ", "jose alvarez"},
		{"yoruba", "Ọ̀yọ́", "oyo"},
		{"hausa hooks", "Ƙasa ɗaya", "kasa daya"},
		{"ethiopic homophones", "ሠላም ሐገር ዓለም ፀሐይ", "ሰላም ሀገር አለም ጸሀይ"},
		{"arabic variants", "أحمد إلى المدينة", "احمد الي المدينه"},
		{"persian and arabic", "کتابی", "كتابي"},
		{"points and stretch", "مُحَمَّـد", "محمد"},
		{"digits", "٢٠٢٠ १२३ ၄၅ 𞥑", "2020 123 45 1"},
		{"full width", "ＡＢＣ１", "abc1"},
		{"dashes and quotes", "a–b “c” d’e", "a-b \"c\" d'e"},
		{"word space", "ሰው፡ልጅ", "ሰው ልጅ"},
	}
	for _, tt := range tests {
		if got := Fold(tt.a); got != tt.b {
			t.Errorf("%s: Fold(%q) = %q, want %q", tt.name, tt.a, got, tt.b)
		}
	}
	if got := Fold("किताब में"); got != "किताब में" {
		t.Errorf("Devanagari vowel signs must stay, got %q", got)
	}
}

func FuzzFold(f *testing.F) {
	f.Add("ሠላም José ٢٠٢٠")
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if utf8.ValidString(s) && !utf8.ValidString(once) {
			t.Fatalf("Fold(%q) is not UTF-8", s)
		}
	})
}

func TestQuality(t *testing.T) {
	good := []string{
		"Watu wote wamezaliwa huru, hadhi na haki zao ni sawa.",
		"All human beings are born free and equal in dignity and rights.",
		"የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።",
		"人人生而自由，在尊严和权利上一律平等。",
		"As of 15 March 2020, 153,648 COVID-19 cases were confirmed.",
	}
	bad := []string{
		"", "12", "12 345 67.8 90 11", "...........", "ha ha ha ha ha ha ha ha ha ha ha ha", "|| —— __ ~~ ||",
		"tH1s iS n0t gOoD t3Xt aT aLl wRiT3n", "i l l f r o m a t o b c e d u", "\ufffd\ufffd bro\ufffd \ufffden te\ufffd",
	}
	for _, s := range good {
		if q := Quality(s); q < 0.85 {
			t.Errorf("Quality(%q) = %.2f, want at least 0.85", s, q)
		}
	}
	for _, s := range bad {
		if q := Quality(s); q > 0.4 {
			t.Errorf("Quality(%q) = %.2f, want at most 0.4", s, q)
		}
	}
}

func FuzzQuality(f *testing.F) {
	f.Add("Watu wote wamezaliwa huru")
	f.Fuzz(func(t *testing.T, s string) {
		if q := Quality(s); !(q >= 0 && q <= 1) {
			t.Fatalf("Quality(%q) = %v", s, q)
		}
	})
}
