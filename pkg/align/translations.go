package align

import (
	"maps"
	"math"
	"slices"
)

// sure is the most probable that a translation is taken for.
const sure = 0.95

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
			// How much likelier the word is in a translation than elsewhere, and how
			// much likelier it is missing elsewhere. In few lines every word looks
			// frequent: as if there were some more.
			chance := float64(f) / float64(len(texts[1])+20)
			present := max(chance, min(sure, t.Probability))
			id := int32(len(c.anchors))
			c.anchors = append(c.anchors, anchor{
				weight:  float32(min(k.PairCap, k.Lexicon*math.Log((present+(1-present)*chance)/chance))),
				missing: float32(k.NoTranslation * math.Log((1-chance)/(1-present))),
			})
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
