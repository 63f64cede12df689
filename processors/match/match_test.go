package match

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/schemas"
)

// flow runs the stages in a process, with one partition each.
type flow struct {
	t     *testing.T
	codec *schemas.Codec
	pair  *Pair
	sight *Sight
	meet  *Meet
	state map[string]map[string][]byte // by stage
}

func newFlow(t *testing.T, pairs Pairs) *flow {
	t.Helper()
	registry, err := schemas.StartRegistry(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { registry.Close() })
	blobs, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Codec: schemas.NewCodec(registry.Client()), Blobs: blobs, Pairs: pairs}
	return &flow{t, o.Codec, NewPair(o), NewSight(o), NewMeet(o), map[string]map[string][]byte{"pair": {}, "sight": {}, "match": {}}}
}

// run gives a record to a stage, and what comes of it to the next, and returns
// the matches: state, source and target document.
func (f *flow) run(stage stream.Stage, topic string, value []byte) (matches []string) {
	f.t.Helper()
	type step struct {
		stage stream.Stage
		in    stream.Record
	}
	queue := []step{{stage, stream.Record{Topic: topic, Value: value}}}
	for steps := 0; len(queue) > 0; steps++ {
		if steps > 100_000 {
			f.t.Fatal("the steps never end")
		}
		next := queue[0]
		queue = queue[1:]
		out, letters, err := stream.Once(f.t.Context(), next.stage, f.state[next.stage.Name()], next.in)
		if err != nil || len(letters) > 0 {
			f.t.Fatalf("%s: %v, %v", next.in.Value, letters, err)
		}
		for _, rec := range out {
			if rec.Topic == Topic {
				queue = append(queue, step{f.meet, rec})
				continue
			}
			m, err := schemas.Decode[schemas.Match](f.t.Context(), f.codec, rec.Value)
			if err != nil {
				f.t.Fatal(err)
			}
			if want := m.SourceLanguage + "-" + m.TargetLanguage; string(rec.Key) != want {
				f.t.Errorf("key %s, want %s", rec.Key, want)
			}
			matches = append(matches, fmt.Sprintf("%s %s %s", m.State, m.SourceDocumentID, m.TargetDocumentID))
		}
	}
	slices.Sort(matches)
	return matches
}

func (f *flow) text(c schemas.Context, language string, lines []string) []string {
	f.t.Helper()
	t := schemas.Text{Context: c, Language: language}
	for _, l := range lines {
		t.Sentences = append(t.Sentences, schemas.Sentence{Page: 1, Text: l, Language: language})
	}
	value, err := f.codec.Encode(f.t.Context(), &t)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.run(f.pair, schemas.TopicTexts, value)
}

// grouped gives a document of the group g.
func (f *flow) grouped(id, language string) []string {
	return f.text(schemas.Context{DocumentID: id, GroupID: "g", Pages: 1}, language, []string{"One.", "Two."})
}

// alone gives a document without a group.
func (f *flow) alone(id, url, language string, lines []string) []string {
	return f.text(schemas.Context{DocumentID: id, URL: url, Pages: 1}, language, lines)
}

func TestDocumentsOfAGroupArePairedOnceWhicheverCameFirst(t *testing.T) {
	languages := map[string]string{"e": "eng_Latn", "s": "swh_Latn", "f": "fra_Latn"}
	want := []string{"declared e f", "declared e s", "declared f s"}
	for _, order := range []string{"esf", "fse", "sfe"} {
		f := newFlow(t, Pairs{})
		var got []string
		for _, id := range strings.Split(order, "") {
			got = append(got, f.grouped(id, languages[id])...)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", order, got)
		}
		if again := f.grouped("e", "eng_Latn"); len(again) != 0 {
			t.Errorf("a record that came again made %v", again)
		}
		newer := f.text(schemas.Context{DocumentID: "e", GroupID: "g", Revision: 5, Pages: 1}, "eng_Latn", []string{"One."})
		if len(newer) != 2 {
			t.Errorf("a newer revision made %v, want both pairs again", newer)
		}
		if late := f.grouped("e", "eng_Latn"); len(late) != 0 {
			t.Errorf("an older revision that came late made %v", late)
		}
	}
}

