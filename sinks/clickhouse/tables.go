package clickhouse

import (
	"cmp"
	"time"

	"vislang/schemas"
)

// What a row is made of, where it is not a record itself.
type (
	textRow struct {
		*schemas.Text
		characters int64
	}
	pageLanguageRow struct {
		document   string
		revision   int64
		page       int32
		language   string
		share      float64
		characters int64
	}
	sentenceRow struct {
		*schemas.Sentence
		text       *schemas.Text
		index      int32
		characters int32
		pageStart  int32 // bytes from the start of the page's text
	}
	pageRow struct {
		*schemas.PageText
		text string
	}
	lineRow struct {
		*schemas.Line
		page  *schemas.PageText
		index int32
	}
)

// layouts are the tables that the sink writes.
type layouts struct {
	fetches       *layout[*schemas.Document]
	texts         *layout[textRow]
	pageLanguages *layout[pageLanguageRow]
	sentences     *layout[sentenceRow]
	pageTexts     *layout[pageRow]
	lines         *layout[lineRow]
	matches       *layout[*schemas.Match]
	bitext        *layout[*schemas.Bitext]
	figures       *layout[*schemas.Figure]
	samples       *layout[*schemas.Sample]
	deadletters   *layout[*schemas.DeadLetter]
}

func newLayouts() *layouts {
	return &layouts{
		fetches: newLayout("fetches",
			col("document_id", func(d **schemas.Document) string { return (*d).DocumentID }),
			col("url", func(d **schemas.Document) string { return (*d).URL }),
			col("source", func(d **schemas.Document) string { return (*d).Source }),
			col("fetched_at", func(d **schemas.Document) time.Time { return stamp((*d).FetchedAt) }),
			col("sha256", func(d **schemas.Document) string { return (*d).SHA256 }),
			col("media_type", func(d **schemas.Document) string { return (*d).MediaType }),
			col("bytes", func(d **schemas.Document) int64 { return (*d).Bytes }),
			col("file_name", func(d **schemas.Document) string { return (*d).FileName }),
			col("title", func(d **schemas.Document) string { return (*d).Title }),
			col("languages", func(d **schemas.Document) []string { return (*d).Languages }),
			col("group_id", func(d **schemas.Document) string { return (*d).GroupID }),
			col("license", func(d **schemas.Document) string { return (*d).License }),
			col("license_evidence", func(d **schemas.Document) string { return (*d).LicenseEvidence }),
			col("fetch_error", func(d **schemas.Document) string { return (*d).FetchError }),
			col("resources.url", func(d **schemas.Document) []string {
				return each((*d).Resources, func(r schemas.Resource) string { return r.URL })
			}),
			col("resources.sha256", func(d **schemas.Document) []string {
				return each((*d).Resources, func(r schemas.Resource) string { return r.SHA256 })
			}),
			col("resources.media_type", func(d **schemas.Document) []string {
				return each((*d).Resources, func(r schemas.Resource) string { return r.MediaType })
			}),
			col("resources.bytes", func(d **schemas.Document) []int64 {
				return each((*d).Resources, func(r schemas.Resource) int64 { return r.Bytes })
			}),
		),
		texts: newLayout("texts",
			col("document_id", func(t *textRow) string { return t.DocumentID }),
			col("revision", func(t *textRow) int64 { return t.Revision }),
			col("group_id", func(t *textRow) string { return t.GroupID }),
			col("url", func(t *textRow) string { return t.URL }),
			col("title", func(t *textRow) string { return t.Title }),
			col("language", func(t *textRow) string { return t.Language }),
			col("language_confidence", func(t *textRow) float64 { return t.Confidence }),
			col("declared_languages", func(t *textRow) []string { return t.Languages }),
			col("pages", func(t *textRow) int32 { return t.Pages }),
			col("failed_pages", func(t *textRow) int32 { return t.FailedPages }),
			col("text_sources", func(t *textRow) []string { return t.TextSources }),
			col("blocks", func(t *textRow) int32 { return int32(len(t.Blocks)) }),
			col("sentences", func(t *textRow) int32 { return int32(len(t.Sentences)) }),
			col("characters", func(t *textRow) int64 { return t.characters }),
			col("outline.level", func(t *textRow) []int32 {
				return each(t.Outline, func(b schemas.Bookmark) int32 { return b.Level })
			}),
			col("outline.title", func(t *textRow) []string {
				return each(t.Outline, func(b schemas.Bookmark) string { return b.Title })
			}),
			col("outline.page", func(t *textRow) []int32 {
				return each(t.Outline, func(b schemas.Bookmark) int32 { return b.Page })
			}),
			col("license", func(t *textRow) string { return t.License }),
		),
		pageLanguages: newLayout("page_languages",
			col("document_id", func(p *pageLanguageRow) string { return p.document }),
			col("revision", func(p *pageLanguageRow) int64 { return p.revision }),
			col("page", func(p *pageLanguageRow) int32 { return p.page }),
			col("language", func(p *pageLanguageRow) string { return p.language }),
			col("share", func(p *pageLanguageRow) float64 { return p.share }),
			col("characters", func(p *pageLanguageRow) int64 { return p.characters }),
		),
		sentences: newLayout("all_sentences",
			col("document_id", func(s *sentenceRow) string { return s.text.DocumentID }),
			col("revision", func(s *sentenceRow) int64 { return s.text.Revision }),
			col("sentence", func(s *sentenceRow) int32 { return s.index }),
			col("page", func(s *sentenceRow) int32 { return s.Page }),
			col("block", func(s *sentenceRow) int32 { return s.Block }),
			col("block_kind", func(s *sentenceRow) string { return blockKind(s.text, s.Block) }),
			col("block_start", func(s *sentenceRow) int32 { return s.Start }),
			col("block_end", func(s *sentenceRow) int32 { return s.End }),
			col("page_start", func(s *sentenceRow) int32 { return s.pageStart }),
			col("text", func(s *sentenceRow) string { return s.Text }),
			col("characters", func(s *sentenceRow) int32 { return s.characters }),
			col("language", func(s *sentenceRow) string { return s.Language }),
			col("quality", func(s *sentenceRow) float64 { return s.Quality }),
			col("group_id", func(s *sentenceRow) string { return s.text.GroupID }),
			col("license", func(s *sentenceRow) string { return s.text.License }),
		),
		pageTexts: newLayout("page_texts",
			col("document_id", func(p *pageRow) string { return p.DocumentID }),
			col("revision", func(p *pageRow) int64 { return p.Revision }),
			col("page", func(p *pageRow) int32 { return p.Page }),
			col("label", func(p *pageRow) string { return p.Label }),
			col("text", func(p *pageRow) string { return p.text }),
			col("text_source", func(p *pageRow) string { return p.TextSource }),
			col("confidence", func(p *pageRow) float64 { return p.Confidence }),
			col("reason", func(p *pageRow) string { return p.Reason }),
			col("evidence", func(p *pageRow) string { return p.Evidence }),
			col("measures.name", func(p *pageRow) []string {
				return each(p.Measures, func(m schemas.Measure) string { return m.Name })
			}),
			col("measures.value", func(p *pageRow) []float64 {
				return each(p.Measures, func(m schemas.Measure) float64 { return m.Value })
			}),
			col("width", func(p *pageRow) int32 { return p.Width }),
			col("height", func(p *pageRow) int32 { return p.Height }),
			col("engine", func(p *pageRow) string { return p.Engine }),
			col("rotation", func(p *pageRow) int32 { return p.Rotation }),
			col("skew", func(p *pageRow) float64 { return p.Skew }),
			col("blocks", func(p *pageRow) int32 { return int32(len(p.Blocks)) }),
			col("lines", func(p *pageRow) int32 { return int32(len(p.Lines)) }),
			col("failure", func(p *pageRow) string { return p.Failure }),
		),
		lines: newLayout("all_lines",
			col("document_id", func(l *lineRow) string { return l.page.DocumentID }),
			col("revision", func(l *lineRow) int64 { return l.page.Revision }),
			col("page", func(l *lineRow) int32 { return l.page.Page }),
			col("line", func(l *lineRow) int32 { return l.index }),
			col("text", func(l *lineRow) string { return l.Text }),
			col("x", func(l *lineRow) int32 { return l.X }),
			col("y", func(l *lineRow) int32 { return l.Y }),
			col("width", func(l *lineRow) int32 { return l.Width }),
			col("height", func(l *lineRow) int32 { return l.Height }),
			col("confidence", func(l *lineRow) float64 { return l.Confidence }),
			col("text_source", func(l *lineRow) string { return cmp.Or(l.TextSource, l.page.TextSource) }),
		),
		matches: newLayout("all_matches",
			col("match_id", func(m **schemas.Match) string { return (*m).MatchID }),
			col("source_document_id", func(m **schemas.Match) string { return (*m).SourceDocumentID }),
			col("source_revision", func(m **schemas.Match) int64 { return (*m).SourceRevision }),
			col("target_document_id", func(m **schemas.Match) string { return (*m).TargetDocumentID }),
			col("target_revision", func(m **schemas.Match) int64 { return (*m).TargetRevision }),
			col("group_id", func(m **schemas.Match) string { return (*m).GroupID }),
			col("source_language", func(m **schemas.Match) string { return (*m).SourceLanguage }),
			col("target_language", func(m **schemas.Match) string { return (*m).TargetLanguage }),
			col("state", func(m **schemas.Match) string { return (*m).State }),
			col("score", func(m **schemas.Match) float64 { return (*m).Score }),
			col("margin", func(m **schemas.Match) float64 { return (*m).Margin }),
			col("signs", func(m **schemas.Match) float64 { return (*m).Signs }),
			col("lengths", func(m **schemas.Match) float64 { return (*m).Lengths }),
			col("health", func(m **schemas.Match) float64 { return (*m).Health }),
			col("words", func(m **schemas.Match) float64 { return (*m).Words }),
			col("source_text", func(m **schemas.Match) string { return (*m).SourceText }),
			col("target_text", func(m **schemas.Match) string { return (*m).TargetText }),
		),
		bitext: newLayout("all_bitext",
			col("pair_id", func(b **schemas.Bitext) string { return (*b).PairID }),
			col("source_document_id", func(b **schemas.Bitext) string { return (*b).SourceDocumentID }),
			col("source_revision", func(b **schemas.Bitext) int64 { return (*b).SourceRevision }),
			col("target_document_id", func(b **schemas.Bitext) string { return (*b).TargetDocumentID }),
			col("target_revision", func(b **schemas.Bitext) int64 { return (*b).TargetRevision }),
			col("group_id", func(b **schemas.Bitext) string { return (*b).GroupID }),
			col("source_language", func(b **schemas.Bitext) string { return (*b).SourceLanguage }),
			col("target_language", func(b **schemas.Bitext) string { return (*b).TargetLanguage }),
			col("source_text", func(b **schemas.Bitext) string { return (*b).SourceText }),
			col("target_text", func(b **schemas.Bitext) string { return (*b).TargetText }),
			col("source_sentences", func(b **schemas.Bitext) []int32 { return (*b).SourceSentences }),
			col("target_sentences", func(b **schemas.Bitext) []int32 { return (*b).TargetSentences }),
			col("source_before", func(b **schemas.Bitext) string { return (*b).SourceBefore }),
			col("source_after", func(b **schemas.Bitext) string { return (*b).SourceAfter }),
			col("target_before", func(b **schemas.Bitext) string { return (*b).TargetBefore }),
			col("target_after", func(b **schemas.Bitext) string { return (*b).TargetAfter }),
			col("bead", func(b **schemas.Bitext) string { return (*b).Bead }),
			col("score", func(b **schemas.Bitext) float64 { return (*b).Score }),
			col("health", func(b **schemas.Bitext) float64 { return (*b).Health }),
			col("features", func(b **schemas.Bitext) string { return (*b).Features }),
			col("license", func(b **schemas.Bitext) string { return (*b).License }),
		),
		figures: newLayout("all_figures",
			col("figure_id", func(f **schemas.Figure) string { return (*f).FigureID }),
			col("document_id", func(f **schemas.Figure) string { return (*f).DocumentID }),
			col("revision", func(f **schemas.Figure) int64 { return (*f).Revision }),
			col("group_id", func(f **schemas.Figure) string { return (*f).GroupID }),
			col("url", func(f **schemas.Figure) string { return (*f).URL }),
			col("page", func(f **schemas.Figure) int32 { return (*f).Page }),
			col("kind", func(f **schemas.Figure) string { return (*f).Kind }),
			col("caption", func(f **schemas.Figure) string { return (*f).Caption }),
			col("caption_language", func(f **schemas.Figure) string { return (*f).Language }),
			col("x", func(f **schemas.Figure) int32 { return (*f).X }),
			col("y", func(f **schemas.Figure) int32 { return (*f).Y }),
			col("width", func(f **schemas.Figure) int32 { return (*f).Width }),
			col("height", func(f **schemas.Figure) int32 { return (*f).Height }),
			col("image_sha256", func(f **schemas.Figure) string { return (*f).Image }),
			col("media_type", func(f **schemas.Figure) string { return (*f).MediaType }),
			col("candidates.text", func(f **schemas.Figure) []string {
				return each((*f).Candidates, func(c schemas.CaptionCandidate) string { return c.Text })
			}),
			col("candidates.origin", func(f **schemas.Figure) []string {
				return each((*f).Candidates, func(c schemas.CaptionCandidate) string { return c.Origin })
			}),
			col("license", func(f **schemas.Figure) string { return (*f).License }),
		),
		samples: newLayout("all_samples",
			col("sample_id", func(s **schemas.Sample) string { return (*s).SampleID }),
			col("figure_id", func(s **schemas.Sample) string { return (*s).FigureID }),
			col("document_id", func(s **schemas.Sample) string { return (*s).DocumentID }),
			col("revision", func(s **schemas.Sample) int64 { return (*s).Revision }),
			col("group_id", func(s **schemas.Sample) string { return (*s).GroupID }),
			col("kind", func(s **schemas.Sample) string { return (*s).Kind }),
			col("instruction", func(s **schemas.Sample) string { return (*s).Instruction }),
			col("response", func(s **schemas.Sample) string { return (*s).Response }),
			col("language", func(s **schemas.Sample) string { return (*s).Language }),
			col("split_group", func(s **schemas.Sample) string { return (*s).SplitGroup }),
			col("license", func(s **schemas.Sample) string { return (*s).License }),
		),
		deadletters: newLayout("deadletters",
			col("source_topic", func(d **schemas.DeadLetter) string { return (*d).SourceTopic }),
			col("source_partition", func(d **schemas.DeadLetter) int32 { return (*d).SourcePartition }),
			col("source_offset", func(d **schemas.DeadLetter) int64 { return (*d).SourceOffset }),
			col("source_recorded_at", func(d **schemas.DeadLetter) time.Time { return stamp((*d).SourceTimestamp) }),
			col("stage", func(d **schemas.DeadLetter) string { return (*d).Stage }),
			col("partial", func(d **schemas.DeadLetter) bool { return (*d).Partial }),
			col("class", func(d **schemas.DeadLetter) string { return (*d).Class }),
			col("error", func(d **schemas.DeadLetter) string { return (*d).Error }),
			col("attempts", func(d **schemas.DeadLetter) int32 { return (*d).Attempts }),
			col("first_failed_at", func(d **schemas.DeadLetter) time.Time { return stamp((*d).FirstFailedAt) }),
			col("failed_at", func(d **schemas.DeadLetter) time.Time { return stamp((*d).FailedAt) }),
			col("document_id", func(d **schemas.DeadLetter) string { return (*d).DocumentID }),
			col("revision", func(d **schemas.DeadLetter) int64 { return (*d).Revision }),
			col("url", func(d **schemas.DeadLetter) string { return (*d).URL }),
			col("page", func(d **schemas.DeadLetter) int32 { return (*d).Page }),
			col("key", func(d **schemas.DeadLetter) string { return string((*d).Key) }),
			col("value_bytes", func(d **schemas.DeadLetter) int64 { return int64(len((*d).Value)) }),
			col("headers.key", func(d **schemas.DeadLetter) []string {
				return each((*d).Headers, func(h schemas.Header) string { return h.Key })
			}),
			col("headers.value", func(d **schemas.DeadLetter) []string {
				return each((*d).Headers, func(h schemas.Header) string { return string(h.Value) })
			}),
		),
	}
}

// stamp turns the time that stands for none into the one ClickHouse uses.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}

func each[T, V any](items []T, value func(T) V) []V {
	values := make([]V, len(items))
	for i, item := range items {
		values[i] = value(item)
	}
	return values
}

func blockKind(t *schemas.Text, block int32) string {
	if block < 0 || int(block) >= len(t.Blocks) {
		return ""
	}
	return t.Blocks[block].Kind
}
