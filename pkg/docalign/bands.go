package docalign

import "math"

// Most bands of one document, and of a kind.
const (
	maxBands   = 128
	maxNumbers = 12 // rare numbers alone
	maxNames   = 96 // a script without capitals shows no names: all words are
	maxPairs   = 16 // neighbouring numbers
	enough     = 20 // with so many keys weaker kinds are not asked
	few        = 4  // with fewer the bare size is asked
)

// A Band is a key under which a document meets its translations. Rarer kinds
// weigh more when candidates are counted.
type Band struct {
	Key    uint64
	Weight float64
}

// Bands returns the keys of a document, distinct, at most 48. They are the
// same in every language as far as its signs are.
func Bands(d Document, s *Sketch) []Band {
	b := bands{seen: map[uint64]bool{}}
	if shape := addressShape(d.URL); shape != "" {
		b.add(mix('u', hash32(shape)), 4)
	}
	for _, f := range d.Figures[:min(len(d.Figures), 8)] {
		band := FigureBand(f)
		b.add(band.Key, band.Weight)
	}
	b.pairs(s)
	numbers := len(b.list)
	b.singles(s)
	if numbers < enough {
		b.lengths(s)
	}
	if numbers < few {
		b.size(s)
	}
	return b.list[:min(len(b.list), maxBands)]
}

// FigureBand is the key that documents with a figure share, by its hash.
func FigureBand(figure string) Band {
	return Band{mix('f', hash32(figure), hash32(figure+"'")), 3}
}

type bands struct {
	list []Band
	seen map[uint64]bool
}

func (b *bands) add(key uint64, weight float64) {
	if !b.seen[key] {
		b.seen[key] = true
		b.list = append(b.list, Band{key, weight})
	}
}

// pairs adds neighbouring numbers: two that are common alone are rare beside
// each other, and translations keep the order. Of many the ones with the lowest
// hashes are taken, which are the same ones on the other side.
func (b *bands) pairs(s *Sketch) {
	var keys []uint64
	last := int32(-1)
	for _, k := range s.Order {
		if !s.Signs[k].Number {
			continue
		}
		if last >= 0 && last != k {
			keys = append(keys, mix('p', s.Signs[last].Hash, s.Signs[k].Hash))
		}
		last = k
	}
	for _, key := range lowest(keys, maxPairs) {
		b.add(key, 2)
	}
}

// singles adds signs that are rare by their form: numbers, and names when there
// are not enough numbers.
func (b *bands) singles(s *Sketch) {
	add := func(number bool, most int) {
		var keys []uint64
		for _, sign := range s.Signs {
			if sign.Number == number && sign.Strong {
				keys = append(keys, mix('s', sign.Hash))
			}
		}
		for _, key := range lowest(keys, most) {
			b.add(key, 1)
		}
	}
	add(true, maxNumbers)
	if len(b.list) < enough {
		add(false, maxNames)
	}
	if len(b.list) >= enough {
		return
	}
	// Little is there: weak signs are better than nothing.
	for _, sign := range s.Signs {
		if !sign.Strong && len(b.list) < enough {
			b.add(mix('s', sign.Hash), 0.5)
		}
	}
}

// run is how many ratios of neighbouring lengths make a key.
const run = 4

// lengths adds runs of ratios of the lengths of neighbouring lines, in steps of
// a factor: for texts without numbers and names.
func (b *bands) lengths(s *Sketch) {
	var steps []uint32
	for i := 1; i < len(s.Lengths); i++ {
		r := math.Log(float64(1+s.Lengths[i]) / float64(1+s.Lengths[i-1]))
		steps = append(steps, uint32(int(math.Round(max(-3, min(3, r/0.8)))+8)))
	}
	for i := 0; i+run <= len(steps) && len(b.list) < maxBands; i++ {
		b.add(mix('l', steps[i:i+run]...), 0.25)
	}
}

// size adds how many lines there are and how many of them ask something, each
// rounded down and up: for conversations and the like, in small collections.
func (b *bands) size(s *Sketch) {
	lines := math.Log(float64(1+s.Lines)) / 0.35
	asked := 4 * float64(s.Questions) / float64(1+s.Lines)
	for _, l := range []float64{math.Floor(lines), math.Ceil(lines)} {
		for _, q := range []float64{math.Floor(asked), math.Ceil(asked)} {
			b.add(mix('z', uint32(l), uint32(q)), 0.25)
		}
	}
}