func TestANewVersionOfAGroupsDocumentTakesThePlaceOfTheOld(t *testing.T) {
	f := newFlow(t, Pairs{})
	version := func(id, url, language string) []string {
		return f.text(schemas.Context{DocumentID: id, URL: url, GroupID: "g", Pages: 1}, language, []string{"One."})
	}
	version("1e", "http://e", "eng_Latn")
	version("1s", "http://s", "swh_Latn")
	version("1f", "http://f", "fra_Latn")
	want := []string{"declared 2e 1f", "declared 2e 1s", "retracted 1e 1f", "retracted 1e 1s"}
	if got := version("2e", "http://e", "eng_Latn"); !slices.Equal(got, want) {
		t.Errorf("the new version made %v, want %v", got, want)
	}
	if got := version("1e", "http://e", "eng_Latn"); len(got) != 0 {
		t.Errorf("the old version that came late made %v", got)
	}
	want = []string{"declared 2e 2s", "declared 1f 2s", "retracted 1f 1s", "retracted 2e 1s"}
	slices.Sort(want)
	if got := version("2s", "http://s", "swh_Latn"); !slices.Equal(got, want) {
		t.Errorf("the next one made %v, want %v", got, want)
	}
}

func TestWantedPairs(t *testing.T) {
	tests := []struct {
		name  string
		pairs Pairs
		want  string
	}{
		{"all", Pairs{}, "declared e f, declared e s, declared f s"},
		{"pivot", Pairs{Pivots: []string{"swh"}}, "declared s e, declared s f"},
		{"two pivots", Pairs{Pivots: []string{"fra", "eng"}}, "declared e s, declared f e, declared f s"},
		{"list", Pairs{List: [][2]string{{"swh", "eng"}}}, "declared s e"},
	}
	for _, tt := range tests {
		f := newFlow(t, tt.pairs)
		got := slices.Concat(f.grouped("e", "eng_Latn"), f.grouped("f", "fra_Latn"), f.grouped("s", "swh_Latn"), f.grouped("u", "und_Latn"))
		slices.Sort(got)
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
		}
	}
	for _, bad := range []string{"eng", "eng-", "english-swahili", "eng-eng"} {
		if _, err := ParsePairs(nil, []string{bad}); err == nil {
			t.Errorf("--pairs %s was taken", bad)
		}
	}
}

// report is a made-up report with numbers and names of its own, in one of two
// languages.
func report(n int, language string) (lines []string) {
	places := strings.Fields("Garissa Hola Madogo Bura Masalani Kipini Lamu Witu Galole Wenje")
	words := map[string][]string{
		"eng_Latn": strings.Fields("water rose and people left with what they had on foot"),
		"swh_Latn": strings.Fields("maji yalipanda na watu wakaondoka na vitu vyao kwa miguu pia"),
	}[language]
	for i := range 8 {
		var b strings.Builder
		for k := range 4 + (n*5+i*3)%7 {
			b.WriteString(words[(n+i+k)%len(words)] + " ")
		}
		switch i % 3 {
		case 0:
			fmt.Fprint(&b, 1000+(n*7919+i*104729)%8999)
		case 1:
			b.WriteString(places[(n+i)%len(places)])
		}
		lines = append(lines, b.String()+".")
	}
	return lines
}

func address(n int, language string) string {
	return fmt.Sprintf("https://example.org/%d/%s", n*n*31, strings.Repeat(language[:1], n+1))
}

func TestCounterpartsFindEachOther(t *testing.T) {
	for _, first := range []string{"eng_Latn", "swh_Latn"} {
		f := newFlow(t, Pairs{Pivots: []string{"eng"}})
		found := map[string]bool{}
		second := map[string]string{"eng_Latn": "swh_Latn", "swh_Latn": "eng_Latn"}[first]
		for _, language := range []string{first, second} {
			for n := range 12 {
				for _, m := range f.alone(fmt.Sprintf("%s%02d", language[:1], n), address(n, language), language, report(n, language)) {
					state, pair, _ := strings.Cut(m, " ")
					found[pair] = state == schemas.MatchFound
				}
			}
		}
		right := 0
		for pair, holds := range found {
			if holds && pair[1:3] == pair[5:7] && pair[0] == 'e' && pair[4] == 's' {
				right++
			} else if holds {
				t.Errorf("%s first: wrong pair %s", first, pair)
			}
		}
		if right < 11 {
			t.Errorf("%s first: %d of 12 pairs were found", first, right)
		}
	}
}

