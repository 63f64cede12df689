package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"vislang/schemas"
)

func newTopicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "topics",
		Short: "Topics: create, describe, check against what the program wants, grow",
		Long: `The program knows which topics it needs, with how many partitions and which
settings. These commands compare that with the brokers: a running instance,
--brokers, or the data folder while nothing runs.`,
		Example: `  vislang topics list
  vislang topics check --brokers kafka-1:9092
  vislang topics partitions pages 48`,
	}
	cmd.AddCommand(newTopicsListCommand(), newTopicsCreateCommand(), newTopicsDescribeCommand(), newTopicsCheckCommand(), newTopicsPartitionsCommand(), newTopicsCopyCommand())
	return cmd
}

// topicStatus is a topic as the brokers have it.
type topicStatus struct {
	Topic      string            `json:"topic"`
	Key        string            `json:"key,omitempty"`    // what keys its records
	Record     string            `json:"record,omitempty"` // Avro name of its records
	Partitions []topicPartition  `json:"partitions"`
	Replicas   int               `json:"replicas"`    // copies of each partition
	Offsets    int64             `json:"offsets"`     // between starts and ends; commit markers count, and what compaction removed
	Bytes      int64             `json:"bytes"`       // on the disks of leaders
	Behind     int               `json:"out_of_sync"` // copies that are not in sync
	Configs    map[string]string `json:"configs"`     // those that are set on the topic
}

type topicPartition struct {
	Partition int32   `json:"partition"`
	Leader    int32   `json:"leader"`
	Replicas  []int32 `json:"replicas"`
	InSync    []int32 `json:"in_sync"`
	Start     int64   `json:"start"`
	End       int64   `json:"end"`
	Bytes     int64   `json:"bytes"`
}

// topicsOf reads the topics of the pipeline that exist, in its order.
func (b *board) topicsOf(ctx context.Context) (all []topicStatus, err error) {
	err = b.ask(ctx, "look at the topics", func(ctx context.Context, admin *kadm.Client) (err error) {
		all, err = topicsOf(ctx, admin)
		return err
	})
	return all, err
}

