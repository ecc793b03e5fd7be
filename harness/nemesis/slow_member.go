package nemesis

import (
	"context"
	"fmt"
	"time"
)

// SlowMember delays all that goes between a member and its peers, by 30 ms and up to 30 ms more or less.
type SlowMember struct{}

// Requires a member that has peers.
func (SlowMember) Requires() Requirements { return Requirements{Members: 2, Abilities: LinkPeers} }

// Lasts for several renewals of each lease, and for as many rounds.
func (SlowMember) Lasts(ttl time.Duration) time.Duration { return 2 * ttl }

// Inject slows whoever has the role now. Its evidence is that bytes came late.
func (SlowMember) Inject(ctx context.Context, t Target) (Injected, error) {
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("slow a member: %w", err)
	}
	delays := t.delay(peerDelay, peerDelay, t.peerLinksBetween([]int{member}, t.everybody()))
	return Injected{To: struck.String(), Heal: delays.cameLate()}, nil
}
