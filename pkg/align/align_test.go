package align

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A made-up report in English and Swahili: target 2 merges source 2 and 3,
// source 5 is missing, source 7 is two sentences, target 0 is a page header.
var (
	english = []string{
		"Floods in the Tana River valley",
		"Heavy rain fell over Garissa and Hola for 12 days in April 2024.",
		"The river burst its banks on 27 April.",
		"More than 3,450 families had to leave their homes.",
		"Most of them found shelter in schools and in churches.",
		"Journalists could not reach the area.",
		"The Red Cross handed out 1,200 tents and 5,000 blankets.",
		"Cholera was confirmed in Madogo, where 64 people fell ill and two died of it.",
		"Clean water is what families ask for most.",
		"Further rain is expected until 15 May.",
	}
	swahili = []string{
		"Ripoti ya Hali ya Kibinadamu, Toleo la 76",
		"Mafuriko katika bonde la Mto Tana",
		"Mvua kubwa ilinyesha Garissa na Hola kwa siku 12 mwezi Aprili 2024.",
		"Mto ulivunja kingo zake tarehe 27 Aprili na zaidi ya familia 3,450 zililazimika kuacha nyumba zao.",
		"Wengi wao walipata hifadhi shuleni na makanisani.",
		"Shirika la Msalaba Mwekundu liligawa mahema 1,200 na mablanketi 5,000.",
		"Kipindupindu kilithibitishwa Madogo.",
		"Watu 64 waliugua na wawili walifariki.",
		"Maji safi ndiyo familia zinaomba zaidi.",
		"Mvua zaidi inatarajiwa hadi tarehe 15 Mei.",
	}
	beads = "[]:[0] [0]:[1] [1]:[2] [2 3]:[3] [4]:[4] [5]:[] [6]:[5] [7]:[6 7] [8]:[8] [9]:[9]"
)

