package nemesis

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// RevokeLease ends a client's lease behind its back, as an operator, or a clean-up job that knows
// better, does.
type RevokeLease struct{}

// Requires a lease.
func (RevokeLease) Requires() Requirements { return Requirements{Traits: OnLease} }

// Inject revokes the lease. Its evidence is that the lease is gone.
func (RevokeLease) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findLease(ctx); err != nil {
		return Injected{}, fmt.Errorf("revoke a lease: %w", err)
	}
	revision, err := t.Leases.Revoke(ctx, t.Victim.Lease)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		err = missed("it has ended already")
	}
	if err != nil {
		return Injected{}, fmt.Errorf("revoke lease %x: %w", int64(t.Victim.Lease), err)
	}
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		return Evidence{Observed: fate == ended, What: words(fmt.Sprintf("revoked at revision %d", revision), fate.String())}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}
