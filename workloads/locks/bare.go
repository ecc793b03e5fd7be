package locks

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// bare is a lock of one key under a lease of each hold's own, which is left to end by itself.
type bare struct {
	env lock.Env
	// renew keeps the lease alive until its context ends, and gives what is closed when it cannot.
	renew func(context.Context, lock.Env, clientv3.LeaseID) (lost <-chan struct{})
}

// Acquire fails definitely where its lease could be revoked.
func (l bare) Acquire(ctx context.Context) (lock.Hold, error) {
	granted, err := l.env.Client.Grant(ctx, l.env.TTLSeconds())
	if err != nil {
		return lock.Hold{}, definite(fmt.Errorf("grant a lease: %w", err))
	}
	renewing, stop := context.WithCancel(l.env.Client.Ctx())
	lost := l.renew(renewing, l.env, granted.ID)
	hold, err := poll(ctx, func(ctx context.Context) (lock.Hold, error) { return claim(ctx, l.env, granted.ID) })
	if err != nil {
		stop()
		if revoke(l.env, granted.ID) == nil {
			err = definite(err)
		}
		return lock.Hold{}, err
	}
	release := hold.Release
	hold.Lost = lost
	hold.Release = func(ctx context.Context) error {
		stop()
		return release(ctx)
	}
	return hold, nil
}

// Close has nothing to end.
func (bare) Close() error { return nil }
