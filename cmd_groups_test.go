package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/embedded"
)

// sharedFlags point a stage process at the engines of another.
func sharedFlags(info *embedded.Info, data string) []string {
	return []string{"--brokers", info.Kafka, "--database", info.ClickHouse, "--registry", info.Registry, "--blobs", filepath.Join(data, "blobs")}
}

// background runs a process until the test ends.
func background(t *testing.T, args ...string) {
	t.Helper()
	cmd := vislang(t, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: after Ctrl-C: %v\n%s", args, err, errs.String())
		}
	})
}

func describe(t *testing.T, group string, flags []string) (g groupStatus) {
	t.Helper()
	out := must(t, vislang(t, append([]string{"groups", "describe", group, "--json"}, flags...)...))
	if err := json.Unmarshal([]byte(out), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// until looks at a group until it is as wanted.
func until(t *testing.T, group string, flags []string, want string, ok func(groupStatus) bool) groupStatus {
	t.Helper()
	var g groupStatus
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); {
		if g = describe(t, group, flags); ok(g) {
			return g
		}
	}
	t.Fatalf("%s: want %s, have %+v", group, want, g)
	return g
}

// instances are those that are members of a group.
func (g groupStatus) instances() []string {
	var names []string
	for _, m := range g.Who {
		names = append(names, m.Client[:strings.LastIndex(m.Client, "-"+g.Group+"-")])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestOperatorsSteerRunningProcesses(t *testing.T) {
	dir, files := corpus(t)
	data := t.TempDir()
	info := start(t, data, "engines")
	steer(t, dir, files, append(sharedFlags(info, data), "--data", data), info.Kafka, "classic")
}

// steer gives two processes of the first stage and the sink all orders of
// `vislang groups`; they still run when it returns.
func steer(t *testing.T, dir string, files int, flags []string, brokers, protocol string) {
	t.Helper()
	groups := func(args ...string) string {
		t.Helper()
		return must(t, vislang(t, append(append([]string{"groups"}, args...), flags...)...))
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// What every other tool says of a group. kadm's counts what a group of the
	// newer protocol has not committed yet only if it is told the topics.
	_, inputs := everyGroup()
	foreign := func(group string) (total int64) {
		admin := kadm.NewClient(client)
		commits, err := admin.FetchOffsetsForTopics(t.Context(), group, inputs[group]...)
		if err != nil {
			t.Fatal(err)
		}
		ends, err := admin.ListEndOffsets(t.Context(), inputs[group]...)
		if err != nil {
			t.Fatal(err)
		}
		ends.Each(func(end kadm.ListedOffset) {
			commit, _ := commits.Lookup(end.Topic, end.Partition)
			total += end.Offset - max(0, commit.At)
		})
		return total
	}

	groups("pause", "extract")
	for _, instance := range []string{"one", "two"} {
		background(t, append([]string{"run", "--stages", "extract,clickhouse", "--workers", "1", "--instance", instance, "--metrics-port", "0", "--group-protocol", protocol}, flags...)...)
	}
	must(t, vislang(t, append([]string{"run", "--stages", "sources", "--until-idle", "--instance", "crawler", dir}, flags...)...))

	g := until(t, "extract", flags, "two members that do nothing", func(g groupStatus) bool { return g.Members == 2 && g.State == "Stable" && g.LagSeconds > 1 })
	if !g.Paused || g.Lag < int64(files) || g.Lag != foreign("extract") || g.Rate != 0 {
		t.Errorf("%d documents and a paused stage: %+v; other tools say %d", files, g, foreign("extract"))
	}
	if g.Protocol != protocol || !slices.Equal(g.instances(), []string{"one", "two"}) {
		t.Errorf("members: %+v", g.Who)
	}

	groups("drain", "one")
	for _, group := range []string{"extract", "clickhouse"} {
		if g := describe(t, group, flags); !slices.Equal(g.instances(), []string{"two"}) || !slices.Equal(g.Absent, []string{"one"}) {
			t.Errorf("one was drained, but %s has %v, without %v", group, g.instances(), g.Absent)
		}
	}
	groups("resume", "extract")
	g = until(t, "extract", flags, "all done", func(g groupStatus) bool { return g.Lag == 0 })
	if g.LagSeconds != 0 || foreign("extract") != 0 {
		t.Errorf("done, but %+v, and other tools say %d", g, foreign("extract"))
	}
	groups("resume", "--instance", "one")
	until(t, "extract", flags, "one back", func(g groupStatus) bool { return slices.Equal(g.instances(), []string{"one", "two"}) })
	groups("rebalance", "extract", "--away", "two", "--for", "3s")
	until(t, "extract", flags, "two back after 3 s", func(g groupStatus) bool { return slices.Equal(g.instances(), []string{"one", "two"}) })
	groups("rebalance", "extract")

	lines := bufio.NewScanner(strings.NewReader(groups("list", "--json")))
	for lines.Scan() {
		var g groupStatus
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Error(err)
		} else if g.Group == "clickhouse" && g.Lag != foreign("clickhouse") {
			t.Errorf("lag %d, other tools say %d", g.Lag, foreign("clickhouse"))
		}
	}
	for _, bad := range [][]string{{"describe", "nobody"}, {"pause", "nothing"}, {"resume"}} {
		if _, stderr, code := result(t, vislang(t, append([]string{"groups"}, bad...)...)); code != exitUsage || stderr == "" {
			t.Errorf("%v: exit code %d, %s", bad, code, stderr)
		}
	}
	if _, stderr, code := result(t, vislang(t, append([]string{"groups", "drain", "three"}, flags...)...)); code != exitFailure || !strings.Contains(stderr, "one, two") {
		t.Errorf("drain of an unknown instance: exit code %d, %s", code, stderr)
	}
}
