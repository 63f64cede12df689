package lang

// Kernels work on rows of numbers, a number a language; they are where the time
// goes. Each is here in plain Go, and for processors with AVX2 in instructions
// that do the same to many languages at once. Rows have the length of the first
// argument, a multiple of lanes.

// lanes is what the lengths of rows are multiples of.
const lanes = 32

// addRowGo adds the weights of an n-gram to the sums of a word.
func addRowGo(sums []uint16, row []uint8) {
	row = row[:len(sums)]
	for i := range sums {
		sums[i] += uint16(row[i])
	}
}

// addHitsGo counts where the weights of an n-gram are not 0.
func addHitsGo(hits, row []uint8) {
	row = row[:len(hits)]
	for i := range hits {
		if row[i] > 0 {
			hits[i]++
		}
	}
}

// largestGo returns the largest of the sums of a word.
func largestGo(sums []uint16) (most uint16) {
	for _, w := range sums {
		most = max(most, w)
	}
	return most
}

// shrinkGo divides the sums of a word by 2^shift. They have to fit.
func shrinkGo(word []uint8, sums []uint16, shift uint8) {
	sums = sums[:len(word)]
	for i := range word {
		word[i] = uint8(sums[i] >> shift)
	}
}

// addWordGo adds the weights of a word, times 2^shift, to the sums of a text.
func addWordGo(sums []uint32, word []uint8, shift uint8) {
	word = word[:len(sums)]
	for i := range sums {
		sums[i] += uint32(word[i]) << shift
	}
}

// scaleGo multiplies sums.
func scaleGo(out []float32, sums []uint32, by float32) {
	sums = sums[:len(out)]
	for i := range out {
		out[i] = float32(int32(sums[i])) * by
	}
}

// addScaledGo adds a multiple of a row.
func addScaledGo(out, row []float32, by float32) {
	row = row[:len(out)]
	for i := range out {
		out[i] += float32(row[i] * by)
	}
}
