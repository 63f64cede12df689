package align

// Parameters of the cost model. All scores are natural log-likelihood ratios
// (nats): above 0 speaks for a bead, below against it. One set serves all
// languages; it was chosen by random search on TICO-19 (Amharic, French, Hausa,
// Oromo, Somali, Swahili with English, clean and with recognition noise),
// Text+Berg (German, French) and declarations of human rights in 30 languages
// with sentences dropped and merged.
type Parameters struct {
	// Priors of bead shapes against 1-1, before they are adapted.
	Gap    float64 // 1-0, 0-1
	Merge2 float64 // 1-2, 2-1
	Merge3 float64 // 1-3, 3-1
	Merge4 float64 // 1-4, 4-1; 1-5, 5-1 have wider more
	Cross2 float64 // 2-2
	Cross3 float64 // 2-3, 3-2; 3-3 has wider more
	Wider  float64

	// Lengths: the log ratio has the variance spread0² + spread1/length and
	// costs at most lengthCap; among chance pairs its deviation is strangers.
	Spread0, Spread1, LengthCap, Strangers float64

	// Anchors: evidence of sharing one is its factor times the nats by which
	// chance would hardly put it on both sides, at most anchorCap.
	Number      float64
	SmallNumber float64 // factor of one-digit numbers besides number
	Word        float64
	Numeral     float64 // small numbers, spelled out or not
	Year        float64 // of other calendars
	Bones       float64 // consonants of names in another script
	Question    float64 // question marks
	Bracket     float64
	Heading     float64 // no stop at the end
	AnchorCap   float64

	// Evidence against when one side alone has it.
	Missing      float64 // a number the other side has elsewhere
	Alone        float64 // a number the other side has nowhere
	SmallMissing float64 // factor of one-digit numbers, often spelt out
	NoQuestion   float64
	NoBracket    float64
	NoHeading    float64

	// Counted signs (commas, capitals): the square roots of their numbers differ
	// by tallySpread before it is adapted; factor, and most that they cost.
	Tally, TallySpread, TallyCap float64

	// Learned word pairs: factor of their association, at most pairCap, that of
	// what speaks against one without the other, and how often (posterior counts)
	// and how regularly (Dice's coefficient) they must have stood together.
	Pair, PairCap, NoPair, PairCount, PairDice float64

	// Word pairs that a lexicon brings: factors of the log-likelihood ratios of
	// having both words and of having one without the other.
	Lexicon, NoTranslation float64

	// Similarity: nats for each standard deviation above similarityZero and
	// each sentence a side, at most similarityCap either way. Where it has its
	// say, a word without its pair counts this part of noPair: both tell of the
	// same thing.
	Similarity, SimilarityZero, SimilarityCap, SimilarityNoPair float64

	// passes is how often the model is adapted to the document.
	Passes int
	// prudence is the weight of the priors against the document's own counts
	// of bead shapes, in beads.
	Prudence float64
	// width is the power of the number of sentences in what a right bead
	// gains in decoding.
	Width float64
}

// Standard returns the parameters that are used unless others are given.
func Standard() *Parameters {
	return &Parameters{
		Gap: -2, Merge2: -2.5, Merge3: -4.6, Merge4: -6, Cross2: -5.2, Cross3: -5.8, Wider: -1.5,
		Spread0: 0.02, Spread1: 4.4, LengthCap: 5.4, Strangers: 0.72,
		Number: 1.4, SmallNumber: 0.28, Word: 0.84, Numeral: 0.15, Year: 0.5, Bones: 0.5, Question: 0.4, Bracket: 0.5, AnchorCap: 4,
		Missing: 1.5, Alone: 0.97, SmallMissing: 0.29, NoQuestion: 0.57, NoBracket: 0.46,
		Tally: 0.55, TallySpread: 0.45, TallyCap: 3, Heading: 0.3, NoHeading: 0.6,
		Pair: 0.5, PairCap: 2.5, NoPair: 0.2, PairCount: 1.8, PairDice: 0.19,
		Lexicon: 0.2, NoTranslation: 0.3,
		Similarity: 0.46, SimilarityZero: 2.8, SimilarityCap: 2.2, SimilarityNoPair: 0.5,
		Passes: 2, Prudence: 30, Width: 1.75,
	}
}
