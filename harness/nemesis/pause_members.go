package nemesis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PauseMembers stops members' processes, as SIGSTOP does. When they go on, they believe for a moment what
// they believed before.
type PauseMembers struct{}

// Requires members that can be stopped.
func (PauseMembers) Requires() Requirements { return Requirements{Members: 1, Abilities: Pause} }

// Lasts until leases that nobody could renew have ended. Where all members stand still the clock goes on,
// and they end all leases when they wake.
func (PauseMembers) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject stops those that have the role now. Its evidence is that they stood still; that another led in
// place of a leader, and nobody in place of a majority.
func (PauseMembers) Inject(ctx context.Context, t Target) (Injected, error) {
	struck, err := t.members(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("pause members: %w", err)
	}
	if err := t.pause(struck.members); err != nil {
		return Injected{}, err
	}
	heal := func(ctx context.Context) (Evidence, error) {
		seen := struck.gone(ctx, t.Members)
		if seen.Observed {
			seen.What = words(seen.What, names(struck.members)+" stood still")
		}
		return seen, t.resume(struck.members)
	}
	return Injected{To: struck.String(), Heal: heal}, nil
}

// pause pauses members, and resumes those that it has paused if it cannot pause all.
func (t Target) pause(members []int) error {
	for i, m := range members {
		if err := t.Pauser.PauseMember(m); err != nil {
			return errors.Join(fmt.Errorf("pause m%d: %w", m, err), t.resume(members[:i]))
		}
	}
	return nil
}

func (t Target) resume(members []int) error {
	var errs []error
	for _, m := range members {
		if err := t.Pauser.ResumeMember(m); err != nil {
			errs = append(errs, fmt.Errorf("resume m%d: %w", m, err))
		}
	}
	return errors.Join(errs...)
}
