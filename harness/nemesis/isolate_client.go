package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// IsolateClient cuts a client off from every member. A holder's critical section takes long meanwhile: it
// goes on working, its renewals do not arrive.
type IsolateClient struct{}

// Requires nothing of the cluster.
func (IsolateClient) Requires() Requirements { return Requirements{} }

// Lasts is until etcd has ended the lease, and the next holder has come.
func (IsolateClient) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject holds the links. Its evidence is that bytes were held back.
func (IsolateClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("isolate a client: %w", err)
	}
	leave := t.linger()
	cuts := t.cutVictim(t.everybody())
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		leave()
		held := cuts.lift().Held
		return Evidence{Observed: held > 0, What: words(fmt.Sprintf("%d bytes held back", held), fate.String())}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}

// cutVictim holds all that goes between the victim and some members.
func (t Target) cutVictim(members []int) (cuts impositions) {
	requests, replies := t.clientLinks(members)
	cuts.impose(network.Rule{Held: true}, requests)
	cuts.impose(network.Rule{Held: true}, replies)
	return cuts
}
