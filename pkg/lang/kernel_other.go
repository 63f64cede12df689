//go:build !amd64

package lang

func addRow(sums []uint16, row []uint8)                { addRowGo(sums, row) }
func addHits(hits, row []uint8)                        { addHitsGo(hits, row) }
func largest(sums []uint16) uint16                     { return largestGo(sums) }
func shrink(word []uint8, sums []uint16, shift uint8)  { shrinkGo(word, sums, shift) }
func addWord(sums []uint32, word []uint8, shift uint8) { addWordGo(sums, word, shift) }
func scale(out []float32, sums []uint32, by float32)   { scaleGo(out, sums, by) }
func addScaled(out, row []float32, by float32)         { addScaledGo(out, row, by) }
