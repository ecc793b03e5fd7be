package nemesis

import (
	"context"
	"fmt"
)

// RevokeLease ends a client's lease behind its back, as an operator, or a clean-up job that knows
// better, does.
type RevokeLease struct{}

// Requires nothing of the cluster.
func (RevokeLease) Requires() Requirements { return Requirements{} }

// Inject revokes the lease. Its evidence is that the lease is gone.
func (RevokeLease) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findLease(ctx); err != nil {
		return Injected{}, fmt.Errorf("revoke a lease: %w", err)
	}
	revision, err := t.Leases.Revoke(ctx, t.Victim.Lease)
	if err != nil {
		return Injected{}, fmt.Errorf("revoke lease %x: %w", int64(t.Victim.Lease), err)
	}
	heal := func(ctx context.Context) (Evidence, error) {
		alive, err := t.Leases.Alive(ctx, t.Victim.Lease)
		if err != nil {
			return Evidence{}, fmt.Errorf("ask for lease %x: %w", int64(t.Victim.Lease), err)
		}
		if alive {
			return Evidence{What: fmt.Sprintf("lease alive after its revoke at revision %d", revision)}, nil
		}
		return Evidence{Observed: true, What: fmt.Sprintf("lease gone at revision %d", revision)}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}
