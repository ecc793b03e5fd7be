package nemesis

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lockquake/harness/network"
)

// Ring lets each member hear only its two neighbours. Of five the leader and they are just enough to go
// on; the two that it does not reach know of no leader and cannot elect one, though each member still
// sees a majority.
type Ring struct{}

// Requires five: of fewer, too few would not be neighbours.
func (Ring) Requires() Requirements { return Requirements{Members: 5, Abilities: LinkPeers} }

// Lasts until leases that nobody could renew have ended.
func (Ring) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject holds what goes between members that are not neighbours. Its evidence is that bytes were held
// back.
func (Ring) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 5)
	if err != nil {
		return Injected{}, fmt.Errorf("make a ring: %w", err)
	}
	var cuts impositions
	for i, m := range up {
		next, last := up[(i+1)%len(up)], up[(i+len(up)-1)%len(up)]
		cuts.impose(network.Rule{Held: true}, t.peerLinks([]int{m}, without(up, next, last)))
	}
	to := names(slices.Concat(up, up[:1]))
	return Injected{To: to, Heal: struck{spared: up}.heldBack(t, cuts)}, nil
}
