package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Lag is how far a group is behind on its topics.
type Lag struct {
	Group   string
	Records int64 // offsets between the commits and the ends; commit markers count until they are committed past
	End     int64 // sum of the end offsets, which moves while anything is still written
}

// Lags computes the lag of groups by the topics each reads. The commits are
// read before the ends: when every lag of one result is 0, then at the moment
// of the first reading nothing was left to do anywhere, because a stage
// commits its input and its output at once.
func Lags(ctx context.Context, admin *kadm.Client, inputs map[string][]string) (map[string]Lag, error) {
	commits := map[string]kadm.OffsetResponses{}
	topics := map[string]bool{}
	for group, names := range inputs {
		offsets, err := admin.FetchOffsets(ctx, group)
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return nil, fmt.Errorf("fetch offsets of group %s: %w", group, err)
		}
		commits[group] = offsets
		for _, name := range names {
			topics[name] = true
		}
	}
	names := make([]string, 0, len(topics))
	for name := range topics {
		names = append(names, name)
	}
	starts, err := admin.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	ends, err := admin.ListEndOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	lags := map[string]Lag{}
	for group, names := range inputs {
		lag := Lag{Group: group}
		for _, name := range names {
			for partition, end := range ends[name] {
				if end.Err != nil {
					return nil, fmt.Errorf("end offset of %s/%d: %w", name, partition, end.Err)
				}
				done := int64(0)
				if start, ok := starts.Lookup(name, partition); ok {
					done = start.Offset
				}
				if commit, ok := commits[group].Lookup(name, partition); ok && commit.Err == nil && commit.At > done {
					done = commit.At
				}
				lag.Records += end.Offset - done
				lag.End += end.Offset
			}
		}
		lags[group] = lag
	}
	return lags, nil
}
