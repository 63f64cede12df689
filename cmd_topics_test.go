package main

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
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
	if out := topics(exitUsage, "partitions", "page-texts", "9"); !strings.Contains(out, "--split-state") {
		t.Errorf("more partitions under keyed state: %s", out)
	}
	topics(0, "partitions", "page-texts", "9", "--split-state")
	topics(exitFailure, "partitions", "page-texts", "3", "--split-state")
	topics(exitUsage, "partitions", "words", "3")
	details, err := admin.ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]int{"pages": 20, "page-texts": 9, "vislang.assemble.state": 9} {
		if got := len(details[topic].Partitions); got != want {
			t.Errorf("%s has %d partitions, want %d", topic, got, want)
		}
	}
	if out := topics(0, "describe", "page-texts"); !strings.Contains(out, "vislang.PageText") || !strings.Contains(out, "retention.ms=1209600000") {
		t.Errorf("describe: %s", out)
	}
}
