package nemesis

import (
	"context"
	"fmt"
	"time"
)

// KillLeader crashes the leader and restarts it from its data.
type KillLeader struct{}

// Lasts leaves the others time to elect, and less than a lease needs to end.
func (KillLeader) Lasts(ttl time.Duration) time.Duration { return ttl / 2 }

// Inject kills whoever leads now. Its evidence is another leader, in a later term.
func (KillLeader) Inject(ctx context.Context, t Target) (Injected, error) {
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("kill leader: %w", err)
	}
	if err := t.Members.Kill(leader.member); err != nil {
		return Injected{}, fmt.Errorf("kill m%d: %w", leader.member, err)
	}
	heal := func(ctx context.Context) (Evidence, error) {
		seen := succession(ctx, t.Members, leader)
		if err := t.Members.Restart(ctx, leader.member); err != nil {
			return seen, fmt.Errorf("restart m%d: %w", leader.member, err)
		}
		return seen, nil
	}
	return Injected{To: leader.String(), Heal: heal}, nil
}
