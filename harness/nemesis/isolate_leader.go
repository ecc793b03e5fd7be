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

// Lasts is until leases that nobody could renew have ended. The new leader, elected within 0.3 s, gives
// each lease its whole TTL and an election timeout again, and ends it up to 500 ms late: measured were 1.29 to 1.76 s
// at a TTL of 1 s.
func (IsolateLeader) Lasts(ttl time.Duration) time.Duration { return ttl + 900*time.Millisecond }

// Inject isolates whoever leads now. Its evidence is another leader, in a later term.
func (IsolateLeader) Inject(ctx context.Context, t Target) (Injected, error) {
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("isolate leader: %w", err)
	}
	t.Peers.HoldPeers(leader.member)
	heal := func(ctx context.Context) (Evidence, error) {
		seen := succession(ctx, t.Members, leader)
		held := t.Peers.PassPeers(leader.member)
		seen.What += fmt.Sprintf("; %d bytes held back", held)
		return seen, nil
	}
	return Injected{To: leader.String(), Heal: heal}, nil
}
