package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vislang/pkg/config"
)

func newConfigCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every setting, its value and where that came from",
		Long: `Prints every setting of ` + "`vislang run`" + `: flag, environment variable, effective value
and origin (flag, environment or default). Passwords are masked.`,
		Example: `  vislang config
  KAFKA_BROKERS=kafka-1:9092 vislang config --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			values := config.Values(cmd.Flags(), os.LookupEnv)
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				for _, v := range values {
					if err := encoder.Encode(v); err != nil {
						return err
					}
				}
				return nil
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "FLAG\tVARIABLE\tVALUE\tFROM")
			for _, v := range values {
				fmt.Fprintf(table, "--%s\t%s\t%s\t%s\n", v.Name, v.Env, v.Value, v.Origin)
			}
			return table.Flush()
		},
	}
	addRunFlags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and what it was built with",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = " " + s.Value[:min(12, len(s.Value))]
					}
				}
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "vislang %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
