package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vislang/pkg/stream"
	"vislang/producers"
)

// The parts of the pipeline, in the order of a document's way.
const (
	stageSources    = producers.Stage
	stageExtract    = "extract"
	stageOCR        = "ocr"
	stageAssemble   = "assemble"
	stageAlign      = "align"
	stageClickHouse = "clickhouse"
)

func allStages() []string {
	return []string{stageSources, stageExtract, stageOCR, stageAssemble, stageAlign, stageClickHouse}
}

func addRunFlags(flags *pflag.FlagSet) {
	flags.StringSlice("stages", allStages(), "run only these stages")
	flags.Bool("until-idle", false, "end when every source is read to its end and no group lags")
	flags.Int("workers", runtime.NumCPU(), "pages recognised at once; other stages follow from it")
	flags.String("instance", "", "name of this process among those on the same brokers, stable over restarts; empty: the host's name")
	flags.String("state", "", "folder of the local copies of the stages' state; its loss costs the time to read Kafka; empty: DATA/state")
	flags.String("group-protocol", stream.ProtocolClassic, "consumer group protocol: classic, or consumer (KIP-848, Kafka 4.3 and later)")
	flags.String("lang", "", "language of all documents of the sources given, a BCP 47 tag such as sw")
	flags.String("cache", "", "folder that keeps OCR results, so that pages read before cost nothing; off: none is kept; empty: DATA/cache")
	flags.String("redis", "", "Redis that shares OCR results between machines, redis://user:password@host:6379/0; empty: none")
	flags.String("language-model", "", "file of the model that tells languages: of this program or a fastText model such as GlotLID; empty: the installed one")
	addEnginesFlag(flags)
	flags.String("group", "", "parallel group of all documents of the sources given")
	flags.String("license", "", "licence of all documents of the sources given, where they state none")
	flags.StringSlice("pivots", nil, "align only pairs with one of these languages, ISO 639-3 codes such as eng; empty: all pairs")
	flags.StringSlice("pairs", nil, "align only these pairs of languages, source first, such as eng-swh,eng-amh; overrules --pivots")
	addEmbeddingsFlags(flags)
	flags.Bool("find", true, "find counterparts of documents that no parallel group is declared for")
	flags.Bool("learn", true, "align with words learned from the documents before, so that their order matters; false: each pair alone")
	flags.Int("max-pages", 0, "most pages of a site crawled in one pass; 0: 1,000,000")
	flags.Duration("linger", time.Second, "how long the ClickHouse sink waits for more rows")
	flags.Int("metrics-port", 0, "port of /metrics, /healthz and /readyz; 0 takes a free one, -1 serves none")
	flags.String("metrics-host", "127.0.0.1", "address that /metrics, /healthz and /readyz listen on; 0.0.0.0 for all")
}

func newRunCommand() *cobra.Command {
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "run [SOURCE…]",
		Short: "Run the pipeline: read sources, extract, recognise, align, store",
		Long: `Runs all stages in this process, or those named with --stages, and reads the
sources given: folders, files, and http(s) addresses of sites or sitemaps.
Lasting sources (see ` + "`vislang source`" + `) are read again and again.

Without --brokers and --database it starts its own Kafka and ClickHouse on
loopback, with their data in --data; kcat, curl and other clients can look in
while it runs. Stop it with Ctrl-C: it finishes and commits what it is at.`,
		Example: `  vislang run --until-idle reports/
  vislang run --until-idle --lang sw reports/swahili/
  vislang run https://example.org/sitemap.xml
  vislang run --brokers kafka-1:9092 --database http://db:8123/vislang --blobs s3://bucket --stages ocr --workers 8`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := openPipeline(cmd, args)
			if err != nil {
				return err
			}
			defer p.close()
			if quiet {
				p.progress.off()
			}
			if err := p.run(cmd.Context()); err != nil {
				return err
			}
			if !p.untilIdle {
				return nil
			}
			return p.report(cmd.OutOrStdout(), asJSON)
		},
	}
	addRunFlags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --until-idle: print the closing summary as JSON")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return cmd
}

// stagesOf reads --stages.
func stagesOf(flags *pflag.FlagSet) ([]string, error) {
	names, _ := flags.GetStringSlice("stages")
	for _, name := range names {
		if !slices.Contains(allStages(), name) {
			return nil, usageError{fmt.Errorf("--stages: there is no stage %q; the stages are %s", name, strings.Join(allStages(), ", "))}
		}
	}
	return names, nil
}

// sourceOptions reads what the operator states about the sources given.
func sourceOptions(flags *pflag.FlagSet) producers.Options {
	language, _ := flags.GetString("lang")
	group, _ := flags.GetString("group")
	license, _ := flags.GetString("license")
	return producers.Options{Language: language, Group: group, License: license}
}

// instanceOf names this process on its brokers.
func instanceOf(flags *pflag.FlagSet, embedded bool) string {
	name, _ := flags.GetString("instance")
	if name != "" {
		return name
	}
	if host, err := os.Hostname(); err == nil && !embedded {
		return host
	}
	return "vislang"
}

// stopped turns the error that a clean stop leaves behind into none.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
