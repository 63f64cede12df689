package align

// Options are what is known beside the two texts. The zero value is enough:
// one set of constants serves all languages.
type Options struct {
	// Lexicon knows words of the two languages from other documents.
	Lexicon Lexicon

	// Similarity compares meanings, as an embedding model does.
	Similarity Similarity

	// Parameters of the cost model; nil for [Standard].
	Parameters *Parameters
}

// A Lexicon gives the translations of words that other documents taught. Words
// are as [Words] returns them.
type Lexicon interface {
	// Translations returns the target words that translate a source word, in
	// the same order each time; nil when the word is unknown.
	Translations(source string) []Translation
}

// Translation is a target word and the probability that the translation of a
// sentence with the source word asked for has it, 0 to 1.
type Translation struct {
	Word        string
	Probability float64
}

// Similarity tells how alike a run of n source sentences from i and a run of m
// target sentences from j are, in standard deviations above what chance pairs
// of these two documents have: 0 says nothing, 3 speaks strongly for them. NaN
// is taken for 0. It is asked for the few runs only that length and anchors
// leave open, and from one goroutine.
type Similarity func(i, n, j, m int) float64
