package nemesis

import (
	"context"
	"fmt"
	"time"
)

// AddMember adds a new member, which the heal removes.
type AddMember struct{}

// Requires two members, who go on until the new one is there. A single one, made one of two, could not
// elect.
func (AddMember) Requires() Requirements { return Requirements{Members: 2, Abilities: ChangeMembers} }

// Lasts for several renewals of each lease, with a quorum that is harder to reach.
func (AddMember) Lasts(ttl time.Duration) time.Duration { return ttl }

// Inject adds the member. Its evidence is that it ran, and knew a leader.
func (AddMember) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := ctx.Err(); err != nil {
		return Injected{}, fmt.Errorf("add a member: %w", err)
	}
	added, err := t.Membership.AddMember(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("add a member: %w", err)
	}
	return Injected{To: fmt.Sprintf("m%d, new", added), Heal: t.removeAdded(added, "added")}, nil
}

// removeAdded heals a cluster that has grown by one.
func (t Target) removeAdded(added int, how string) Heal {
	return func(ctx context.Context) (Evidence, error) {
		seen := Evidence{What: fmt.Sprintf("m%d was %s, and found no leader", added, how)}
		if eventually(ctx, func() bool { return t.hasLeader(added) }) {
			seen = Evidence{Observed: true, What: fmt.Sprintf("m%d was %s", added, how)}
		}
		return seen, t.remove(ctx, added)
	}
}

func (t Target) hasLeader(member int) bool {
	leader, _, running := t.Members.Believes(member)
	return running && leader != nobody
}

func (t Target) remove(ctx context.Context, member int) error {
	if err := t.Membership.RemoveMember(ctx, member); err != nil {
		return fmt.Errorf("remove m%d: %w", member, err)
	}
	return nil
}
