package html

import "unicode"

// measure is what the characters of a segment say.
type measure struct {
	size    float64 // letters and digits, characters of dense scripts counted as what they would be in Latin letters
	digits  float64 // share of them
	capital float64 // share of words with a capital letter, of scripts with case
	stops   float64 // sentence stops
	commas  float64
	ends    bool // ends like a sentence
	colon   bool // ends with a colon
	words   float64
}

func measureText(text string) (m measure) {
	digits, words, capitals := 0.0, 0.0, 0.0
	inside := false
	last := rune(0)
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			switch {
			case r >= 0x2e80 && r < 0xd7b0: // Chinese characters, kana, Hangul
				m.size += 3
			case r >= 0x1200 && r < 0x1380: // Ethiopic
				m.size += 1.7
			default:
				m.size++
			}
			if !inside {
				words++
				if unicode.IsUpper(r) {
					capitals++
				}
			}
			inside = true
			last = r
			continue
		case unicode.IsMark(r):
			m.size += 0.3
			continue
		case unicode.IsDigit(r):
			m.size++
			digits++
			last = r
			continue
		case unicode.IsSpace(r):
			inside = false
			continue
		}
		inside = inside && (r == '\'' || r == '’')
		switch r {
		case '.', '!', '?', '…', '。', '！', '？', '።', '؟', '۔', '।', '॥', '။', '។', '‼':
			if unicode.IsLetter(last) || unicode.IsMark(last) || last == ')' || last == '”' || last == '"' || unicode.IsDigit(last) {
				m.stops++
			}
			m.ends = true
		case ',', '、', '，', '،', '፣', '၊', ';', '؛', '፤':
			m.commas++
			m.ends = false
		case '"', '”', '’', '\'', ')', '»', '」', '“':
		default:
			m.ends = false
		}
		last = r
	}
	if unicode.IsLetter(last) || unicode.IsDigit(last) {
		m.ends = false
	}
	m.colon = last == ':' || last == '：' || last == '፦'
	if m.size > 0 {
		m.digits = digits / m.size
	}
	if words > 0 {
		m.capital = capitals / words
	}
	m.words = words
	return m
}
