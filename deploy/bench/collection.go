package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"vislang/pkg/docalign"
)

// measureCollection lets many made-up documents of two languages meet: how many
// candidates a document gets, and how often its translation is one of them.
func measureCollection(ctx context.Context, b *bench) error {
	g := newGenerator(b.collection)
	index := docalign.NewIndex()
	var bands, candidates, found, translations float64
	started := time.Now()
	for n := 0; n < b.collection; n += 2 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pair := g.pair()
		for side, d := range pair {
			sketch := docalign.NewSketch(d)
			keys := docalign.Bands(d, &sketch)
			bands += float64(len(keys))
			got := index.Add(int32(n+side), d.Language, keys)
			candidates += float64(len(got))
			for _, c := range got {
				if side == 1 && int(c) == n {
					found++
				}
			}
		}
		if g.translated {
			translations++
		}
	}
	took := time.Since(started)
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	n := float64(b.collection)
	figure("collection.recall", found/translations, fmt.Sprintf("of %.0f translations among %d documents", translations, b.collection))
	figure("collection.candidates", candidates/n, fmt.Sprintf("a document on average, at most %d", docalign.Candidates))
	figure("collection.bands", bands/n, "keys a document")
	figure("collection.rate", n/took.Seconds(), "documents/s, generator included")
	figure("collection.memory", float64(memory.HeapAlloc)/n, "bytes a document")
	runtime.KeepAlive(index)
	return nil
}

// generator makes reports and translations of them. Numbers and names follow
// Zipf's law, so that most documents share the frequent ones; a translation
// loses and gains some, and its sentences are merged.
type generator struct {
	random     *rand.Rand
	names      *rand.Zipf
	numbers    *rand.Zipf
	translated bool // whether the last pair is one
}

func newGenerator(documents int) *generator {
	r := rand.New(rand.NewPCG(1, uint64(documents)))
	return &generator{random: r, names: rand.NewZipf(r, 1.1, 5, 200_000), numbers: rand.NewZipf(r, 1.05, 20, 2_000_000)}
}

const (
	lost      = 0.15 // share of signs that a translation lacks
	gained    = 0.1  // share of signs that are its own
	strangers = 0.1  // share of documents without a translation
)

// pair makes a source document and a target document.
func (g *generator) pair() [2]docalign.Document {
	signs := make([]string, 6+int(g.random.ExpFloat64()*14))
	for i := range signs {
		signs[i] = g.sign()
	}
	g.translated = g.random.Float64() >= strangers
	var other []string
	for _, s := range signs {
		if !g.translated || g.random.Float64() < lost {
			s = ""
		}
		if s != "" {
			other = append(other, s)
		}
		if g.random.Float64() < gained || !g.translated {
			other = append(other, g.sign())
		}
	}
	return [2]docalign.Document{
		{Language: "source", Lines: g.lines(signs, "the of were reported people in")},
		{Language: "target", Lines: g.lines(other, "wa na katika watu walio ya")},
	}
}

// sign is a number of two to seven digits, a year or a name.
func (g *generator) sign() string {
	switch k := g.random.Float64(); {
	case k < 0.1:
		return fmt.Sprint(1990 + g.random.IntN(36))
	case k < 0.7:
		return fmt.Sprint(10 + g.numbers.Uint64())
	}
	return g.name(g.names.Uint64())
}

func (g *generator) name(n uint64) string {
	const consonants, vowels = "bdfgklmnrstv", "aeiou"
	var b strings.Builder
	for n = n*7919 + 1_000_003; n > 0; n /= 60 {
		b.WriteByte(consonants[n%12])
		b.WriteByte(vowels[n/12%5])
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

// lines puts one to four signs into a line among small words.
func (g *generator) lines(signs []string, words string) []string {
	small := strings.Fields(words)
	var lines []string
	for len(signs) > 0 {
		n := min(len(signs), 1+g.random.IntN(4))
		var b strings.Builder
		for _, s := range signs[:n] {
			for range 2 + g.random.IntN(4) {
				b.WriteString(small[g.random.IntN(len(small))])
				b.WriteByte(' ')
			}
			b.WriteString(s)
			b.WriteByte(' ')
		}
		lines = append(lines, b.String())
		signs = signs[n:]
	}
	return lines
}
