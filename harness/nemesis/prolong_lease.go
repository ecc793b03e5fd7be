package nemesis

import (
	"context"
	"fmt"
	"time"
)

// ProlongLease crashes a client and moves the leader every half TTL. Each new leader gives every lease
// its whole TTL again, so that the dead client's lock stays locked for as long as this goes on.
type ProlongLease struct{}

// Requires a member to lead next, and a lease.
func (ProlongLease) Requires() Requirements {
	return Requirements{Members: 2, Abilities: Maintain, Traits: OnLease}
}

// Lasts well beyond the TTL.
func (ProlongLease) Lasts(ttl time.Duration) time.Duration { return 3 * ttl }

// lateness is how long after its TTL etcd ends a lease, at the latest.
const lateness = 500 * time.Millisecond

// Inject crashes the client and begins to move the leader. Its evidence is that the lease was alive when
// it should have ended.
func (ProlongLease) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findLease(ctx); err != nil {
		return Injected{}, fmt.Errorf("prolong a lease: %w", err)
	}
	if err := t.crash(ctx); err != nil {
		return Injected{}, err
	}
	began := time.Now()
	end := goOn(ctx, t.moveOften)
	heal := func(ctx context.Context) (Evidence, error) {
		moves := end()
		after, fate := time.Since(began), t.leaseFate(ctx)
		what := fmt.Sprintf("%s %v after the crash, and %d leaders later", fate, after.Round(time.Millisecond), moves)
		prolonged := moves > 0 && fate == alive && after > t.TTL+lateness
		return Evidence{Observed: prolonged, What: what}, t.comeBack(ctx)
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}

// moveOften counts how often it could.
func (t Target) moveOften(ctx context.Context) (moves int) {
	for rest(ctx, t.TTL/2) {
		if _, _, err := t.moveLeader(ctx); err == nil {
			moves++
		}
	}
	return moves
}