func topicsOf(ctx context.Context, admin *kadm.Client) ([]topicStatus, error) {
	wanted := everyTopic()
	details, err := admin.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var names []string
	set := kadm.TopicsSet{}
	for _, topic := range wanted {
		if details.Has(topic.Name) {
			names = append(names, topic.Name)
			for p := range details[topic.Name].Partitions {
				set.Add(topic.Name, p)
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	starts, err := admin.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	configs, err := admin.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe configurations: %w", err)
	}
	sizes := map[string]map[int32]int64{}
	if dirs, err := admin.DescribeAllLogDirs(ctx, set); err == nil { // a hint: some brokers do not tell
		dirs.Each(func(d kadm.DescribedLogDir) {
			d.Topics.Each(func(p kadm.DescribedLogDirPartition) {
				if sizes[p.Topic] == nil {
					sizes[p.Topic] = map[int32]int64{}
				}
				sizes[p.Topic][p.Partition] = max(sizes[p.Topic][p.Partition], p.Size)
			})
		})
	}
	var all []topicStatus
	for _, topic := range wanted {
		if !details.Has(topic.Name) {
			continue
		}
		s := topicStatus{Topic: topic.Name, Key: topic.Key, Record: topic.Record, Configs: map[string]string{}}
		for _, p := range details[topic.Name].Partitions.Sorted() {
			start, _ := starts.Lookup(topic.Name, p.Partition)
			end, _ := ends.Lookup(topic.Name, p.Partition)
			s.Partitions = append(s.Partitions, topicPartition{
				Partition: p.Partition, Leader: p.Leader, Replicas: p.Replicas, InSync: p.ISR,
				Start: start.Offset, End: end.Offset, Bytes: sizes[topic.Name][p.Partition],
			})
			s.Replicas = max(s.Replicas, len(p.Replicas))
			s.Behind += max(0, len(p.Replicas)-len(p.ISR))
			s.Offsets += end.Offset - start.Offset
			s.Bytes += sizes[topic.Name][p.Partition]
		}
		if found, err := configs.On(topic.Name, nil); err == nil {
			for _, c := range found.Configs {
				if c.Source.String() == "DYNAMIC_TOPIC_CONFIG" && c.Value != nil {
					s.Configs[c.Key] = *c.Value
				}
			}
		}
		all = append(all, s)
	}
	return all, nil
}

func newTopicsListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Partitions, copies, size and settings of each topic",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				all, err := b.topicsOf(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return encodeLines(cmd.OutOrStdout(), all)
				}
				if len(all) == 0 {
					_, err := fmt.Fprintln(cmd.OutOrStdout(), "No topics yet. Create them: vislang topics create")
					return err
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "TOPIC\tPARTITIONS\tCOPIES\tOUT OF SYNC\tOFFSETS\tBYTES\tSETTINGS")
				for _, t := range all {
					fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%s\n", t.Topic, len(t.Partitions), t.Replicas, t.Behind, t.Offsets, t.Bytes, settings(t.Configs))
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// encodeLines prints values as JSON, one a line.
func encodeLines[T any](w io.Writer, values []T) error {
	encoder := json.NewEncoder(w)
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func settings(configs map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		parts = append(parts, name+"="+configs[name])
	}
	return firstOf(strings.Join(parts, " "), "-")
}

func newTopicsCreateCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create the topics that are missing",
		Long: `Creates the topics that are missing, as every start of ` + "`vislang run`" + ` does: for
brokers where the stages may not create topics, someone who may runs this once.
--replication sets the number of copies; by default 3, with min.insync.replicas
2, or 1 where there are fewer than three brokers.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				created, err := b.c.createTopics(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"created": append([]string{}, created...)})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "created: %s\n", firstOf(strings.Join(created, ", "), "none, all are there"))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	return cmd
}

func newTopicsDescribeCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "describe TOPIC…",
		Short: "Partitions with leader, copies and offsets; settings",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				if _, err := wantedTopic(name); err != nil {
					return err
				}
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				all, err := b.topicsOf(ctx)
				if err != nil {
					return err
				}
				for _, name := range args {
					i := slices.IndexFunc(all, func(t topicStatus) bool { return t.Topic == name })
					if i < 0 {
						return fmt.Errorf("topic %s does not exist: create it with `vislang topics create`", name)
					}
					if asJSON {
						err = json.NewEncoder(cmd.OutOrStdout()).Encode(all[i])
					} else {
						err = all[i].print(cmd.OutOrStdout())
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func (t topicStatus) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s by %s\nsettings: %s\n\n", t.Topic, firstOf(t.Record, "internal"), firstOf(t.Key, "key"), settings(t.Configs))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PARTITION\tLEADER\tCOPIES\tIN SYNC\tSTART\tEND\tBYTES")
	for _, p := range t.Partitions {
		fmt.Fprintf(table, "%d\t%d\t%v\t%v\t%d\t%d\t%d\n", p.Partition, p.Leader, p.Replicas, p.InSync, p.Start, p.End, p.Bytes)
	}
	fmt.Fprintln(table)
	return table.Flush()
}

func wantedTopic(name string) (schemas.Topic, error) {
	var names []string
	for _, topic := range everyTopic() {
		if topic.Name == name {
			return topic, nil
		}
		names = append(names, topic.Name)
	}
	return schemas.Topic{}, usageError{fmt.Errorf("there is no topic %q; the topics are %s", name, strings.Join(names, ", "))}
}

// drift is a difference between a topic and what the program wants.
type drift struct {
	Topic string                      `json:"topic"`
	What  string                      `json:"what"` // missing, partitions, copies, or the name of a setting
	Have  string                      `json:"have"`
	Want  string                      `json:"want"`
	Fixed bool                        `json:"fixed"`
	fix   func(context.Context) error // nil: not by this command
}

// drifts compares the topics with what the program wants.
func (b *board) drifts(ctx context.Context) ([]drift, error) {
	all, err := b.topicsOf(ctx)
	if err != nil {
		return nil, err
	}
	var copies int16
	err = b.ask(ctx, "list brokers", func(ctx context.Context, admin *kadm.Client) (err error) {
		copies, err = b.c.replication(ctx, admin)
		return err
	})
	if err != nil {
		return nil, err
	}
	have := map[string]topicStatus{}
	for _, t := range all {
		have[t.Topic] = t
	}
	inputs := changelogInputs()
	var found []drift
	for _, want := range everyTopic() {
		t, ok := have[want.Name]
		if !ok {
			found = append(found, drift{Topic: want.Name, What: "missing", Have: "no topic", Want: strconv.Itoa(int(want.Partitions)) + " partitions", fix: func(ctx context.Context) error {
				_, err := b.c.createTopics(ctx)
				return err
			}})
			continue
		}
		partitions, fixed := int(want.Partitions), false
		if input := have[inputs[want.Name]]; len(input.Partitions) > 0 {
			partitions, fixed = len(input.Partitions), true // a changelog follows its input
		}
		if len(t.Partitions) < partitions {
			d := drift{Topic: t.Topic, What: "partitions", Have: strconv.Itoa(len(t.Partitions)), Want: strconv.Itoa(partitions)}
			if fixed {
				d.fix = func(ctx context.Context) error { return b.grow(ctx, t.Topic, partitions) }
			}
			found = append(found, d)
		}
		if t.Replicas < int(copies) {
			found = append(found, drift{Topic: t.Topic, What: "copies", Have: strconv.Itoa(t.Replicas), Want: strconv.Itoa(int(copies))})
		}
		for _, name := range slices.Sorted(maps.Keys(configsOf(want, int16(t.Replicas)))) {
			value := configsOf(want, int16(t.Replicas))[name]
			if t.Configs[name] == value {
				continue
			}
			found = append(found, drift{Topic: t.Topic, What: name, Have: firstOf(t.Configs[name], "the broker's default"), Want: value, fix: func(ctx context.Context) error {
				return b.set(ctx, t.Topic, name, value)
			}})
		}
	}
	return found, nil
}

// changelogInputs is the input topic of each changelog.
func changelogInputs() map[string]string {
	inputs := map[string]string{}
	for _, stage := range statefulStages() {
		inputs[stage.Changelog()] = stage.Inputs()[0]
	}
	return inputs
}

func (b *board) set(ctx context.Context, topic, name, value string) error {
	err := b.admin.Do(func(admin *kadm.Client) error {
		answers, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}, topic)
		if err == nil {
			_, err = answers.On(topic, func(r *kadm.AlterConfigsResponse) error { return r.Err })
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set %s of topic %s: %w", name, topic, err)
	}
	return nil
}

func (b *board) grow(ctx context.Context, topic string, partitions int) error {
	err := b.admin.Do(func(admin *kadm.Client) error {
		answers, err := admin.UpdatePartitions(ctx, partitions, topic)
		if err == nil {
			err = answers.Error()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("give topic %s %d partitions: %w", topic, partitions, err)
	}
	return nil
}

func newTopicsCheckCommand() *cobra.Command {
	var asJSON, fix bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Compare topics and settings with what the program wants; exit code 1 if they differ",
		Long: `Lists topics that are missing, have other settings, fewer partitions or fewer
copies than the program wants. --fix creates and sets what can be set without an
effect on records: more partitions (` + "`vislang topics partitions`" + `) and more copies
(a reassignment, by Kafka's own tools) stay yours to decide.`,
		Example: `  vislang topics check
  vislang topics check --fix`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				found, err := b.drifts(ctx)
				if err != nil {
					return err
				}
				left := 0
				for i := range found {
					if d := &found[i]; fix && d.fix != nil {
						if err := d.fix(ctx); err != nil {
							return err
						}
						d.Fixed = true
					} else {
						left++
					}
				}
				if asJSON {
					err = encodeLines(cmd.OutOrStdout(), found)
				} else {
					err = printDrifts(cmd.OutOrStdout(), found)
				}
				if err == nil && left > 0 {
					err = fmt.Errorf("%d differences%s", left, map[bool]string{false: ": `vislang topics check --fix` sets what can be set", true: " are left: see `vislang topics check --help`"}[fix])
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a difference")
	cmd.Flags().BoolVar(&fix, "fix", false, "create and set what can be")
	return cmd
}

func printDrifts(w io.Writer, found []drift) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "all topics are as they should be")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOPIC\tWHAT\tIS\tSHOULD BE\t")
	for _, d := range found {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Topic, d.What, d.Have, d.Want, map[bool]string{true: "fixed"}[d.Fixed])
	}
	return table.Flush()
}

