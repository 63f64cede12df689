package lang

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A few sentences in languages and scripts that differ, written for this test.
var corpus = map[string][]string{
	"swh_Latn": {
		"Watoto wanacheza mpira uwanjani kila siku jioni baada ya shule.",
		"Mama yangu anapika chakula kitamu sana jikoni kwa wageni wetu.",
		"Tunapenda kusoma vitabu vya hadithi za zamani nyumbani kwetu.",
		"Wakulima walivuna mahindi mengi mwaka huu kwa sababu ya mvua nzuri.",
		"Safari ya kwenda mjini ilichukua saa mbili kwa basi la abiria.",
	},
	"eng_Latn": {
		"The children play football in the field every evening after school.",
		"My mother cooks very good food in the kitchen for our guests.",
		"We like to read the books of old stories when we are at home.",
		"The farmers harvested much maize this year because of the good rain.",
		"The journey to the town took two hours with the passenger bus.",
	},
	"amh_Ethi": {
		"ልጆች ከትምህርት ቤት በኋላ በየቀኑ ማታ ሜዳ ላይ ኳስ ይጫወታሉ።",
		"እናቴ ለእንግዶቻችን በኩሽና ውስጥ በጣም ጥሩ ምግብ ታበስላለች።",
		"ቤታችን ውስጥ የድሮ ታሪኮችን መጻሕፍት ማንበብ እንወዳለን።",
		"በዚህ ዓመት በጥሩ ዝናብ ምክንያት ገበሬዎች ብዙ በቆሎ ሰበሰቡ።",
		"ወደ ከተማ የሚደረገው ጉዞ በአውቶቡስ ሁለት ሰዓት ወሰደ።",
	},
	"rus_Cyrl": {
		"Дети играют в футбол на поле каждый вечер после школы.",
		"Моя мама готовит на кухне очень вкусную еду для наших гостей.",
		"Дома мы любим читать книги со старыми рассказами.",
		"Крестьяне собрали в этом году много кукурузы из-за хорошего дождя.",
		"Поездка в город на автобусе заняла два часа.",
	},
}

func trained(t testing.TB) *Model {
	t.Helper()
	var trainer Trainer
	for _, label := range []string{"amh_Ethi", "eng_Latn", "rus_Cyrl", "swh_Latn"} {
		texts := corpus[label]
		for part, text := range texts {
			trainer.Add(label, part, text+" "+texts[(part+1)%len(texts)])
		}
	}
	m, report, err := trainer.Train()
	if err != nil {
		t.Fatal(err)
	}
	if report.Languages != 4 {
		t.Errorf("%d languages", report.Languages)
	}
	return m
}

func TestIdentify(t *testing.T) {
	m := trained(t)
	tests := []struct{ text, want string }{
		{"Wakulima wanapenda mahindi na watoto wanasoma shuleni", "swh_Latn"},
		{"The mother likes the rain and the children cook in the school", "eng_Latn"},
		{"ልጆች በየቀኑ ምግብ ታበስላለች ጥሩ ዝናብ", "amh_Ethi"},
		{"ልጆች፡በየቀኑ፡ምግብ፡ጥሩ፡ዝናብ", "amh_Ethi"},
		{"ДЕТИ ЧИТАЮТ КНИГИ КАЖДЫЙ ВЕЧЕР", "rus_Cyrl"},
		{"xqzwk vbnjq pfghz ktrwx qqzzj wvxkb", "und_Latn"},
		{"Ναι, ίσως αύριο", "und_Grek"},
		{"12 345, 67.8 — !", "und_Zyyy"},
		{"https://example.org/the/children a.b@example.org", "und_Latn"},
		{"WHO/UNICEF 2021", "und_Latn"},
		{"THE 2023", "und_Latn"},
		{"NGOs", "und_Latn"},
		{"THE CHILDREN LIKE THE RAIN", "eng_Latn"},
		{"CHILDREN AND FOOD", "eng_Latn"},
		{"the children like the WHO and UNICEF", "eng_Latn"},
		{"", "und_Zyyy"},
		{"\xff\xfe", "und_Zyyy"},
	}
	for _, tt := range tests {
		label, confidence := m.Identify(tt.text)
		if label != tt.want {
			t.Errorf("Identify(%q) = %s, want %s", tt.text, label, tt.want)
		}
		if unknown := strings.HasPrefix(label, "und_"); unknown != (confidence == 0) || confidence > 1 {
			t.Errorf("Identify(%q): confidence %v of %s", tt.text, confidence, label)
		}
	}
}

func TestDeclaredLanguageIsEvidence(t *testing.T) {
	m := trained(t)
	odds := func(declared ...string) float64 {
		p := map[string]float64{}
		for _, r := range m.Rank("saa the", declared...) {
			p[r.Label] = r.Confidence
		}
		return p["eng_Latn"] / p["swh_Latn"]
	}
	if ratio := odds("en-GB") / odds(); math.Abs(ratio-declaredOdds) > 0.01 {
		t.Errorf("declaring English changes the odds %v times", ratio)
	}
	if ratio := odds() / odds("fr", "sw"); math.Abs(ratio-declaredOdds) > 0.01 {
		t.Errorf("declaring Swahili changes the odds %v times", ratio)
	}
	if label, _ := m.IdentifyWith(corpus["swh_Latn"][0], "en"); label != "swh_Latn" {
		t.Errorf("a wrong declaration won: %s", label)
	}
}

