package clickhouse

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

// blocks are the rows of one batch, a block a table.
type blocks struct {
	fetches       rows[*schemas.Document]
	texts         rows[textRow]
	pageLanguages rows[pageLanguageRow]
	sentences     rows[sentenceRow]
	pageTexts     rows[pageRow]
	lines         rows[lineRow]
	matches       rows[*schemas.Match]
	bitext        rows[*schemas.Bitext]
	figures       rows[*schemas.Figure]
	samples       rows[*schemas.Sample]
	deadletters   rows[*schemas.DeadLetter]

	rows  int
	bytes int // of texts and a guess for the rest

	from *origin // of the latest row
}

// lineage is that of the rows of a record, which a version of the program made.
func (b *blocks) lineage(rec *kgo.Record, version string) lineage {
	if of := (origin{version, rec.Topic, rec.Partition}); b.from == nil || *b.from != of {
		from := of // or each record would have one
		b.from = &from
	}
	at := rec.Timestamp
	if !inRange(at) {
		at = time.Time{}
	}
	return lineage{b.from, rec.Offset, stamp(at).UnixMilli()}
}

func newBlocks(l *layouts) *blocks {
	return &blocks{
		fetches:       rows[*schemas.Document]{layout: l.fetches},
		texts:         rows[textRow]{layout: l.texts},
		pageLanguages: rows[pageLanguageRow]{layout: l.pageLanguages},
		sentences:     rows[sentenceRow]{layout: l.sentences},
		pageTexts:     rows[pageRow]{layout: l.pageTexts},
		lines:         rows[lineRow]{layout: l.lines},
		matches:       rows[*schemas.Match]{layout: l.matches},
		bitext:        rows[*schemas.Bitext]{layout: l.bitext},
		figures:       rows[*schemas.Figure]{layout: l.figures},
		samples:       rows[*schemas.Sample]{layout: l.samples},
		deadletters:   rows[*schemas.DeadLetter]{layout: l.deadletters},
	}
}

// ordered returns the blocks that have rows. Where a record feeds several
// tables, the one with a single row a record comes last: who sees that row
// sees the others too.
func (b *blocks) ordered() []block {
	var some []block
	for _, block := range []block{
		&b.fetches,
		&b.pageLanguages, &b.sentences, &b.texts,
		&b.lines, &b.pageTexts,
		&b.matches, &b.bitext, &b.figures, &b.samples, &b.deadletters,
	} {
		if block.len() > 0 {
			some = append(some, block)
		}
	}
	return some
}

// rowBytes is a guess of what a row takes besides its longest texts.
const rowBytes = 128

func (b *blocks) count(rows, bytes int) {
	b.rows += rows
	b.bytes += bytes + rows*rowBytes
}

func (b *blocks) addDocument(l lineage, d *schemas.Document) {
	b.fetches.add(l, d)
	b.count(1, len(d.URL)+len(d.Title)+len(d.FetchError)+len(d.Resources)*rowBytes)
}

func (b *blocks) addFigure(l lineage, f *schemas.Figure) {
	b.figures.add(l, f)
	b.count(1, len(f.URL)+len(f.Caption)+len(f.Candidates)*rowBytes)
}

func (b *blocks) addSample(l lineage, s *schemas.Sample) {
	b.samples.add(l, s)
	b.count(1, len(s.Instruction)+len(s.Response))
}

func (b *blocks) addMatch(l lineage, m *schemas.Match) {
	b.matches.add(l, m)
	b.count(1, len(m.SourceText)+len(m.TargetText))
}

func (b *blocks) addBitext(l lineage, p *schemas.Bitext) {
	b.bitext.add(l, p)
	b.count(1, len(p.SourceText)+len(p.TargetText)+
		len(p.SourceBefore)+len(p.SourceAfter)+len(p.TargetBefore)+len(p.TargetAfter))
}

func (b *blocks) addDeadLetter(l lineage, d *schemas.DeadLetter) {
	b.deadletters.add(l, d)
	b.count(1, len(d.Error)+len(d.URL)+len(d.Key)+len(d.Value))
}

// betweenBlocks parts the blocks in the text of a page.
const betweenBlocks = "\n\n"

func (b *blocks) addPageText(l lineage, p *schemas.PageText) {
	var text strings.Builder
	for i := range p.Blocks {
		if i > 0 {
			text.WriteString(betweenBlocks)
		}
		text.WriteString(p.Blocks[i].Text)
	}
	size := text.Len() + len(p.Evidence) + 16*len(p.Measures)
	for i := range p.Lines {
		b.lines.add(l, lineRow{&p.Lines[i], p, int32(i + 1)})
		size += len(p.Lines[i].Text)
	}
	b.pageTexts.add(l, pageRow{p, text.String()})
	b.count(1+len(p.Lines), size)
}

func (b *blocks) addText(l lineage, t *schemas.Text) {
	var size int
	var characters int64
	perPage := map[int32]map[string]int64{}
	starts := blockStarts(t.Blocks)
	for i := range t.Blocks {
		block := &t.Blocks[i]
		n := int64(utf8.RuneCountInString(block.Text))
		characters += n
		size += len(block.Text)
		languages := perPage[block.Page]
		if languages == nil {
			languages = map[string]int64{}
			perPage[block.Page] = languages
		}
		languages[block.Language] += n
	}
	for i := range t.Sentences {
		s := &t.Sentences[i]
		row := sentenceRow{Sentence: s, text: t, index: int32(i), characters: int32(utf8.RuneCountInString(s.Text))}
		if s.End > 0 && s.Block >= 0 && int(s.Block) < len(starts) {
			row.pageStart = starts[s.Block] + s.Start
		}
		b.sentences.add(l, row)
		size += len(s.Text)
	}
	for _, page := range slices.Sorted(maps.Keys(perPage)) {
		b.pageLanguages.add(l, pageLanguage(t, page, perPage[page]))
	}
	b.texts.add(l, textRow{t, characters})
	b.count(1+len(t.Sentences)+len(perPage), size)
}

// blockStarts returns where each block starts in the text of its page.
func blockStarts(all []schemas.Block) []int32 {
	starts := make([]int32, len(all))
	next := map[int32]int32{}
	for i, block := range all {
		starts[i] = next[block.Page]
		next[block.Page] += int32(len(block.Text) + len(betweenBlocks))
	}
	return starts
}

// pageLanguage returns the language of most characters of a page; of equals
// the first by name, so that the same input always gives the same row.
func pageLanguage(t *schemas.Text, page int32, languages map[string]int64) pageLanguageRow {
	r := pageLanguageRow{document: t.DocumentID, revision: t.Revision, page: page}
	most := int64(-1)
	for _, language := range slices.Sorted(maps.Keys(languages)) {
		n := languages[language]
		r.characters += n
		if n > most {
			most, r.language = n, language
		}
	}
	if r.characters > 0 {
		r.share = float64(most) / float64(r.characters)
	}
	return r
}
