package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// Side is where a split puts the leader.
type Side string

// Sides.
const (
	InMajority Side = "in the majority"
	InMinority Side = "in the minority"
)

// Split cuts the cluster in two, of which one part can elect. The zero Side leaves the leader in it.
type Split struct{ Leader Side }

// Requires members that can be split into a majority and others.
func (Split) Requires() Requirements { return Requirements{Members: 3, Abilities: LinkPeers} }

// Lasts until leases that nobody could renew have ended.
func (Split) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject holds what goes between the parts. Its evidence is that bytes were held back, and another leader
// if the old one is in the minority. In the majority it leads on.
func (s Split) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 3)
	if err != nil {
		return Injected{}, fmt.Errorf("split the cluster: %w", err)
	}
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("split the cluster: %w", err)
	}
	parts := s.part(t, up, leader)
	var cuts impositions
	cuts.impose(network.Rule{Held: true}, t.peerLinksBetween(parts.members, parts.spared))
	to := fmt.Sprintf("%s | %s, %s", names(parts.members), names(parts.spared), leader)
	return Injected{To: to, Heal: parts.heldBack(t, cuts)}, nil
}

// part strikes the minority. Who is down, and may come back meanwhile, belongs to it.
func (s Split) part(t Target, up []int, leader leadership) struck {
	majority := t.turned(without(up, leader.member))
	if s.Leader != InMinority {
		majority = append([]int{leader.member}, majority...)
	}
	minority := without(t.everybody(), majority[:quorum(len(up))]...)
	return struck{members: minority, spared: without(t.everybody(), minority...), leader: leader}
}