// What may be nothing but names says less than the same words elsewhere.
func TestNamesSayLittle(t *testing.T) {
	m := trained(t)
	ratio := func(text string) float64 {
		ranked := m.Rank(text)
		return math.Log(ranked[0].Confidence / ranked[1].Confidence)
	}
	for _, text := range []string{"Mama", "Mama Watoto", "Mother Rain"} {
		names, words := ratio(text), ratio(strings.ToLower(text))
		// The odds before the text is read are the same.
		if names > 0.7*words {
			t.Errorf("log odds %.2f as names, %.2f as words: %q", names, words, text)
		}
	}
	const sentence = "Mama yangu anapika chakula kitamu sana"
	if capital, lower := ratio(sentence), ratio(strings.ToLower(sentence)); capital != lower {
		t.Errorf("log odds of a sentence: %g, in lower case %g", capital, lower)
	}
}

func TestStyleOf(t *testing.T) {
	for word, want := range map[string]style{
		"haki": plain, "Haki": title, "UNICEF": capital, "NGOs": capital, "IDs": capital, "A": initial, "McDonald": title, "Ĉu": title, "ĈU": capital,
		"ДЕТИ": capital, "ሰላም": plain, "iPhone": plain, "Ís": title,
	} {
		if got := styleOf(word); got != want {
			t.Errorf("%s: %d, want %d", word, got, want)
		}
	}
}

func TestRankSumsToOne(t *testing.T) {
	results := trained(t).Rank("The children cook maize")
	if len(results) != 2 || results[0].Label != "eng_Latn" {
		t.Fatalf("got %v", results)
	}
	if sum := results[0].Confidence + results[1].Confidence; sum < 0.999 || sum > 1.001 {
		t.Errorf("probabilities sum to %v", sum)
	}
}

func TestModelFile(t *testing.T) {
	m := trained(t)
	var first, second bytes.Buffer
	if _, err := m.WriteTo(&first); err != nil {
		t.Fatal(err)
	}
	if _, err := trained(t).WriteTo(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("training twice gives two files")
	}
	path := filepath.Join(t.TempDir(), "lid.bin")
	if err := os.WriteFile(path, first.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Load(path); err != nil || again.Name() != loaded.Name() || len(loaded.Name()) < 10 {
		t.Errorf("names %q and %q, %v", loaded.Name(), again.Name(), err)
	}
	if !slices.Equal(loaded.Labels(), m.Labels()) {
		t.Errorf("labels %v, want %v", loaded.Labels(), m.Labels())
	}
	for _, texts := range corpus {
		for _, text := range texts {
			wantLabel, want := m.Identify(text)
			if label, confidence := loaded.Identify(text); label != wantLabel || confidence != want {
				t.Errorf("after loading %q is %s %v, was %s %v", text, label, confidence, wantLabel, want)
			}
		}
	}
}

func TestForeignModelFile(t *testing.T) {
	var whole bytes.Buffer
	if _, err := trained(t).WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole.Bytes())
	flipped[len(flipped)/2] ^= 1
	for name, data := range map[string][]byte{
		"empty":     nil,
		"text":      []byte("this is no model, it is a text of some length"),
		"old":       []byte("VISLLID2" + strings.Repeat("x", 100)),
		"truncated": whole.Bytes()[:whole.Len()-10],
		"flipped":   flipped,
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

// A model of the version before is one whose words have never been seen.
func TestFormerModelFile(t *testing.T) {
	m := trained(t)
	var now bytes.Buffer
	if _, err := m.WriteTo(&now); err != nil {
		t.Fatal(err)
	}
	body := now.Bytes()[len(magic) : now.Len()-4]
	const head, language = 20, 1 + len("swh_Latn") + 4*whole + 4
	former := slices.Clone(body[:head])
	for i := range m.languages {
		one := body[head+i*language:][:language]
		former = slices.Concat(former, one[:language-8], one[language-4:]) // without the last miss
	}
	kept, postings := 0, 0
	var rows, lists []byte
	for _, r := range m.rows() {
		if r.gram.length() == whole {
			continue
		}
		kept++
		rows = binary.LittleEndian.AppendUint64(rows, uint64(r.gram))
		rows = binary.LittleEndian.AppendUint16(rows, uint16(len(r.postings)))
		for _, p := range r.postings {
			lists = append(binary.LittleEndian.AppendUint16(lists, p.language), p.weight)
			postings++
		}
	}
	former = binary.LittleEndian.AppendUint32(former, uint32(kept))
	former = slices.Concat(binary.LittleEndian.AppendUint32(former, uint32(postings)), rows, lists)
	file := slices.Concat([]byte(magicBefore), former, binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(former)))
	loaded, err := decode(file)
	if err != nil {
		t.Fatal(err)
	}
	for label, texts := range corpus {
		if got, _ := loaded.Identify(texts[0] + " " + texts[1]); got != label {
			t.Errorf("%s is %s", label, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var whole bytes.Buffer
	if _, err := trained(f).WriteTo(&whole); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes()[8 : whole.Len()-4])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeBody(body, order+1)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		m.Identify("The children Дети ልጆች")
	})
}

func FuzzIdentify(f *testing.F) {
	m := trained(f)
	f.Add("Watoto wanacheza")
	f.Add("𞤀𞤁 漢字かな \u0301'’ʼ")
	f.Fuzz(func(t *testing.T, text string) {
		label, confidence := m.Identify(text)
		if !(confidence >= 0 && confidence <= 1) || len(label) != 8 {
			t.Fatalf("Identify(%q) = %q, %v", text, label, confidence)
		}
		if _, script, _ := strings.Cut(label, "_"); strings.HasPrefix(label, "und") && script != Script(text) {
			t.Fatalf("%s, but the script is %s", label, Script(text))
		}
	})
}

func TestManyGoroutines(t *testing.T) {
	m := trained(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for label, texts := range corpus {
				for _, text := range texts {
					if got, _ := m.Identify(text); got != label {
						t.Errorf("%q is %s, want %s", text, got, label)
					}
				}
			}
		})
	}
	group.Wait()
}

