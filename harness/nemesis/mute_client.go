package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// MuteClient loses all that a client sends, for good: requests that were under way never take effect. A
// holder's critical section takes long meanwhile.
type MuteClient struct{}

// Requires nothing of the cluster.
func (MuteClient) Requires() Requirements { return Requirements{} }

// Lasts until etcd has ended the lease, and the next holder has come.
func (MuteClient) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject loses requests. Its evidence is that bytes were lost.
func (MuteClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("mute a client: %w", err)
	}
	requests, _ := t.clientLinks(t.everybody())
	return Injected{To: t.Victim.String(), Heal: t.lose(requests)}, nil
}

// lose throws away what goes over some of the victim's links, while a holder lingers. The connections
// that lost something are reset at the heal, as they cannot go on.
func (t Target) lose(links []*network.Link) Heal {
	leave := t.linger()
	var losses impositions
	losses.impose(network.Rule{Lost: true}, links)
	return func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		leave()
		toll := losses.lift()
		what := fmt.Sprintf("%d bytes lost, %d connections reset", toll.Lost, toll.Resets)
		return Evidence{Observed: toll.Lost > 0, What: words(what, fate.String())}, nil
	}
}
