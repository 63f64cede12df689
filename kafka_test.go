package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream/streamtest"
	"vislang/producers"
	"vislang/schemas"
)

// realKafka returns a client of the brokers that `make test-kafka` starts, with
// all topics, groups and access rules removed; without them it skips the test.
func realKafka(t *testing.T) (brokers string, admin *kadm.Client) {
	t.Helper()
	list := streamtest.Kafka(t)
	if list == nil {
		t.Skip("needs Apache Kafka: make test-kafka")
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(list...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return strings.Join(list, ","), kadm.NewClient(client)
}

// A rule is one permission of a stage's user, as docs/OPERATIONS.md lists them.
type rule struct {
	resource  string // topic, group or transactional id
	name      string
	prefix    bool
	operation kadm.ACLOperation
}

func (r rule) String() string { return fmt.Sprintf("%s %s %v", r.resource, r.name, r.operation) }

func (r rule) acl(user string) *kadm.ACLBuilder {
	b := kadm.NewACLs().Allow("User:" + user).AllowHosts("*").Operations(r.operation)
	switch r.resource {
	case "topic":
		b = b.Topics(r.name)
	case "group":
		b = b.Groups(r.name)
	case "transactional id":
		b = b.TransactionalIDs(r.name)
	}
	if r.prefix {
		return b.ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	return b.ResourcePatternType(kadm.ACLPatternLiteral)
}

// rules are what the user of the stages named may do, and no more.
func rules(stage string) []rule {
	var all []rule
	for _, topic := range everyTopic() {
		all = append(all, rule{"topic", topic.Name, false, kadm.OpDescribe})
	}
	read := func(topics ...string) {
		for _, topic := range topics {
			all = append(all, rule{"topic", topic, false, kadm.OpRead})
		}
	}
	write := func(topics ...string) {
		for _, topic := range topics {
			all = append(all, rule{"topic", topic, false, kadm.OpWrite})
		}
	}
	read("vislang.control")
	if stage == stageSources {
		write(schemas.TopicDocuments)
		for _, topic := range producers.InternalTopics() {
			read(topic.Name)
		}
		write(producers.MemoryTopic)
		return append(all, rule{"transactional id", "worker-producers", false, kadm.OpWrite})
	}
	all = append(all, rule{"group", stage, false, kadm.OpRead})
	write(schemas.TopicDeadLetters)
	switch stage {
	case stageExtract:
		read(schemas.TopicDocuments)
		write(schemas.TopicPages, schemas.TopicPageTexts, schemas.TopicFigures)
	case stageOCR:
		read(schemas.TopicPages)
		write(schemas.TopicPageTexts)
	case stageAssemble:
		read(schemas.TopicPageTexts, "vislang.assemble.state")
		write(schemas.TopicTexts, "vislang.assemble.state")
	case stageAlign:
		// Four groups: pairs declared, pictures, pairs found, and their sentences.
		for _, part := range []string{"pair", "sight", "match"} {
			all = append(all, rule{"group", part, false, kadm.OpRead}, rule{"transactional id", "worker-" + part + "-", true, kadm.OpWrite})
		}
		read(schemas.TopicTexts, schemas.TopicFigures, schemas.TopicMatches, "vislang.match", "vislang.pair.state", "vislang.match.state", "vislang.align.state")
		write(schemas.TopicMatches, schemas.TopicBitext, "vislang.match", "vislang.pair.state", "vislang.match.state", "vislang.align.state")
	case stageClickHouse:
		read(schemas.TopicDocuments, schemas.TopicPageTexts, schemas.TopicFigures, schemas.TopicTexts, schemas.TopicMatches, schemas.TopicBitext, schemas.TopicSamples, schemas.TopicDeadLetters)
		return append(all, rule{"transactional id", "clickhouse-", true, kadm.OpWrite})
	}
	return append(all, rule{"transactional id", "worker-" + stage + "-", true, kadm.OpWrite})
}

func allow(t *testing.T, admin *kadm.Client, user string, rules []rule) {
	t.Helper()
	for _, r := range rules {
		results, err := admin.CreateACLs(t.Context(), r.acl(user))
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range results {
			if result.Err != nil {
				t.Fatalf("%v: %v", r, result.Err)
			}
		}
	}
}

// TestStagesOnKafka runs every stage in a process of its own on Apache Kafka,
// over TLS, each as a user who may do nothing but what that stage needs.
func TestStagesOnKafka(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			brokers, admin := realKafka(t)
			dir, files := corpus(t)
			data := t.TempDir()
			info := start(t, data, "engines", "--brokers", brokers)
			shared := []string{"--database", info.ClickHouse, "--registry", info.Registry, "--data", data, "--instance", "worker",
				"--kafka-tls", "--kafka-ca", filepath.Join(os.Getenv("VISLANG_TEST_TLS"), "ca.pem"), "--group-protocol", protocol}
			for _, stage := range allStages() {
				allow(t, admin, stage, rules(stage))
				var login []string
				if stage == stageOCR { // a certificate's name is its user's
					allow(t, admin, "CN=vislang", rules(stage))
					login = []string{"--brokers", os.Getenv("VISLANG_TEST_BROKERS_TLS"),
						"--kafka-cert", filepath.Join(os.Getenv("VISLANG_TEST_TLS"), "client.pem"), "--kafka-key", filepath.Join(os.Getenv("VISLANG_TEST_TLS"), "client.key")}
				} else {
					addUser(t, admin, stage)
					login = []string{"--brokers", os.Getenv("VISLANG_TEST_BROKERS_SASL"), "--kafka-sasl", "SCRAM-SHA-512", "--kafka-user", stage, "--kafka-password", "hush"}
				}
				args := append(append([]string{"run", "--until-idle", "--stages", stage}, shared...), login...)
				if stage == stageSources {
					args = append(args, dir)
				}
				must(t, vislang(t, args...))
			}
			if s := statusOf(t, data); s.Documents != uint64(files) || s.Processing != 0 || s.Bitext < 3 {
				t.Errorf("%d files: %+v", files, s)
			}
			kcatSeesOnlyWhole(t, brokers)
		})
	}
}

