package lang

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// What the processor has instructions for gives what plain Go gives, to the
// last bit, and touches nothing beyond.
func TestKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, lanes, 2 * lanes, 11 * lanes} {
		var row []uint8
		var sums []uint16
		var wide []uint32
		var scores, miss []float32
		for range n + 1 { // the last is beyond
			row = append(row, uint8(r.Uint32()))
			sums = append(sums, uint16(r.UintN(20_000)))
			wide = append(wide, r.Uint32N(1<<30))
			scores, miss = append(scores, r.Float32()), append(miss, r.Float32()*100)
		}
		wantSums, wantWide, wantScores := slices.Clone(sums), slices.Clone(wide), slices.Clone(scores)
		addRowGo(wantSums[:n], row)
		addRow(sums[:n], row)
		if !slices.Equal(sums, wantSums) {
			t.Errorf("%d numbers: addRow differs", n)
		}
		hits := slices.Clone(row)
		slices.Reverse(row[:n/2])
		clear(row[:n/4])
		wantHits := slices.Clone(hits)
		addHitsGo(wantHits[:n], row)
		addHits(hits[:n], row)
		if !slices.Equal(hits, wantHits) {
			t.Errorf("%d numbers: addHits differs", n)
		}
		most := largestGo(sums[:n])
		if got := largest(sums[:n]); got != most {
			t.Errorf("%d numbers: largest %d, want %d", n, got, most)
		}
		word, want := make([]uint8, n+1), make([]uint8, n+1)
		shift := uint8(max(8, bits.Len16(most)) - 8)
		shrinkGo(want[:n], sums, shift)
		shrink(word[:n], sums, shift)
		if !slices.Equal(word, want) {
			t.Errorf("%d numbers: shrink differs", n)
		}
		for shift := range uint8(6) {
			addWordGo(wantWide[:n], row, shift)
			addWord(wide[:n], row, shift)
		}
		if !slices.Equal(wide, wantWide) {
			t.Errorf("%d numbers: addWord differs", n)
		}
		scaleGo(wantScores[:n], wide, 0.3)
		addScaledGo(wantScores[:n], miss, -1.7)
		scale(scores[:n], wide, 0.3)
		addScaled(scores[:n], miss, -1.7)
		if !slices.Equal(scores, wantScores) {
			t.Errorf("%d numbers: scores differ", n)
		}
	}
}
