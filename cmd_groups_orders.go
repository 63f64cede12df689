package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vislang/pkg/stream/control"
)

// orderPatience is how long a command waits to see its order followed.
const orderPatience = time.Minute

// orderResult is what an order came to.
type orderResult struct {
	Order    string   `json:"order"`
	Stages   []string `json:"stages"`
	Instance string   `json:"instance,omitempty"`
	Members  int      `json:"members"` // the order concerned
	Done     bool     `json:"done"`    // seen to be followed
}

func (r orderResult) print(cmd *cobra.Command, asJSON bool, text string) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}

// orderableStages are those that run, and wait for orders: the groups and the
// sources.
func orderableStages() []string {
	names, _ := everyGroup()
	return append([]string{stageSources}, names...)
}

func checkStages(names []string) error {
	for _, name := range names {
		if all := orderableStages(); !slices.Contains(all, name) {
			return usageError{fmt.Errorf("there is no stage %q; the stages are %s", name, strings.Join(all, ", "))}
		}
	}
	return nil
}

// order makes an order of the present.
func order(until *time.Time) *control.Order {
	host, _ := os.Hostname()
	return &control.Order{Since: time.Now().UTC().Truncate(time.Millisecond), Until: until, By: os.Getenv("USER") + "@" + host}
}

func newGroupsPauseCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pause STAGE…",
		Short: "Stop stages everywhere; they keep their partitions",
		Long: `Every process of the stages finishes and commits what it is at and takes
nothing more; its members stay in the group, so nothing is moved. A process that
starts later starts paused. "sources" stops the crawling.`,
		Example: `  vislang groups pause ocr
  vislang groups pause sources align`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, stages []string) error {
			if err := checkStages(stages); err != nil {
				return err
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				if _, err := b.c.createTopics(ctx); err != nil {
					return err
				}
				for _, stage := range stages {
					if err := b.orders.Set(ctx, control.Pause(stage), order(nil)); err != nil {
						return err
					}
				}
				r := orderResult{Order: "pause", Stages: stages, Done: true}
				return r.print(cmd, asJSON, fmt.Sprintf("paused: %s. Go on with `vislang groups resume %s`.", strings.Join(stages, ", "), strings.Join(stages, " ")))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	return cmd
}

func newGroupsResumeCommand() *cobra.Command {
	var asJSON bool
	var instance string
	cmd := &cobra.Command{
		Use:   "resume [STAGE…]",
		Short: "Take back a pause, or a drain with --instance",
		Long: `Without --instance the stages go on everywhere. With it the instance joins the
groups of the stages again, of all of them if none is named.`,
		Example: `  vislang groups resume ocr
  vislang groups resume --instance host-2`,
		RunE: func(cmd *cobra.Command, stages []string) error {
			if err := checkStages(stages); err != nil {
				return err
			}
			if len(stages) == 0 && instance == "" {
				return usageError{fmt.Errorf("groups resume: name a stage, or an instance with --instance")}
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				orders, err := b.orders.All(ctx)
				if err != nil {
					return err
				}
				var back []control.Key
				for _, stage := range stages {
					if instance == "" {
						back = append(back, control.Pause(stage))
					} else {
						back = append(back, control.Out(instance, stage))
					}
				}
				if len(stages) == 0 {
					back = append(back, control.Out(instance, ""))
					for _, stage := range orderableStages() {
						back = append(back, control.Out(instance, stage))
					}
				}
				taken := 0
				for _, key := range back {
					if _, ok := orders[key]; !ok {
						continue
					}
					if err := b.orders.Set(ctx, key, nil); err != nil {
						return err
					}
					taken++
				}
				what := firstOf(strings.Join(stages, ", "), instance)
				text := fmt.Sprintf("resumed: %s", what)
				if taken == 0 {
					text = fmt.Sprintf("nothing to resume: no order concerns %s", what)
				}
				return orderResult{Order: "resume", Stages: stages, Instance: instance, Done: true}.print(cmd, asJSON, text)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	cmd.Flags().StringVar(&instance, "instance", "", "the instance that may join again")
	return cmd
}

func newGroupsDrainCommand() *cobra.Command {
	var asJSON bool
	var stages []string
	cmd := &cobra.Command{
		Use:   "drain INSTANCE",
		Short: "Take a process out of its groups until it is resumed",
		Long: `The process finishes and commits what it is at and leaves its groups; others take
over its partitions. It stays out, over restarts too, until
` + "`vislang groups resume --instance INSTANCE`" + `. The command returns when it is out.
To stop a process for good, SIGTERM drains it the same way.`,
		Example: `  vislang groups drain host-2
  vislang groups drain host-2 --stages ocr`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkStages(stages); err != nil {
				return err
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				keys := []control.Key{control.Out(args[0], "")}
				if len(stages) > 0 {
					keys = nil
					for _, stage := range stages {
						keys = append(keys, control.Out(args[0], stage))
					}
				}
				r := orderResult{Order: "drain", Stages: stages, Instance: args[0]}
				if err := b.takeOut(ctx, &r, keys, nil); err != nil {
					return err
				}
				return r.print(cmd, asJSON, fmt.Sprintf("drained: %s left with %d members. Let it in again with `vislang groups resume --instance %s`.", args[0], r.Members, args[0]))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	cmd.Flags().StringSliceVar(&stages, "stages", nil, "only out of the groups of these stages")
	return cmd
}

func newGroupsRebalanceCommand() *cobra.Command {
	var asJSON bool
	var away string
	var hold time.Duration
	cmd := &cobra.Command{
		Use:   "rebalance GROUP",
		Short: "Even out the partitions, or move them away from an instance",
		Long: `Without --away all members of the group join again, and its assignor shares the
partitions out evenly; a group of the newer protocol (KIP-848) is kept even by
the broker. With --away the instance leaves the group for a while.`,
		Example: `  vislang groups rebalance ocr
  vislang groups rebalance ocr --away host-2 --for 30m`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownGroup(args[0]); err != nil {
				return err
			}
			return withBoard(cmd, joinKafka, func(ctx context.Context, b *board) error {
				r := orderResult{Order: "rebalance", Stages: args, Instance: away}
				if away != "" {
					until := time.Now().Add(hold).UTC().Truncate(time.Second)
					if err := b.takeOut(ctx, &r, []control.Key{control.Out(away, args[0])}, &until); err != nil {
						return err
					}
					return r.print(cmd, asJSON, fmt.Sprintf("moved away from %s (%d members) until %s, or `vislang groups resume %s --instance %s`", away, r.Members, until.Format(time.TimeOnly+" MST"), args[0], away))
				}
				groups, err := b.groups(ctx, args[0])
				if err != nil {
					return err
				}
				if r.Members = len(groups[args[0]].Members); r.Members == 0 {
					return fmt.Errorf("group %s has no members: nothing runs that could be evened out", args[0])
				}
				if err := b.orders.Set(ctx, control.Rejoin(args[0]), order(nil)); err != nil {
					return err
				}
				r.Done = true
				return r.print(cmd, asJSON, fmt.Sprintf("%d members of %s join again; see `vislang groups describe %s`", r.Members, args[0], args[0]))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	cmd.Flags().StringVar(&away, "away", "", "an instance that shall have no partitions of the group")
	cmd.Flags().DurationVar(&hold, "for", 10*time.Minute, "how long it stays away")
	return cmd
}

// instancesOf returns the stages of each instance that is a member of a group,
// by the client ids of its workers: instance, stage and number.
func (b *board) instancesOf(ctx context.Context) (map[string]map[string]int, error) {
	names, _ := everyGroup()
	groups, err := b.groups(ctx, names...)
	if err != nil {
		return nil, err
	}
	instances := map[string]map[string]int{}
	for stage, group := range groups {
		for _, m := range group.Members {
			end := strings.LastIndex(m.Client, "-"+stage+"-")
			if end < 0 {
				continue
			}
			instance := m.Client[:end]
			if instances[instance] == nil {
				instances[instance] = map[string]int{}
			}
			instances[instance][stage]++
		}
	}
	return instances, nil
}

// takeOut orders an instance out of groups and waits until it has left.
func (b *board) takeOut(ctx context.Context, r *orderResult, keys []control.Key, until *time.Time) error {
	instances, err := b.instancesOf(ctx)
	if err != nil {
		return err
	}
	if instances[r.Instance] == nil {
		known := strings.Join(slices.Sorted(maps.Keys(instances)), ", ")
		return fmt.Errorf("no process of the name %q is a member of a group; those that are: %s", r.Instance, firstOf(known, "none"))
	}
	concerned := func(stages map[string]int) (members int) {
		for stage, n := range stages {
			if len(r.Stages) == 0 || slices.Contains(r.Stages, stage) {
				members += n
			}
		}
		return members
	}
	r.Members = concerned(instances[r.Instance])
	for _, key := range keys {
		if err := b.orders.Set(ctx, key, order(until)); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(orderPatience); ; {
		if instances, err = b.instancesOf(ctx); err != nil {
			return err
		}
		if concerned(instances[r.Instance]) == 0 {
			r.Done = true
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is still a member after %s: the order stands; it may be at a slow record, or hang (see its /readyz and log)", r.Instance, orderPatience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
