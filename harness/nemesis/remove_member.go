package nemesis

import (
	"context"
	"fmt"
	"time"
)

// RemoveMember takes a member out of the cluster for good. The heal adds a new one, so that the cluster
// has its size again.
type RemoveMember struct{}

// Requires others that go on without it. Of two, the one that is left may never learn that the leader,
// which goes, has committed its own removal.
func (RemoveMember) Requires() Requirements {
	return Requirements{Members: 3, Abilities: ChangeMembers}
}

// Lasts for several renewals of each lease.
func (RemoveMember) Lasts(ttl time.Duration) time.Duration { return ttl }

// Inject removes whoever has the role now. Its evidence is that the member is gone, and for a leader
// another one, in a later term.
func (RemoveMember) Inject(ctx context.Context, t Target) (Injected, error) {
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("remove a member: %w", err)
	}
	// What was asked for may be done after the asking has ended, and then nobody would know.
	patient, cancel := undoing(ctx)
	defer cancel()
	if err := t.remove(patient, member); err != nil {
		return Injected{}, err
	}
	heal := func(ctx context.Context) (Evidence, error) {
		seen := struck.gone(ctx, t.Members)
		added, err := t.Membership.AddMember(ctx)
		if err != nil {
			return seen, fmt.Errorf("add a member in place of m%d: %w", member, err)
		}
		seen.What = words(seen.What, fmt.Sprintf("m%d in place of m%d", added, member))
		return seen, nil
	}
	return Injected{To: struck.String(), Heal: heal}, nil
}
