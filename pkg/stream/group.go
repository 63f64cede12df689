package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Group is a consumer group as its broker sees it.
type Group struct {
	Name     string
	State    string // Stable, Empty, PreparingRebalance, …; "" if the group does not exist
	Protocol string // classic or consumer (KIP-848); "" if the group has no members
	Assignor string // how partitions are shared out, such as cooperative-sticky
	Members  []Member
}

// Member is one member of a group.
type Member struct {
	ID         string
	Client     string // client id: the transactional id of a worker
	Host       string
	Partitions kadm.TopicsSet
}

// Groups describes groups of both protocols.
func Groups(ctx context.Context, admin *kadm.Client, names ...string) (map[string]Group, error) {
	groups := make(map[string]Group, len(names))
	classic, err := admin.DescribeGroups(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("describe groups: %w", err)
	}
	var rest []string
	for _, name := range names {
		d, ok := classic[name]
		switch {
		case !ok, errors.Is(d.Err, kerr.GroupIDNotFound), d.Err == nil && d.State == "Dead",
			d.Err == nil && d.State == "Stable" && len(d.Members) == 0: // kfake's word for the newer protocol
			rest = append(rest, name)
			continue
		case d.Err != nil:
			return nil, fmt.Errorf("describe group %s: %w", name, d.Err)
		}
		g := Group{Name: name, State: d.State, Assignor: d.Protocol}
		for _, m := range d.Members {
			member := Member{ID: m.MemberID, Client: m.ClientID, Host: m.ClientHost, Partitions: kadm.TopicsSet{}}
			if assigned, ok := m.Assigned.AsConsumer(); ok {
				for _, t := range assigned.Topics {
					member.Partitions.Add(t.Topic, t.Partitions...)
				}
			}
			g.Members = append(g.Members, member)
			g.Protocol = "classic"
		}
		groups[name] = g
	}
	if len(rest) == 0 {
		return groups, nil
	}
	// A broker that does not know the newer protocol has no such groups.
	newer, err := admin.DescribeConsumerGroups(ctx, rest...)
	if err != nil {
		newer = nil
	}
	for _, name := range rest {
		g := Group{Name: name}
		if d, ok := newer[name]; ok && d.Err == nil {
			g.State, g.Assignor = d.State, d.AssignorName
			for _, m := range d.Members {
				g.Members = append(g.Members, Member{ID: m.MemberID, Client: m.ClientID, Host: m.ClientHost, Partitions: m.Assignment})
				g.Protocol = "consumer"
			}
		} else if ok && !errors.Is(d.Err, kerr.GroupIDNotFound) && !errors.Is(d.Err, kerr.UnsupportedVersion) {
			return nil, fmt.Errorf("describe group %s: %w", name, d.Err)
		}
		groups[name] = g
	}
	return groups, nil
}

// ByClient orders members by client id, then by id.
func ByClient(a, b Member) int {
	return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.ID, b.ID))
}
