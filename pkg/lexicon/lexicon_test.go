package lexicon

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
)

type store map[string][]byte

func (s store) Get(key string) []byte        { return s[key] }
func (s store) Put(key string, value []byte) { s[key] = value }

func pair(source, target string) Pair {
	return Pair{Source: strings.Fields(source), Target: strings.Fields(target), Weight: 1}
}

// lessons is a language of three words a sentence in which every English word
// has one translation.
func lessons(n int) []Pair {
	en, sw := strings.Fields("water school people tent road"), strings.Fields("maji shule watu hema barabara")
	var pairs []Pair
	for i := range n {
		a, b, c := i%5, (i/2+1)%5, (i/3+2)%5
		pairs = append(pairs, pair(strings.Join([]string{en[a], en[b], en[c]}, " "), strings.Join([]string{sw[c], sw[a], sw[b]}, " ")))
	}
	return pairs
}

func TestWordsAreLearned(t *testing.T) {
	l := Open(store{}, "eng-swh")
	if got := l.Translations("water"); got != nil {
		t.Errorf("an empty lexicon knows %v", got)
	}
	for _, p := range lessons(40) {
		l.Learn([]Pair{p})
	}
	for en, sw := range map[string]string{"water": "maji", "school": "shule", "people": "watu", "tent": "hema", "road": "barabara"} {
		got := l.Translations(en)
		if len(got) == 0 || got[0].Word != sw || got[0].Probability < 0.6 {
			t.Errorf("%s: %v, want %s", en, got, sw)
		}
	}
	if got := Open(l.store, "eng-fra").Translations("water"); got != nil {
		t.Errorf("another pair of languages knows %v", got)
	}
	if s := l.Share("maji"); s < 0.2 || s > 1 {
		t.Errorf("share of a word in most sentences: %.2f", s)
	}
}

func TestAProbabilityCountsSentencesWithoutTheTranslation(t *testing.T) {
	l := Open(store{}, "x")
	for range 20 {
		l.Learn([]Pair{pair("the water", "maji"), pair("the", "x y z"), pair("water", "maji"), pair("the school", "shule"), pair("the", "shule")})
	}
	sure, unsure := l.Translations("water"), l.Translations("the")
	if len(sure) != 1 || sure[0].Probability < 0.9 {
		t.Errorf("always translated: %v", sure)
	}
	for _, w := range unsure {
		if w.Probability > 0.4 {
			t.Errorf("in one of four sentences: %v", unsure)
		}
	}
}

// A value of before it was counted how often a word is seen.
func TestAnOlderValueIsRead(t *testing.T) {
	e := entry{word: "water", at: 3, total: 2, links: []link{{"maji", 2}}}
	b := e.encode()
	b = b[:len(b)-5] // without the last link
	if old, ok := decodeEntry(b); !ok || old.seen < old.total || len(old.links) != 1 {
		t.Errorf("read %+v, %v", old, ok)
	}
}

func TestTheSameOrderMakesTheSameState(t *testing.T) {
	a, b := store{}, store{}
	for _, s := range []store{a, b} {
		l := Open(s, "x")
		for i := 0; i < 40; i += 4 {
			l.Learn(lessons(40)[i : i+4])
		}
	}
	if !maps.EqualFunc(a, b, bytes.Equal) {
		t.Error("two runs differ")
	}
}

func TestOldWordsFadeAndGiveWay(t *testing.T) {
	l := Open(store{}, "x")
	l.Learn([]Pair{pair("old", "kale")})
	before := l.read(0, "old", l.Seen()).total
	l.store.Put(l.clockKey(), encodeClock(l.Seen()+3*memory))
	if after := l.read(0, "old", l.Seen()).total; after > before/10 {
		t.Errorf("total of an old word is %g of %g", after, before)
	}
}

func TestStateIsBounded(t *testing.T) {
	s := store{}
	l := Open(s, "x")
	var target []string
	for i := range 40 {
		target = append(target, fmt.Sprint("t", i))
	}
	for range 20 {
		l.Learn([]Pair{{Source: []string{"word"}, Target: target, Weight: 1}})
	}
	if n := len(l.read(0, "word", l.Seen()).links); n > translations {
		t.Errorf("a word remembers %d translations", n)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	e := entry{word: "maji", at: 3, total: 2, links: []link{{"water", 1.5}}}
	f.Add(e.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, ok := decodeEntry(b); ok {
			if again, ok := decodeEntry(e.encode()); !ok || again.word != e.word || len(again.links) != len(e.links) {
				t.Errorf("%v, again %v", e, again)
			}
		}
	})
}
