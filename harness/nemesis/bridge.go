package nemesis

import (
	"context"
	"fmt"
	"time"

	"lockquake/harness/network"
)

// Bridge cuts the cluster into two halves that only one member can talk to both of. The leader is on one
// side, which makes a majority with the bridge: it leads on. The other side would make one, too, but the
// bridge, which hears the leader, does not vote. (A leader on the bridge would hear everybody, and no
// harm be done.)
type Bridge struct{}

// Requires two members on each side of the bridge.
func (Bridge) Requires() Requirements { return Requirements{Members: 5, Abilities: LinkPeers} }

// Lasts until leases that nobody could renew have ended.
func (Bridge) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject holds what goes between the halves. Its evidence is that bytes were held back.
func (Bridge) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 5)
	if err != nil {
		return Injected{}, fmt.Errorf("make a bridge: %w", err)
	}
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("make a bridge: %w", err)
	}
	followers := t.turned(without(up, leader.member))
	bridge := followers[:1]
	near := append([]int{leader.member}, followers[1:quorum(len(up))-1]...)
	far := without(t.everybody(), append(near, bridge...)...)
	var cuts impositions
	cuts.impose(network.Rule{Held: true}, t.peerLinksBetween(near, far))
	to := fmt.Sprintf("%s | %s | %s, %s", names(near), names(bridge), names(far), leader)
	return Injected{To: to, Heal: struck{members: far, spared: append(near, bridge...), leader: leader}.heldBack(t, cuts)}, nil
}
