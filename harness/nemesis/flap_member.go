package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// FlapMember isolates a member and mends its links, again and again: for an eighth of the TTL each, which
// at a TTL of 1 s is about an election timeout, so that some elections are disturbed and some never
// begin.
type FlapMember struct{}

// Requires links between members, of whom some can go on without one.
func (FlapMember) Requires() Requirements { return Requirements{Members: 3, Abilities: LinkPeers} }

// Lasts for eight cuts.
func (FlapMember) Lasts(ttl time.Duration) time.Duration { return 2 * ttl }

// Inject begins to cut off whoever has the role now, and stays with that member. Its evidence is that
// cuts held bytes back.
func (FlapMember) Inject(ctx context.Context, t Target) (Injected, error) {
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("flap a member: %w", err)
	}
	links := t.peerLinksBetween([]int{member}, t.everybody())
	end := goOn(ctx, alternate(network.Rule{Held: true}, links, t.TTL/8, t.TTL/8))
	heal := func(context.Context) (Evidence, error) {
		cuts := end()
		held := 0
		for _, cut := range cuts {
			if cut.Held > 0 {
				held++
			}
		}
		return Evidence{Observed: held > 0, What: fmt.Sprintf("%d of %d cuts held bytes back", held, len(cuts))}, nil
	}
	return Injected{To: struck.String(), Heal: heal}, nil
}
