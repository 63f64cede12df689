package verify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

func text(n int) *schemas.Text {
	return &schemas.Text{Context: schemas.Context{DocumentID: fmt.Sprint(n)},
		Blocks:    []schemas.Block{{Page: 1, Text: "habari"}, {Page: 2, Text: "nzuri sana"}},
		Sentences: []schemas.Sentence{{Text: "a"}, {Text: "b"}, {Text: "c"}}}
}

// filled has, in partition 0 of each of three topics: 40 records of a committed
// transaction, its marker at 40, 5 records of an aborted one at 41, its marker,
// a record that is no Avro at 47, a replay for another stage at 48, one for the
// sink at 49, 10 more records up to 59. Partition 1 has one record.
func filled(t *testing.T) *bench {
	b := newBench(t)
	table := map[string]func(n int) any{
		schemas.TopicTexts:     func(n int) any { return text(n) },
		schemas.TopicPageTexts: func(n int) any { return &schemas.PageText{Page: int32(n), Lines: make([]schemas.Line, 4)} },
		schemas.TopicSamples:   func(n int) any { return &schemas.Sample{SampleID: fmt.Sprint(n)} },
	}
	for topic, rec := range table {
		records := func(from, to int) (some []*kgo.Record) {
			for n := from; n < to; n++ {
				some = append(some, b.encoded(topic, 0, rec(n)))
			}
			return some
		}
		replay := func(stage string) *kgo.Record {
			r := b.encoded(topic, 0, rec(0))
			r.Headers = []kgo.RecordHeader{{Key: stream.HeaderReplayStage, Value: []byte(stage)}}
			return r
		}
		b.transaction(true, records(0, 40)...)
		b.transaction(false, records(40, 45)...)
		b.produce(&kgo.Record{Topic: topic, Value: []byte("no Avro")}, replay("align"), replay(clickhouse.Group))
		b.produce(records(50, 60)...)
		b.produce(b.encoded(topic, 1, rec(100)))
	}
	b.load()
	return b
}

// perTopic are the records of filled that are committed and the sink's, by topic.
const perTopic = 40 + 1 + 1 + 10 + 1

func TestClean(t *testing.T) {
	b := filled(t)
	r := b.verify(Options{})
	if !r.Clean || len(r.Findings) > 0 {
		t.Fatalf("%v", r.Findings)
	}
	letters := int64(3) // and each a record of its own topic
	if r.Records != 3*perTopic+letters || r.Rejected != 3 || r.Rows != 3*(perTopic-1)+letters || r.OnTheWay != 0 || r.Unchecked != 0 || r.CountsOnly != 0 {
		t.Errorf("%+v", r)
	}
	if want := int64((perTopic - 1) * (3 + 2 + 4)); r.Children != want {
		t.Errorf("%d child rows, want %d", r.Children, want)
	}
	quick := b.verify(Options{Quick: true})
	if !quick.Clean || quick.Records != r.Records || quick.Rows != r.Rows || quick.Read != 0 || quick.CountsOnly != r.Records {
		t.Errorf("quick: %+v", quick)
	}
	b.produce(b.encoded(schemas.TopicSamples, 0, &schemas.Sample{}))
	if r := b.verify(Options{}); !r.Clean || r.OnTheWay != 1 {
		t.Errorf("with a record on the way: %+v", r)
	}
}

