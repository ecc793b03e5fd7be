package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// ResetPeers breaks all connections between members and refuses new ones for a twentieth of the TTL, four
// times a TTL. Members dial again 100 ms later.
type ResetPeers struct{}

// Requires members that have peers.
func (ResetPeers) Requires() Requirements { return Requirements{Members: 2, Abilities: LinkPeers} }

// Lasts for four resets.
func (ResetPeers) Lasts(ttl time.Duration) time.Duration { return ttl }

// Inject begins to reset. Its evidence is that there were connections to reset.
func (ResetPeers) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 2)
	if err != nil {
		return Injected{}, fmt.Errorf("reset peers: %w", err)
	}
	links := t.peerLinks(t.everybody(), t.everybody())
	end := goOn(ctx, alternate(network.Rule{Refused: true}, links, t.TTL/20, t.TTL/5))
	heal := func(context.Context) (Evidence, error) {
		tolls := end()
		var resets int64
		for _, toll := range tolls {
			resets += toll.Resets
		}
		what := fmt.Sprintf("%d connections reset or refused in %d strokes", resets, len(tolls))
		return Evidence{Observed: resets > 0, What: what}, nil
	}
	return Injected{To: names(up), Heal: heal}, nil
}
