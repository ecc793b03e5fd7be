package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// DeafenMember holds all that its peers send a member; they still hear it. A leader that hears nobody
// steps down, because it cannot tell whether it still has a majority.
type DeafenMember struct{}

// Requires links between members, of whom some can go on without one.
func (DeafenMember) Requires() Requirements { return Requirements{Members: 3, Abilities: LinkPeers} }

// Lasts until leases that nobody could renew have ended.
func (DeafenMember) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject deafens whoever has the role now. Its evidence is that bytes were held back, and for a leader
// another one, in a later term.
func (DeafenMember) Inject(ctx context.Context, t Target) (Injected, error) {
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("deafen a member: %w", err)
	}
	var cuts impositions
	cuts.impose(network.Rule{Held: true}, t.peerLinks(t.everybody(), []int{member}))
	return Injected{To: struck.String(), Heal: struck.heldBack(t, cuts)}, nil
}
