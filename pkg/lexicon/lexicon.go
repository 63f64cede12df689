// Package lexicon learns which words translate each other from sentence pairs,
// as they come by, and forgets slowly what it no longer sees:
//
//	l := lexicon.Open(store, "eng-swh")
//	l.Learn([]lexicon.Pair{{Source: align.Words("two schools"), Target: align.Words("shule mbili"), Weight: 0.97}})
//	result, err := align.Align(ctx, source, target, align.Options{Lexicon: l})
//
// # Model
//
// Two IBM model 1 (Brown et al., The Mathematics of Statistical Machine
// Translation, 1993), one a direction, are trained to agree: the expected count
// of a link is the product of both posteriors (Liang, Taskar and Klein,
// Alignment by Agreement, 2006). Learning is stepwise (Liang and Klein, Online EM
// for Unsupervised Models, 2009): the expected counts of one document, found in
// a few rounds that start from what is known, are added to the counts so far,
// which fade with the number of sentence pairs learned since.
//
// # State
//
// All of it lies in the store, a value a word, so that a lexicon is as durable
// as its store and costs no memory. Its size is bounded: a word has a place by
// its hash and keeps it from others until it has faded below what they bring,
// and it remembers its best translations only. The same pairs in the same order
// always make the same values.
package lexicon

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"vislang/pkg/align"
)

// Store keeps values by key. Get returns nil for a key that has none; the
// value is not changed by either side afterwards.
type Store interface {
	Get(key string) []byte
	Put(key string, value []byte)
}

// Bounds of a lexicon. With all places taken it has about 15 MB.
const (
	places       = 1 << 16 // words a side
	translations = 8       // that a word remembers
)

const (
	// memory is after how many sentence pairs a count has faded to 1/e.
	memory = 200_000
	// rounds of expectation maximisation on the pairs of one call of Learn.
	rounds = 4
	// chance is the share of a word's probability that is left to words never
	// seen with it, and to having no translation.
	chance = 0.02
	// doubt is how many links a word must have before half of its evidence
	// is believed.
	doubt = 0.3
	// faint links and probabilities are dropped.
	faintCount, faintProbability = 0.02, 0.2
)

// Pair is a sentence pair to learn from.
type Pair struct {
	Source, Target []string // distinct words, as align.Words returns them
	Weight         float64  // probability that it is one, 0 to 1
}

// Lexicon of one pair of languages. It implements align.Lexicon.
type Lexicon struct {
	store Store
	name  string
}

// Open returns the lexicon of that name, empty if the store has none.
func Open(store Store, name string) *Lexicon { return &Lexicon{store, name} }

// Seen returns how many sentence pairs were learned.
func (l *Lexicon) Seen() float64 { return decodeClock(l.store.Get(l.clockKey())) }

// Translations implements align.Lexicon: the likeliest first.
func (l *Lexicon) Translations(source string) []align.Translation {
	e := l.read(0, source, l.Seen())
	var out []align.Translation
	for _, t := range e.links {
		// The other direction has its say through the counts, which both made. Of
		// words that are seldom translated at all, a link is still the best guess.
		if t.count/(e.total+doubt) >= faintProbability {
			out = append(out, align.Translation{Word: t.word, Probability: min(1, t.count/(e.seen+doubt))})
		}
	}
	return out
}

// Learn takes the sentence pairs of one document into account.
func (l *Lexicon) Learn(pairs []Pair) {
	now := l.Seen()
	d := l.newDocument(pairs, now)
	for range rounds {
		d.expect()
	}
	for _, p := range pairs {
		now += p.Weight
	}
	if now == l.Seen() {
		return
	}
	for _, w := range slices.Sorted(maps.Keys(d.ids[0])) {
		id := d.ids[0][w]
		e := d.known[0][id]
		e.add(d, id)
		l.write(0, e, now)
	}
	for _, w := range slices.Sorted(maps.Keys(d.ids[1])) {
		id := d.ids[1][w]
		e := d.known[1][id]
		e.seen += d.seen[1][id]
		e.total += d.total[1][id]
		l.write(1, e, now)
	}
	l.store.Put(l.clockKey(), encodeClock(now))
}

func (l *Lexicon) clockKey() string { return "lexicon/" + l.name }

// place is where the store has a word of a side.
func (l *Lexicon) place(side int, word string) string {
	h := fnv.New32a()
	h.Write([]byte(word))
	return fmt.Sprintf("lexicon/%s/%d/%04x", l.name, side, h.Sum32()%places)
}

// read returns what is known of a word, faded to now.
func (l *Lexicon) read(side int, word string, now float64) entry {
	e, ok := decodeEntry(l.store.Get(l.place(side, word)))
	if !ok || e.word != word {
		return entry{word: word, at: now}
	}
	e.fade(now)
	return e
}

// write stores a word unless its place belongs to one that counts for more.
func (l *Lexicon) write(side int, e entry, now float64) {
	key := l.place(side, e.word)
	if other, ok := decodeEntry(l.store.Get(key)); ok && other.word != e.word {
		other.fade(now)
		if other.total > e.total {
			return
		}
	}
	e.at = now
	l.store.Put(key, e.encode())
}

// entry is what is known of a word: how often it was linked at all, and, for
// a source word, to which target words.
type entry struct {
	word  string
	at    float64 // clock of its counts
	seen  float64 // in how many pairs it was
	total float64
	links []link
}

type link struct {
	word  string
	count float64
}

func (e *entry) fade(now float64) {
	f := math.Exp(-max(0, now-e.at) / memory)
	e.at = now
	e.seen *= f
	e.total *= f
	for i := range e.links {
		e.links[i].count *= f
	}
}

// add adds the expected links of source word id in a document.
func (e *entry) add(d *document, id int32) {
	counts := map[string]float64{}
	for _, t := range e.links {
		counts[t.word] = t.count
	}
	for t, n := range d.links[id] {
		counts[d.words[1][t]] += n
	}
	e.seen += d.seen[0][id]
	e.total += d.total[0][id]
	e.links = e.links[:0:0]
	for w, n := range counts {
		if n >= faintCount {
			e.links = append(e.links, link{w, n})
		}
	}
	slices.SortFunc(e.links, func(a, b link) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.word, b.word)) })
	e.links = e.links[:min(len(e.links), translations)]
}

// Share returns in what share of the sentence pairs seen a target word has a
// translation, 0 to 1.
func (l *Lexicon) Share(target string) float64 {
	seen := l.Seen()
	if seen == 0 {
		return 0
	}
	return min(1, l.read(1, target, seen).total/min(seen, memory))
}
