package align

import "math"

// spans are the runs of neighbouring sentences of one side, and the anchors in
// them.
type spans struct {
	anchors   lists    // of each sentence, ascending
	near      []uint8  // of each item: sentences back to the one that had it last, at most widest
	signature []uint64 // a bit for each anchor: sentences without a common bit share none
	repeats   []bool   // whether a sentence has anchors that the ones just before have

	// Of the run of k+1 sentences from i, at [k][i]:
	lengths [widest][]float32 // letters and digits
	logs    [widest][]float32 // of lengths
	counts  [widest][tallies][]uint8
	missing [widest][]float32 // evidence against a bead that shares none of its anchors

	last []int32 // of adopt only
}

// measure fills the lengths of runs.
func (s *side) measure() {
	n := len(s.length)
	for k := 0; k < widest && k < n; k++ {
		s.lengths[k], s.logs[k] = grown(s.lengths[k], n-k), grown(s.logs[k], n-k)
		for i := range s.lengths[k] {
			s.lengths[k][i] = s.length[i+k]
			if k > 0 {
				s.lengths[k][i] += s.lengths[k-1][i]
			}
			s.logs[k][i] = float32(math.Log(float64(s.lengths[k][i])))
		}
		for kind, count := range s.count {
			counts := grown(s.counts[k][kind], n-k)
			copy(counts, count[k:])
			if k > 0 {
				for i, more := range s.counts[k-1][kind][:n-k] {
					counts[i] = min(most, counts[i]+more)
				}
			}
			s.counts[k][kind] = counts
		}
	}
}

// adopt takes the anchors found and, of each word, the one it was linked to:
// their numbers from 1.
func (s *side) adopt(all []anchor, linked []int32) {
	n := len(s.length)
	s.anchors = lists{start: append(s.anchors.start[:0], 0), items: s.anchors.items[:0]}
	for i := range n {
		s.anchors.items = append(s.anchors.items, s.found.at(i)...)
		learned := len(s.anchors.items)
		if linked != nil {
			for _, w := range s.words.at(i) {
				if a := linked[w]; a > 0 {
					s.anchors.items = append(s.anchors.items, a-1)
				}
			}
		}
		insertionSort(s.anchors.items[learned:])
		s.anchors.start = append(s.anchors.start, int32(len(s.anchors.items)))
	}
	s.near = grown(s.near, len(s.anchors.items))
	s.signature, s.repeats = grown(s.signature, n), grown(s.repeats, n)
	for k := 0; k < widest && k < n; k++ {
		s.missing[k] = grown(s.missing[k], n-k)
		clear(s.missing[k])
	}
	// The sentence that had an anchor last, from 1.
	last := grown(s.last, len(all))
	s.last = last
	clear(last)
	for i := range n {
		s.signature[i], s.repeats[i] = 0, false
		for k := 0; k < widest && k <= i; k++ {
			s.missing[k][i-k] += s.alone[i]
		}
		for x := s.anchors.start[i]; x < s.anchors.start[i+1]; x++ {
			a := s.anchors.items[x]
			s.signature[i] |= 1 << (uint32(a) % 64)
			back := widest
			if last[a] > 0 {
				back = min(widest, i+1-int(last[a]))
			}
			last[a] = int32(i + 1)
			s.near[x] = uint8(back)
			s.repeats[i] = s.repeats[i] || back < widest
			if missing := all[a].missing; missing != 0 {
				// Runs that begin after the last sentence that had it.
				for k := 0; k < back && k <= i; k++ {
					s.missing[k][i-k] += missing
				}
			}
		}
	}
	// A run has what the shorter run from its start has, and more.
	for k := 1; k < widest && k < n; k++ {
		for i := range s.missing[k] {
			s.missing[k][i] += s.missing[k-1][i]
		}
	}
}

func insertionSort(list []int32) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j] < list[j-1]; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

// grown returns a slice of length n, the old one if it is large enough. Its
// contents are undefined.
func grown[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n, n+n/4)
	}
	return old[:n]
}
