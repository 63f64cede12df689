package align

// scorer scores the beads that begin in the cells of a lattice. What two
// sentences share is found once and summed over the beads that hold both; an
// anchor that neighbours repeat counts once a bead.
type scorer struct {
	*model
	l      *lattice
	shared []float32 // by cell: value of what sentences i and j share
	doubt  []int32   // by cell: what of it a neighbour has too, in repeated from 1
	items  []repeat
	starts []int32
}

// repeat is an anchor that two sentences share and that stands before them on
// either side so many sentences away.
type repeat struct {
	source, target uint8
	value          float32
}

// maxRepeats bounds the repeats, for documents that say the same again and again;
// further ones count in each sentence of a bead.
const maxRepeats = 4 << 20

// fill scores every bead of the band.
func (l *lattice) fill(m *model) {
	s := &l.scorer
	s.model, s.l, s.shared, s.doubt = m, l, l.nodes, grown(s.doubt, len(l.nodes))
	s.items, s.starts = s.items[:0], append(s.starts[:0], 0)
	n, t := len(m.source.length), len(m.target.length)
	for i := range n {
		for j := l.lo[i]; j <= min(l.hi[i], t-1); j++ {
			cell := l.offset[i] + j
			s.shared[cell], s.doubt[cell] = s.meet(i, j)
		}
	}
	for i := range l.lo {
		for j := l.lo[i]; j <= l.hi[i]; j++ {
			s.cell(i, j, l.at(i, j))
		}
	}
}

// meet finds what two sentences share.
func (s *scorer) meet(i, j int) (sum float32, doubt int32) {
	source, target := s.source, s.target
	if source.signature[i]&target.signature[j] == 0 {
		return 0, 0
	}
	repeats := source.repeats[i] || target.repeats[j]
	x, xEnd := source.anchors.start[i], source.anchors.start[i+1]
	y, yEnd := target.anchors.start[j], target.anchors.start[j+1]
	for x < xEnd && y < yEnd {
		a, b := source.anchors.items[x], target.anchors.items[y]
		switch {
		case a < b:
			x++
		case a > b:
			y++
		default:
			value := s.corpus.anchors[a].value()
			sum += value
			if repeats && len(s.items) < maxRepeats && (source.near[x] < widest || target.near[y] < widest) {
				s.items = append(s.items, repeat{source.near[x], target.near[y], value})
			}
			x++
			y++
		}
	}
	if n := int32(len(s.items)); n > s.starts[len(s.starts)-1] {
		s.starts = append(s.starts, n)
		return sum, int32(len(s.starts) - 1)
	}
	return sum, 0
}

// part is what sentence i+p and j+q add to a bead that begins with i and j;
// nothing when the band does not hold them.
func (s *scorer) part(i, j, p, q int) float32 {
	x, y := i+p, j+q
	if y < s.l.lo[x] || y > s.l.hi[x] {
		return 0
	}
	cell := s.l.offset[x] + y
	sum, doubt := s.shared[cell], s.doubt[cell]
	if doubt > 0 {
		for _, r := range s.items[s.starts[doubt-1]:s.starts[doubt]] {
			if int(r.source) <= p || int(r.target) <= q {
				sum -= r.value
			}
		}
	}
	return sum
}

// cell scores the beads that begin at i, j, by shape.
func (s *scorer) cell(i, j int, scores []float32) {
	l := s.l
	last, end := len(l.lo)-1, l.hi[len(l.lo)-1]
	// What sentences i+p and j+q share, by p and q, and its sums over 1-q, p-1.
	var one, sum [widest][widest]float32
	if i < last && j < end {
		for q := 0; q < widest && j+q < end; q++ {
			one[0][q] = s.part(i, j, 0, q)
		}
		for p := 1; p < widest && i+p < last; p++ {
			one[p][0] = s.part(i, j, p, 0)
			for q := 1; p <= 2 && q <= 2 && j+q < end; q++ {
				one[p][q] = s.part(i, j, p, q)
			}
		}
		for p := range widest {
			row := float32(0)
			for q := range widest {
				row += one[p][q]
				sum[p][q] = row
				if p > 0 {
					sum[p][q] += sum[p-1][q]
				}
			}
		}
	}
	for k, shape := range shapes {
		a, b := shape.source, shape.target
		x, y := i+a, j+b
		if x > last || y < l.lo[x] || y > l.hi[x] {
			scores[k] = none
			continue
		}
		score := s.priors[k]
		if a > 0 && b > 0 {
			a--
			b--
			score += sum[a][b] - s.source.missing[a][i] - s.target.missing[b][j] +
				s.fit(s.source.lengths[a][i], s.source.logs[a][i], s.target.lengths[b][j], s.target.logs[b][j]) +
				s.counted(&s.source.counts[a], i, &s.target.counts[b], j)
			if s.similarity != nil {
				score += s.meaning(i, shape.source, j, shape.target)
			}
		}
		scores[k] = score
	}
}
