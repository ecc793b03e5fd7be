package nemesis

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Leases is etcd's view of leases, asked through a client that no fault touches.
type Leases interface {
	// Revoke ends a lease and gives the revision at which it was gone.
	Revoke(context.Context, clientv3.LeaseID) (revision int64, err error)
	// Alive tells whether a lease still has time to live.
	Alive(context.Context, clientv3.LeaseID) (bool, error)
}

// RevokeHolder ends a holder's lease behind its back, as an operator, or a clean-up job that knows
// better, does.
type RevokeHolder struct{}

// AimsAtHolder makes RevokeHolder an Aimed fault.
func (RevokeHolder) AimsAtHolder() {}

// Inject revokes the lease. Its evidence is that the lease is gone.
func (RevokeHolder) Inject(ctx context.Context, t Target) (Injected, error) {
	if t.Holder.Lease == 0 {
		return nothingToRevoke(t), nil
	}
	revision, err := t.Leases.Revoke(ctx, t.Holder.Lease)
	if err != nil {
		return Injected{}, fmt.Errorf("revoke lease %x: %w", int64(t.Holder.Lease), err)
	}
	heal := func(ctx context.Context) (Evidence, error) {
		alive, err := t.Leases.Alive(ctx, t.Holder.Lease)
		if err != nil {
			return Evidence{}, fmt.Errorf("ask for lease %x: %w", int64(t.Holder.Lease), err)
		}
		if alive {
			return Evidence{What: fmt.Sprintf("lease alive after its revoke at revision %d", revision)}, nil
		}
		return Evidence{Observed: true, What: fmt.Sprintf("lease gone at revision %d", revision)}, nil
	}
	return Injected{To: t.Holder.String(), Heal: heal}, nil
}

func nothingToRevoke(t Target) Injected {
	return Injected{
		To: t.Holder.String(),
		Heal: func(context.Context) (Evidence, error) {
			return Evidence{What: "there was no lease to revoke"}, nil
		},
	}
}
