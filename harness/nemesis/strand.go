package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// Strand leaves a client attached to the leader only, and cuts that leader off from its peers: the client
// talks to a member that cannot commit, while the others elect another. A holder's critical section
// takes long meanwhile.
type Strand struct{}

// Requires others that can elect.
func (Strand) Requires() Requirements { return Requirements{Members: 3, Abilities: LinkPeers} }

// Lasts until the new leader has ended the lease.
func (Strand) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject holds the links. Its evidence is another leader in a later term, and bytes of the old one that
// were held back. The client may have tried nobody else.
func (Strand) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("strand a client: %w", err)
	}
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("strand a client: %w", err)
	}
	leave := t.linger()
	var isolation impositions
	isolation.impose(network.Rule{Held: true}, t.peerLinksBetween([]int{leader.member}, t.everybody()))
	cuts := t.cutVictim(without(t.everybody(), leader.member))
	heal := func(ctx context.Context) (Evidence, error) {
		seen := succession(ctx, t.Members, leader)
		fate := t.leaseFate(ctx)
		leave()
		client, peers := cuts.lift().Held, isolation.lift().Held
		held := fmt.Sprintf("%d bytes between members and %d of the client held back", peers, client)
		return Evidence{Observed: seen.Observed && peers > 0, What: words(seen.What, held, fate.String())}, nil
	}
	return Injected{To: fmt.Sprintf("%s; %s", t.Victim, leader), Heal: heal}, nil
}
