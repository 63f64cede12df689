package align

import (
	"math"
	"slices"
	"unicode"
)

// corpus is the two sides as the model sees them.
type corpus struct {
	sides   [2]side
	anchors []anchor // found ones, then learned ones
	found   int

	// Of loading only.
	reader reader
	table  table
	read   [2]lists // distinct signs of each line
}

// side is what the model sees of one document.
type side struct {
	length []float32        // letters and digits of each sentence, at least 1
	count  [tallies][]uint8 // of counted signs in each sentence
	alone  []float32        // evidence against, of numbers the other side has nowhere
	found  lists            // anchors that were found in each sentence

	words     lists     // words that recur, to learn from
	frequency []float32 // of each word: sentences that have it

	spans
}

// lists are lists of numbers, one after the other.
type lists struct {
	start []int32 // where each begins, and the end of the last
	items []int32
}

func (l *lists) reset() { l.start, l.items = append(l.start[:0], 0), l.items[:0] }

func (l *lists) at(i int) []int32 { return l.items[l.start[i]:l.start[i+1]] }

// close ends the list at hand, sorted.
func (l *lists) close() {
	slices.Sort(l.items[l.start[len(l.start)-1]:])
	l.start = append(l.start, int32(len(l.items)))
}

// inverse makes of l for each of n items the lists that have it.
func (l *lists) inverse(from *lists, n int) {
	l.start, l.items = grown(l.start, n+2), grown(l.items, len(from.items))
	clear(l.start)
	for _, x := range from.items {
		l.start[x+2]++
	}
	for x := 2; x < len(l.start); x++ {
		l.start[x] += l.start[x-1]
	}
	for i := range len(from.start) - 1 {
		for _, x := range from.at(i) {
			l.items[l.start[x+1]] = int32(i)
			l.start[x+1]++
		}
	}
	l.start = l.start[:n+1]
}

// anchor is a sign that both sides have, or a learned pair of words.
type anchor struct {
	weight  float32 // evidence of sharing it
	missing float32 // evidence against when one side alone has it
}

// entry is what is known of a sign.
type entry struct {
	sign      sign
	last      int32    // line that had it last, from 1; those of the target follow. Afterwards below 0
	frequency [2]int32 // sentences of each side that have it
	anchor    int32    // number from 1, 0 for none
	word      [2]int32 // number in each vocabulary from 1
}

// table finds the number of a sign: a hash table with open addressing.
type table struct {
	entries []entry
	slots   []int32 // number of an entry from 1
}

func (t *table) reset() {
	if t.slots == nil {
		t.slots = make([]int32, 1<<12)
	}
	t.entries = t.entries[:0]
	clear(t.slots)
}

func (t *table) number(s sign) int32 {
	if 2*len(t.entries) >= len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := uint64(s) >> 16 & mask; ; i = (i + 1) & mask {
		switch k := t.slots[i]; {
		case k == 0:
			t.entries = append(t.entries, entry{sign: s})
			t.slots[i] = int32(len(t.entries))
			return int32(len(t.entries) - 1)
		case t.entries[k-1].sign == s:
			return k - 1
		}
	}
}

