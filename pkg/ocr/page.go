package ocr

import (
	"strings"
	"time"
)

// Page is a recognised page. Its coordinates are pixels of the upright page
// (turned by Rotation, then straightened by Skew around its centre), origin
// at the top left.
type Page struct {
	Width      int      `json:"width"`
	Height     int      `json:"height"`
	Rotation   int      `json:"rotation"`   // degrees clockwise that the image was turned by: 0, 90, 180, 270
	Skew       float64  `json:"skew"`       // degrees clockwise that it was then straightened by
	Confidence float64  `json:"confidence"` // mean of its lines, longer ones counting more; 0 for a page without text
	Engine     string   `json:"engine"`     // `tesseract 5.3.0 tir+amh`
	Models     []string `json:"models"`
	Language   string   `json:"language"` // identified, `som_Latn`; "" when nothing identifies it
	Blocks     []Block  `json:"blocks"`   // in reading order

	Spent time.Duration `json:"-"` // processor time of all readings and looks
}

// Block is a column, table cell run or other area of the page.
type Block struct {
	Box
	Paragraphs []Paragraph `json:"paragraphs"`
}

// Paragraph is a run of lines.
type Paragraph struct {
	Box
	Lines []Line `json:"lines"`
}

// Line is a recognised line; its words are in logical order, also in
// right-to-left scripts.
type Line struct {
	Text string `json:"text"`
	Box
	Confidence float64 `json:"confidence"` // how probable it is that fewer than 5 % of its characters are wrong, 0 to 1
	Words      []Word  `json:"words"`
}

// Word is a recognised word.
type Word struct {
	Text string `json:"text"`
	Box
	Confidence float64 `json:"confidence"` // how probable it is that it is right to the letter, 0 to 1
}

// Box is a rectangle of pixels.
type Box struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Lines returns all lines in reading order.
func (p *Page) Lines() []Line {
	var lines []Line
	for _, b := range p.Blocks {
		for _, par := range b.Paragraphs {
			lines = append(lines, par.Lines...)
		}
	}
	return lines
}

// eachLine calls f with every line, to be changed.
func (p *Page) eachLine(f func(*Line)) {
	for i := range p.Blocks {
		for j := range p.Blocks[i].Paragraphs {
			for k := range p.Blocks[i].Paragraphs[j].Lines {
				f(&p.Blocks[i].Paragraphs[j].Lines[k])
			}
		}
	}
}

// Paragraphs returns all paragraphs in reading order.
func (p *Page) Paragraphs() []Paragraph {
	var paragraphs []Paragraph
	for _, b := range p.Blocks {
		paragraphs = append(paragraphs, b.Paragraphs...)
	}
	return paragraphs
}

// Text returns the text, one line a line, an empty line between paragraphs.
func (p *Page) Text() string {
	var s strings.Builder
	for i, par := range p.Paragraphs() {
		if i > 0 {
			s.WriteByte('\n')
		}
		for _, l := range par.Lines {
			s.WriteString(l.Text)
			s.WriteByte('\n')
		}
	}
	return s.String()
}

// score sets the mean confidences of lines and page from their words', each
// character counting once, and returns the number of characters.
func (p *Page) score() (characters int) {
	var sum float64
	p.eachLine(func(l *Line) {
		var lineSum float64
		var n int
		for _, w := range l.Words {
			c := len([]rune(w.Text))
			lineSum += w.Confidence * float64(c)
			n += c
		}
		if n > 0 {
			l.Confidence = lineSum / float64(n)
		}
		sum += lineSum
		characters += n
	})
	p.Confidence = 0
	if characters > 0 {
		p.Confidence = sum / float64(characters)
	}
	return characters
}
