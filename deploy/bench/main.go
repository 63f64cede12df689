// Command bench measures the pipeline as its users meet it, one run each:
//
//	go run ./deploy/bench -vislang bin/vislang -eval FOLDER
//	go run ./deploy/bench -vislang bin/vislang -eval FOLDER -only start,sink
//	go run ./deploy/bench -brokers 127.0.0.1:19092 -only scaling      # with all that begins so
//
// FOLDER is a set of evaluation pages with ocr/pages/eng.png and html/pages/*.html
// (or *.html.gz). It prints a line a figure: name, value, unit. Where a second
// program does the same work on the same machine, the ratio of the two follows:
// that is what carries over to other machines, the figures themselves do not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"vislang/pkg/ocr"
)

// bench is one run of this command.
type bench struct {
	vislang string // the program measured
	eval    string // the evaluation folder
	assets  string // what make setup fetched
	scratch string // a folder of this run
	brokers string // real ones, for the stage and scaling; empty: embedded only

	embeddings string // address of the service; empty: none
	vectors    string // folder where its answers are kept

	pages, documents, rows, records, copied, collection, keys, workers int           // how much is measured
	minutes                                                            float64       // of the soak
	pause                                                              time.Duration // between its documents
}

// A measurement prints its figures, or says why it has none.
type measurement struct {
	name string
	run  func(context.Context, *bench) error
}

var measurements = []measurement{
	{"start", measureStart},
	{"ocr.speed", measureOCRSpeed},
	{"ocr.languages", measureOCRLanguages},
	{"ocr.degraded", measureOCRDegraded},
	{"ocr.memory", measureOCRMemory},
	{"extraction", measureExtraction},
	{"html", measureHTML},
	{"figures", measureFigures},
	{"trust", measureTrust},
	{"pdf", measurePDF},
	{"language", measureLanguage},
	{"sentences", measureSentences},
	{"determinism", measureDeterminism},
	{"sink", measureSink},
	{"verify", measureVerify},
	{"align", measureAlign},
	{"embeddings", measureEmbeddings},
	{"documents", measureDocuments},
	{"collection", measureCollection},
	{"lexicon", measureLexicon},
	{"stage", measureStage},
	{"state", measureState},
	{"scaling.workers", measureWorkers},
	{"scaling.join", measureJoin},
	{"scaling.burst", measureBurst},
	{"scaling.crowd", measureCrowd},
}

// soak takes as long as one likes: it runs only when it is asked for.
var soak = measurement{"soak", measureSoak}

func main() {
	ocr.ChildMain() // does not return in a recognition child
	if len(os.Args) > 1 && os.Args[1] == burnerCommand {
		if err := runBurner(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	var b bench
	flag.StringVar(&b.vislang, "vislang", "bin/vislang", "the program to measure")
	flag.StringVar(&b.eval, "eval", "", "folder of evaluation pages")
	flag.IntVar(&b.pages, "pages", 120, "pages to recognise")
	flag.IntVar(&b.documents, "documents", 600, "web pages to read")
	flag.IntVar(&b.rows, "rows", 600_000, "rows to insert")
	flag.IntVar(&b.records, "records", 2_000_000, "records to verify")
	flag.IntVar(&b.copied, "copied", 768, "MiB that a stage copies in a round")
	flag.IntVar(&b.collection, "collection", 1_000_000, "made-up documents to let meet")
	flag.IntVar(&b.keys, "keys", 10_000_000, "keys of the state")
	flag.Float64Var(&b.minutes, "minutes", 30, "length of the soak")
	flag.DurationVar(&b.pause, "pause", 5*time.Second, "pause between two turns of four or five documents of the soak")
	flag.IntVar(&b.workers, "workers", 200, "members of the crowded group, a multiple of 4")
	flag.StringVar(&b.brokers, "brokers", "", "measure the stage on these brokers too, and scaling, host:port,…")
	flag.StringVar(&b.assets, "assets", "share/vislang", "folder of what make setup fetched")
	profile := flag.String("profile", "", "file for a processor profile of this process")
	flag.StringVar(&b.embeddings, "embeddings", "", "address of an embedding service, such as that of make embeddings")
	flag.StringVar(&b.vectors, "vectors", "build/vectors", "folder where its vectors are kept")
	only := flag.String("only", "", "comma-separated measurements: "+strings.Join(names(), ", ")+", "+soak.name+"; empty: all but "+soak.name)
	flag.Parse()
	if b.eval == "" && *only == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		defer pprof.StopCPUProfile()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx, strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, only []string) (err error) {
	if b.vislang, err = filepath.Abs(b.vislang); err != nil {
		return err
	}
	if b.scratch, err = os.MkdirTemp("", "vislang-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.scratch)
	all := measurements
	if slices.Contains(only, soak.name) {
		all = append(all, soak)
	}
	for _, m := range all {
		section, _, _ := strings.Cut(m.name, ".")
		if len(only) > 0 && !slices.Contains(only, m.name) && !slices.Contains(only, section) {
			continue
		}
		err := m.run(ctx, b)
		if (errors.Is(err, errNoBrokers) || errors.Is(err, errNoEmbeddings)) && len(only) == 0 {
			fmt.Printf("%-44s %v\n", m.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// figure prints one line.
func figure(name string, value float64, unit string) {
	fmt.Printf("%-44s %10.4g  %s\n", name, value, unit)
}

// median sorts all and returns what is in its middle.
func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func names() []string {
	list := make([]string, len(measurements))
	for i, m := range measurements {
		list[i] = m.name
	}
	return list
}
