package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"vislang/pkg/stream"
	"vislang/pkg/stream/control"
	"vislang/pkg/stream/retry"
)

func newGroupsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "groups",
		Short: "Consumer groups: how far they are, who works, pause, drain, move",
		Long: `Each stage is a consumer group of its own name. These commands read and steer
them on the brokers: on a running instance, on --brokers, or by opening the data
folder while nothing runs. What is ordered here reaches every process through
the topic ` + control.Topic + ` and holds until it is taken back, over restarts too.`,
		Example: `  vislang groups list
  vislang groups describe ocr
  vislang groups pause align
  vislang groups drain host-2
  vislang groups reset --group clickhouse --to-start --dry-run`,
	}
	cmd.AddCommand(
		newGroupsListCommand(), newGroupsDescribeCommand(), newGroupsRebalanceCommand(),
		newGroupsPauseCommand(), newGroupsResumeCommand(), newGroupsDrainCommand(), newGroupsResetCommand(),
	)
	return cmd
}

// board is an open view on the groups of the pipeline.
type board struct {
	c      *connection
	admin  *stream.Admin
	orders *control.Board
}

// withBoard runs fn on the groups of the engines in use.
func withBoard(cmd *cobra.Command, mode connectionMode, fn func(ctx context.Context, b *board) error) error {
	log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	c, err := connect(cmd, mode, log)
	if err != nil {
		return err
	}
	defer c.Close()
	admin := stream.NewAdmin(c.kafka...)
	defer admin.Close()
	return fn(cmd.Context(), &board{c, admin, control.NewBoard(c.kafka)})
}

// ask calls fn until brokers that are away for a moment are back, or others
// have taken their place.
func (b *board) ask(ctx context.Context, what string, fn func(context.Context, *kadm.Client) error) error {
	return retry.Do(ctx, b.c.log, what, func(ctx context.Context) error {
		return b.admin.Do(func(admin *kadm.Client) error { return fn(ctx, admin) })
	})
}

// groups describes groups.
func (b *board) groups(ctx context.Context, names ...string) (groups map[string]stream.Group, err error) {
	err = b.ask(ctx, "describe groups", func(ctx context.Context, admin *kadm.Client) (err error) {
		groups, err = stream.Groups(ctx, admin, names...)
		return err
	})
	return groups, err
}

// groupStatus is one look at a group.
type groupStatus struct {
	Group       string            `json:"group"`
	State       string            `json:"state"`    // as the broker names it; "none" if the group was never used
	Protocol    string            `json:"protocol"` // classic, consumer (KIP-848), or "" without members
	Members     int               `json:"members"`
	Lag         int64             `json:"lag"`             // records
	LagSeconds  float64           `json:"lag_seconds"`     // age of the oldest record not yet committed
	Rate        float64           `json:"rate"`            // records a second between two looks
	LeftSeconds *float64          `json:"seconds_to_end"`  // lag by rate; null if nothing moves
	Paused      bool              `json:"paused"`          // by an operator
	Absent      []string          `json:"absent"`          // instances kept out by an operator
	Who         []memberStatus    `json:"who,omitempty"`   // describe only
	Where       []partitionStatus `json:"where,omitempty"` // describe only
	done        int64
	lag         stream.Lag
	group       stream.Group
}

type memberStatus struct {
	Client     string   `json:"client"` // instance, stage and number of the worker
	ID         string   `json:"id"`
	Host       string   `json:"host"`
	Partitions []string `json:"partitions"` // topic/partition
}

type partitionStatus struct {
	Topic      string  `json:"topic"`
	Partition  int32   `json:"partition"`
	Client     string  `json:"client"` // of its owner; "" if nobody has it
	Commit     int64   `json:"commit"` // next offset; -1 if nothing is committed
	End        int64   `json:"end"`
	Lag        int64   `json:"lag"`
	LagSeconds float64 `json:"lag_seconds"`
}

// lookPatience bounds a look, for brokers that hang.
const lookPatience = 90 * time.Second

