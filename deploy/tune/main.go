// Command tune prints how well the sentence aligner does on evaluation documents
// and on documents made from the assets:
//
//	go run ./deploy/tune -eval FOLDER/align/sentences
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"

	"vislang/deploy/bench/alignment"
	"vislang/pkg/align"
)

func main() {
	eval := flag.String("eval", "", "folder")
	assets := flag.String("assets", "share/vislang", "folder")
	verbose := flag.Bool("v", false, "by pair")
	prof := flag.String("prof", "", "")
	flag.Parse()
	if *prof != "" {
		f, _ := os.Create(*prof)
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	dev, err := alignment.Read(*eval)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	made, err := alignment.Made(*assets)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, part := range [][]alignment.Document{dev, made} {
		scores := map[string]*alignment.Score{}
		n, took := 0, 0.0
		for _, d := range part {
			begin := cpu()
			r, err := align.Align(context.Background(), d.Source, d.Target, align.Options{})
			if err != nil {
				panic(err)
			}
			took += cpu() - begin
			n += len(d.Source) + len(d.Target)
			kind, _, _ := strings.Cut(d.Name, "-")
			for _, k := range []string{"all " + kind + " " + d.Set, d.Pair + " " + kind + " " + d.Set} {
				if scores[k] == nil {
					scores[k] = &alignment.Score{}
				}
				scores[k].Add(d.Gold, r.Beads)
			}
		}
		var names []string
		for k := range scores {
			if *verbose || strings.HasPrefix(k, "all") {
				names = append(names, k)
			}
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(a, b) })
		for _, k := range names {
			fmt.Printf("%-34s %.4f\n", k, scores[k].F1())
		}
		fmt.Printf("%d sentences, %.0f/s\n", n, float64(n)/took)
	}
}

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