func TestTrainNothing(t *testing.T) {
	var trainer Trainer
	if _, _, err := trainer.Train(); err == nil {
		t.Error("no error")
	}
}

func TestScript(t *testing.T) {
	tests := []struct{ text, want string }{
		{"Habari", "Latn"}, {"ሰላም COVID-19", "Ethi"}, {"日本語のテキスト", "Jpan"}, {"中文", "Hani"},
		{"한국어", "Hang"}, {"ߒߞߏ", "Nkoo"}, {"𞤆𞤵𞤤𞤢𞤪", "Adlm"}, {"ⵜⴰⵎⴰⵣⵉⵖⵜ", "Tfng"}, {"123", "Zyyy"}, {"", "Zyyy"},
	}
	for _, tt := range tests {
		if got := Script(tt.text); got != tt.want {
			t.Errorf("Script(%q) = %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestFromTag(t *testing.T) {
	tests := []struct{ tag, want string }{
		{"sw", "swh_Latn"}, {"swa", "swh_Latn"}, {"sw-TZ", "swh_Latn"}, {"swh_Latn", "swh_Latn"}, {"EN_us", "eng_Latn"},
		{"om", "gaz_Latn"}, {"orm", "gaz_Latn"}, {"am", "amh_Ethi"}, {"ti", "tir_Ethi"}, {"ar", "arb_Arab"},
		{"fa", "pes_Arab"}, {"fa-AF", "prs_Arab"}, {"prs", "prs_Arab"}, {"ps", "pbu_Arab"},
		{"ku", "kmr_Latn"}, {"ckb", "ckb_Arab"}, {"ku-Arab", "ckb_Arab"}, {"pa", "pan_Guru"}, {"pa-PK", "pnb_Arab"},
		{"zh", "cmn_Hans"}, {"zh-TW", "cmn_Hant"}, {"zh-Hant-HK", "cmn_Hant"}, {"ja", "jpn_Jpan"}, {"ko", "kor_Hang"},
		{"az-Cyrl", "azj_Cyrl"}, {"sr-Latn", "srp_Latn"}, {"ff-Adlm", "fuv_Adlm"}, {"fil", "tgl_Latn"}, {"yi", "ydd_Hebr"},
		{"fre", "fra_Latn"}, {"und", "und_Zyyy"}, {"und-Ethi", "und_Ethi"}, {"und_Latn", "und_Latn"},
		{"", "und_Zyyy"}, {"not a tag", "und_Zyyy"}, {"swahili", "und_Zyyy"},
	}
	for _, tt := range tests {
		if got := FromTag(tt.tag); got != tt.want {
			t.Errorf("FromTag(%q) = %s, want %s", tt.tag, got, tt.want)
		}
	}
}

func FuzzFromTag(f *testing.F) {
	f.Add("zh-Hant-TW")
	f.Fuzz(func(t *testing.T, tag string) {
		if label := FromTag(tag); len(label) != 8 || label[3] != '_' {
			t.Fatalf("FromTag(%q) = %q", tag, label)
		}
	})
}

// TestDataFiles checks what people edit by hand.
func TestDataFiles(t *testing.T) {
	for key, label := range aliases {
		code, script, _ := strings.Cut(label, "_")
		if len(code) != 3 || script != "" && len(script) != 4 || key == label && !strings.Contains(label, "_") {
			t.Errorf("languages.tsv: %s\t%s", key, label)
		}
	}
	if len(common) < 100 {
		t.Errorf("common.txt: %d labels", len(common))
	}
	for label := range common {
		if label != FromTag(label) {
			t.Errorf("common.txt: %s is %s", label, FromTag(label))
		}
	}
}
