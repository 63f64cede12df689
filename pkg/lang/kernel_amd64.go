package lang

import "golang.org/x/sys/cpu"

// fits tells whether rows of these lengths can go to the kernels in assembly,
// which check nothing: the first is not empty, and no other is shorter.
func fits(first int, others ...int) bool {
	if !cpu.X86.HasAVX2 || first == 0 || first%lanes != 0 {
		return false
	}
	for _, n := range others {
		if n < first {
			return false
		}
	}
	return true
}

func addRow(sums []uint16, row []uint8) {
	if fits(len(sums), len(row)) {
		addRowAVX2(&sums[0], &row[0], len(sums))
		return
	}
	addRowGo(sums, row)
}

func addHits(hits, row []uint8) {
	if fits(len(hits), len(row)) {
		addHitsAVX2(&hits[0], &row[0], len(hits))
		return
	}
	addHitsGo(hits, row)
}

func largest(sums []uint16) uint16 {
	if fits(len(sums)) {
		return largestAVX2(&sums[0], len(sums))
	}
	return largestGo(sums)
}

func shrink(word []uint8, sums []uint16, shift uint8) {
	if fits(len(word), len(sums)) {
		shrinkAVX2(&word[0], &sums[0], len(word), uint64(shift))
		return
	}
	shrinkGo(word, sums, shift)
}

func addWord(sums []uint32, word []uint8, shift uint8) {
	if fits(len(sums), len(word)) {
		addWordAVX2(&sums[0], &word[0], len(sums), uint64(shift))
		return
	}
	addWordGo(sums, word, shift)
}

func scale(out []float32, sums []uint32, by float32) {
	if fits(len(out), len(sums)) {
		scaleAVX2(&out[0], &sums[0], len(out), by)
		return
	}
	scaleGo(out, sums, by)
}

func addScaled(out, row []float32, by float32) {
	if fits(len(out), len(row)) {
		addScaledAVX2(&out[0], &row[0], len(out), by)
		return
	}
	addScaledGo(out, row, by)
}

//go:noescape
func addRowAVX2(sums *uint16, row *uint8, n int)

//go:noescape
func addHitsAVX2(hits, row *uint8, n int)

//go:noescape
func largestAVX2(sums *uint16, n int) uint16

//go:noescape
func shrinkAVX2(word *uint8, sums *uint16, n int, shift uint64)

//go:noescape
func addWordAVX2(sums *uint32, word *uint8, n int, shift uint64)

//go:noescape
func scaleAVX2(out *float32, sums *uint32, n int, by float32)

//go:noescape
func addScaledAVX2(out, row *float32, n int, by float32)
