package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vislang/sinks/clickhouse"
	"vislang/sinks/clickhouse/verify"
)

func newVerifyCommand() *cobra.Command {
	var asJSON, hashes bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare runs by a content hash of every table",
		Long: `With --hashes it prints rows and a content hash of every table. Lineage, times,
versions and revisions are left out and documents count by address and bytes, so
that two runs on the same input have the same hashes, however often they were
killed.`,
		Example: `  vislang verify --hashes
  diff <(vislang verify --hashes --data run1) <(vislang verify --hashes --data run2)`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			c, err := connect(cmd, join, log)
			if err != nil {
				return err
			}
			defer c.Close()
			db, err := clickhouse.Open(c.database)
			if err != nil {
				return err
			}
			defer db.Close()
			all, err := verify.Hashes(cmd.Context(), db)
			if err != nil {
				return stopped(cmd.Context(), err)
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "TABLE\tROWS\tHASH")
			for _, h := range all {
				fmt.Fprintf(table, "%s\t%d\t%s\n", h.Table, h.Rows, h.Hash)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as one JSON document")
	cmd.Flags().BoolVar(&hashes, "hashes", false, "rows and a content hash of every table")
	if err := cmd.MarkFlagRequired("hashes"); err != nil {
		panic(err)
	}
	return cmd
}
