package nemesis

import (
	"context"
	"fmt"
	"time"
)

// Peers are the links between members.
type Peers interface {
	// HoldPeers holds all that goes from and to a member's peers.
	HoldPeers(member int)
	// PassPeers lets it pass again, and gives how many bytes had been held.
	PassPeers(member int) int64
}

// IsolateLeader cuts the leader off from its peers. Clients still reach it, and it believes that it
// leads until its election timeout has passed.
type IsolateLeader struct{}

// Lasts is long enough for leases to end on a cluster without the old leader.
func (IsolateLeader) Lasts(ttl time.Duration) time.Duration { return ttl + 500*time.Millisecond }

// Inject isolates whoever leads now. Its evidence is another leader, in a later term.
func (IsolateLeader) Inject(_ context.Context, t Target) (Injected, error) {
	leader, err := leaderOf(t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("isolate leader: %w", err)
	}
	t.Peers.HoldPeers(leader.member)
	heal := func(context.Context) (Evidence, error) {
		seen := succession(t.Members, leader)
		held := t.Peers.PassPeers(leader.member)
		seen.What += fmt.Sprintf("; %d bytes held back", held)
		return seen, nil
	}
	return Injected{To: leader.String(), Heal: heal}, nil
}
