package clickhouse

import "vislang/schemas"

// TopicTable is the table with one row a record of a topic. All tables have
// the columns topic, partition and offset of the record a row comes from.
type TopicTable struct {
	Topic    string
	Name     string
	Children []ChildTable // filled from the same records
}

// ChildTable is a table with several rows a record.
type ChildTable struct {
	Name string
	// Rows is, in SQL, what the rows of a record add up to by its row in the
	// topic's table, and Row what one of them adds.
	Rows, Row string
	// Places is the sum of Place over the rows of a record: which of them are
	// there, as far as that can be told.
	Places, Place string
}

// TopicTables returns the tables of all topics that the sink reads.
func TopicTables() []TopicTable {
	l := newLayouts()
	return []TopicTable{
		{Topic: schemas.TopicDocuments, Name: l.fetches.name},
		{Topic: schemas.TopicPageTexts, Name: l.pageTexts.name, Children: []ChildTable{
			{Name: l.lines.name, Rows: "lines", Row: "1", Places: "intDiv(lines * (lines + 1), 2)", Place: "line"},
		}},
		{Topic: schemas.TopicFigures, Name: l.figures.name},
		{Topic: schemas.TopicTexts, Name: l.texts.name, Children: []ChildTable{
			{Name: l.sentences.name, Rows: "sentences", Row: "1", Places: "intDiv(sentences * (sentences - 1), 2)", Place: "sentence"},
			// A text does not say how many of its pages have blocks, but
			// their characters are those of the text.
			{Name: l.pageLanguages.name, Rows: "characters", Row: "characters", Places: "0", Place: "0"},
		}},
		{Topic: schemas.TopicMatches, Name: l.matches.name},
		{Topic: schemas.TopicBitext, Name: l.bitext.name},
		{Topic: schemas.TopicSamples, Name: l.samples.name},
		{Topic: schemas.TopicDeadLetters, Name: l.deadletters.name},
	}
}