// look reads the status of some groups of the pipeline. Rates need an earlier
// look.
func (b *board) look(ctx context.Context, names []string, last map[string]groupStatus, since time.Duration) (looks map[string]groupStatus, err error) {
	limited, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	err = b.ask(limited, "look at the groups", func(ctx context.Context, admin *kadm.Client) (err error) {
		looks, err = b.lookOnce(ctx, admin, names, last, since)
		return err
	})
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("the brokers did not say all about the groups within %s: see which of %s is down: %w", lookPatience, strings.Join(b.c.brokers, ","), err)
	}
	return looks, err
}

func (b *board) lookOnce(ctx context.Context, admin *kadm.Client, names []string, last map[string]groupStatus, since time.Duration) (map[string]groupStatus, error) {
	_, inputs := everyGroup()
	wanted := map[string][]string{}
	for _, name := range names {
		wanted[name] = inputs[name]
	}
	lags, err := stream.Lags(ctx, admin, wanted)
	if err != nil {
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			err = fmt.Errorf("%w: nothing has run here yet; start `vislang run`, or `vislang topics create`", err)
		}
		return nil, err
	}
	now := time.Now()
	if err := stream.Ages(ctx, b.c.kafka, lags); err != nil {
		return nil, err
	}
	groups, err := stream.Groups(ctx, admin, names...)
	if err != nil {
		return nil, err
	}
	orders, err := b.orders.All(ctx)
	if err != nil {
		return nil, err
	}
	looks := map[string]groupStatus{}
	for _, name := range names {
		lag, group := lags[name], groups[name]
		s := groupStatus{
			Group: name, State: firstOf(group.State, "none"), Protocol: group.Protocol, Members: len(group.Members),
			Lag: lag.Records, LagSeconds: stream.Age(lag.Oldest, now).Seconds(), done: lag.End - lag.Records,
			Paused: orders.State(name, "", now).Paused, Absent: orders.Absent(name, now),
			lag: lag, group: group,
		}
		if before, ok := last[name]; ok {
			s.Rate = max(0, float64(s.done-before.done)/since.Seconds())
			if s.Lag == 0 || s.Rate > 0 {
				left := 0.0
				if s.Lag > 0 {
					left = float64(s.Lag) / s.Rate
				}
				s.LeftSeconds = &left
			}
		}
		looks[name] = s
	}
	return looks, nil
}

// lookPause is the time between two looks, over which rates are measured.
const lookPause = time.Second

func newGroupsListCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lag in records and seconds, rate and time to the end, by group",
		Long: `Looks twice, a second apart, for the rates. AGE is how long the oldest record
that a group has not committed has been in its topic; LEFT is the time to the
end at the present rate.`,
		Example: `  vislang groups list
  vislang groups list --watch
  vislang groups list --json | jq 'select(.lag_seconds > 600)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				names, _ := everyGroup()
				return b.watch(ctx, names, watch, func(looks map[string]groupStatus) error {
					var screen bytes.Buffer
					if watch && !asJSON {
						screen.WriteString("\x1b[H\x1b[2J")
					}
					if err := printGroups(&screen, names, looks, asJSON); err != nil {
						return err
					}
					_, err := screen.WriteTo(cmd.OutOrStdout())
					return err
				})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "look again and again until Ctrl-C")
	return cmd
}

// watch shows looks with rates: one, or without end.
func (b *board) watch(ctx context.Context, names []string, forever bool, show func(map[string]groupStatus) error) error {
	last, err := b.look(ctx, names, nil, 0)
	if err != nil {
		return stopped(ctx, err)
	}
	before := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookPause):
		}
		since := time.Since(before)
		looks, err := b.look(ctx, names, last, since)
		if err != nil {
			return stopped(ctx, err)
		}
		before, last = before.Add(since), looks
		if err := show(looks); err != nil || !forever {
			return err
		}
	}
}

func printGroups(w io.Writer, names []string, looks map[string]groupStatus, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		for _, name := range names {
			if err := encoder.Encode(looks[name]); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GROUP\tSTATE\tPROTOCOL\tMEMBERS\tLAG\tAGE\tRATE\tLEFT\tORDERS")
	for _, name := range names {
		g := looks[name]
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\t%.1f/s\t%s\t%s\n",
			g.Group, g.State, firstOf(g.Protocol, "-"), g.Members, g.Lag, seconds(g.LagSeconds), g.Rate, g.left(), g.ordered())
	}
	return table.Flush()
}

// left is the time to the end, for people.
func (g groupStatus) left() string {
	if g.LeftSeconds == nil {
		return "?"
	}
	return seconds(*g.LeftSeconds)
}

// ordered is what operators ordered, for people.
func (g groupStatus) ordered() string {
	var orders []string
	if g.Paused {
		orders = append(orders, "paused")
	}
	if len(g.Absent) > 0 {
		orders = append(orders, "without "+strings.Join(g.Absent, ","))
	}
	return firstOf(strings.Join(orders, ", "), "-")
}

// seconds prints a time of some seconds or days, to three figures or so.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d == 0:
		return "0s"
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < 48*time.Hour:
		return d.Round(time.Second).String()
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func newGroupsDescribeCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "describe GROUP…",
		Short: "Members with their partitions; partitions with commit, end and lag",
		Example: `  vislang groups describe ocr
  vislang groups describe clickhouse --json | jq '.where[] | select(.lag > 0)'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				if err := knownGroup(name); err != nil {
					return err
				}
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				return b.watch(ctx, args, false, func(looks map[string]groupStatus) error {
					for _, name := range args {
						g := looks[name]
						g.detail(time.Now())
						var err error
						if asJSON {
							err = json.NewEncoder(cmd.OutOrStdout()).Encode(g)
						} else {
							err = g.print(cmd.OutOrStdout())
						}
						if err != nil {
							return err
						}
					}
					return nil
				})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// knownGroup refuses names that are no group of the pipeline.
