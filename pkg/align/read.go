package align

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"vislang/pkg/text"
)

// sign is what a line shows that may stand in its translation too: a hash,
// with its kind in the lowest bits.
type sign uint64

// Kinds of signs.
const (
	wordSign     = iota // beginning of a word of any script: to learn from
	latinSign           // beginning of a word in the Latin script: a name, a loan
	skeletonSign        // consonants of a word: a name in another script
	numberSign          // a number of more than one digit
	digitSign           // a number of one digit, often spelt out
	numeralSign         // a small number, spelled out or not
	yearSign            // a year of our era, of whatever calendar it was written in
	questionSign        // question mark
	markSign            // opening bracket, quotation mark, per cent, currency
	headingSign         // no stop at the end
	kindBits     = 4
)

func (s sign) kind() int { return int(s & (1<<kindBits - 1)) }

const (
	// prefix is how many letters of words must agree: names and loans take
	// other endings in other languages (Afrika, Afrique, Africa).
	prefix = 4
	// stem is how many letters of a word are taken for the whole when its
	// translation is learned.
	stem = 5
	// skeleton is how many consonants of a name must agree between scripts.
	skeleton = 4
	// maxSigns bounds what is read of one line, for lines that are none.
	maxSigns = 512
)

// class is what a character does to the word or number that is being read.
type class uint8

const (
	other    class = iota // ends it
	ignored               // is not there: accents, format characters
	digit                 // decimal
	ethiopic              // Ethiopic numeral
	latin                 // letter
	letter                // letter of another script
	mark                  // belongs to the letter before
	syllable              // letter that begins a syllable of a script without spaces
	ideogram              // letter that is a word
	question
	symbol
	comma // or what else parts a sentence: colon, semicolon
	stop  // ends a sentence, but is no question mark
)

// folding is what a character is for matching: one or two characters without
// case, accent or variant.
type folding struct {
	first, second uint16
	class         class
	consonant     byte // its sound in the Latin script, 0 for vowels
}

// foldings are those of the characters below U+3100.
var foldings = sync.OnceValue(func() *[0x3100]folding {
	var all [0x3100]folding
	for r := range all {
		all[r] = fold(rune(r))
	}
	return &all
})

func fold(r rune) folding {
	if isEthiopicNumeral(r) {
		return folding{uint16(r), 0, ethiopic, 0}
	}
	if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) && unicode.In(r, unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew) {
		return folding{class: ignored}
	}
	var f folding
	n := 0
	for _, c := range text.Fold(string(r)) {
		if n == 0 && c < 0x10000 {
			f.first = uint16(c)
		} else if n == 1 && c < 0x10000 {
			f.second = uint16(c)
		}
		n++
	}
	c := rune(f.first)
	switch {
	case n == 0 && !unicode.IsSpace(r):
		f.class = ignored
	case c == '?', c == '؟', c == '፧':
		return folding{uint16(c), 0, question, 0}
	case c == '(', c == '"', c == '%', c == '٪', unicode.Is(unicode.Sc, r):
		return folding{uint16(c), 0, symbol, 0}
	case strings.ContainsRune(",;:،؛፣፤፥၊、，；：", c):
		f.class = comma
	case strings.ContainsRune(".!…።፨।॥။۔。！", c):
		f.class = stop
	case '0' <= c && c <= '9':
		f.class = digit
	case unicode.Is(unicode.Latin, c):
		f.class = latin
	case c >= 0x1000 && c <= 0x1021:
		f.class = syllable
	case unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana):
		f.class = ideogram
	case unicode.IsLetter(c):
		f.class = letter
	case unicode.IsMark(c):
		f.class = mark
	}
	f.consonant = consonantOf(c)
	return f
}

// reader cuts lines into words and numbers.
type reader struct {
	foldings *[0x3100]folding
	numerals map[uint64]int // spelled-out numbers by full
	// skeletons tells that the two texts are in different scripts, kin that
	// both are in the same other than the Latin one.
	skeletons, kin bool
	keep           bool // the words themselves, in words
	// calendar is what to add to a year for one of our era, or that and one
	// more; years are looked at when either side has such a calendar.
	calendar int
	years    bool

	signs   []sign // of the line
	words   []string
	letters int
	tallies [tallies]int
	open    bool // no stop was read since the last letter

	// The word or number at hand.
	class  class // digit, ethiopic, latin, letter; other when there is none
	length int   // characters
	hash   uint64
	full   uint64 // hash of all of it
	short  uint64 // of its first prefix characters
	bones  uint64 // of its first consonants
	nbones int
	last   byte // consonant
	upper  bool // capitals only
	raw    [8]uint16
	value  ethiopicNumber
	digits int // value of a short number
}

// Of FNV-1a, 64 bits.
const (
	hashStart = 14695981039346656037
	hashStep  = 1099511628211
)

