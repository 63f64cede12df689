package ocr

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// parseHOCR reads the hOCR that Tesseract writes (hOCR 1.2,
// https://kba.github.io/hocr-spec/1.2/): areas, paragraphs, lines and words
// with their boxes and word confidences. Elements it does not know and broken
// properties are passed over; words of no line, lines of no paragraph and
// paragraphs of no area are dropped, and so is what holds no text.
func parseHOCR(hocr []byte) (*Page, error) {
	page := &Page{}
	var (
		tokens = html.NewTokenizer(bytes.NewReader(hocr))
		stack  []string // class of every open element
		text   strings.Builder
		block  *Block
		par    *Paragraph
		line   *Line
		word   *Word
	)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if err := tokens.Err(); err != io.EOF {
				return nil, err
			}
			page.score()
			return page, nil
		case html.TextToken:
			if word != nil {
				text.Write(tokens.Text())
			}
		case html.StartTagToken:
			class, box, confidence := hocrProperties(tokens)
			stack = append(stack, class)
			switch {
			case class == "ocr_carea":
				block = &Block{Box: box}
			case class == "ocr_par" && block != nil:
				par = &Paragraph{Box: box}
			case isHOCRLine(class) && par != nil:
				line = &Line{Box: box}
			case class == "ocrx_word" && line != nil:
				word = &Word{Box: box, Confidence: confidence}
				text.Reset()
			}
		case html.EndTagToken:
			if len(stack) == 0 {
				continue
			}
			class := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			switch {
			case class == "ocr_carea" && block != nil:
				if len(block.Paragraphs) > 0 {
					page.Blocks = append(page.Blocks, *block)
				}
				block, par, line, word = nil, nil, nil, nil
			case class == "ocr_par" && par != nil:
				if len(par.Lines) > 0 {
					block.Paragraphs = append(block.Paragraphs, *par)
				}
				par, line, word = nil, nil, nil
			case isHOCRLine(class) && line != nil:
				if len(line.Words) > 0 {
					line.Text = joinWords(line.Words)
					par.Lines = append(par.Lines, *line)
				}
				line, word = nil, nil
			case class == "ocrx_word" && word != nil:
				if word.Text = cleanWord(text.String()); word.Text != "" {
					line.Words = append(line.Words, *word)
				}
				word = nil
			}
		}
	}
}

func isHOCRLine(class string) bool {
	switch class {
	case "ocr_line", "ocr_caption", "ocr_header", "ocr_textfloat":
		return true
	}
	return false
}

// joinWords makes the text of a line. Scripts that write no spaces between
// words get one only where the paper has a gap, wider than a third of the
// line's height: Tesseract parts their words where it likes.
func joinWords(words []Word) string {
	var s strings.Builder
	for i, w := range words {
		if i > 0 {
			before, _ := utf8.DecodeLastRuneInString(words[i-1].Text)
			after, _ := utf8.DecodeRuneInString(w.Text)
			gap := w.Box.X - words[i-1].Box.X - words[i-1].Box.Width
			if !isSpaceless(before) || !isSpaceless(after) || 3*gap > max(w.Box.Height, words[i-1].Box.Height) {
				s.WriteByte(' ')
			}
		}
		s.WriteString(w.Text)
	}
	return s.String()
}

func isSpaceless(r rune) bool {
	return unicode.In(r, unicode.Myanmar, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Tibetan, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// cleanWord unescapes a word and makes it valid UTF-8 without white space
// around it.
func cleanWord(raw string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(html.UnescapeString(raw), "\x00", ""), "\uFFFD"))
}

// hocrProperties reads class and title of the element at hand:
// `title="bbox 10 20 110 60; x_wconf 96"`.
func hocrProperties(tokens *html.Tokenizer) (class string, box Box, confidence float64) {
	for {
		key, value, more := tokens.TagAttr()
		switch string(key) {
		case "class":
			class = string(value)
		case "title":
			for _, property := range strings.Split(string(value), ";") {
				f := strings.Fields(property)
				switch {
				case len(f) == 5 && f[0] == "bbox":
					box = hocrBox(f[1:])
				case len(f) == 2 && f[0] == "x_wconf":
					if c, err := strconv.ParseFloat(f[1], 64); err == nil && c >= 0 && c <= 100 {
						confidence = c / 100
					}
				}
			}
		}
		if !more {
			return class, box, confidence
		}
	}
}

// hocrBox reads left, top, right, bottom; a broken box is empty.
func hocrBox(corners []string) Box {
	var v [4]int
	for i, c := range corners {
		n, err := strconv.ParseInt(c, 10, 32)
		if err != nil || n < 0 {
			return Box{}
		}
		v[i] = int(n)
	}
	if v[2] < v[0] || v[3] < v[1] {
		return Box{}
	}
	return Box{X: v[0], Y: v[1], Width: v[2] - v[0], Height: v[3] - v[1]}
}
