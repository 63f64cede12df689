package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// difference is what the disturbed run made other than it should, by table.
type difference struct {
	tables map[string]*tally
	notes  []string // examples
}

type tally struct{ want, got, lost, doubled, other int }

// compare holds each copy against what its set makes undisturbed.
func compare(want, got rows, copies int) difference {
	d := difference{tables: map[string]*tally{}}
	note := func(format string, arguments ...any) {
		if len(d.notes) < 20 {
			d.notes = append(d.notes, fmt.Sprintf(format, arguments...))
		}
	}
	at := func(table string) *tally {
		if d.tables[table] == nil {
			d.tables[table] = &tally{}
		}
		return d.tables[table]
	}
	for n := range copies {
		expected := want[n%len(want)]
		for table, counts := range expected {
			t := at(table)
			lost := 0
			for row, count := range counts {
				have := got[n][table][row]
				t.want += count
				lost += max(0, count-have)
				t.doubled += max(0, have-count)
				if have > count {
					note("%s of %s: a row is there %d times, not %d", table, copyName(n), have, count)
				}
			}
			if lost > 0 {
				note("%s of %s: %d rows are missing", table, copyName(n), lost)
			}
			t.lost += lost
		}
	}
	for n, tables := range got {
		for table, counts := range tables {
			t := at(table)
			for row, count := range counts {
				t.got += count
				if n < 0 || n >= copies || want[n%len(want)][table][row] == 0 {
					t.other += count
					note("%s of %s: a row that the undisturbed run does not have", table, copyName(n))
				}
			}
		}
	}
	return d
}

type report struct {
	kills      []*kill
	restarts   []string
	fed        int
	took       time.Duration
	difference difference
	verified   string // what vislang verify said
	unclean    bool   // verify ended with an error
}

// verify asks the program's own verifier.
func (r *report) verify(ctx context.Context, s *site) {
	cmd := s.vislang(ctx, append([]string{"verify"}, s.connection()...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r.verified = strings.TrimSpace(out.String())
	r.unclean = err != nil
}

func (r *report) clean() bool {
	for _, t := range r.difference.tables {
		if t.lost+t.doubled+t.other > 0 {
			return false
		}
	}
	for _, k := range r.kills {
		if k.late {
			return false
		}
	}
	return !r.unclean
}

func (r *report) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\nkill\tcount\twork waited\trecovered p50\tp99\tmax\t")
	line := func(name string, of func(*kill) bool) {
		var times []time.Duration
		count := 0
		for _, k := range r.kills {
			if of(k) {
				count++
				if !k.idle && !k.late {
					times = append(times, k.took)
				}
			}
		}
		if count > 0 {
			fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t%s\t\n", name, count, len(times), quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1))
		}
	}
	for _, kind := range kinds {
		line(kind.name, func(k *kill) bool { return k.kind == kind.name })
	}
	line("all", func(*kill) bool { return true })
	fmt.Fprintln(table, "\ntable\trows expected\trows\tlost\tdoubled\tother\t")
	var sum tally
	for _, name := range sortedKeys(r.difference.tables) {
		t := r.difference.tables[name]
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t\n", name, t.want, t.got, t.lost, t.doubled, t.other)
		sum = tally{sum.want + t.want, sum.got + t.got, sum.lost + t.lost, sum.doubled + t.doubled, sum.other + t.other}
	}
	fmt.Fprintf(table, "all\t%d\t%d\t%d\t%d\t%d\t\n", sum.want, sum.got, sum.lost, sum.doubled, sum.other)
	table.Flush()
	fmt.Fprintf(w, "\n%d copies, %d kills in %.0f s\n", r.fed, len(r.kills), r.took.Seconds())
	for _, note := range r.difference.notes {
		fmt.Fprintln(w, "  ", note)
	}
	if len(r.restarts) > 0 {
		fmt.Fprintf(w, "%d times a process ended that was not killed:\n", len(r.restarts))
		for _, line := range r.restarts[:min(len(r.restarts), 20)] {
			fmt.Fprintln(w, "  ", line)
		}
	}
	fmt.Fprintf(w, "vislang verify:\n%s\n", r.verified)
	if r.clean() {
		fmt.Fprintln(w, "0 rows lost, 0 doubled")
	} else {
		fmt.Fprintln(w, "NOT THE SAME as the undisturbed run")
	}
}

func quantile(times []time.Duration, q float64) string {
	if len(times) == 0 {
		return "-"
	}
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	n := min(len(sorted)-1, int(q*float64(len(sorted))))
	return fmt.Sprintf("%.1f s", sorted[n].Seconds())
}
