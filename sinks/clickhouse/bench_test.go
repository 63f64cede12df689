package clickhouse

import (
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
)

const benchRecords = 200_000

func benchRecord(n int) *schemas.Bitext {
	return &schemas.Bitext{
		PairID: fmt.Sprintf("%032x", n), SourceDocumentID: fmt.Sprintf("2abc%023d", n/50), TargetDocumentID: fmt.Sprintf("2abd%023d", n/50), GroupID: fmt.Sprintf("g%d", n/50),
		SourceLanguage: "eng_Latn", TargetLanguage: "swh_Latn",
		SourceText: strings.Repeat("The committee met in the town on day ", 2) + fmt.Sprint(n), TargetText: strings.Repeat("Kamati ilikutana mjini siku ya ", 2) + fmt.Sprint(n),
		SourceSentences: []int32{int32(n % 50)}, TargetSentences: []int32{int32(n % 50)},
		SourceBefore: "The sentence before it is of the usual length.", TargetBefore: "Sentensi ya kabla yake ni ya urefu wa kawaida.",
		SourceAfter: "The sentence after it is of the usual length.", TargetAfter: "Sentensi ya baada yake ni ya urefu wa kawaida.",
		Bead: "1-1", Score: .9, Health: .8, License: "CC-BY-4.0",
	}
}

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkInsert inserts blocks of full size with clickhouse-go alone.
func BenchmarkInsert(b *testing.B) {
	bench := newBench(b, 1)
	s, err := New(bench.options())
	if err != nil {
		b.Fatal(err)
	}
	if err := s.openDatabase(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.conn.Close()
	var all []*blocks
	for n := 0; n < benchRecords; n += maxRows {
		blocks := newBlocks(s.layouts)
		for i := range maxRows {
			blocks.addBitext(lineage{&origin{"v", "bitext", 0}, int64(n + i), fetched.UnixMilli()}, benchRecord(n+i))
		}
		all = append(all, blocks)
	}
	started := cpu(b)
	for b.Loop() {
		for i, blocks := range all {
			if err := s.send(b.Context(), &blocks.bitext, fmt.Sprint(time.Now().UnixNano(), i)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(benchRecords*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((cpu(b)-started).Microseconds())/float64(b.N*benchRecords), "cpu-µs/row")
}

// BenchmarkSink loads as many records through Kafka.
func BenchmarkSink(b *testing.B) {
	for _, partitions := range []int32{1, 4} {
		b.Run(fmt.Sprintf("partitions=%d", partitions), func(b *testing.B) {
			bench := newBench(b, partitions)
			client := bench.client(kgo.MaxBufferedRecords(benchRecords))
			o := bench.options()
			o.Linger, o.Log = time.Second, slog.New(slog.DiscardHandler)
			total := uint64(0)
			var used time.Duration
			for b.Loop() {
				b.StopTimer()
				for n := range benchRecords {
					client.Produce(b.Context(), bench.encoded(schemas.TopicBitext, benchRecord(n)), nil)
				}
				if err := client.Flush(b.Context()); err != nil {
					b.Fatal(err)
				}
				total += benchRecords
				started := cpu(b)
				b.StartTimer()
				sink := bench.start(o)
				for bench.count("SELECT count() FROM all_bitext") < total {
					time.Sleep(5 * time.Millisecond)
				}
				b.StopTimer()
				used += cpu(b) - started
				if err := sink.stop(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(benchRecords*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(used.Microseconds())/float64(b.N*benchRecords), "cpu-µs/row")
		})
	}
}