// read reads a line. Its signs are in r.signs until the next one.
func (r *reader) read(line string) {
	r.signs, r.words, r.letters, r.open = r.signs[:0], r.words[:0], 0, false
	r.tallies = [tallies]int{}
	r.class = other
	for i := 0; i < len(line); {
		c, size := rune(line[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(line[i:])
		}
		i += size
		var f folding
		if int(c) < len(r.foldings) {
			f = r.foldings[c]
		} else if c >= 0x3400 && c < 0xa000 || c >= 0xac00 && c < 0xd7a4 {
			f = folding{uint16(c), 0, ideogram, 0}
		} else {
			f = fold(c)
		}
		r.next(c, f)
	}
	r.end()
	if r.open {
		r.add(hashStart, headingSign)
	}
}

func (r *reader) next(c rune, f folding) {
	class := f.class
	switch class {
	case ignored:
		return
	case mark:
		if r.class == latin || r.class == letter {
			r.put(f)
			return
		}
		class = other
	case latin, letter:
		r.letters++
		r.open = true
		if r.class == latin || r.class == letter {
			r.class = max(r.class, class) // of mixed scripts
		} else {
			r.begin(class)
		}
		if c < 'A' || c > 'Z' {
			r.upper = false
		}
		if r.length == 0 && (c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf && unicode.IsUpper(c)) {
			r.tallies[capitals]++
		}
		r.put(f)
		return
	case digit:
		r.letters++
		r.open = true
		if r.class != digit {
			r.begin(digit)
		}
		if r.length == 1 && r.raw[0] == '0' { // leading
			r.hash, r.length = hashStart, 0
		}
		r.digits = min(10*r.digits+int(f.first-'0'), 100_000)
		r.put(f)
		return
	case ethiopic:
		r.letters++
		r.open = true
		if r.class != ethiopic {
			r.begin(ethiopic)
			r.value = ethiopicNumber{}
		}
		r.value.add(c)
		return
	case syllable, ideogram:
		r.letters++
		r.open = true
		if class == ideogram || r.length >= 2 || r.class != letter {
			r.begin(letter)
		}
		r.put(f)
		if class == ideogram {
			r.end()
		}
		return
	}
	r.end()
	switch class {
	case comma:
		r.tallies[commas]++
	case stop:
		r.open = false
	case question:
		r.open = false
		r.add(hashStart, questionSign)
	case symbol:
		r.add(uint64(f.first)*hashStep, markSign)
	}
}

// begin ends what is being read and starts the next.
func (r *reader) begin(class class) {
	r.end()
	r.class = class
	r.length, r.nbones, r.last, r.upper, r.digits = 0, 0, 0, true, 0
	r.hash, r.full, r.short, r.bones = hashStart, hashStart, 0, hashStart
}

func (r *reader) put(f folding) {
	r.one(f.first)
	if f.second != 0 {
		r.one(f.second)
	}
	if c := f.consonant; c != 0 && c != r.last && r.nbones < skeleton {
		r.bones = (r.bones ^ uint64(c)) * hashStep
		r.nbones++
	}
	r.last = f.consonant
}

func (r *reader) one(c uint16) {
	if r.length < len(r.raw) {
		r.raw[r.length] = c
	}
	r.length++
	r.full = (r.full ^ uint64(c)) * hashStep
	if r.length <= stem || r.class == digit {
		r.hash = (r.hash ^ uint64(c)) * hashStep
		if r.length == prefix {
			r.short = r.hash
		}
	}
}

// end closes the word or number at hand.
func (r *reader) end() {
	switch r.class {
	case other:
		return
	case digit:
		if r.digits <= 12 || r.digits%10 == 0 && r.digits <= 100 || r.digits == 1000 {
			r.add(uint64(r.digits)*hashStep, numeralSign)
		}
		if r.length == 1 {
			r.add(r.hash, digitSign)
		} else {
			r.add(r.hash, numberSign)
			if r.years && r.digits >= 1300 && r.digits < 2200 {
				r.year(r.digits)
			}
		}
	case ethiopic:
		n := r.value.value()
		r.number(n)
		if r.years && n >= 1300 && n < 2200 {
			r.year(n)
		}
	default:
		r.endWord()
	}
	r.class = other
}

func (r *reader) endWord() {
	r.add(r.hash, wordSign)
	if r.keep {
		r.words = append(r.words, r.word())
	}
	switch {
	case r.length >= prefix && (r.class == latin || r.kin):
		r.add(r.short, latinSign)
	case r.upper && r.class == latin && r.length >= 2: // WHO, IV
		r.add(r.hash, latinSign)
	}
	if r.skeletons && r.nbones >= 3 {
		r.add(r.bones, skeletonSign)
	}
	if n := r.numerals[r.full]; n > 0 {
		r.add(uint64(n)*hashStep, numeralSign)
	} else if r.upper && r.class == latin && r.length >= 2 {
		if n := roman(r.raw[:min(r.length, len(r.raw))]); n > 0 {
			r.number(n)
		}
	}
}

// year adds the years of our era that a year may be.
func (r *reader) year(n int) {
	if r.calendar == 0 {
		r.add(uint64(n)*hashStep, yearSign)
		return
	}
	for _, n := range [...]int{n + r.calendar, n + r.calendar + 1} {
		r.add(uint64(n)*hashStep, yearSign)
	}
}

// number adds the sign of a number that is not written in decimal digits.
func (r *reader) number(n int) {
	var digits [20]byte
	hash := uint64(hashStart)
	written := strconv.AppendInt(digits[:0], int64(n), 10)
	for _, c := range written {
		hash = (hash ^ uint64(c)) * hashStep
	}
	if len(written) == 1 {
		r.add(hash, digitSign)
	} else {
		r.add(hash, numberSign)
	}
}

func (r *reader) word() string {
	var out []rune
	for _, c := range r.raw[:min(r.length, stem)] {
		out = append(out, rune(c))
	}
	return string(out)
}

func (r *reader) add(hash uint64, kind int) {
	if len(r.signs) < maxSigns {
		hash ^= hash >> 32
		r.signs = append(r.signs, sign(hash*0x9e3779b97f4a7c15)<<kindBits|sign(kind))
	}
}

// Words returns the distinct words of a sentence as the aligner compares them:
// folded in case, accents and orthographic variants, and cut to their
// beginnings, in ascending order. It is what a [Lexicon] is made of.
func Words(sentence string) []string {
	r := reader{foldings: foldings(), keep: true}
	r.read(sentence)
	slices.Sort(r.words)
	return slices.Compact(r.words)
}
