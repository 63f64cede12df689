package main

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/spf13/pflag"

	"vislang/pkg/config"
)

func loadCompose(t *testing.T) *types.Project {
	t.Helper()
	data, err := os.ReadFile("docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  t.TempDir(),
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: data}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) { o.SetProjectName("vislang", true) })
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// Every process of docker-compose.yml runs a command that exists, with flags
// and settings that exist, after the engines that it needs.
func TestComposeCommands(t *testing.T) {
	project := loadCompose(t)
	var stages []string
	for name, service := range project.Services {
		if service.HealthCheck == nil {
			t.Errorf("%s has no health check", name)
		}
		if service.Image != "vislang" {
			continue
		}
		root := newRootCommand()
		command, args, err := root.Find(service.Command)
		if err != nil || command == root {
			t.Errorf("%s: no such command: %v", name, service.Command)
			continue
		}
		if err := command.ParseFlags(args); err != nil {
			t.Errorf("%s: %v: %v", name, service.Command, err)
			continue
		}
		own, err := stagesOf(command.Flags())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		stages = append(stages, own...)

		known := map[string]bool{}
		command.Flags().VisitAll(func(f *pflag.Flag) { known[config.Env(f.Name)] = true })
		for variable, value := range service.Environment {
			if !known[variable] {
				t.Errorf("%s: no flag reads %s", name, variable)
			}
			if value == nil || *value == "" {
				t.Errorf("%s: %s is empty", name, variable)
			}
		}
		engines := map[string]string{
			"KAFKA_BROKERS": "kafka", "DATABASE_URL": "clickhouse", "SCHEMA_REGISTRY_URL": "registry",
		}
		for variable, engine := range engines {
			if host := hostOf(service.Environment[variable]); host != engine {
				t.Errorf("%s: %s names the host %q, want the service %s", name, variable, host, engine)
			}
			if d, ok := service.DependsOn[engine]; !ok || d.Condition != types.ServiceConditionHealthy {
				t.Errorf("%s does not wait for a healthy %s", name, engine)
			}
		}
	}
	want := allStages()
	slices.Sort(stages)
	slices.Sort(want)
	if !slices.Equal(stages, want) {
		t.Errorf("stages of all services: %v, want each of %v once", stages, want)
	}
}

// hostOf is the host of an address, or of the first of a list host:port,….
func hostOf(value *string) string {
	if value == nil {
		return ""
	}
	first, _, _ := strings.Cut(*value, ",")
	if !strings.Contains(first, "://") {
		first = "//" + first
	}
	u, err := url.Parse(first)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// The image is built with the Go version that go.mod names: the official
// image fetches no other.
func TestImageGoVersion(t *testing.T) {
	version := func(file, pattern string) string {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindSubmatch(data)
		if m == nil {
			t.Fatalf("%s: nothing like %s", file, pattern)
		}
		return string(m[1])
	}
	module, image := version("go.mod", `(?m)^go (\S+)$`), version("deploy/Dockerfile", `(?m)^FROM golang:([0-9.]+)-`)
	if module != image {
		t.Errorf("go.mod asks for Go %s, the image is built with %s", module, image)
	}
}
