package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/embedded"
	"vislang/pkg/ocr"
)

// The tests of this package run the binary as its users do, as a process of
// its own: this test binary, told to be vislang.
func TestMain(m *testing.M) {
	ocr.ChildMain()
	if os.Getenv("VISLANG_TEST_MAIN") != "" {
		os.Unsetenv("VISLANG_TEST_MAIN")
		main()
	}
	os.Exit(m.Run())
}

// vislang prepares a command line; free ports, so that tests can run anywhere.
func vislang(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "VISLANG_TEST_MAIN=1",
		"VISLANG_KAFKA_PORT=0", "VISLANG_CLICKHOUSE_PORT=0", "VISLANG_REGISTRY_PORT=0", "VISLANG_PIVOTS=eng")
	return cmd
}

// result runs a command to its end.
func result(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed and returns what it printed.
func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	stdout, stderr, code := result(t, cmd)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s", cmd.Args[1:], code, stderr)
	}
	return stdout
}

const (
	english = "Every person has the right to clean water and to food. The health centre in the village opens at 8 in the morning. In 2023 the team vaccinated 1,250 children against measles."
	swahili = "Kila mtu ana haki ya kupata maji safi na chakula. Kituo cha afya katika kijiji hufunguliwa saa 8 asubuhi. Mwaka 2023 timu iliwachanja watoto 1,250 dhidi ya surua."
	pixel   = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

// corpus writes a folder of good and bad files and returns how many documents
// it holds.
func corpus(t *testing.T) (dir string, files int) {
	t.Helper()
	dir = t.TempDir()
	page := func(lang, title, text string) []byte {
		return fmt.Appendf(nil, `<!doctype html><html lang=%s><head><title>%s</title></head><body><article><h1>%s</h1><p>%s</p><p>%s</p><img src="%s" width=1 height=1></article></body></html>`, lang, title, title, text, text, pixel)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
		files++
	}
	write("en.html", page("en", "Water and health", english))
	write("sw.html", page("sw", "Maji na afya", swahili))
	write("notes.txt", []byte(english))
	write("empty.pdf", nil)
	write("broken.pdf", []byte("%PDF-1.7\nnothing more"))
	write("program.exe", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"))
	write("not-utf8-\xff\xfe.txt", []byte(swahili))
	if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	files++
	if err := os.Symlink(".", filepath.Join(dir, "again")); err != nil {
		t.Fatal(err)
	}
	manifest := `{"file_name": "en.html", "group": "water"}` + "\n" + `{"file_name": "sw.html", "group": "water"}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "metadata.jsonl"), []byte(manifest), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir, files
}

type summary struct {
	Documents, Done, Failed, Processing uint64
	Bitext                              uint64
	Tables                              []count `json:"rows_by_table"`
}

func statusOf(t *testing.T, data string) summary {
	t.Helper()
	var s summary
	if err := json.Unmarshal([]byte(must(t, vislang(t, "status", "--data", data, "--json"))), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryFileEndsAsRowsOrAsADeadLetter(t *testing.T) {
	dir, files := corpus(t)
	data := t.TempDir()
	out := must(t, vislang(t, "run", "--data", data, "--until-idle", dir))
	s := statusOf(t, data)
	if s.Documents != uint64(files) || s.Done+s.Failed != s.Documents || s.Processing != 0 {
		t.Errorf("%d files: %+v\n%s", files, s, out)
	}
	if s.Done != 4 {
		t.Errorf("%d documents done, want 4", s.Done)
	}
	if s.Bitext < 3 {
		t.Errorf("%d aligned pairs, want at least the 3 sentences of the two pages", s.Bitext)
	}
	languages := must(t, vislang(t, "sql", "--data", data, "--format", "TSV", "SELECT language, count() FROM documents WHERE state = 'done' GROUP BY 1 ORDER BY 1"))
	if languages != "eng_Latn\t2\nswh_Latn\t2\n" {
		t.Errorf("languages: %q", languages)
	}
	places := must(t, vislang(t, "sql", "--data", data, "--format", "TSV", `SELECT count() > 10, countIf(block_end = 0 OR substring(p.text, s.page_start + 1, s.block_end - s.block_start) != s.text)
		FROM sentences AS s JOIN pages AS p USING (document_id, revision, page)`))
	if places != "1\t0\n" {
		t.Errorf("many sentences, and how many do not stand in their page where they say: %q", places)
	}
	must(t, vislang(t, "run", "--data", data, "--until-idle", dir))
	if again := statusOf(t, data); fmt.Sprint(again) != fmt.Sprint(s) {
		t.Errorf("a second run changed the rows: %+v, then %+v", s, again)
	}
}

func TestKilledRunsLoseAndDoubleNothing(t *testing.T) {
	dir, _ := corpus(t)
	calm, killed := t.TempDir(), t.TempDir()
	must(t, vislang(t, "run", "--data", calm, "--until-idle", dir))
	for _, after := range []time.Duration{900 * time.Millisecond, 2 * time.Second, 3100 * time.Millisecond} {
		cmd := vislang(t, "run", "--data", killed, "--until-idle", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		cmd.Process.Kill()
		cmd.Wait()
	}
	must(t, vislang(t, "run", "--data", killed, "--until-idle", dir))
	if a, b := statusOf(t, calm), statusOf(t, killed); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("undisturbed: %+v\nkilled three times: %+v", a, b)
	}
}

// start runs a command in the background until the test ends, and returns
// where its engines are.
func start(t *testing.T, data string, args ...string) *embedded.Info {
	t.Helper()
	cmd := vislang(t, append(args, "--data", data)...)
	var errs bytes.Buffer
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
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if info, err := embedded.Running(data); err == nil && info != nil {
			return info
		}
	}
	t.Fatalf("%v: not ready after 30 s\n%s", args, errs.String())
	return nil
}

func TestOthersCanLookInWhileItRuns(t *testing.T) {
	data := t.TempDir()
	info := start(t, data, "run")

	client, err := kgo.NewClient(kgo.SeedBrokers(info.Kafka))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil || !topics.Has("documents") || !topics.Has("deadletters") {
		t.Errorf("topics: %v, %v", topics.Names(), err)
	}

	resp, err := http.Get(info.ClickHouse + "/?query=" + url.QueryEscape("SELECT count() FROM vislang.documents"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); strings.TrimSpace(string(body)) != "0" {
		t.Errorf("documents over HTTP: %s", body)
	}

	_, stderr, code := result(t, vislang(t, "run", "--data", data))
	if code == 0 || !strings.Contains(stderr, strconv.Itoa(info.PID)) {
		t.Errorf("a second instance: exit code %d, %s; want the first one's pid %d", code, stderr, info.PID)
	}

	must(t, vislang(t, "source", "add", "inbox", t.TempDir(), "--data", data, "--every", "1m"))
	if list := must(t, vislang(t, "source", "list", "--data", data)); !strings.Contains(list, "inbox") {
		t.Errorf("sources: %s", list)
	}
	must(t, vislang(t, "source", "pause", "inbox", "--data", data))
	if status := must(t, vislang(t, "status", "--data", data)); !strings.Contains(status, "paused") {
		t.Errorf("status: %s", status)
	}
	must(t, vislang(t, "source", "remove", "inbox", "--data", data))
}

func TestStagesShareEngines(t *testing.T) {
	dir, files := corpus(t)
	data := t.TempDir()
	info := start(t, data, "engines")
	shared := []string{"--brokers", info.Kafka, "--database", info.ClickHouse, "--registry", info.Registry, "--blobs", filepath.Join(data, "blobs"), "--data", data}
	for _, stages := range []string{"sources,extract", "ocr,assemble", "align", "clickhouse"} {
		args := append([]string{"run", "--until-idle", "--stages", stages}, shared...)
		if strings.HasPrefix(stages, "sources") {
			args = append(args, dir)
		}
		must(t, vislang(t, args...))
	}
	if s := statusOf(t, data); s.Documents != uint64(files) || s.Processing != 0 || s.Bitext < 3 {
		t.Errorf("%d files: %+v", files, s)
	}
}

func TestBadInputGivesOneClearLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"run", "--colour"}, exitUsage, "--colour"},
		{[]string{"fly"}, exitUsage, "fly"},
		{[]string{"run", "--stages", "ocr,dance"}, exitUsage, "dance"},
		{[]string{"run", "--until-idle", "/there/is/nothing"}, exitUsage, "no such file"},
		{[]string{"run", "--until-idle", "ftp://host/x"}, exitUsage, "ftp"},
		{[]string{"run", "--until-idle", "http://"}, exitUsage, "host"},
		{[]string{"run", "--until-idle", "http://127.0.0.1:" + closedPort(t) + "/"}, exitFailure, "refused"},
		{[]string{"run", "--brokers", "127.0.0.1:" + closedPort(t)}, exitFailure, "--brokers"},
		{[]string{"run", "--database", "mysql://db"}, exitUsage, "mysql"},
		{[]string{"run", "--kafka-port", port}, exitFailure, "--kafka-port"},
		{[]string{"run", "--clickhouse-port", port}, exitFailure, "--clickhouse-port"},
		{[]string{"run", "--registry-port", port}, exitFailure, "registry"},
		{[]string{"run", "--workers", "0"}, exitUsage, "--workers"},
		{[]string{"run", "--data", file}, exitFailure, "data folder"},
		{[]string{"status", "--data", filepath.Join(file, "none")}, exitFailure, "data folder"},
		{[]string{"sql", "--data", t.TempDir(), "SELEC 1"}, exitFailure, "SELEC"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			args := test.args
			if !strings.Contains(strings.Join(args, " "), "--data") && args[0] == "run" {
				args = append(args, "--data", t.TempDir())
			}
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			cmd := vislang(t, args...)
			go func() {
				<-ctx.Done()
				if ctx.Err() == context.DeadlineExceeded {
					cmd.Process.Kill()
				}
			}()
			_, stderr, code := result(t, cmd)
			message := ""
			for _, line := range strings.Split(stderr, "\n") {
				if strings.HasPrefix(line, "vislang: ") {
					message = line
				}
			}
			if code != test.code || !strings.Contains(message, test.says) {
				t.Errorf("exit code %d, want %d; message %q, want it to name %q", code, test.code, message, test.says)
			}
		})
	}
}

// closedPort is a port where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

func TestConfigTellsWhereValuesComeFrom(t *testing.T) {
	cmd := vislang(t, "config", "--data", "/somewhere")
	cmd.Env = append(cmd.Env, "DATABASE_URL=http://user:hush@db:8123/vislang", "VISLANG_KAFKA_PASSWORD=hush")
	out := must(t, cmd)
	for _, want := range []string{"/somewhere", "flag", "environment", "default", "KAFKA_BROKERS"} {
		if !strings.Contains(out, want) {
			t.Errorf("config does not print %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "hush") {
		t.Errorf("config prints a password:\n%s", out)
	}
}