func TestAlign(t *testing.T) {
	result, err := Align(context.Background(), english, swahili, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range result.Beads {
		got = append(got, fmt.Sprintf("%v:%v", b.Source, b.Target))
	}
	if s := strings.Join(got, " "); s != beads {
		t.Errorf("got  %s\nwant %s", s, beads)
	}
	if result.Health < 0.5 {
		t.Errorf("health of a translation is %.2f", result.Health)
	}
}

func TestAnchorsOfOtherScripts(t *testing.T) {
	source := []string{"It is 2020.", "There were 153 cases.", "COVID-19 came in 1987.", "We met 45 people here."}
	target := []string{"፳፻፳ ነው።", "١٥٣ حالة", "COVID-19 १९८७ में आया", "၄၅ ယောက်"}
	result, err := Align(context.Background(), source, target, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range result.Beads {
		if !slices.Equal(b.Source, []int{i}) || !slices.Equal(b.Target, []int{i}) {
			t.Errorf("bead %d is %v:%v", i, b.Source, b.Target)
		}
	}
}

func TestHealthOfStrangers(t *testing.T) {
	reversed := slices.Clone(swahili)
	slices.Reverse(reversed)
	result, err := Align(context.Background(), english, reversed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Health > 0.4 {
		t.Errorf("health of reversed sentences is %.2f", result.Health)
	}
}

// A report long enough that each fault shows: made-up sentences whose numbers,
// commas and lengths their translations share.
func report(n int) (source, target []string) {
	words := [2][]string{strings.Fields("water rain house river people road market school"), strings.Fields("maji mvua nyumba mto watu barabara soko shule")}
	for i := range n {
		var sides [2]strings.Builder
		for k := range 3 + i*i%7 {
			for side := range sides {
				fmt.Fprintf(&sides[side], "%s%s", words[side][(i*k+k)%8], []string{" ", ", "}[(i+k*k)%5/4])
			}
		}
		source = append(source, fmt.Sprintf("%sof %d.", &sides[0], 100+i*37))
		target = append(target, fmt.Sprintf("%sya %d.", &sides[1], 100+i*37))
	}
	return source, target
}

func TestHealth(t *testing.T) {
	source, target := report(41)
	source, target, next := source[:40], target[:40], target[40]
	misread := slices.Clone(source)
	for i := range misread {
		misread[i] = strings.Replace(misread[i], "o", "c", 1)
	}
	var part []string
	for i, line := range target {
		if i%5 < 3 {
			part = append(part, line)
		}
	}
	tests := []struct {
		name   string
		target []string
		good   bool
	}{
		{"a translation", target, true},
		{"one sentence less", target[1:], true},
		{"shifted", append(slices.Clone(target[1:]), next), false},
		{"shifted back", append([]string{next}, target[:39]...), false},
		{"halves swapped", slices.Concat(target[20:], target[:20]), false},
		{"a copy", source, false},
		{"a copy that was misread", misread, false},
		{"40 % missing", part, false},
		{"a block missing", slices.Concat(target[:10], target[24:]), false},
		{"the same line again and again", slices.Repeat(target[:1], 40), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Align(context.Background(), source, tt.target, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if (r.Health >= HealthThreshold) != tt.good {
				t.Errorf("health %.2f, %+v", r.Health, r.Evidence)
			}
		})
	}
}

// Lines of two or three signs: a word, a number, a heading.
func TestHealthOfShortCopy(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf("word %d", 100+i*37))
	}
	r, err := Align(context.Background(), lines, lines, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Health >= HealthThreshold || r.Evidence.Copied != 1 {
		t.Errorf("health %.2f, %+v", r.Health, r.Evidence)
	}
}

// Lines of one length that only commas, stops and capitals tell apart.
func TestCountedSigns(t *testing.T) {
	source := []string{"one, two, three and, four.", "five and six sevens eight.", "The World Bank and Germany.", "five and six sevens eight.", "a heading without anything"}
	target := []string{"moja, mbili, tatu na, nne.", "Benki Ya Dunia na Ujerumani.", "tano na sita saba na nanee.", "kichwa ambacho hakina kitu"}
	r, err := Align(context.Background(), source, target, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, b := range r.Beads {
		got += fmt.Sprintf("%v:%v ", b.Source, b.Target)
	}
	if want := "[0]:[0] [1]:[] [2]:[1] [3]:[2] [4]:[3] "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// check fails unless every sentence is in exactly one bead, in order.
func check(t *testing.T, n, m int, r Result) {
	t.Helper()
	i, j := 0, 0
	for _, b := range r.Beads {
		if len(b.Source)+len(b.Target) == 0 {
			t.Fatal("an empty bead")
		}
		if !(b.Score >= 0 && b.Score <= 1) {
			t.Fatalf("score %v", b.Score)
		}
		for _, x := range b.Source {
			if x != i {
				t.Fatalf("source %d where %d is due", x, i)
			}
			i++
		}
		for _, x := range b.Target {
			if x != j {
				t.Fatalf("target %d where %d is due", x, j)
			}
			j++
		}
	}
	if i != n || j != m {
		t.Fatalf("%d of %d and %d of %d sentences", i, n, j, m)
	}
	if !(r.Health >= 0 && r.Health <= 1) {
		t.Fatalf("health %v", r.Health)
	}
}

func TestBadInputIsBounded(t *testing.T) {
	repeat := func(n int, line string) []string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = line
		}
		return lines
	}
	numbered := func(n int) []string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("Sentence number %d about nothing %s", i*7, strings.Repeat("a", i%40))
		}
		return lines
	}
	tests := []struct {
		name           string
		source, target []string
	}{
		{"nothing", nil, nil},
		{"no target", numbered(3), nil},
		{"no source", nil, numbered(3)},
		{"one to many", numbered(1), numbered(10_000)},
		{"many to one", numbered(10_000), numbered(1)},
		{"identical lines", repeat(300, "the same 12"), repeat(200, "the same 12")},
		{"empty lines", repeat(50, ""), repeat(60, "")},
		{"control characters", repeat(20, "a\x00b\xff\xfe"), repeat(20, "\x00")},
		{"huge lines", repeat(3, strings.Repeat("word 12 ", 1<<17)), repeat(3, strings.Repeat("neno 12 ", 1<<17))},
		{"long", numbered(5000), numbered(5000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			r, err := Align(ctx, tt.source, tt.target, Options{})
			if err != nil {
				t.Fatal(err)
			}
			check(t, len(tt.source), len(tt.target), r)
		})
	}
}

func TestAlignStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Align(ctx, english, swahili, Options{}); err == nil {
		t.Error("no error of an ended context")
	}
	if _, err := Align(context.Background(), make([]string, MaxSentences+1), nil, Options{}); err == nil {
		t.Error("no error of too many sentences")
	}
}

func FuzzAlign(f *testing.F) {
	f.Add(strings.Join(english, "\n"), strings.Join(swahili, "\n"))
	f.Add("1\n2\n3", "፩\n፻፼\n\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		source, target := strings.Split(a, "\n"), strings.Split(b, "\n")
		r, err := Align(context.Background(), source, target, Options{})
		if err != nil {
			t.Fatal(err)
		}
		check(t, len(source), len(target), r)
	})
}

// dictionary is a lexicon with one translation a word.
type dictionary map[string]string

func (d dictionary) Translations(word string) []Translation {
	if t, ok := d[word]; ok {
		return []Translation{{Word: t, Probability: 1}}
	}
	return nil
}

// Lines of one length that only a lexicon or a similarity tells apart.
func TestWhatIsKnownBesideTheTexts(t *testing.T) {
	source := []string{"cats sleep then", "dogs drink teas", "cows remain here", "birds sing songs", "fish swim there"}
	target := []string{"mbwa wanywachai", "ngom wabakihapa", "ndege waimbawim", "samaki waogelea"}
	aligned := func(o Options) (beads string) {
		t.Helper()
		r, err := Align(context.Background(), source, target, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range r.Beads {
			beads += fmt.Sprintf("%v:%v ", b.Source, b.Target)
		}
		return beads
	}
	const want = "[0]:[] [1]:[0] [2]:[1] [3]:[2] [4]:[3] "
	lexicon := dictionary{
		"dogs": "mbwa", "drink": "wanyw", "cows": "ngom", "remai": "wabak", "birds": "ndege", "sing": "waimb", "fish": "samak", "swim": "waoge",
	}
	if got := aligned(Options{}); got == want {
		t.Error("nothing tells these lines apart, but they are")
	}
	if got := aligned(Options{Lexicon: lexicon}); got != want {
		t.Errorf("with a lexicon %s, want %s", got, want)
	}
	var m model
	m.load(source, target, Options{Lexicon: lexicon, Parameters: Standard()})
	if against := m.source.missing[0]; against[0] != 0 || against[1] <= 0 {
		t.Errorf("what speaks against beads that lack a known translation: %v", against)
	}
	similarity := func(i, n, j, m int) float64 {
		if n == 1 && m == 1 && i == j+1 {
			return 5
		}
		return 0
	}
	if got := aligned(Options{Similarity: similarity}); got != want {
		t.Errorf("with a similarity %s, want %s", got, want)
	}
	if got, want := Words("Été, ÉTÉ 12 l'eau!"), []string{"eau", "ete", "l"}; !slices.Equal(got, want) {
		t.Errorf("words %q, want %q", got, want)
	}
}

func TestALetterHasOneSound(t *testing.T) {
	sounds := map[rune]byte{}
	for letters, latin := range otherLetters {
		for _, c := range letters {
			if other, ok := sounds[c]; ok {
				t.Errorf("%c is both %c and %c", c, other, latin)
			}
			sounds[c] = latin
		}
	}
}
