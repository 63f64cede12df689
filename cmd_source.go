package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vislang/producers"
)

func newSourceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "Lasting sources, crawled again and again",
		Long: `Lasting sources are kept in Kafka. A running ` + "`vislang run`" + ` with the stage
sources reads each of them, waits, and reads it again; what has not changed is
not stored twice.`,
		Example: `  vislang source add reports https://example.org/sitemap.xml --every 6h
  vislang source list
  vislang source pause reports`,
	}
	cmd.AddCommand(newSourceAddCommand(), newSourceListCommand(), newSourceShowCommand(),
		newSourceChangeCommand("pause", "Stop reading a source until it is resumed", func(d *producers.Definition) { d.Paused = true }),
		newSourceChangeCommand("resume", "Read a paused source again", func(d *producers.Definition) { d.Paused = false }),
		newSourceRemoveCommand())
	return cmd
}

// withSources runs fn on the list of sources of the engines in use.
func withSources(cmd *cobra.Command, fn func(*producers.List) error) error {
	log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	c, err := connect(cmd, joinKafka, log)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.createTopics(cmd.Context()); err != nil {
		return err
	}
	return fn(producers.NewList(c.kafka))
}

func newSourceAddCommand() *cobra.Command {
	var every time.Duration
	var options producers.Options
	cmd := &cobra.Command{
		Use:   "add NAME SOURCE",
		Short: "Add a folder, a file, or the address of a site or sitemap",
		Example: `  vislang source add handbook https://example.org/sitemap.xml --every 24h
  vislang source add inbox ./inbox --every 1m --lang sw`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if every < time.Second {
				return usageError{fmt.Errorf("--every %s: at least 1s", every)}
			}
			d := producers.Definition{Name: args[0], Address: args[1], Options: options, Every: every, Added: time.Now().UTC().Truncate(time.Second)}
			if err := checkSource(&d); err != nil {
				return err
			}
			return withSources(cmd, func(list *producers.List) error {
				if _, err := list.Get(cmd.Context(), d.Name); err == nil {
					return fmt.Errorf("there is a source %s already: remove it first, or choose another name", d.Name)
				}
				return list.Put(cmd.Context(), d)
			})
		},
	}
	cmd.Flags().DurationVar(&every, "every", time.Hour, "pause between two passes")
	cmd.Flags().StringVar(&options.Language, "lang", "", "language of all its documents, a BCP 47 tag")
	cmd.Flags().StringVar(&options.Group, "group", "", "parallel group of all its documents")
	cmd.Flags().StringVar(&options.License, "license", "", "licence of all its documents, where they state none")
	return cmd
}

// checkSource refuses addresses that could never be read, and makes a path
// absolute: the process that reads it may run elsewhere in the tree.
func checkSource(d *producers.Definition) error {
	if _, err := openSource(d.Address, d.Options, nil, slog.New(slog.DiscardHandler), 0); err != nil {
		return err
	}
	if isWeb(d.Address) {
		return nil
	}
	path, err := filepath.Abs(d.Address)
	d.Address = path
	return err
}

func newSourceListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sources",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSources(cmd, func(list *producers.List) error {
				all, err := list.All(cmd.Context())
				if err != nil {
					return err
				}
				return printSources(cmd.OutOrStdout(), all, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func printSources(w io.Writer, all []producers.Definition, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		for _, d := range all {
			if err := encoder.Encode(d); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "No sources yet. Add one: vislang source add NAME ADDRESS")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tADDRESS\tEVERY\tSTATE\tADDED")
	for _, d := range all {
		state := "active"
		if d.Paused {
			state = "paused"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Name, d.Address, d.Every, state, d.Added.Format(time.DateTime))
	}
	return table.Flush()
}

func newSourceShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show one source as JSON",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSources(cmd, func(list *producers.List) error {
				d, err := list.Get(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(d)
			})
		},
	}
}

func newSourceChangeCommand(name, short string, change func(*producers.Definition)) *cobra.Command {
	return &cobra.Command{
		Use:   name + " NAME",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSources(cmd, func(list *producers.List) error {
				d, err := list.Get(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				change(&d)
				return list.Put(cmd.Context(), d)
			})
		},
	}
}

func newSourceRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Take a source off the list; its documents stay",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSources(cmd, func(list *producers.List) error {
				if _, err := list.Get(cmd.Context(), args[0]); err != nil {
					return err
				}
				return list.Remove(cmd.Context(), args[0])
			})
		},
	}
}