func (t *table) grow() {
	t.slots = make([]int32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for k, e := range t.entries {
		i := uint64(e.sign) >> 16 & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = int32(k + 1)
	}
}

// load reads two documents.
func (c *corpus) load(source, target []string, lexicon Lexicon, k *Parameters) {
	texts := [2][]string{source, target}
	r, t := &c.reader, &c.table
	r.foldings, r.numerals = foldings(), numerals()
	scripts := [2]*unicode.RangeTable{scriptOf(source), scriptOf(target)}
	r.skeletons, r.kin = scripts[0] != scripts[1], scripts[0] == scripts[1] && scripts[0] != unicode.Latin
	r.years = calendar(scripts[0]) != calendar(scripts[1])
	t.reset()
	stamp := int32(0)
	for side, lines := range texts {
		s := &c.sides[side]
		s.length = grown(s.length, len(lines))
		for k := range s.count {
			s.count[k] = grown(s.count[k], len(lines))
		}
		s.frequency = s.frequency[:0]
		r.calendar = calendar(scripts[side])
		l := &c.read[side]
		l.reset()
		bytes := 0
		for _, line := range lines {
			bytes += len(line)
		}
		// What most texts need; growing a large list by steps leaves much garbage.
		l.items = slices.Grow(l.items, bytes/5)
		for i, line := range lines {
			stamp++
			r.read(line)
			s.length[i] = float32(max(1, r.letters))
			for k, n := range r.tallies {
				s.count[k][i] = uint8(min(most, n))
			}
			for _, sign := range r.signs {
				k := t.number(sign)
				if e := &t.entries[k]; e.last != stamp {
					e.last = stamp
					e.frequency[side]++
					l.items = append(l.items, k)
				}
			}
			l.start = append(l.start, int32(len(l.items)))
		}
	}
	c.anchors = c.anchors[:0]
	pairs := float64(len(source)) * float64(len(target))
	for i := range t.entries {
		c.enter(&t.entries[i], pairs, len(source), len(target), k)
	}
	known := c.translations(texts, lexicon, k)
	c.found = len(c.anchors)
	for side := range c.sides {
		c.sides[side].take(side, c.read[side], t.entries, known[side], k)
	}
}

// enter decides what a sign is good for.
func (c *corpus) enter(e *entry, pairs float64, n, m int, k *Parameters) {
	if e.sign.kind() == wordSign {
		for side, lines := range [2]int{n, m} {
			// Once tells nothing, everywhere neither.
			if f := int(e.frequency[side]); f >= 2 && 2*f <= lines {
				s := &c.sides[side]
				s.frequency = append(s.frequency, float32(f))
				e.word[side] = int32(len(s.frequency))
			}
		}
		return
	}
	if e.frequency[0] == 0 || e.frequency[1] == 0 {
		return
	}
	if a := k.anchor(e.sign.kind(), float64(e.frequency[0]), float64(e.frequency[1]), pairs); a.weight > 0 {
		c.anchors = append(c.anchors, a)
		e.anchor = int32(len(c.anchors))
	}
}

// take fills a side from the signs of its lines.
func (s *side) take(number int, read lists, entries []entry, known lists, c *Parameters) {
	n := len(s.length)
	s.words.items = slices.Grow(s.words.items[:0], len(read.items)/2)
	s.alone = grown(s.alone, n)
	clear(s.alone)
	s.found.reset()
	s.words.reset()
	for i := range n {
		for _, k := range read.at(i) {
			e := &entries[k]
			switch kind := e.sign.kind(); {
			case e.word[number] > 0:
				s.words.items = append(s.words.items, e.word[number]-1)
			case e.anchor > 0:
				s.found.items = append(s.found.items, e.anchor-1)
			case (kind == numberSign || kind == digitSign) && e.frequency[1-number] == 0:
				s.alone[i] += float32(c.Alone * c.telling(kind))
			}
		}
		if len(known.start) > 0 {
			s.found.items = append(s.found.items, known.at(i)...)
		}
		s.found.close()
		s.words.close()
	}
}

// anchor weighs a sign that fs source and ft target sentences have, of so many
// pairs of sentences.
func (c *Parameters) anchor(kind int, fs, ft, pairs float64) anchor {
	rarity := 0.5 * math.Log(pairs/(fs*ft))
	// A name is about as frequent on both sides, a chance likeness is not.
	agreement := math.Sqrt(min(fs, ft) / max(fs, ft))
	weight, missing := 0.0, 0.0
	switch kind {
	case numeralSign:
		weight = c.Numeral * rarity * agreement
	case yearSign:
		weight = c.Year * rarity
	case questionSign:
		weight, missing = c.Question*rarity*agreement, c.NoQuestion
	case markSign:
		weight, missing = c.Bracket*rarity*agreement, c.NoBracket
	case headingSign:
		weight, missing = c.Heading*rarity*agreement, c.NoHeading*agreement
	case latinSign:
		weight = c.Word * rarity * agreement
	case skeletonSign:
		weight = c.Bones * rarity * agreement
	case digitSign:
		weight, missing = c.Number*c.SmallNumber*rarity, c.Missing*c.telling(kind)
	case numberSign:
		weight, missing = c.Number*rarity, c.Missing*c.telling(kind)
	}
	return anchor{float32(min(weight, c.AnchorCap)), float32(missing)}
}

// telling is how much the absence of a number tells, 0 to 1.
func (c *Parameters) telling(kind int) float64 {
	if kind == digitSign {
		return c.SmallMissing
	}
	return 1
}

// calendar returns what the years of the calendars that are used with a script
// lack to those of our era, or one less than that.
func calendar(script *unicode.RangeTable) int {
	switch script {
	case unicode.Ethiopic:
		return 7
	case unicode.Arabic: // Solar Hijri, of Iran and Afghanistan
		return 621
	case unicode.Devanagari: // Vikram Samvat, of Nepal
		return -57
	}
	return 0
}

// scriptOf returns the script most letters of the first lines have.
func scriptOf(lines []string) *unicode.RangeTable {
	scripts := []*unicode.RangeTable{
		unicode.Latin, unicode.Arabic, unicode.Ethiopic, unicode.Devanagari, unicode.Bengali,
		unicode.Myanmar, unicode.Cyrillic, unicode.Greek, unicode.Hebrew,
	}
	counts := make([]int, len(scripts))
	seen := 0
	for _, line := range lines {
		for _, c := range line {
			if !unicode.IsLetter(c) {
				continue
			}
			for k, s := range scripts {
				if unicode.Is(s, c) {
					counts[k]++
					break
				}
			}
			if seen++; seen > 500 {
				break
			}
		}
		if seen > 500 {
			break
		}
	}
	best := 0
	for k := range counts {
		if counts[k] > counts[best] {
			best = k
		}
	}
	return scripts[best]
}
