package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// IsolateMember cuts a member off from its peers. Clients still reach it, and a leader believes that it
// leads until its election timeout has passed.
type IsolateMember struct{}

// Requires links between members, of whom some can go on without one.
func (IsolateMember) Requires() Requirements { return Requirements{Members: 3, Abilities: LinkPeers} }

// Lasts until leases that nobody could renew have ended.
func (IsolateMember) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject isolates whoever has the role now. Its evidence is that bytes were held back, and for a leader
// another one, in a later term.
func (IsolateMember) Inject(ctx context.Context, t Target) (Injected, error) {
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("isolate a member: %w", err)
	}
	var cuts impositions
	cuts.impose(network.Rule{Held: true}, t.peerLinksBetween([]int{member}, t.everybody()))
	return Injected{To: struck.String(), Heal: struck.heldBack(t, cuts)}, nil
}

// heldBack heals links that held what went between the struck and the others.
func (s struck) heldBack(t Target, cuts impositions) Heal {
	return func(ctx context.Context) (Evidence, error) {
		seen := s.aftermath(ctx, t.Members)
		held := cuts.lift().Held
		return Evidence{
			Observed: seen.Observed && held > 0,
			What:     words(seen.What, fmt.Sprintf("%d bytes held back", held)),
		}, nil
	}
}
