package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// MuteMember holds all that a member sends its peers; it still hears them. A leader that nobody hears
// is replaced, and follows without a say.
type MuteMember struct{}

// Requires links between members, of whom some can go on without one.
func (MuteMember) Requires() Requirements { return Requirements{Members: 3, Abilities: LinkPeers} }

// Lasts until leases that nobody could renew have ended.
func (MuteMember) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject mutes whoever has the role now. Its evidence is that bytes were held back, and for a leader
// another one, in a later term.
func (MuteMember) Inject(ctx context.Context, t Target) (Injected, error) {
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("mute a member: %w", err)
	}
	var cuts impositions
	cuts.impose(network.Rule{Held: true}, t.peerLinks([]int{member}, t.everybody()))
	return Injected{To: struck.String(), Heal: struck.heldBack(t, cuts)}, nil
}