func TestFinds(t *testing.T) {
	b := filled(t)
	copied := func(table, change, where string) string {
		return fmt.Sprintf("INSERT INTO %[1]s SELECT * REPLACE (%[2]s) FROM (SELECT * FROM %[1]s WHERE partition = 0 AND %[3]s)", table, change, where)
	}
	again := func(table, where string) string { return copied(table, "offset AS offset", where) }
	for _, c := range []struct {
		name   string
		damage []string
		want   []string // findings
		quick  bool     // the counters show it too
	}{
		{"row deleted", []string{"DELETE FROM all_samples WHERE partition = 0 AND offset = 3"},
			[]string{"gap all_samples 0 3-3 1 0"}, true},
		{"neighbours deleted", []string{"DELETE FROM all_samples WHERE partition = 0 AND offset BETWEEN 5 AND 9"},
			[]string{"gap all_samples 0 5-9 5 0"}, true},
		{"row twice", []string{again("all_samples", "offset = 7")},
			[]string{"double all_samples 0 7-7 1 2"}, true},
		{"one twice, another deleted", []string{again("all_samples", "offset = 7"), "DELETE FROM all_samples WHERE partition = 0 AND offset = 8"},
			[]string{"gap all_samples 0 8-8 1 0", "double all_samples 0 7-7 1 2"}, true},
		{"row of an aborted record", []string{copied("all_samples", "42 AS offset", "offset = 7")},
			[]string{"orphan all_samples 0 42-42 0 1"}, true},
		{"row of a marker", []string{copied("all_samples", "40 AS offset", "offset = 7")},
			[]string{"orphan all_samples 0 40-40 0 1"}, true},
		{"row of a replay for another stage", []string{copied("all_samples", "48 AS offset", "offset = 7")},
			[]string{"orphan all_samples 0 48-48 0 1"}, true},
		{"rows never committed", []string{copied("all_samples", "offset + 1000 AS offset", "offset < 3")},
			[]string{"orphan all_samples 0 1000-1002 0 3"}, true},
		{"row of an unknown partition", []string{copied("all_samples", "7 AS partition", "offset = 7")},
			[]string{"orphan all_samples 7 7-7 0 1"}, true},
		{"row of another topic", []string{copied("all_samples", `'it\'s' AS topic`, "offset = 7")},
			[]string{"orphan all_samples 0 7-7 0 1"}, true},
		{"row and dead letter", []string{copied("all_samples", "47 AS offset", "offset = 7")},
			[]string{"double all_samples 0 47-47 1 1"}, true},
		{"dead letter deleted", []string{"DELETE FROM deadletters WHERE source_topic = 'samples'"},
			[]string{"gap deadletters * * 1 0", "gap all_samples 0 47-47 1 0"}, true},
		{"line missing", []string{"DELETE FROM all_lines WHERE partition = 0 AND offset = 3 AND line = 2"},
			[]string{"gap all_lines 0 3-3 4 3"}, true},
		{"line twice", []string{again("all_lines", "offset = 3 AND line = 2")},
			[]string{"double all_lines 0 3-3 4 5"}, true},
		{"one line twice, another missing", []string{again("all_lines", "offset = 3 AND line = 2"), "DELETE FROM all_lines WHERE partition = 0 AND offset = 3 AND line = 4"},
			[]string{"double all_lines 0 3-3 4 4"}, true},
		{"sentences missing", []string{"DELETE FROM all_sentences WHERE partition = 0 AND offset = 50"},
			[]string{"gap all_sentences 0 50-50 3 0"}, true},
		{"page language missing", []string{"DELETE FROM page_languages WHERE partition = 0 AND offset = 50 AND page = 1"},
			[]string{"gap page_languages 0 50-50 16 10"}, true},
		{"text deleted, its sentences not", []string{"DELETE FROM texts WHERE partition = 0 AND offset = 50"},
			[]string{"gap texts 0 50-50 1 0", "orphan all_sentences 0 50-50 0 3", "orphan page_languages 0 50-50 0 16"}, true},
		{"line of a page that was never committed", []string{copied("all_lines", "1000 AS offset", "offset = 7")},
			[]string{"orphan all_lines 0 1000-1000 0 4"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tables []string
			for _, table := range []string{"all_samples", "deadletters", "all_lines", "all_sentences", "page_languages", "texts"} {
				if !strings.Contains(strings.Join(c.damage, " "), " "+table+" ") {
					continue
				}
				tables = append(tables, table)
				b.exec("CREATE TABLE saved_%[1]s ENGINE = MergeTree ORDER BY () AS SELECT * FROM %[1]s", table)
			}
			defer func() {
				for _, table := range tables {
					b.exec("TRUNCATE TABLE %s", table)
					b.exec("INSERT INTO %[1]s SELECT * FROM saved_%[1]s", table)
					b.exec("DROP TABLE saved_%s", table)
				}
			}()
			for _, query := range c.damage {
				b.exec("%s", query)
			}
			r := b.verify(Options{})
			if r.Clean {
				t.Error("clean")
			}
			var got []string
			for _, f := range r.Findings {
				place := fmt.Sprintf("%d %d-%d", f.Partition, f.From, f.To)
				if f.Table == "deadletters" {
					place = "* *" // wherever it went
				}
				got = append(got, fmt.Sprintf("%s %s %s %d %d", f.Kind, f.Table, place, f.Expected, f.Found))
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if quick := b.verify(Options{Quick: true}); quick.Clean == c.quick {
				t.Errorf("quick: clean is %v", quick.Clean)
			}
		})
	}
	if r := b.verify(Options{}); !r.Clean {
		t.Errorf("the tables were not mended: %v", r.Findings)
	}
}

func TestRanges(t *testing.T) {
	b := filled(t)
	b.exec("DELETE FROM all_samples WHERE partition = 0 AND offset IN (3, 30)")
	for ranges, want := range map[string]int{
		"samples": 2, "samples/0": 2, "samples/1": 0, "texts": 0,
		"samples/0/0-3": 1, "samples/0/4-29": 0, "samples/0/30-30": 1, "samples/0/4-1000": 1,
	} {
		r, err := ParseRange(ranges)
		if err != nil {
			t.Fatal(err)
		}
		if report := b.verify(Options{Ranges: []Range{r}}); len(report.Findings) != want {
			t.Errorf("%s: %v, want %d findings", ranges, report.Findings, want)
		}
	}
	for _, wrong := range []string{"", "nothing", "samples/", "samples/-1", "samples/0/", "samples/0/5", "samples/0/5-4", "samples/0/1-2/3"} {
		if r, err := ParseRange(wrong); err == nil {
			t.Errorf("%q is %+v", wrong, r)
		}
	}
	if r := b.verify(Options{Limit: 1}); len(r.Findings) != 1 || r.Unlisted != 1 || r.Clean {
		t.Errorf("%+v", r)
	}
}

// Records that retention has removed are judged by the counters.
func TestRetention(t *testing.T) {
	b := filled(t)
	keep := kadm.Offsets{}
	for _, topic := range []string{schemas.TopicSamples, schemas.TopicTexts} {
		keep.AddOffset(topic, 0, 20, -1)
		keep.AddOffset(topic, 1, 1, -1)
	}
	if _, err := b.admin.DeleteRecords(t.Context(), keep); err != nil {
		t.Fatal(err)
	}
	r := b.verify(Options{})
	// 20 of partition 0 and the one of partition 1, twice.
	if !r.Clean || r.CountsOnly != 2*21 || r.Records != 3*perTopic+3 || r.Unchecked != 0 {
		t.Errorf("%+v", r)
	}
	b.exec("DELETE FROM all_samples WHERE partition = 0 AND offset = 3")
	r = b.verify(Options{})
	if len(r.Findings) != 1 || r.Findings[0].Kind != Counters || r.Findings[0].From != 0 || r.Findings[0].To != 19 || r.Findings[0].Expected != 20 || r.Findings[0].Found != 19 {
		t.Errorf("%v", r.Findings)
	}
}

// A rejected record whose dead letter has not landed is no gap.
func TestLetterOnTheWay(t *testing.T) {
	b := filled(t)
	commits, err := b.admin.FetchOffsets(t.Context(), clickhouse.Group)
	if err != nil {
		t.Fatal(err)
	}
	back := kadm.Offsets{}
	for partition := range int32(partitions) {
		if at, ok := commits.Lookup(schemas.TopicDeadLetters, partition); ok && at.At > 0 {
			back.AddOffset(schemas.TopicDeadLetters, partition, 0, -1)
		}
	}
	if _, err := b.admin.CommitOffsets(t.Context(), clickhouse.Group, back); err != nil {
		t.Fatal(err)
	}
	b.exec("TRUNCATE TABLE deadletters")
	r := b.verify(Options{})
	if !r.Clean || r.Rejected != 3 || r.OnTheWay == 0 {
		t.Errorf("%+v", r)
	}
}

// Offsets that were committed for a topic of the same name mean other records.
func TestRecreatedTopic(t *testing.T) {
	b := filled(t)
	before, err := b.admin.FetchOffsets(t.Context(), clickhouse.Group)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.admin.DeleteTopics(t.Context(), schemas.TopicSamples); err != nil {
		t.Fatal(err)
	}
	if _, err := b.admin.CreateTopics(t.Context(), partitions, 1, nil, schemas.TopicSamples); err != nil {
		t.Fatal(err)
	}
	// A new client: this one remembers the topic's id.
	if err := kadm.NewClient(b.client()).CommitAllOffsets(t.Context(), clickhouse.Group, before.Offsets()); err != nil {
		t.Fatal(err)
	}
	r := b.verify(Options{Quick: true})
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == Recreated && f.Topic == schemas.TopicSamples }) {
		t.Errorf("%v", r.Findings)
	}
}