func addUser(t *testing.T, admin *kadm.Client, name string) {
	t.Helper()
	results, err := admin.AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: name, Mechanism: kadm.ScramSha512, Iterations: 4096, Password: "hush"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	time.Sleep(500 * time.Millisecond) // until every broker knows
}

// TestMissingPermissionOnKafka takes away one rule at a time: the stage must end
// soon, and its message must name what is missing.
func TestMissingPermissionOnKafka(t *testing.T) {
	brokers, admin := realKafka(t)
	data := t.TempDir()
	info := start(t, data, "engines", "--brokers", brokers)
	addUser(t, admin, stageAlign)
	needed := rules(stageAlign)
	allow(t, admin, stageAlign, needed)
	args := []string{"run", "--stages", stageAlign, "--until-idle", "--database", info.ClickHouse, "--registry", info.Registry, "--data", data, "--instance", "worker",
		"--brokers", os.Getenv("VISLANG_TEST_BROKERS_SASL"), "--kafka-tls", "--kafka-ca", filepath.Join(os.Getenv("VISLANG_TEST_TLS"), "ca.pem"),
		"--kafka-sasl", "SCRAM-SHA-512", "--kafka-user", stageAlign, "--kafka-password", "hush"}
	must(t, vislang(t, args...))
	for _, missing := range []rule{
		{"group", stageAlign, false, kadm.OpRead},
		{"topic", schemas.TopicTexts, false, kadm.OpRead},
		{"transactional id", "worker-align-", true, kadm.OpWrite},
		{"group", "pair", false, kadm.OpRead},
		{"topic", "vislang.match", false, kadm.OpRead},
		{"transactional id", "worker-sight-", true, kadm.OpWrite},
		{"topic", "vislang.control", false, kadm.OpRead},
	} {
		if !slices.Contains(needed, missing) {
			t.Fatalf("%v is not among the rules", missing)
		}
		if _, err := admin.DeleteACLs(t.Context(), missing.acl(stageAlign)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		cmd := vislang(t, slices.Replace(slices.Clone(args), 3, 4)...) // not until idle: it must end by itself
		go func() {
			<-ctx.Done()
			if ctx.Err() == context.DeadlineExceeded {
				cmd.Process.Kill()
			}
		}()
		_, stderr, code := result(t, cmd)
		cancel()
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		if last := lines[len(lines)-1]; code != exitFailure || !strings.Contains(last, "permission") || !strings.Contains(last, missing.name) {
			t.Errorf("without %v: exit code %d, %s", missing, code, last)
		}
		allow(t, admin, stageAlign, []rule{missing})
	}
}

// kcatSeesOnlyWhole reads what the stages wrote with another client.
func kcatSeesOnlyWhole(t *testing.T, brokers string) {
	t.Helper()
	count := func(isolation, topic string) int {
		out, err := exec.Command("kcat", "-b", brokers, "-C", "-t", topic, "-e", "-q", "-X", "isolation.level="+isolation, "-J").Output()
		if err != nil {
			t.Fatalf("kcat: %v", err)
		}
		n := 0
		for line := range strings.Lines(string(out)) {
			var record struct{ Topic string }
			if err := json.Unmarshal([]byte(line), &record); err == nil && record.Topic == topic {
				n++
			}
		}
		return n
	}
	if n := count("read_committed", schemas.TopicTexts); n != 4 {
		t.Errorf("kcat reads %d texts, want 4", n)
	}
}
