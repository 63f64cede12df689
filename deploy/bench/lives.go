package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ownKind is the process itself: Go, the brokers, and the database as a library.
const ownKind = "own"

// A life is one process of the pipeline, from the first look to the last.
type life struct {
	kind        string // "own", or what the child calls itself
	first, last time.Duration
	peak        float64 // MiB, as the kernel counted it
}

// lives are the processes of a pipeline by their ids.
type lives map[int]*life

// look adds up the resident memory in MiB by kind of process and notes who
// lives.
func (l lives) look(pid int, at time.Duration) map[string]float64 {
	sums := map[string]float64{}
	for _, id := range family(pid) {
		resident, _ := memoryOf(id)
		if resident == 0 {
			continue // it has just ended
		}
		kind := ownKind
		if id != pid {
			kind = callsItself(id)
		}
		if l[id] == nil || l[id].kind != kind { // a child calls itself so only once it has started
			l[id] = &life{kind: kind, first: at}
		}
		l[id].last, l[id].peak = at, highest(id)
		sums[kind] += resident
	}
	return sums
}

// callsItself is the first argument of a child, such as vislang-pdf.
func callsItself(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	name, _, _ := strings.Cut(string(line), "\x00")
	return strings.TrimSuffix(strings.TrimPrefix(name, "vislang-"), "-child")
}

// highest is the most resident memory that a process has had, in MiB.
func highest(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}

// figures prints, for each kind, whether it grows: the slope of its sum, its
// highest sum in each quarter of the time, and for children, which are replaced
// by and by, the peaks of those that ended in each half.
func (l lives) figures(samples []sample) {
	kinds := map[string]bool{}
	for _, one := range l {
		kinds[one.kind] = true
	}
	end := samples[len(samples)-1].at
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		value := func(s sample) float64 { return s.kinds[kind] }
		figure("soak."+kind+".slope", slope(samples[len(samples)/2:], value), "MiB/hour over the second half")
		for quarter := range 4 {
			most := 0.0
			for _, s := range samples[len(samples)*quarter/4 : len(samples)*(quarter+1)/4] {
				most = max(most, value(s))
			}
			figure(fmt.Sprintf("soak.%s.most.%d", kind, quarter+1), most, "MiB of all at most in this quarter")
		}
		if kind == ownKind {
			continue
		}
		for half := range 2 {
			var ended []life
			for _, one := range l {
				if one.kind == kind && one.last < end && (one.last > end/2) == (half == 1) {
					ended = append(ended, *one)
				}
			}
			if len(ended) == 0 {
				continue
			}
			slices.SortFunc(ended, func(a, b life) int { return cmp.Compare(a.peak, b.peak) })
			middle := ended[len(ended)/2]
			figure(fmt.Sprintf("soak.%s.ended.%d", kind, half+1), float64(len(ended)),
				fmt.Sprintf("ended in this half; peak %.0f MiB in the middle, %.0f at most", middle.peak, ended[len(ended)-1].peak))
		}
	}
}
