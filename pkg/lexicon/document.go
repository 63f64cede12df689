package lexicon

// document is the pairs being learned, with words as numbers.
type document struct {
	pairs []numbered
	ids   [2]map[string]int32
	words [2][]string
	seen  [2][]float64        // in how many pairs each word is
	known [2][]entry          // before this document
	prior []map[int32]float64 // known links by source and target word

	links []map[int32]float64 // expected in this document, by source and target word
	total [2][]float64        // their sums by word
}

type numbered struct {
	source, target []int32
	weight         float64
}

// maxWords bounds the words of one side of a pair: the work grows with the
// product of both sides, and pairs so long teach little.
const maxWords = 80

func (l *Lexicon) newDocument(pairs []Pair, now float64) *document {
	d := &document{ids: [2]map[string]int32{{}, {}}}
	number := func(side int, words []string, weight float64) []int32 {
		out := make([]int32, len(words))
		for i, w := range words {
			id, ok := d.ids[side][w]
			if !ok {
				id = int32(len(d.words[side]))
				d.ids[side][w] = id
				d.words[side] = append(d.words[side], w)
				d.known[side] = append(d.known[side], l.read(side, w, now))
				d.seen[side] = append(d.seen[side], 0)
			}
			d.seen[side][id] += weight
			out[i] = id
		}
		return out
	}
	for _, p := range pairs {
		if p.Weight > 0 && len(p.Source) <= maxWords && len(p.Target) <= maxWords {
			d.pairs = append(d.pairs, numbered{number(0, p.Source, p.Weight), number(1, p.Target, p.Weight), p.Weight})
		}
	}
	for _, e := range d.known[0] {
		prior := map[int32]float64{}
		for _, t := range e.links {
			if id, ok := d.ids[1][t.word]; ok {
				prior[id] = t.count
			}
		}
		d.prior = append(d.prior, prior)
		d.links = append(d.links, nil)
	}
	d.total = [2][]float64{make([]float64, len(d.words[0])), make([]float64, len(d.words[1]))}
	return d
}

// expect is one round: the links expected of what is known and of the links
// expected before.
func (d *document) expect() {
	links := make([]map[int32]float64, len(d.links))
	for i := range links {
		links[i] = map[int32]float64{}
	}
	total := [2][]float64{make([]float64, len(d.total[0])), make([]float64, len(d.total[1]))}
	var forward, backward []float64 // p(t|s), p(s|t) of the pair at hand
	for _, p := range d.pairs {
		n, m := len(p.source), len(p.target)
		forward, backward = forward[:0], backward[:0]
		sumS, sumT := make([]float64, n), make([]float64, m) // over the row, over the column
		for i, s := range p.source {
			for j, t := range p.target {
				c := d.prior[s][t] + d.links[s][t]
				f := (c + chance*0.1) / (d.known[0][s].total + d.total[0][s] + 0.1)
				b := (c + chance*0.1) / (d.known[1][t].total + d.total[1][t] + 0.1)
				forward, backward = append(forward, f), append(backward, b)
				sumT[j] += f
				sumS[i] += b
			}
		}
		for i, s := range p.source {
			for j, t := range p.target {
				k := i*m + j
				// Posteriors of both directions, each with the choice of no
				// translation.
				e := p.weight * forward[k] / (sumT[j] + chance) * backward[k] / (sumS[i] + chance)
				if e < 1e-6 {
					continue
				}
				links[s][t] += e
				total[0][s] += e
				total[1][t] += e
			}
		}
	}
	d.links, d.total = links, total
}
