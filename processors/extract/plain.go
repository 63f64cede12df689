package extract

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"vislang/pkg/media"
	"vislang/schemas"
)

func (x *Extractor) plain(ctx context.Context, in Input, markdown bool, sink Sink) error {
	data, err := in.load(ctx, maxMarkup)
	if err != nil {
		return err
	}
	text, encoding, err := media.DecodeText(data)
	if err != nil {
		return failf(ClassCorrupt, "%w", err)
	}
	blocks := plainBlocks(text, markdown)
	if len(blocks) == 0 {
		return failf(ClassEmpty, "the file holds nothing but white space")
	}
	title := ""
	if blocks[0].Kind == schemas.BlockHeading {
		title = blocks[0].Text
	}
	fillContext(&in.Context, 1, title, "")
	return sink.Text(ctx, &schemas.PageText{
		Context: in.Context, Page: 1, TextSource: schemas.SourcePlain, Engine: "plain text, " + encoding, Confidence: 1, Blocks: blocks,
	})
}

var (
	markdownHeading = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
	markdownItem    = regexp.MustCompile(`^\s{0,8}(?:[-*+•]|\d{1,3}[.)])\s+\S`)
	markdownRule    = regexp.MustCompile(`^\s*(?:[-*_=]\s*){3,}$`)
)

// plainBlocks cuts text into paragraphs by blank lines; without any, each line
// is one. Lines that were broken to a width are joined again.
func plainBlocks(text string, markdown bool) []schemas.Block {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "\n\n", "\x00", "").Replace(text)
	lines := strings.Split(text, "\n")
	blank := false
	for _, line := range lines[:max(0, len(lines)-1)] {
		blank = blank || strings.TrimSpace(line) == ""
	}
	var out []schemas.Block
	add := func(kind, text string) {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, schemas.Block{Page: 1, Kind: kind, Text: text})
		}
	}
	var paragraph []string
	flush := func() {
		if wrapped(paragraph) {
			add(schemas.BlockParagraph, strings.Join(paragraph, " "))
		} else {
			for _, line := range paragraph {
				add(schemas.BlockParagraph, line)
			}
		}
		paragraph = nil
	}
	var code []string
	fenced := false
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case markdown && strings.HasPrefix(trimmed, "```"):
			if flush(); fenced {
				add(schemas.BlockCode, strings.Join(code, "\n"))
				code = nil
			}
			fenced = !fenced
		case fenced:
			code = append(code, line)
		case trimmed == "" || !blank || markdown && markdownRule.MatchString(line):
			if flush(); !markdown || !markdownRule.MatchString(line) {
				add(lineKind(trimmed, markdown), strings.TrimLeft(trimmed, headingMarks(trimmed, markdown)))
			}
		case markdown && markdownHeading.MatchString(trimmed):
			flush()
			add(schemas.BlockHeading, markdownHeading.FindStringSubmatch(trimmed)[1])
		case markdownItem.MatchString(line):
			flush()
			add(schemas.BlockListItem, trimmed)
		default:
			paragraph = append(paragraph, trimmed)
		}
	}
	flush()
	add(schemas.BlockCode, strings.Join(code, "\n"))
	return out
}

func lineKind(line string, markdown bool) string {
	switch {
	case markdown && markdownHeading.MatchString(line):
		return schemas.BlockHeading
	case markdownItem.MatchString(line):
		return schemas.BlockListItem
	}
	return schemas.BlockParagraph
}

func headingMarks(line string, markdown bool) string {
	if markdown && markdownHeading.MatchString(line) {
		return "# "
	}
	return ""
}

// wrapped tells lines that were broken to a width from lines that stand for
// themselves: all but the last are long and about as long as each other.
func wrapped(lines []string) bool {
	if len(lines) < 2 {
		return true
	}
	longest := 0
	for _, line := range lines {
		longest = max(longest, utf8.RuneCountInString(line))
	}
	if longest > 160 {
		return false // nobody breaks lines that late
	}
	full := 0
	for _, line := range lines[:len(lines)-1] {
		if n := utf8.RuneCountInString(line); n >= 30 && 3*n >= 2*longest {
			full++
		}
	}
	return 4*full >= 3*(len(lines)-1)
}
