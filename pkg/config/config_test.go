package config

import (
	"testing"

	"github.com/spf13/pflag"
)

func TestFlagGoesBeforeEnvironmentBeforeDefault(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.String("brokers", "", "")
	flags.Int("kafka-port", 9092, "")
	flags.String("data", "./data", "")
	flags.String("kafka-password", "", "")
	Secret(flags, "kafka-password")
	if err := flags.Parse([]string{"--data", "/given"}); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"KAFKA_BROKERS": "k:1", "VISLANG_DATA": "/env", "VISLANG_KAFKA_PASSWORD": "hush", "VISLANG_KAFKA_PORT": ""}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if err := Fill(flags, lookup); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"brokers":        {"k:1", "environment"},
		"data":           {"/given", "flag"},
		"kafka-password": {"***", "environment"},
		"kafka-port":     {"9092", "default"},
	}
	for _, v := range Values(flags, lookup) {
		if got := [2]string{v.Value, v.Origin}; got != want[v.Name] {
			t.Errorf("%s: %v, want %v", v.Name, got, want[v.Name])
		}
	}
}

func TestABadVariableIsNamed(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Int("kafka-port", 9092, "")
	err := Fill(flags, func(string) (string, bool) { return "many", true })
	if err == nil || err.Error()[:18] != "VISLANG_KAFKA_PORT" {
		t.Errorf("error %v does not name the variable", err)
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"http://user:hush@db:8123/vislang":              "http://user:xxxxx@db:8123/vislang",
		"clickhouse://db:9000/v?username=u&password=hu": "clickhouse://db:9000/v?username=u&password=xxxxx",
		"./data": "./data",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}
