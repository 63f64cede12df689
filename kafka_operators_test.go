package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"vislang/schemas"
)

// TestOperatorsOnKafka is an operator's day on Apache Kafka, while the first
// stage and the sink run in two processes: look and steer, replay and discard
// dead letters, process again, mend and grow topics; at its end every record
// has its rows, once.
func TestOperatorsOnKafka(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			brokers, admin := realKafka(t)
			dir, files := corpus(t)
			data := t.TempDir()
			info := start(t, data, "engines", "--brokers", brokers)
			flags := append(sharedFlags(info, data), "--data", data)
			command := func(args ...string) string {
				t.Helper()
				return must(t, vislang(t, append(args, flags...)...))
			}
			refused := func(says string, args ...string) {
				t.Helper()
				if out, stderr, code := result(t, vislang(t, append(args, flags...)...)); code == 0 || !strings.Contains(out+stderr, says) {
					t.Errorf("%v: exit code %d, want it to name %q: %s%s", args, code, says, out, stderr)
				}
			}
			quiet := func(groups ...string) {
				t.Helper()
				for _, group := range groups {
					until(t, group, flags, "all done", func(g groupStatus) bool { return g.Lag == 0 })
				}
			}
			rest := func() {
				t.Helper()
				quiet("extract")
				command("run", "--until-idle", "--stages", "ocr,assemble,align", "--instance", "rest", "--metrics-port", "-1", "--group-protocol", protocol)
				quiet("clickhouse")
			}
			verified := func(after string) {
				t.Helper()
				if out, _, code := result(t, vislang(t, append([]string{"verify"}, flags...)...)); code != 0 {
					t.Errorf("after %s:\n%s", after, out)
				}
			}
			rows := func() string {
				t.Helper()
				return command("sql", "--format", "TSV", "SELECT (SELECT count() FROM documents WHERE state = 'done'), (SELECT count() FROM pages), (SELECT count() FROM sentences), (SELECT sum(cityHash64(text)) FROM sentences), (SELECT sum(cityHash64(source_text, target_text)) FROM bitext)")
			}

			steer(t, dir, files, flags, brokers, protocol)
			rest()
			before := rows()
			verified("a first run")

			// A letter is replayed, fails again with its attempts added up, and is
			// given up.
			letters := func(args ...string) []letterLine { t.Helper(); return letterLines(t, data, args...) }
			corrupt := letters("--class", "corrupt", "--state", "open")
			if len(corrupt) != 1 || corrupt[0].Attempts != 1 {
				t.Fatalf("letters: %+v", corrupt)
			}
			if out := command("deadletters", "replay", "--class", "corrupt", "--dry-run"); !strings.Contains(out, "1 would be replayed") {
				t.Errorf("dry run: %s", out)
			}
			command("deadletters", "replay", "--class", "corrupt")
			if out := command("deadletters", "replay", corrupt[0].ID); !strings.Contains(out, "no open letter") {
				t.Errorf("a second replay: %s", out)
			}
			quiet("extract")
			again := letters("--class", "corrupt", "--state", "open")
			if len(again) != 1 || again[0].Attempts != 2 || !again[0].FirstFailedAt.Equal(corrupt[0].FirstFailedAt) {
				t.Fatalf("letters after the replay: %+v", again)
			}
			command("deadletters", "discard", again[0].ID, "--reason", "damaged at the source")
			if given := letters("--state", "discarded"); len(given) != 1 || !strings.HasPrefix(given[0].State.Reason, "damaged") {
				t.Errorf("discarded: %+v", given)
			}

			// A stage back to the start, while the processes run.
			reset := func(args ...string) (r resetReport) {
				t.Helper()
				if err := json.Unmarshal([]byte(command(append([]string{"groups", "reset", "--json"}, args...)...)), &r); err != nil {
					t.Fatal(err)
				}
				return r
			}
			if dry := reset("--group", "assemble", "--to-start", "--dry-run"); dry.Documents != 4 || dry.Revision != 0 {
				t.Errorf("dry run: %+v", dry)
			}
			if done := reset("--group", "assemble", "--to-start"); done.Documents != 4 || done.Revision == 0 {
				t.Errorf("reset: %+v", done)
			}
			rest()
			if after := rows(); after != before {
				t.Errorf("rows before the reset of assemble %s, after it %s", before, after)
			}
			verified("a reset of assemble")

			// The sink wants to be alone for it.
			refused("drain", "groups", "reset", "--group", "clickhouse", "--to-start")
			for _, instance := range []string{"one", "two"} {
				command("groups", "drain", instance, "--stages", "clickhouse")
			}
			reset("--group", "clickhouse", "--to-start")
			for _, instance := range []string{"one", "two"} {
				command("groups", "resume", "clickhouse", "--instance", instance)
			}
			quiet("clickhouse")
			if after := rows(); after != before {
				t.Errorf("rows before the reset of the sink %s, after it %s", before, after)
			}
			verified("a reset of the sink")

			// A topic that somebody has set otherwise, and one with more partitions
			// under a stage that runs.
			command("topics", "check")
			one := "1"
			if _, err := admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "min.insync.replicas", Value: &one}}, schemas.TopicSamples); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond) // until every broker knows
			refused("min.insync.replicas", "topics", "check")
			command("topics", "check", "--fix")
			command("topics", "check")
			refused("--split-state", "topics", "partitions", schemas.TopicTexts, "9")
			command("topics", "partitions", schemas.TopicDocuments, "9")
			more, count := corpus(t)
			command("run", "--stages", "sources", "--until-idle", "--instance", "crawler", more)
			until(t, "extract", flags, "all of 9 partitions done", func(g groupStatus) bool {
				owned := 0
				for _, p := range g.Where {
					if p.Client != "" {
						owned++
					}
				}
				return owned == 9 && g.Lag == 0
			})
			rest()
			if s := statusOf(t, data); s.Documents != uint64(files+count) || s.Processing != 0 {
				t.Errorf("%d and %d files: %+v", files, count, s)
			}
			verified("the day")
		})
	}
}

// TestMoveOnKafka takes an embedded run along to a cluster, in one command.
func TestMoveOnKafka(t *testing.T) {
	brokers, _ := realKafka(t)
	data := t.TempDir()
	moved(t, start(t, data, "engines", "--brokers", brokers), data)
}