func newTopicsPartitionsCommand() *cobra.Command {
	var asJSON, split bool
	cmd := &cobra.Command{
		Use:   "partitions TOPIC N",
		Short: "Give a topic more partitions, so that more workers share it",
		Long: `A group has at most as many working members as its topic has partitions. Running
processes notice new partitions by themselves, within half a minute or so.

Kafka places a record by its key and the number of partitions: with another
number, later records of a key go elsewhere. Stages without state do not mind.
assemble (topic page-texts), pair (texts), match (vislang.match) and align (matches)
keep what they know of a document, a parallel group or a pair in the partition of
its key: documents under way, and translations that arrive later, would not find
it. For these topics the command asks for --split-state, and gives the changelog
as many partitions. Do it while nothing is under way (all groups at lag 0), and
replay the stage from the start afterwards if translations of old documents are
still to come:
` + "`vislang groups reset`" + `.`,
		Example: `  vislang topics partitions pages 48
  vislang topics partitions page-texts 12 --split-state`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if _, err := wantedTopic(name); err != nil {
				return err
			}
			n, err := strconv.Atoi(args[1])
			if err != nil || n < 1 {
				return usageError{fmt.Errorf("topics partitions: %q is not a number of partitions", args[1])}
			}
			changelog := ""
			for log, input := range changelogInputs() {
				if input == name {
					changelog = log
				}
			}
			if changelog == "" && strings.HasPrefix(name, "vislang.") {
				return usageError{fmt.Errorf("topic %s is internal: a changelog grows with its input, the others have one partition", name)}
			}
			if changelog != "" && !split {
				return usageError{fmt.Errorf("the state of topic %s is kept by key and partition: what is known of documents under way would not be found again; if that is right, say so with --split-state (see `vislang topics partitions --help`)", name)}
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				all, err := b.topicsOf(ctx)
				if err != nil {
					return err
				}
				have := map[string]int{}
				for _, t := range all {
					have[t.Topic] = len(t.Partitions)
				}
				switch {
				case have[name] == 0:
					return fmt.Errorf("topic %s does not exist: create it with `vislang topics create`", name)
				case have[name] > n:
					return fmt.Errorf("topic %s has %d partitions; Kafka cannot take partitions away", name, have[name])
				}
				// The changelog first: a stage that has a new input
				// partition needs its place.
				for _, topic := range []string{changelog, name} {
					if topic != "" && have[topic] < n {
						if err := b.grow(ctx, topic, n); err != nil {
							return err
						}
					}
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"topic": name, "partitions": n, "before": have[name], "changelog": changelog})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d partitions, before %d%s\n", name, n, have[name], map[bool]string{true: "; " + changelog + " follows"}[changelog != ""])
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	cmd.Flags().BoolVar(&split, "split-state", false, "accept that state of documents under way is not found again")
	return cmd
}
