package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// peerDelay is how late bytes between members come, each by up to as much more or less: 0 to 60 ms, a
// long way, yet short of an election timeout of 100 ms.
const peerDelay = 30 * time.Millisecond

// SlowPeers delays all that members send each other, by 30 ms and up to 30 ms more or less.
type SlowPeers struct{}

// Requires members that have peers.
func (SlowPeers) Requires() Requirements { return Requirements{Members: 2, Abilities: LinkPeers} }

// Lasts for several renewals of each lease, and for as many rounds.
func (SlowPeers) Lasts(ttl time.Duration) time.Duration { return 2 * ttl }

// Inject delays all links. Its evidence is that bytes came late.
func (SlowPeers) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 2)
	if err != nil {
		return Injected{}, fmt.Errorf("slow peers: %w", err)
	}
	delays := t.delay(peerDelay, peerDelay, t.peerLinks(t.everybody(), t.everybody()))
	return Injected{To: names(up), Heal: delays.cameLate()}, nil
}

// delay makes links slow, each with jitter of its own.
func (t Target) delay(by, jitter time.Duration, links []*network.Link) (delays impositions) {
	for i, l := range links {
		rule := network.Rule{Delay: by, Jitter: jitter, Seed: uint64(t.Pick) + uint64(i)}
		delays.impose(rule, []*network.Link{l})
	}
	return delays
}

// cameLate heals links that were slow.
func (all impositions) cameLate() Heal {
	return func(context.Context) (Evidence, error) {
		late := all.lift().Delayed
		return Evidence{Observed: late > 0, What: fmt.Sprintf("%d bytes came late", late)}, nil
	}
}
