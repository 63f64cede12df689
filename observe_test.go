package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxSeries bounds what one process with all stages exports: labels are
// stages, workers, topics, tables, classes and brokers, never documents.
const maxSeries = 2500

func scrape(t *testing.T, address string) map[string]*dto.MetricFamily {
	t.Helper()
	resp, err := http.Get(address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// readiness is the status and the body of /readyz.
func readiness(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Status + "\n" + string(body)
}

// Every metric that the dashboard and the alerts name is exported by a process
// that has worked, and the number of series has a bound.
func TestDashboardAndAlertsUseMetricsThatExist(t *testing.T) {
	dir, _ := corpus(t)
	data := t.TempDir()
	info := start(t, data, "run", "--workers", "1", dir)
	named := map[string]bool{}
	for _, file := range []string{"deploy/grafana/vislang.json", "deploy/prometheus/vislang.rules.yml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\b(vislang_[a-z_0-9]+|process_[a-z_]+)\b`).FindAllString(string(text), -1) {
			named[strings.TrimSuffix(name, "_bucket")] = true
		}
	}
	// What only trouble makes.
	for _, rare := range []string{"vislang_stage_attempts_retried_total", "vislang_stage_transactions_aborted_total",
		"vislang_clickhouse_dead_letters_total", "vislang_children_ended_total", "vislang_kafka_disconnects_total"} {
		if !named[rare] {
			t.Errorf("%s is named nowhere", rare)
		}
		delete(named, rare)
	}
	var families map[string]*dto.MetricFamily
	var missing []string
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		families, missing = scrape(t, info.Metrics), nil
		for name := range named {
			if families[name] == nil {
				missing = append(missing, name)
			}
		}
		if missing == nil {
			break
		}
	}
	if missing != nil {
		t.Errorf("not exported: %v", missing)
	}
	series := 0
	for _, family := range families {
		for _, m := range family.Metric {
			series += 1 + len(m.GetHistogram().GetBucket())
		}
	}
	t.Logf("%d series in %d families", series, len(families))
	if series > maxSeries {
		t.Errorf("%d series, want at most %d", series, maxSeries)
	}
	// A stage whose partitions moved a moment ago restores its state and is not ready, rightly.
	var status string
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if status = readiness(t, info.Metrics); strings.HasPrefix(status, "200") {
			break
		}
	}
	if !strings.HasPrefix(status, "200") || !strings.Contains(status, "clickhouse/0 running") {
		t.Errorf("readyz: %s", status)
	}
}

// One trace follows a document from its source to the database.
func TestOneTraceSpansAllStages(t *testing.T) {
	var mu sync.Mutex
	traces := map[string]map[string]bool{} // names of spans by trace
	orphans := 0                           // spans of stages without a parent
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					id := string(span.TraceId)
					if traces[id] == nil {
						traces[id] = map[string]bool{}
					}
					traces[id][span.Name] = true
					if len(span.ParentSpanId) == 0 && !strings.HasSuffix(span.Name, " publish") {
						orphans++
					}
				}
			}
		}
	}))
	defer receiver.Close()
	dir, files := corpus(t)
	cmd := vislang(t, "run", "--data", t.TempDir(), "--until-idle", dir)
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+receiver.URL)
	must(t, cmd)
	mu.Lock()
	defer mu.Unlock()
	whole, aligned := 0, 0
	for _, names := range traces {
		if names["sources publish"] && names["extract process"] && names["assemble process"] && names["pair process"] && names["clickhouse process"] {
			whole++
			// Two documents are aligned in the trace of the later one.
			if names["align process"] {
				aligned++
			}
		}
	}
	if len(traces) != files || whole != 4 || aligned == 0 || orphans != 0 {
		t.Errorf("%d documents made %d traces, %d of which reach from the source to the database, want 4, and %d the alignment; %d spans without a parent", files, len(traces), whole, aligned, orphans)
	}
	cmd = vislang(t, "run", "--data", t.TempDir(), "--until-idle", dir)
	cmd.Env = append(cmd.Env, "OTEL_TRACES_EXPORTER=zipkin")
	if _, stderr, code := result(t, cmd); code != exitUsage || !strings.Contains(stderr, "zipkin") {
		t.Errorf("an exporter that is not there: exit code %d, %s", code, stderr)
	}
}
