package nemesis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// KillMembers crashes members and restarts them from their data, all at once.
type KillMembers struct{}

// Requires members that can be killed.
func (KillMembers) Requires() Requirements { return Requirements{Members: 1, Abilities: Kill} }

// Lasts leaves the others time to elect, and less than a lease needs to end.
func (KillMembers) Lasts(ttl time.Duration) time.Duration { return ttl / 2 }

// Inject kills those that have the role now. Its evidence is that they were down, and came back; that
// another led in place of a leader, and nobody in place of a majority.
func (KillMembers) Inject(ctx context.Context, t Target) (Injected, error) {
	struck, err := t.members(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("kill members: %w", err)
	}
	if err := t.kill(ctx, struck.members); err != nil {
		return Injected{}, err
	}
	heal := func(ctx context.Context) (Evidence, error) {
		seen := struck.gone(ctx, t.Members)
		if err := t.restart(ctx, struck.members); err != nil {
			return seen, err
		}
		seen.What = words(seen.What, names(struck.members)+" back")
		return seen, nil
	}
	return Injected{To: struck.String(), Heal: heal}, nil
}

// kill kills members, and restarts those that it has killed if it cannot kill all.
func (t Target) kill(ctx context.Context, members []int) error {
	for i, m := range members {
		if err := t.Killer.Kill(m); err != nil && i == 0 {
			return missed(fmt.Sprintf("kill m%d: %v", m, err))
		} else if err != nil {
			return errors.Join(fmt.Errorf("kill m%d: %w", m, err), t.undoKill(ctx, members[:i]))
		}
	}
	return nil
}

func (t Target) undoKill(ctx context.Context, members []int) error {
	ctx, cancel := undoing(ctx)
	defer cancel()
	return t.restart(ctx, members)
}

func (t Target) restart(ctx context.Context, members []int) error {
	if len(members) == 0 {
		return nil
	}
	if err := t.Killer.Restart(ctx, members...); err != nil {
		return fmt.Errorf("restart %s: %w", names(members), err)
	}
	return nil
}
