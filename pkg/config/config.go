// Package config gives every flag an environment variable of the same name
// and tells where a value came from.
//
//	cmd.PersistentFlags().String("brokers", "", "Kafka brokers")
//	...
//	err := config.Fill(cmd.Flags(), os.LookupEnv)   // KAFKA_BROKERS, unless --brokers was given
//	for _, v := range config.Values(cmd.Flags(), os.LookupEnv) { … }
//
// The variable of --foo-bar is VISLANG_FOO_BAR, except for the few that have
// a name of their own in the field.
package config

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// own are the variables that do not follow the rule.
var own = map[string]string{
	"brokers":  "KAFKA_BROKERS",
	"database": "DATABASE_URL",
	"blobs":    "BLOB_URL",
	"registry": "SCHEMA_REGISTRY_URL",
	"workers":  "WORKERS",
	"redis":    "REDIS_URL",

	"embeddings":       "EMBEDDINGS_URL",
	"embeddings-model": "EMBEDDINGS_MODEL",
}

// secret is the annotation of a flag whose value is never shown.
const secret = "vislang-secret"

// Secret marks a flag whose value is masked.
func Secret(flags *pflag.FlagSet, name string) {
	if err := flags.SetAnnotation(name, secret, []string{"true"}); err != nil {
		panic(err) // the flag does not exist: a mistake in the program
	}
}

// Env returns the environment variable of a flag.
func Env(flag string) string {
	if name, ok := own[flag]; ok {
		return name
	}
	return "VISLANG_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Fill sets each flag that was not given from its environment variable. An
// empty variable counts as not set.
func Fill(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || err != nil {
			return
		}
		if value, ok := lookup(Env(f.Name)); ok && value != "" {
			if e := f.Value.Set(value); e != nil {
				err = fmt.Errorf("%s=%q: %w", Env(f.Name), value, e)
			}
		}
	})
	return err
}

// Value is the effective value of a setting.
type Value struct {
	Name   string `json:"name"` // of the flag
	Env    string `json:"env"`
	Value  string `json:"value"`  // masked if secret
	Origin string `json:"origin"` // `flag`, `environment`, `default`
	Usage  string `json:"usage"`
}

// Values returns every setting, sorted by name.
func Values(flags *pflag.FlagSet, lookup func(string) (string, bool)) []Value {
	var values []Value
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		v := Value{Name: f.Name, Env: Env(f.Name), Value: f.Value.String(), Origin: "default", Usage: f.Usage}
		if set, ok := lookup(v.Env); ok && set != "" {
			v.Origin = "environment"
		}
		if f.Changed {
			v.Origin = "flag"
		}
		if _, ok := f.Annotations[secret]; ok && v.Value != "" {
			v.Value = "***"
		}
		v.Value = Mask(v.Value)
		values = append(values, v)
	})
	slices.SortFunc(values, func(a, b Value) int { return cmp.Compare(a.Name, b.Name) })
	return values
}

// Mask hides the password of a URL; other text comes back as it is.
func Mask(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return value
	}
	masked := u.Redacted()
	// ClickHouse takes user and password as parameters, too.
	if q := u.Query(); q.Has("password") {
		masked = strings.Replace(masked, url.QueryEscape(q.Get("password")), "xxxxx", 1)
	}
	return masked
}