func knownGroup(name string) error {
	names, _ := everyGroup()
	if !slices.Contains(names, name) {
		return usageError{fmt.Errorf("there is no group %q; the groups are %s", name, strings.Join(names, ", "))}
	}
	return nil
}

// detail fills in members and partitions.
func (g *groupStatus) detail(now time.Time) {
	owner := map[string]string{}
	slices.SortFunc(g.group.Members, stream.ByClient)
	g.Who, g.Where = []memberStatus{}, []partitionStatus{}
	for _, m := range g.group.Members {
		s := memberStatus{Client: m.Client, ID: m.ID, Host: m.Host, Partitions: []string{}}
		for _, t := range m.Partitions.Sorted() {
			for _, p := range t.Partitions {
				name := fmt.Sprintf("%s/%d", t.Topic, p)
				s.Partitions = append(s.Partitions, name)
				owner[name] = m.Client
			}
		}
		g.Who = append(g.Who, s)
	}
	for _, p := range g.lag.Partitions {
		g.Where = append(g.Where, partitionStatus{
			Topic: p.Topic, Partition: p.Partition, Client: owner[fmt.Sprintf("%s/%d", p.Topic, p.Partition)],
			Commit: p.Commit, End: p.End, Lag: p.Records, LagSeconds: stream.Age(p.Oldest, now).Seconds(),
		})
	}
}

func (g groupStatus) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s, %s protocol", g.Group, g.State, firstOf(g.Protocol, "no"))
	if g.group.Assignor != "" {
		fmt.Fprintf(w, " (%s)", g.group.Assignor)
	}
	fmt.Fprintf(w, "; %d records behind, the oldest %s old; %.1f/s, %s to the end; orders: %s\n\n", g.Lag, seconds(g.LagSeconds), g.Rate, g.left(), g.ordered())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MEMBER\tHOST\tPARTITIONS\tID")
	for _, m := range g.Who {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", m.Client, m.Host, firstOf(strings.Join(m.Partitions, " "), "-"), m.ID)
	}
	fmt.Fprintln(table)
	fmt.Fprintln(table, "PARTITION\tMEMBER\tCOMMIT\tEND\tLAG\tAGE")
	for _, p := range g.Where {
		commit := "-"
		if p.Commit >= 0 {
			commit = fmt.Sprint(p.Commit)
		}
		fmt.Fprintf(table, "%s/%d\t%s\t%s\t%d\t%d\t%s\n", p.Topic, p.Partition, firstOf(p.Client, "-"), commit, p.End, p.Lag, seconds(p.LagSeconds))
	}
	fmt.Fprintln(table)
	return table.Flush()
}
