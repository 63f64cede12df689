package clickhouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

var fetched = time.Date(2025, 3, 4, 5, 6, 7, 890e6, time.UTC)

// Every record type lands with all that it says.
func TestRows(t *testing.T) {
	b := newBench(t, 1)
	about := schemas.Context{DocumentID: "d1", Revision: 7, URL: "https://a.example/b", GroupID: "g", Title: "Kichwa", Languages: []string{"sw"}, License: "CC-BY-4.0", Pages: 2}
	text := &schemas.Text{Context: about, Language: "swh_Latn", Confidence: .75, TextSources: []string{"ocr", "text_layer"}, FailedPages: 1,
		Outline: []schemas.Bookmark{{Entry: 1, Level: 1, Title: "Utangulizi", Page: 1}, {Entry: 2, Level: 2, Title: "Hali"}},
		Blocks: []schemas.Block{
			{Page: 1, Kind: "heading", Text: "ሰላም", Language: "amh_Ethi"},
			{Page: 1, Kind: "paragraph", Text: "Habari. Nzuri.", Language: "swh_Latn"},
			{Page: 2, Kind: "paragraph", Text: "Ndiyo.", Language: "swh_Latn"},
		},
		Sentences: []schemas.Sentence{
			{Page: 1, Block: 0, End: 9, Text: "ሰላም", Language: "amh_Ethi", Quality: .5},
			{Page: 1, Block: 1, Start: 0, End: 7, Text: "Habari.", Language: "swh_Latn", Quality: .25},
			{Page: 2, Block: 2, Text: "Ndiyo.", Language: "swh_Latn", Quality: 1},
		},
	}
	// A page whose body is too large for a record.
	large := &schemas.PageText{Context: about, Page: 2, TextSource: schemas.SourceOCR, Engine: "e", Confidence: .5,
		Blocks: []schemas.Block{{Page: 2, Kind: "paragraph", Text: strings.Repeat("neno ", 150_000)}}}
	if err := schemas.Spill(t.Context(), b.blobs, large); err != nil {
		t.Fatal(err)
	}
	if large.BodyBlob == "" {
		t.Fatal("the body stayed in the record")
	}
	at := fetched.Add(time.Hour)
	records := []*kgo.Record{
		b.encoded(schemas.TopicDocuments, &schemas.Document{DocumentID: "d1", URL: "https://a.example/b", Source: "s", FetchedAt: fetched, SHA256: "ab", MediaType: "text/html",
			Bytes: 5e9, FileName: "b", Title: "Declared", Languages: []string{"sw", "am"}, GroupID: "g", License: "CC-BY-4.0", LicenseEvidence: "link", FetchError: "none",
			Resources: []schemas.Resource{{URL: "u1", SHA256: "h1", MediaType: "image/png", Bytes: 7}, {URL: "u2"}}}),
		b.encoded(schemas.TopicDocuments, &schemas.Document{DocumentID: "d2", URL: "https://a.example/c", FetchedAt: fetched, Title: "Only declared"}),
		b.encoded(schemas.TopicDocuments, &schemas.Document{DocumentID: "d3", FetchedAt: fetched}),
		b.encoded(schemas.TopicPageTexts, &schemas.PageText{Context: about, Page: 1, TextSource: schemas.SourceOCR, Engine: "tesseract 5", Confidence: .9, Width: 100, Height: 200, Rotation: 90, Skew: 1.5,
			Marks: schemas.Marks{Label: "iv"}, Provenance: schemas.Provenance{Reason: schemas.ReasonUntrusted, Evidence: "bad", Measures: []schemas.Measure{{Name: "characters", Value: 50}, {Name: "unmapped", Value: .5}}},
			Blocks: []schemas.Block{{Page: 1, Kind: "heading", Text: "ሰላም"}, {Page: 1, Kind: "paragraph", Text: "Habari."}},
			Lines:  []schemas.Line{{Text: "ሰላም", X: 1, Y: 2, Width: 3, Height: 4, Confidence: .8}, {Text: "Habari.", X: 5}}}),
		b.encoded(schemas.TopicPageTexts, large),
		b.encoded(schemas.TopicPageTexts, &schemas.PageText{Context: about, Page: 3, TextSource: schemas.SourceNone, Failure: "crash"}),
		b.encoded(schemas.TopicTexts, text),
		b.encoded(schemas.TopicFigures, &schemas.Figure{Context: about, FigureID: "f", Page: 2, Kind: "map", Image: "cd", MediaType: "image/png", X: 1, Y: 2, Width: 3, Height: 4,
			Caption: "Ramani", Language: "swh_Latn", Candidates: []schemas.CaptionCandidate{{Text: "Ramani", Origin: "figcaption"}, {Text: "map", Origin: "alt"}}}),
		b.encoded(schemas.TopicMatches, &schemas.Match{MatchID: "m", SourceDocumentID: "d1", SourceRevision: 7, TargetDocumentID: "d2", GroupID: "g", SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn",
			State: schemas.MatchFound, Score: 9, Margin: 2, Signs: 5, Lengths: -1, Health: 3, Words: 2, SourceText: "b1", TargetText: "b2"}),
		b.encoded(schemas.TopicBitext, &schemas.Bitext{PairID: "p", SourceDocumentID: "d1", SourceRevision: 7, TargetDocumentID: "d2", GroupID: "g", SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn",
			SourceText: "Hello.", TargetText: "Habari.", SourceSentences: []int32{0, 1}, TargetSentences: []int32{2}, SourceBefore: "sb", SourceAfter: "sa", TargetBefore: "tb", TargetAfter: "ta",
			Bead: "2-1", Score: .5, Health: .25, Features: "lexicon", License: "CC0-1.0"}),
		b.encoded(schemas.TopicSamples, &schemas.Sample{SampleID: "s", FigureID: "f", DocumentID: "d1", Revision: 7, GroupID: "g", Kind: "caption", Instruction: "i", Response: "r", Language: "swh_Latn", SplitGroup: "sg", License: "CC0-1.0"}),
		b.encoded(schemas.TopicDeadLetters, &schemas.DeadLetter{SourceTopic: "documents", SourcePartition: 4, SourceOffset: 5, SourceTimestamp: fetched, Stage: "extract", Partial: true, Class: "corrupt", Error: "bad", Attempts: 3,
			FirstFailedAt: fetched, FailedAt: at, DocumentID: "d3", URL: "u", Key: []byte("k"), Value: []byte("value"),
			Headers: []schemas.Header{{Key: "h", Value: []byte("v")}, {Key: "h"}}}),
		b.encoded(schemas.TopicDeadLetters, &schemas.DeadLetter{SourceTopic: "pages", Stage: "ocr", DocumentID: "d2", Page: 3}),
	}
	records[0].Headers = []kgo.RecordHeader{{Key: VersionHeader, Value: []byte("v9")}}
	for _, rec := range records {
		rec.Timestamp = at
	}
	b.produce(records...)
	b.start(b.options())
	b.drained()

	for query, want := range map[string]string{
		`SELECT * EXCEPT (partition, offset, recorded_at) FROM fetches WHERE document_id = 'd1'`:     "('d1','https://a.example/b','s','2025-03-04 05:06:07.890','ab','text/html',5000000000,'b','Declared',['sw','am'],'g','CC-BY-4.0','link','none',['u1','u2'],['h1',''],['image/png',''],[7,0],'v9','documents')",
		`SELECT partition, offset, recorded_at, stage_version FROM fetches WHERE document_id = 'd2'`: "(0,1,'2025-03-04 06:06:07.890','test')",
		`SELECT document_id, url, source, sha256, media_type, bytes, title, language, group_id, pages, license, license_evidence, state, failure, failed_pages, sentences, characters, text_sources, stage_version, offset FROM documents WHERE document_id = 'd1'`: "('d1','https://a.example/b','s','ab','text/html',5000000000,'Kichwa','swh_Latn','g',2,'CC-BY-4.0','link','done','',1,3,23,['ocr','text_layer'],'v9',0)",
		`SELECT title, language, pages, state FROM documents WHERE document_id = 'd2'`:                             "('Only declared','',0,'processing')",
		`SELECT state, failure FROM documents WHERE document_id = 'd3'`:                                            "('failed','bad')",
		`SELECT count() FROM documents`:                                                                            "3",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM texts`:                        "('d1',7,'g','https://a.example/b','Kichwa','swh_Latn',0.75,['sw'],2,1,['ocr','text_layer'],3,3,23,[1,2],['Utangulizi','Hali'],[1,0],'CC-BY-4.0')",
		`SELECT groupArray((entry, level, title, page)) FROM outlines WHERE document_id = 'd1'`:                    "([(1,1,'Utangulizi',1),(2,2,'Hali',0)])",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM sentences WHERE sentence = 1`: "('d1',7,1,1,1,'paragraph',0,7,11,'Habari.',7,'swh_Latn',0.25,'g','CC-BY-4.0')",
		`SELECT count() FROM sentences`:                                                                            "3",
		// Where its place is not known (block_end is 0), nothing is said.
		`SELECT block_start, block_end, page_start FROM sentences WHERE sentence = 2`: "(0,0,0)",
		`SELECT groupArray(s.text) FROM sentences AS s JOIN pages AS p USING (document_id, revision, page) WHERE s.block_end > 0 AND substring(p.text, s.page_start + 1, s.block_end - s.block_start) = s.text`: "(['ሰላም','Habari.'])",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM page_languages WHERE page = 2`:                                                                                             "('d1',7,2,'swh_Latn',1,6)",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM pages WHERE page = 1`:                                                                                                      "('d1',7,1,'ሰላም\\n\\nHabari.','swh_Latn','iv','ocr',0.9,'untrusted_text_layer','bad',{'characters':50,'unmapped':0.5},100,200,'tesseract 5',90,1.5,2,2,'')",
		`SELECT length(text), language FROM pages WHERE page = 2`:                                                                                                                                               "(750000,'swh_Latn')",
		`SELECT text_source, failure, text, language FROM pages WHERE page = 3`:                                                                                                                                 "('none','crash','','')",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM lines WHERE line = 1`:                                                                                                      "('d1',7,1,1,'ሰላም',1,2,3,4,0.8,'ocr')",
		`SELECT count() FROM lines`: "2",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM figures`:                             "('f','d1',7,'g','https://a.example/b',2,'map','Ramani','swh_Latn',1,2,3,4,'cd','image/png',['Ramani','map'],['figcaption','alt'],'CC-BY-4.0')",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM bitext`:                              "('p','d1',7,'d2',0,'g','eng_Latn','swh_Latn','Hello.','Habari.',[0,1],[2],'sb','sa','tb','ta','2-1',0.5,0.25,'lexicon','CC0-1.0')",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM matches`:                             "('m','d1',7,'d2',0,'g','eng_Latn','swh_Latn','found',9,2,5,-1,3,2,'b1','b2')",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM samples`:                             "('s','f','d1',7,'g','caption','i','r','swh_Latn','sg','CC0-1.0')",
		`SELECT * EXCEPT (stage_version, topic, partition, offset, recorded_at) FROM deadletters WHERE stage = 'extract'`: "('documents',4,5,'2025-03-04 05:06:07.890','extract',true,'corrupt','bad',3,'2025-03-04 05:06:07.890','2025-03-04 06:06:07.890','d3',0,'u',0,'k',5,['h','h'],['v',''])",
	} {
		// A tuple of all columns, as ClickHouse writes it.
		got := one[string](t, b.conn, fmt.Sprintf("SELECT toString(tuple(*)) FROM (%s)", query))
		if !strings.HasPrefix(want, "(") {
			want = "(" + want + ")"
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}

func TestTablesAreFit(t *testing.T) {
	_, conn := database(t)
	for _, c := range []struct{ what, query string }{
		{"tables without a window", `SELECT groupArray(name) FROM system.tables WHERE database = 'vislang' AND engine LIKE '%MergeTree' AND toUInt64OrZero(extract(engine_full, 'non_replicated_deduplication_window = (\\d+)')) = 0`},
		{"partitioned tables", `SELECT groupArray(name) FROM system.tables WHERE database = 'vislang' AND partition_key != ''`},
		{"tables without a comment", `SELECT groupArray(name) FROM system.tables WHERE database = 'vislang' AND comment = ''`},
		{"columns without a comment", `SELECT groupArray(table || '.' || name) FROM system.columns WHERE database = 'vislang' AND table != 'goose_db_version' AND comment = ''`},
	} {
		if found := one[[]string](t, conn, c.query); len(found) > 0 {
			t.Errorf("%s: %v", c.what, found)
		}
	}
	types, err := columnTypes(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if len(types["documents"]) == 0 {
		t.Fatal("no view documents")
	}
	for _, lineage := range []string{"stage_version", "topic", "partition", "offset"} {
		for table, columns := range types {
			if table != "goose_db_version" && columns[lineage] == "" {
				t.Errorf("table %s has no column %s", table, lineage)
			}
		}
	}
}
