package align

// constants of the cost model. All scores are natural log-likelihood ratios
// (nats): above 0 speaks for a bead, below against it. One set serves all
// languages; it was chosen by random search on TICO-19 (Amharic, French, Hausa,
// Oromo, Somali, Swahili with English, clean and with recognition noise),
// Text+Berg (German, French) and declarations of human rights in 30 languages
// with sentences dropped and merged.
type constants struct {
	// Priors of bead shapes against 1-1, before they are adapted.
	gap    float64 // 1-0, 0-1
	merge2 float64 // 1-2, 2-1
	merge3 float64 // 1-3, 3-1
	merge4 float64 // 1-4, 4-1; 1-5, 5-1 have wider more
	cross2 float64 // 2-2
	cross3 float64 // 2-3, 3-2; 3-3 has wider more
	wider  float64

	// Lengths: the log ratio has the variance spread0² + spread1/length and
	// costs at most lengthCap; among chance pairs its deviation is strangers.
	spread0, spread1, lengthCap, strangers float64

	// Anchors: evidence of sharing one is its factor times the nats by which
	// chance would hardly put it on both sides, at most anchorCap.
	number      float64
	smallNumber float64 // factor of one-digit numbers besides number
	word        float64
	bones       float64 // consonants of names in another script
	question    float64 // question marks
	bracket     float64
	anchorCap   float64

	// Evidence against when one side alone has it.
	missing      float64 // a number the other side has elsewhere
	alone        float64 // a number the other side has nowhere
	smallMissing float64 // factor of one-digit numbers, often spelt out
	noQuestion   float64
	noBracket    float64

	// Learned word pairs: factor of their association, at most pairCap, and
	// how often (posterior counts) and how regularly (Dice's coefficient) they
	// must have stood together.
	pair, pairCap, pairCount, pairDice float64

	// Word pairs that a lexicon brings: factor of log(1 + P(t|s)/P(t)), P(t)
	// from the sentences with t and the words of a usual line.
	lexicon, wordsPerLine float64

	// Similarity: nats for each standard deviation above similarityZero, at
	// most similarityCap either way.
	similarity, similarityZero, similarityCap float64

	// passes is how often the model is adapted to the document.
	passes int
	// prudence is the weight of the priors against the document's own counts
	// of bead shapes, in beads.
	prudence float64
	// width is the power of the number of sentences in what a right bead
	// gains in decoding.
	width float64
}

var standard = constants{
	gap: -2.2, merge2: -2.5, merge3: -4.6, merge4: -6, cross2: -5.2, cross3: -5.8, wider: -1.5,
	spread0: 0.02, spread1: 4.4, lengthCap: 5.4, strangers: 0.72,
	number: 1.4, smallNumber: 0.28, word: 0.84, bones: 0.5, question: 0.4, bracket: 0.5, anchorCap: 4,
	missing: 1.5, alone: 0.97, smallMissing: 0.29, noQuestion: 0.57, noBracket: 0.46,
	pair: 0.44, pairCap: 2.5, pairCount: 1.8, pairDice: 0.19,
	lexicon: 0.3, wordsPerLine: 12,
	similarity: 0.8, similarityZero: 1.5, similarityCap: 4,
	passes: 2, prudence: 30, width: 1.75,
}