// The same documents in any order make the same matches in the end, though others
// may be found and taken back on the way.
func TestTheOrderOfArrivalDoesNotMatter(t *testing.T) {
	languages := []string{"eng_Latn", "swh_Latn"}
	var want []string
	for seed := range uint64(6) {
		f := newFlow(t, Pairs{})
		var standing []string
		for _, k := range rand.New(rand.NewPCG(seed, 0)).Perm(20) {
			n, language := k/2, languages[k%2]
			// Two of them translate parts of the same report.
			lines := report(n, language)
			if n == 9 {
				lines = append(report(8, language)[:6], lines[6:]...)
			}
			for _, m := range f.alone(fmt.Sprintf("%s%02d", language[:1], n), address(n, language), language, lines) {
				state, pair, _ := strings.Cut(m, " ")
				if state == schemas.MatchFound {
					standing = append(standing, pair)
				} else if at := slices.Index(standing, pair); at >= 0 {
					standing = slices.Delete(standing, at, at+1)
				} else {
					t.Errorf("order %d: %s was taken back before it was found", seed, pair)
				}
			}
		}
		slices.Sort(standing)
		if want == nil {
			want = standing
		}
		if len(standing) < 9 || !slices.Equal(standing, want) {
			t.Errorf("order %d: %v, want %v", seed, standing, want)
		}
	}
}

func TestALateBetterCounterpartTakesOver(t *testing.T) {
	f := newFlow(t, Pairs{})
	f.alone("e1", "u1", "eng_Latn", report(1, "eng_Latn"))
	partial := append(report(1, "swh_Latn")[:5], report(2, "swh_Latn")[5:]...)
	if got := f.alone("s1", "u2", "swh_Latn", partial); !slices.Equal(got, []string{"found e1 s1"}) {
		t.Fatalf("the only counterpart: %v", got)
	}
	got := f.alone("s2", "u3", "swh_Latn", report(1, "swh_Latn"))
	if want := []string{"found e1 s2", "retracted e1 s1"}; !slices.Equal(got, want) {
		t.Errorf("a better one: %v, want %v", got, want)
	}
}

func TestANewVersionTakesItsMatchesBack(t *testing.T) {
	f := newFlow(t, Pairs{})
	f.alone("e1", "u1", "eng_Latn", report(1, "eng_Latn"))
	f.alone("s1", "u2", "swh_Latn", report(1, "swh_Latn"))
	if got := f.alone("s0", "u2", "swh_Latn", report(2, "swh_Latn")); len(got) != 0 {
		t.Errorf("an older version: %v", got)
	}
	// The same text at the same address, fetched again.
	if got, want := f.alone("s2", "u2", "swh_Latn", report(1, "swh_Latn")), []string{"found e1 s2", "retracted e1 s1"}; !slices.Equal(got, want) {
		t.Errorf("a new version: %v, want %v", got, want)
	}
	// Another text, of another length.
	other := slices.Concat(report(7, "swh_Latn"), report(8, "swh_Latn"), report(9, "swh_Latn"))
	if got, want := f.alone("s3", "u2", "swh_Latn", other), []string{"retracted e1 s2"}; !slices.Equal(got, want) {
		t.Errorf("a new version that says something else: %v, want %v", got, want)
	}
}

func TestFiguresLetDocumentsMeet(t *testing.T) {
	f := newFlow(t, Pairs{})
	plain := []string{"The plan of the village as it was drawn up by all.", "It has a well in the middle.", "Two roads lead there from the north and the south.", "Who drew it?"}
	other := []string{"Ramani ya kijiji kama ilivyochorwa na wote.", "Ina kisima katikati.", "Barabara mbili zinaelekea huko kutoka kaskazini na kusini.", "Nani aliichora?"}
	see := func(id, url string) {
		value, err := f.codec.Encode(t.Context(), &schemas.Figure{Context: schemas.Context{DocumentID: id, URL: url}, FigureID: id, Image: "abc"})
		if err != nil {
			t.Fatal(err)
		}
		f.run(f.sight, schemas.TopicFigures, value)
	}
	see("e", "u1") // before the text
	f.alone("e", "u1", "eng_Latn", plain)
	f.alone("s", "u2", "swh_Latn", other)
	see("s", "u2") // after it
	var s ownerState
	if err := json.Unmarshal(f.state["match"][toDocument(addressID(schemas.Context{URL: "u2"}))], &s); err != nil || len(s.Others) != 1 || len(s.Figures) != 1 {
		t.Errorf("documents with the same figure: %+v, %v", s, err)
	}
}
