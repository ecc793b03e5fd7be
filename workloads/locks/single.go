package locks

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// single is a lock of one key under a session's lease. With claim as its try it is sound; several that are
// broken on purpose are it with another try.
type single struct {
	sessions
	try func(context.Context, lock.Env, clientv3.LeaseID) (lock.Hold, error)
}

// Acquire ends the session of a try without an answer, and so what that may have left behind.
func (l *single) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	hold, err := poll(ctx, func(ctx context.Context) (lock.Hold, error) { return l.try(ctx, l.env, session.Lease()) })
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	release := hold.Release
	hold.Lost = session.Done()
	hold.Release = func(ctx context.Context) error { return l.settle(session, release(ctx)) }
	return hold, nil
}

// claim creates the lock's key; the release of its hold deletes that key and no other. One request each.
func claim(ctx context.Context, env lock.Env, lease clientv3.LeaseID) (lock.Hold, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	key, err := createIfAbsent(ctx, env, lease)
	if err != nil {
		return lock.Hold{}, err
	}
	return key.hold(env)
}

// hold is that of a key that was created; else the lock is taken.
func (key found) hold(env lock.Env) (lock.Hold, error) {
	if !key.created {
		return lock.Hold{}, fmt.Errorf("create %s: %w", env.Name, lock.ErrTaken)
	}
	release := func(ctx context.Context) error { return deleteOwn(ctx, env, env.Name, key.token) }
	return lock.Hold{Token: key.token, Key: env.Name, Lease: key.lease, Release: release}, nil
}
