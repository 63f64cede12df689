package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"vislang/schemas"
)

func newEnginesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "engines",
		Short: "Serve only the embedded Kafka, ClickHouse and schema registry",
		Long: `Serves the embedded engines on loopback until Ctrl-C, for several stage
processes on one machine that share them. With --brokers it serves no Kafka.`,
		Example: `  vislang engines --data data &
  vislang run --brokers 127.0.0.1:9092 --database http://127.0.0.1:8123/vislang \
      --registry http://127.0.0.1:8081 --blobs data/blobs --stages ocr`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if database, _ := cmd.Flags().GetString("database"); database != "" {
				return usageError{errors.New("engines: --database names an engine that runs elsewhere; leave it out")}
			}
			log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			c, err := connect(cmd, own, log)
			if err != nil {
				return err
			}
			defer c.Close()
			if _, err := c.createTopics(cmd.Context()); err != nil {
				return err
			}
			if err := schemas.Register(cmd.Context(), c.registry); err != nil {
				return err
			}
			if err := c.publish(); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Kafka       %s\nClickHouse  %s\nregistry    %s\n", c.info.Kafka, c.info.ClickHouse, c.info.Registry)
			<-cmd.Context().Done()
			return nil
		},
	}
}
