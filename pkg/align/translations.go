package align

import (
	"maps"
	"math"
	"slices"
)

// translations makes anchors of the pairs of words that the lexicon knows and
// the two sides have. It returns the anchors of each sentence of each side.
func (c *corpus) translations(texts [2][]string, lexicon Lexicon, k *Parameters) (known [2]lists) {
	if lexicon == nil {
		return known
	}
	var words [2][][]string
	var frequency [2]map[string]int
	var anchors [2]map[string][]int32
	r := reader{foldings: foldings(), keep: true}
	for side, lines := range texts {
		frequency[side], anchors[side] = map[string]int{}, map[string][]int32{}
		for _, line := range lines {
			r.read(line)
			slices.Sort(r.words)
			distinct := slices.Clone(slices.Compact(r.words))
			words[side] = append(words[side], distinct)
			for _, w := range distinct {
				frequency[side][w]++
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(frequency[0])) {
		for _, t := range lexicon.Translations(s) {
			f := frequency[1][t.Word]
			if f == 0 || !(t.Probability > 0) {
				continue
			}
			// What the probability says beyond the chance to meet the word.
			// In few lines every word looks frequent: as if there were some more.
			chance := float64(f) / float64(len(texts[1])+20) / k.WordsPerLine
			weight := k.Lexicon * math.Log(1+min(1, t.Probability)/chance)
			id := int32(len(c.anchors))
			c.anchors = append(c.anchors, anchor{weight: float32(min(weight, k.PairCap))})
			anchors[0][s], anchors[1][t.Word] = append(anchors[0][s], id), append(anchors[1][t.Word], id)
		}
	}
	for side := range words {
		known[side].reset()
		for _, line := range words[side] {
			for _, w := range line {
				known[side].items = append(known[side].items, anchors[side][w]...)
			}
			known[side].close()
		}
	}
	return known
}
