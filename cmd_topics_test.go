package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/embedded"
)

func TestTopicsAreCheckedAndGrown(t *testing.T) {
	data := t.TempDir()
	info := start(t, data, "engines")
	client, err := kgo.NewClient(kgo.SeedBrokers(info.Kafka))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics := func(want int, args ...string) string {
		t.Helper()
		out, errs, code := result(t, vislang(t, append(append([]string{"topics"}, args...), "--data", data)...))
		if code != want {
			t.Fatalf("topics %v: exit code %d, want %d\n%s%s", args, code, want, out, errs)
		}
		return out + errs
	}
	topics(0, "check")
	short := "1000"
	if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &short}}, "documents"); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DeleteTopics(t.Context(), "samples"); err != nil {
		t.Fatal(err)
	}
	if out := topics(exitFailure, "check"); !strings.Contains(out, "retention.ms") || !strings.Contains(out, "samples") {
		t.Errorf("check: %s", out)
	}
	topics(0, "check", "--fix")
	topics(0, "check")

	topics(0, "partitions", "pages", "20")
	for _, stage := range statefulStages() {
		if out := topics(exitUsage, "partitions", stage.Inputs()[0], "9"); !strings.Contains(out, "--split-state") {
			t.Errorf("more partitions under the keyed state of %s: %s", stage.Name(), out)
		}
		topics(0, "partitions", stage.Inputs()[0], "9", "--split-state")
	}
	topics(exitUsage, "partitions", "vislang.control", "9")
	topics(exitFailure, "partitions", "page-texts", "3", "--split-state")
	topics(exitUsage, "partitions", "words", "3")
	details, err := admin.ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topics(0, "check")
	for topic, want := range map[string]int{"pages": 20, "page-texts": 9, "vislang.assemble.state": 9, "texts": 9, "vislang.pair.state": 9} {
		if got := len(details[topic].Partitions); got != want {
			t.Errorf("%s has %d partitions, want %d", topic, got, want)
		}
	}
	if out := topics(0, "describe", "page-texts"); !strings.Contains(out, "vislang.PageText") || !strings.Contains(out, "retention.ms=1209600000") {
		t.Errorf("describe: %s", out)
	}
}

func TestDocumentsMoveToOtherBrokers(t *testing.T) {
	fresh := t.TempDir()
	moved(t, start(t, fresh, "engines"), fresh)
}

// moved takes the documents of an embedded run along to other brokers, and has
// everything made of them again there.
func moved(t *testing.T, to *embedded.Info, fresh string) {
	t.Helper()
	dir, files := corpus(t)
	old := t.TempDir()
	must(t, vislang(t, "run", "--data", old, "--until-idle", dir))
	before := must(t, vislang(t, "source", "add", "inbox", dir, "--data", old, "--every", "1h"))
	flags := append(sharedFlags(to, fresh), "--data", fresh)
	copyAll := append([]string{"topics", "copy", "--from-data", old}, flags...)
	if out := must(t, vislang(t, copyAll...)); !strings.Contains(out, "documents: "+strconv.Itoa(files)+" records") || !strings.Contains(out, " 0 missing") {
		t.Errorf("copied: %s%s", before, out)
	}
	if _, stderr, code := result(t, vislang(t, copyAll...)); code != exitFailure || !strings.Contains(stderr, "fresh topics") {
		t.Errorf("a second copy: exit code %d, %s", code, stderr)
	}
	if list := must(t, vislang(t, append([]string{"source", "list"}, flags...)...)); !strings.Contains(list, "inbox") {
		t.Errorf("sources after the move: %s", list)
	}
	must(t, vislang(t, append([]string{"run", "--until-idle"}, flags...)...))
	query := "SELECT count(), sum(cityHash64(document_id, sentence, text)) FROM sentences"
	a, b := statusOf(t, old), statusOf(t, fresh)
	if b.Documents != uint64(files) || a.Done != b.Done || a.Failed != b.Failed || a.Bitext != b.Bitext {
		t.Errorf("before: %+v\nafter the move: %+v", a, b)
	}
	if a, b := must(t, vislang(t, "sql", "--data", old, query)), must(t, vislang(t, "sql", "--data", fresh, query)); a != b {
		t.Errorf("sentences before: %safter the move: %s", a, b)
	}
	must(t, vislang(t, "verify", "--data", fresh))
}
