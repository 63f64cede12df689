// Command chaos kills a running pipeline over and over and proves that nothing
// was lost and nothing doubled:
//
//	go run ./deploy/chaos -n 20
//	go run ./deploy/chaos -n 200 -seed 7
//	go run ./deploy/chaos -n 30 -kinds cut,engine
//
// It starts three Apache Kafka brokers, the embedded ClickHouse in a process of
// its own and two processes of every stage, feeds them sets of documents of the
// demo corpus, and at random moments does one of these:
//
//	stage   SIGKILL to a stage process; as a supervisor would, it starts it again
//	child   SIGKILL to a process that recognises a page or reads a PDF
//	broker  SIGKILL to one of the brokers, which is back some seconds later
//	engine  SIGKILL to the process of the embedded ClickHouse
//	both    SIGKILL to that process and, while it is away, to a sink
//	stop    SIGSTOP to a stage process past its session timeout, then SIGCONT
//	cut     the connection to ClickHouse breaks after an insert, before its answer
//	disk    the disk of the blobs, of a stage's state or of ClickHouse is full for some seconds
//	state   SIGKILL to a stage that keeps state, and its folder is gone
//
// Before that every set of documents goes once through an undisturbed pipeline
// in one process. In the end each set, however often it was fed under another
// name, must have made the same rows: the same number in every table and the
// same content, but for ids, times and offsets. It prints a line a kill, a
// table, and ends with 1 when anything differs.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

type options struct {
	kills   int
	sets    int
	seed    uint64
	vislang string
	corpus  string
	dir     string
	port    int
	kinds   []string
	broken  string
	pause   time.Duration
	session time.Duration
	extra   []string
}

func main() {
	var o options
	flag.IntVar(&o.kills, "n", 20, "how many kills")
	flag.IntVar(&o.sets, "sets", maxSets, "how many different sets of documents")
	flag.Uint64Var(&o.seed, "seed", 0, "of the random choices; 0: another every time")
	flag.StringVar(&o.vislang, "vislang", "bin/vislang", "the program")
	flag.StringVar(&o.corpus, "corpus", "share/vislang/demo", "the demo corpus")
	flag.StringVar(&o.dir, "dir", "build/chaos", "folder of everything that is written; made new")
	flag.IntVar(&o.port, "port", 23092, "port of the first broker; others are above it")
	kinds := flag.String("kinds", "", "comma-separated kinds of kills; empty: all")
	flag.StringVar(&o.broken, "broken", "", "break the design on purpose, to see that it shows: token, window, or commit, which needs a program built with -tags chaosbroken")
	flag.DurationVar(&o.pause, "pause", 8*time.Second, "mean time between kills")
	flag.DurationVar(&o.session, "session", 6*time.Second, "session timeout of the stages")
	extra := flag.String("flags", "", "more flags of the stage processes, such as --group-protocol=consumer")
	flag.Parse()
	if o.broken != "" && !slices.Contains([]string{"token", "window", "commit"}, o.broken) {
		fmt.Fprintln(os.Stderr, "chaos: -broken is one of token, window, commit")
		os.Exit(2)
	}
	if flag.NArg() > 0 || o.kills < 0 || o.sets < 1 || o.sets > maxSets {
		flag.Usage()
		os.Exit(2)
	}
	o.kinds = strings.FieldsFunc(*kinds, func(r rune) bool { return r == ',' })
	o.extra = strings.Fields(*extra)
	if o.seed == 0 {
		o.seed = rand.Uint64N(1 << 32)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	same, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	if !same {
		os.Exit(1)
	}
}

// run reports whether the disturbed pipeline made what the undisturbed did.
func run(ctx context.Context, o options) (same bool, err error) {
	for _, path := range []*string{&o.vislang, &o.corpus, &o.dir} {
		if *path, err = filepath.Abs(*path); err != nil {
			return false, err
		}
	}
	fmt.Printf("seed %d, %d kills\n", o.seed, o.kills)
	site, err := newSite(ctx, o)
	if err != nil {
		return false, err
	}
	defer func() {
		if closeErr := site.close(); err == nil {
			err = closeErr
		}
	}()
	began := time.Now()
	want, err := site.reference(ctx)
	if err != nil {
		return false, fmt.Errorf("undisturbed run: %w", err)
	}
	fmt.Printf("undisturbed: %d sets, %d documents, %d rows, %.0f s\n", len(want), want.documents(), want.rows(), time.Since(began).Seconds())
	if err := site.start(ctx); err != nil {
		return false, err
	}
	began = time.Now()
	kills, err := site.disturb(ctx)
	if err != nil {
		return false, err
	}
	if err := site.drain(ctx, want); err != nil {
		return false, err
	}
	got, err := readRows(ctx, site.clickhouse(), site.inbox)
	if err != nil {
		return false, err
	}
	r := report{kills: kills, restarts: site.unplanned(), fed: site.fed, took: time.Since(began), difference: compare(want, got, site.fed)}
	r.verify(ctx, site)
	r.print(os.Stdout)
	return r.clean(), nil
}
