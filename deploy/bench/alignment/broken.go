package alignment

import (
	"slices"
	"strings"

	"vislang/pkg/align"
)

// Broken is a pair of texts that are not translations of each other, or not
// in this order, or not enough of one, and what was done to it.
type Broken struct {
	Document
	Fault string
}

// Break makes such pairs of a good document and of others, which are of the
// same two languages unless there is only one of them.
func Break(d Document, others []Document) []Broken {
	r := newRandom("broken" + d.Pair + d.Name + d.Set)
	var all []Broken
	add := func(fault string, source, target []string) {
		all = append(all, Broken{Document{Pair: d.Pair, Name: d.Name, Set: d.Set, Source: source, Target: target}, fault})
	}
	n := len(d.Target)
	stranger, foreign := d, d
	for _, o := range others {
		if origin(o) == origin(d) || len(o.Target) < n/2 || len(o.Target) > 2*n {
			continue
		}
		if o.Pair == d.Pair && o.Set == d.Set && stranger.Name == d.Name {
			stranger = o
		}
		if o.Pair != d.Pair && o.Set == d.Set && foreign.Name == d.Name {
			foreign = o
		}
	}
	next, last := d.Target[0], d.Target[n-1]
	if stranger.Name != d.Name {
		add("another text", d.Source, stranger.Target)
		next, last = stranger.Target[0], stranger.Target[len(stranger.Target)-1]
	}
	if g := d.Gold; simple(g[0]) && simple(g[len(g)-1]) { // else nothing is missing
		add("shifted by one sentence", d.Source, append(slices.Clone(d.Target[1:]), next))
		add("shifted back by one sentence", d.Source, append([]string{last}, d.Target[:n-1]...))
	}
	if foreign.Name != d.Name {
		add("another text and language", d.Source, foreign.Target)
	}
	add("source language", d.Source, d.Source)
	add("halves swapped", d.Source, slices.Concat(d.Target[n/2:], d.Target[:n/2]))
	var rest []string
	for _, line := range d.Target {
		if r.Float64() >= 0.4 {
			rest = append(rest, line)
		}
	}
	add("40 % missing", d.Source, rest)
	from := r.IntN(n - n*2/5)
	add("a block of 40 % missing", d.Source, slices.Concat(d.Target[:from], d.Target[from+n*2/5:]))
	return all
}

// origin is the name of what a document was made of.
func origin(d Document) string { return strings.TrimSuffix(d.Name, "-ocr") }

// Displaced tells whether by its true beads a document begins on one side and
// ends on the other with a sentence of its own, as one does that was shifted.
func Displaced(d Document) bool {
	alone := func(b align.Bead) int { return len(b.Source) - len(b.Target) }
	first, last := d.Gold[0], d.Gold[len(d.Gold)-1]
	return gap(first) && gap(last) && alone(first)*alone(last) < 0
}

func gap(b align.Bead) bool { return len(b.Source) == 0 || len(b.Target) == 0 }

func simple(b align.Bead) bool { return len(b.Source) == 1 && len(b.Target) == 1 }
